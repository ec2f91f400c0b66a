#include "calico/model/types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace catflap::calico {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

/// The part before the first `separator`; `rest` becomes what is behind it, and `found` tells if there was
/// one.
std::string_view split_first(std::string_view& rest, char separator, bool& found) {
  const std::size_t at = rest.find(separator);
  found = at != std::string_view::npos;
  const std::string_view first = rest.substr(0, at);
  rest = found ? rest.substr(at + 1) : std::string_view();
  return first;
}

}  // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!all_digits(text) || error != std::errc() || end != text.data() + text.size() || value > maximum) {
    return std::nullopt;
  }
  return value;
}

Result<std::uint32_t> parse_as_number(std::string_view text) {
  if (const auto plain = parse_unsigned(text, 0xFFFFFFFFU)) {
    return static_cast<std::uint32_t>(*plain);
  }
  bool dotted = false;
  std::string_view rest = text;
  const auto high = parse_unsigned(split_first(rest, '.', dotted), 0xFFFF);
  const auto low = parse_unsigned(rest, 0xFFFF);
  if (!dotted || !high || !low) {
    return fail(Errc::invalid, "invalid AS Number format (" + std::string(text) + ")");
  }
  return static_cast<std::uint32_t>(*high << 16U | *low);
}

Result<PortRange> parse_port(std::string_view text) {
  const std::string shown(text);
  if (all_digits(text)) {
    const auto port = parse_unsigned(text, 0xFFFF);
    if (!port) {
      return fail(Errc::invalid, "invalid port format (" + shown + ")");
    }
    return PortRange{static_cast<std::uint16_t>(*port), static_cast<std::uint16_t>(*port), ""};
  }
  bool range = false;
  std::string_view rest = text;
  const std::string_view first = split_first(rest, ':', range);
  if (range && all_digits(first) && all_digits(rest)) {
    const auto low = parse_unsigned(first, 0xFFFF);
    const auto high = parse_unsigned(rest, 0xFFFF);
    if (!low) {
      return fail(Errc::invalid, "invalid minimum port number in range (" + shown + ")");
    }
    if (!high) {
      return fail(Errc::invalid, "invalid maximum port number in range (" + shown + ")");
    }
    if (*low > *high) {
      return fail(Errc::invalid, "minimum port number (" + std::to_string(*low) +
                                     ") is greater than maximum port number (" + std::to_string(*high) +
                                     ") in port range");
    }
    return PortRange{static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*high), ""};
  }
  const auto allowed = [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; };
  if (text.empty() || text.size() > 128 || !all_of(text, allowed)) {
    return fail(Errc::invalid, "invalid name for named port (" + shown + ")");
  }
  return PortRange{0, 0, shown};
}

std::string to_string(const PortRange& port) {
  if (!port.name.empty()) {
    return port.name;
  }
  return std::to_string(port.low) + (port.low == port.high ? "" : ":" + std::to_string(port.high));
}

// --- Go's durations
// ------------------------------------------------------------------------------------------

namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

constexpr std::uint64_t kDurationMax = std::numeric_limits<std::int64_t>::max();

std::string_view take_while(std::string_view& text, bool (*predicate)(char)) {
  std::size_t size = 0;
  while (size < text.size() && predicate(text[size])) {
    ++size;
  }
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

/// One "1.5h" at the front of `text`, in nanoseconds.
std::optional<std::uint64_t> take_part(std::string_view& text) {
  const std::string_view whole = take_while(text, is_digit);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_while(text, is_digit);
  }
  if (whole.empty() && fraction.empty()) {
    return std::nullopt;
  }
  const std::string_view name = take_while(text, [](char c) { return c != '.' && !is_digit(c); });
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == name; });
  if (unit == kUnits.end()) {
    return std::nullopt;
  }
  const auto scale = static_cast<std::uint64_t>(unit->nanoseconds);
  const auto value = whole.empty() ? std::optional<std::uint64_t>(0) : parse_unsigned(whole, kDurationMax);
  if (!value || *value > kDurationMax / scale) {
    return std::nullopt;
  }
  std::uint64_t total = *value * scale;
  double part = static_cast<double>(scale);
  double more = 0;
  for (const char digit : fraction.substr(0, 18)) {
    part /= 10;
    more += part * (digit - '0');
  }
  total += static_cast<std::uint64_t>(std::llround(more));
  return total > kDurationMax ? std::nullopt : std::optional(total);
}

}  // namespace

Result<Duration> parse_go_duration(std::string_view text) {
  const auto refuse = [&]() { return fail(Errc::invalid, "time: invalid duration " + go_quote(text)); };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") {
    return Duration(0);
  }
  if (rest.empty()) {
    return refuse();
  }
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part || *part > kDurationMax - total) {
      return refuse();
    }
    total += *part;
  }
  const auto value = static_cast<std::int64_t>(total);
  return Duration(negative ? -value : value);
}

namespace {

/// `value` / `unit` with as many decimals as it needs: "1.5".
std::string decimals(std::uint64_t value, std::uint64_t unit) {
  std::string text = std::to_string(value / unit);
  std::string fraction = std::to_string(unit + value % unit).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : text + "." + fraction;
}

}  // namespace

std::string to_go_string(Duration duration) {
  const bool negative = duration.count() < 0;
  const std::uint64_t value = negative ? 0 - static_cast<std::uint64_t>(duration.count())
                                       : static_cast<std::uint64_t>(duration.count());
  const std::string sign = negative ? "-" : "";
  if (value == 0) {
    return "0s";
  }
  if (value < 1'000) {
    return sign + std::to_string(value) + "ns";
  }
  if (value < 1'000'000) {
    return sign + decimals(value, 1'000) + "\u00b5s";
  }
  if (value < 1'000'000'000) {
    return sign + decimals(value, 1'000'000) + "ms";
  }
  const std::uint64_t minutes = value / 60'000'000'000;
  std::string text = decimals(value % 60'000'000'000, 1'000'000'000) + "s";
  if (minutes > 0) {
    text = std::to_string(minutes % 60) + "m" + text;
  }
  if (minutes >= 60) {
    text = std::to_string(minutes / 60) + "h" + text;
  }
  return sign + text;
}

std::string to_go_string(double number) {
  if (std::isnan(number)) {
    return "NaN";
  }
  if (std::isinf(number)) {
    return number < 0 ? "-Inf" : "+Inf";
  }
  std::array<char, 64> buffer{};
  const auto [scientific_end, unused] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  const std::string scientific(buffer.data(), scientific_end);
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* from = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
  (void)std::from_chars(from, scientific.data() + scientific.size(), exponent);  // always a number
  // %v is %g with the shortest digits and an exponent from 6 on.
  if (exponent < -4 || exponent >= 6) {
    return scientific;
  }
  std::array<char, 400> fixed{};
  const auto [fixed_end, ignored] =
      std::to_chars(fixed.data(), fixed.data() + fixed.size(), number, std::chars_format::fixed);
  return {fixed.data(), fixed_end};
}

std::string go_quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
      case '\\':
        out += {'\\', c};
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (octet < 0x20 || octet == 0x7F) {
          out += {'\\', 'x', kHex[octet >> 4U], kHex[octet & 15U]};
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

// --- addresses
// -------------------------------------------------------------------------------------------------

std::optional<net::IpAddr> parse_go_ip(std::string_view text) {
  const auto addr = net::IpAddr::parse(text);
  if (!addr) {
    return std::nullopt;
  }
  if (addr->is_v6() && addr->high() == 0 && addr->low() >> 32U == 0xFFFF) {
    return net::IpAddr::v4(static_cast<std::uint32_t>(addr->low() & 0xFFFFFFFFU));
  }
  return *addr;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  bool found = false;
  std::string_view rest = text;
  const std::string_view first = split_first(rest, '/', found);
  const auto addr = net::IpAddr::parse(first);
  if (!found || !addr || rest.size() > 3) {
    return std::nullopt;
  }
  const auto length = parse_unsigned(rest, net::address_bits(addr->family()));
  if (!length) {
    return std::nullopt;
  }
  return Cidr{*addr, static_cast<std::uint8_t>(*length)};
}

std::optional<Cidr> parse_cidr_or_ip(std::string_view text) {
  if (const auto cidr = parse_cidr(text)) {
    return cidr;
  }
  const auto addr = parse_go_ip(text);
  if (!addr) {
    return std::nullopt;
  }
  return Cidr{*addr, net::address_bits(addr->family())};
}

std::optional<PeerAddress> parse_peer_ip(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  const std::size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '[';
  const bool with_port =
      bracketed || (colon != std::string_view::npos && text.find(':') == colon && text.find('.') < colon);
  if (with_port) {
    if (colon == std::string_view::npos) {
      return std::nullopt;
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (bracketed) {
      if (host.size() < 2 || host.back() != ']') {
        return std::nullopt;
      }
      host = host.substr(1, host.size() - 2);
    }
  }
  const auto addr = parse_go_ip(host);
  if (!addr) {
    return std::nullopt;
  }
  if (!with_port) {
    return PeerAddress{*addr, 0};
  }
  const auto number = parse_unsigned(port, 0xFFFF);
  if (!number || *number == 0) {
    return std::nullopt;
  }
  return PeerAddress{*addr, static_cast<std::uint16_t>(*number)};
}

// --- names
// -----------------------------------------------------------------------------------------------------

bool is_dns_label(std::string_view text) {
  return !text.empty() && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         all_of(text, [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  bool more = true;
  while (more) {
    if (!is_dns_label(split_first(text, '.', more))) {
      return false;
    }
  }
  return true;
}

namespace {

/// [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?
bool is_qualified_part(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

constexpr std::string_view kNamePartError =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

}  // namespace

std::string qualified_name_error(std::string_view text) {
  std::string_view name = text;
  bool prefixed = false;
  const std::string_view first = split_first(name, '/', prefixed);
  if (!prefixed) {
    name = first;
  } else {
    if (first.empty()) {
      return "prefix part must be non-empty";
    }
    if (first.size() > 253) {
      return "prefix part must be no more than 253 characters";
    }
    if (!is_dns_subdomain(first)) {
      return "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
             "'-' "
             "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
             "for "
             "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    }
  }
  if (prefixed && name.find('/') != std::string_view::npos) {
    return "a qualified name " + std::string(kNamePartError) +
           " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
  }
  if (name.empty()) {
    return "name part must be non-empty";
  }
  if (name.size() > 63) {
    return "name part must be no more than 63 characters";
  }
  return is_qualified_part(name) ? "" : "name part " + std::string(kNamePartError);
}

std::string label_value_error(std::string_view text) {
  if (text.size() > 63) {
    return "must be no more than 63 characters";
  }
  if (text.empty() || is_qualified_part(text)) {
    return "";
  }
  return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
         "must "
         "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex "
         "used for "
         "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}

bool is_port_name(std::string_view text) {
  return text.size() <= 15 && is_dns_label(text) && text.find("--") == std::string_view::npos &&
         std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool is_interface_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 &&
         all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_community(std::string_view text) {
  const auto parts = std::count(text.begin(), text.end(), ':') + 1;
  if (parts != 2 && parts != 3) {
    return false;
  }
  const std::uint64_t maximum = parts == 2 ? 0xFFFF : 0xFFFFFFFF;
  bool more = true;
  while (more) {
    if (!parse_unsigned(split_first(text, ':', more), maximum)) {
      return false;
    }
  }
  return true;
}

bool is_mac(std::string_view text) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  const auto groups_of = [&](char separator, std::size_t digits) -> std::size_t {
    if ((text.size() + 1) % (digits + 1) != 0) {
      return 0;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i % (digits + 1) == digits ? text[i] != separator : !is_hex(text[i])) {
        return 0;
      }
    }
    return (text.size() + 1) / (digits + 1) * (digits / 2);
  };
  const std::size_t octets = std::max({groups_of(':', 2), groups_of('-', 2), groups_of('.', 4)});
  return octets == 6 || octets == 8 || octets == 20;
}

}  // namespace catflap::calico
