#include "expect/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/glob.hpp"

namespace catflap::expect {
namespace {

Error bad_pattern(std::string_view text, std::string_view what) {
  return Error{Errc::invalid, "pattern '" + std::string(text) + "': " + std::string(what)};
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// `1-4`, `01-10`: nullopt if it is no range.
std::optional<std::vector<std::string>> range_items(std::string_view item) {
  const std::size_t dash = item.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view low_text = item.substr(0, dash);
  const auto low = number(low_text);
  const auto high = number(item.substr(dash + 1));
  if (!low || !high) {
    return std::nullopt;
  }
  std::vector<std::string> items;
  // One beyond the bound is enough for the caller to see that it is too much.
  for (std::uint64_t value = *low; value <= *high && items.size() <= kExpandMax; ++value) {
    std::string digits = std::to_string(value);
    if (low_text.size() > 1 && low_text[0] == '0' && digits.size() < low_text.size()) {
      digits.insert(0, low_text.size() - digits.size(), '0');
    }
    items.push_back(std::move(digits));
  }
  return items;
}

/// The alternatives inside one pair of braces; empty if malformed.
std::vector<std::string> alternatives(std::string_view body) {
  std::vector<std::string> all;
  while (true) {
    const std::size_t comma = body.find(',');
    const std::string_view item = body.substr(0, comma);
    if (item.empty()) {
      return {};
    }
    if (auto items = range_items(item)) {
      if (items->empty()) {
        return {};
      }
      all.insert(all.end(), items->begin(), items->end());
    } else {
      all.emplace_back(item);
    }
    if (comma == std::string_view::npos || all.size() > kExpandMax) {
      return all;
    }
    body.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::vector<std::string>> expand_braces(std::string_view text) {
  std::vector<std::string> names{""};
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t open = rest.find_first_of("{}");
    for (std::string& name : names) {
      name += rest.substr(0, open);
    }
    if (open == std::string_view::npos) {
      break;
    }
    const std::size_t close = rest.find_first_of("{}", open + 1);
    if (rest[open] == '}' || close == std::string_view::npos || rest[close] == '{') {
      return fail(bad_pattern(text, "the braces do not match; write node{1-4} or r{a,b}"));
    }
    const std::vector<std::string> items = alternatives(rest.substr(open + 1, close - open - 1));
    if (items.empty()) {
      return fail(bad_pattern(text, "empty choice in braces; write node{1-4} or r{a,b}"));
    }
    if (names.size() * items.size() > kExpandMax) {
      return fail(bad_pattern(text, "stands for more than " + std::to_string(kExpandMax) + " names"));
    }
    std::vector<std::string> next;
    next.reserve(names.size() * items.size());
    for (const std::string& name : names) {
      for (const std::string& item : items) {
        next.push_back(name + item);
      }
    }
    names = std::move(next);
    rest.remove_prefix(close + 1);
  }
  return names;
}

bool pattern_match(std::string_view pattern, std::string_view name) {
  if (pattern.find('{') == std::string_view::npos) {
    return glob_match(pattern, name);
  }
  const auto globs = expand_braces(pattern);
  return globs && std::any_of(globs->begin(), globs->end(),
                              [&](const std::string& glob) { return glob_match(glob, name); });
}

}  // namespace catflap::expect
