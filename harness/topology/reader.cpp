#include "topology/reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/suggest.hpp"

namespace catflap::topology {
namespace {

constexpr std::array<std::string_view, 5> kUnits{"us", "ms", "s", "m", "h"};
constexpr std::array<std::int64_t, 5> kUnitNanoseconds{1'000, 1'000'000, 1'000'000'000, 60'000'000'000,
                                                       3'600'000'000'000};

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool has_leading_zero(std::string_view text) {
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

std::string hint_for(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : "did you mean '" + best + "'?";
}

void Reader::error(const SourcePos& where, std::string message, std::string hint) {
  diagnostics_.push_back({Level::error, where, std::move(message), std::move(hint)});
}

std::optional<std::string> Reader::text(const YamlNode& value, std::string_view what) {
  if (value.kind != YamlNode::Kind::scalar) {
    error(value.where, std::string(what) + " must be a text");
    return std::nullopt;
  }
  return value.text;
}

std::optional<bool> Reader::boolean(const YamlNode& value, std::string_view what) {
  const std::string& word = value.text;
  if (value.kind == YamlNode::Kind::scalar && !value.quoted && (word == "true" || word == "false")) {
    return word == "true";
  }
  error(value.where,
        std::string(what) + " must be true or false" + (word.empty() ? "" : ", not '" + word + "'"));
  return std::nullopt;
}

std::optional<std::uint32_t> Reader::number(const YamlNode& value, std::string_view what, std::uint32_t low,
                                            std::uint32_t high) {
  const auto read = value.kind == YamlNode::Kind::scalar ? digits(value.text) : std::nullopt;
  if (read && has_leading_zero(value.text)) {
    error(value.where, std::string(what) + " '" + value.text +
                           "' has a leading zero, which YAML may read as octal; write " +
                           std::to_string(*read));
    return std::nullopt;
  }
  if (!read || *read < low || *read > high) {
    error(value.where, std::string(what) + " must be a number from " + std::to_string(low) + " to " +
                           std::to_string(high) + (value.text.empty() ? "" : ", not '" + value.text + "'"));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*read);
}

std::optional<std::uint32_t> Reader::asn(const YamlNode& value) {
  std::uint32_t as = 0;
  const std::size_t dot = value.text.find('.');
  if (value.kind == YamlNode::Kind::scalar && dot != std::string::npos) {
    const std::string_view text = value.text;
    const auto high = digits(text.substr(0, dot));
    const auto low = digits(text.substr(dot + 1));
    if (!high || !low || *high > 65535 || *low > 65535 || has_leading_zero(text) ||
        has_leading_zero(text.substr(dot + 1))) {
      error(value.where, "'" + value.text + "' is no AS number; write 65001, or 1.10 (RFC 5396)");
      return std::nullopt;
    }
    as = static_cast<std::uint32_t>(*high << 16U | *low);
  } else {
    const auto plain = number(value, "an AS number", 1);
    if (!plain) {
      return std::nullopt;
    }
    as = *plain;
  }
  if (as == 0 || as == 23456 || as == 65535 || as == UINT32_MAX) {
    error(value.where, "AS " + std::to_string(as) + " is reserved (RFC 7300, RFC 7607, RFC 6793)");
    return std::nullopt;
  }
  return as;
}

std::optional<Duration> Reader::duration(const YamlNode& value) {
  const std::string_view text = value.text;
  const std::size_t unit_at = text.find_first_not_of("0123456789.");
  const std::string_view unit = unit_at == std::string_view::npos ? "" : text.substr(unit_at);
  const std::string_view amount = text.substr(0, unit_at);
  const auto found = std::find(kUnits.begin(), kUnits.end(), unit);
  const std::size_t dot = amount.find('.');
  const auto whole = digits(amount.substr(0, dot));
  std::optional<std::uint64_t> fraction = 0;
  std::uint64_t scale = 1;
  if (dot != std::string_view::npos) {
    const std::string_view decimals = amount.substr(dot + 1);
    fraction = decimals.size() <= 6 ? digits(decimals) : std::nullopt;
    for (std::size_t i = 0; i < decimals.size() && i < 6; ++i) {
      scale *= 10;
    }
  }
  constexpr std::uint64_t kAmountMax = 1'000'000;
  if (value.kind != YamlNode::Kind::scalar || found == kUnits.end() || !whole || !fraction ||
      *whole > kAmountMax || has_leading_zero(amount)) {
    const bool bare = value.kind == YamlNode::Kind::scalar && unit.empty() && whole;
    error(value.where, bare ? "the time '" + value.text + "' lacks a unit; write " + value.text + "s or " +
                                  value.text + "ms"
                            : "'" + value.text + "' is no time; write 500ms, 5s, 2m");
    return std::nullopt;
  }
  const std::int64_t nanoseconds = kUnitNanoseconds[static_cast<std::size_t>(found - kUnits.begin())];
  return Duration(static_cast<std::int64_t>(*whole) * nanoseconds +
                  static_cast<std::int64_t>(*fraction) * (nanoseconds / static_cast<std::int64_t>(scale)) +
                  static_cast<std::int64_t>(*fraction) * (nanoseconds % static_cast<std::int64_t>(scale)) /
                      static_cast<std::int64_t>(scale));
}

std::optional<net::Prefix> Reader::prefix(const YamlNode& value) {
  const auto written = text(value, "a prefix");
  if (!written) {
    return std::nullopt;
  }
  auto read = net::Prefix::parse(*written);
  if (!read) {
    const auto host = net::InterfaceAddress::parse(*written);
    const bool no_length = written->find('/') == std::string::npos;
    error(value.where, host && no_length ? "'" + *written + "' lacks its length; write " +
                                               to_string(net::Prefix::host(host->addr))
                       : host ? "'" + *written + "' has host bits set; write " + to_string(host->network())
                              : "'" + *written + "' is no prefix; write 10.1.0.0/24 or fd00:1::/64");
    return std::nullopt;
  }
  return *read;
}

std::optional<net::IpAddr> Reader::address(const YamlNode& value) {
  const auto written = text(value, "an address");
  if (!written) {
    return std::nullopt;
  }
  const auto read = net::IpAddr::parse(*written);
  if (!read) {
    error(value.where, "'" + *written + "' is no address; write 192.168.1.1 or fd00::1");
    return std::nullopt;
  }
  return *read;
}

std::optional<net::InterfaceAddress> Reader::interface_address(const YamlNode& value) {
  const auto written = text(value, "an address");
  if (!written) {
    return std::nullopt;
  }
  const auto read = net::InterfaceAddress::parse(*written);
  if (!read) {
    error(value.where, "'" + *written + "' is no address with a length; write 192.168.1.1/24");
    return std::nullopt;
  }
  return *read;
}

std::optional<std::size_t> Reader::word(const YamlNode& value, std::string_view what,
                                        std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (value.kind == YamlNode::Kind::scalar && found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  std::string choice;
  for (std::size_t i = 0; i < words.size(); ++i) {
    choice += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  }
  error(value.where,
        std::string(what) + " must be " + choice + (value.text.empty() ? "" : ", not '" + value.text + "'"),
        value.text.empty() ? "" : hint_for(value.text, words));
  return std::nullopt;
}

std::optional<SpeakerKind> Reader::speaker(const YamlNode& value) {
  const auto index = word(value, "speaker", expect::kSpeakerWords);
  return index ? std::optional(static_cast<SpeakerKind>(*index)) : std::nullopt;
}

std::optional<Timers> Reader::timers(const YamlNode& value) {
  static constexpr std::array<std::string_view, 2> kWords{"fast", "normal"};
  const auto index = word(value, "timers", kWords);
  return index ? std::optional(static_cast<Timers>(*index)) : std::nullopt;
}

std::optional<std::string> Reader::name(const YamlNode& value, std::string_view what) {
  auto read = text(value, what);
  if (read && (read->empty() || read->find_first_of(" \t\n") != std::string::npos)) {
    error(value.where, "'" + *read + "' is no name of " + std::string(what));
    return std::nullopt;
  }
  return read;
}

std::vector<const YamlNode*> Reader::list(const YamlNode& value) {
  std::vector<const YamlNode*> items;
  if (value.kind == YamlNode::Kind::sequence) {
    for (const YamlNode& item : value.items) {
      items.push_back(&item);
    }
  } else if (value.kind != YamlNode::Kind::null) {
    items.push_back(&value);
  }
  return items;
}

bool Reader::is_map(const YamlNode& value, std::string_view what) {
  if (value.kind == YamlNode::Kind::map) {
    return true;
  }
  error(value.where, std::string(what) + " must be a map of keys");
  return false;
}

const YamlNode* Reader::find(const YamlNode& map, std::string_view key) {
  for (const auto& [name, value] : map.entries) {
    if (name.text == key) {
      return &value;
    }
  }
  return nullptr;
}

void Reader::unknown_key(const YamlNode& key, std::string_view what,
                         const std::vector<std::string_view>& keys) {
  error(key.where, "unknown key '" + key.text + "' in " + std::string(what), hint_for(key.text, keys));
}

}  // namespace catflap::topology
