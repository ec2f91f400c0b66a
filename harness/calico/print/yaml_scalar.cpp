#include "calico/print/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "calico/print/utf8.hpp"

namespace catflap::calico::print {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_break(char c) {
  return c == '\n' || c == '\r';
}

/// Takes what begins a text, bit by bit.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  /// A run of characters of which `member` is true; how many.
  template <class F>
  std::size_t run(F member, std::size_t most = std::string_view::npos) {
    std::size_t count = 0;
    while (count < rest_.size() && count < most && member(rest_[count])) {
      ++count;
    }
    rest_.remove_prefix(count);
    return count;
  }
  std::size_t digits(std::size_t most = std::string_view::npos) { return run(is_digit, most); }

 private:
  std::string_view rest_;
};

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
bool is_float(std::string_view text) {
  Scan scan(text);
  scan.take("+-");
  if (scan.digits() > 0) {
    if (scan.take(".")) {
      scan.digits();
    }
  } else if (!scan.take(".") || scan.digits() == 0) {
    return false;
  }
  if (scan.take("eE")) {
    scan.take("+-");
    if (scan.digits() == 0) {
      return false;
    }
  }
  return scan.done();
}

/// 0x1f, 0o17, 0b1 and 017, with a sign.
bool is_integer_with_base(std::string_view text) {
  Scan scan(text);
  scan.take("+-");
  if (!scan.take("0")) {
    return false;
  }
  const auto below = [](char limit) { return [limit](char c) { return c >= '0' && c < limit; }; };
  std::size_t digits = 0;
  if (scan.take("xX")) {
    digits = scan.run([](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
  } else if (scan.take("oO")) {
    digits = scan.run(below('8'));
  } else if (scan.take("bB")) {
    digits = scan.run(below('2'));
  } else {
    digits = scan.run(below('8'));
  }
  return digits > 0 && scan.done();
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: 190:20:30, but communities such as 65000:10 too.
bool is_base60(std::string_view text) {
  Scan scan(text);
  const auto digit_or_bar = [](char c) { return is_digit(c) || c == '_'; };
  scan.take("+-");
  if (scan.digits(1) == 0) {
    return false;
  }
  scan.run(digit_or_bar);
  std::size_t groups = 0;
  while (scan.take(":")) {
    const bool tens = scan.take("012345");
    if (!scan.take("0123456789") && !tens) {
      return false;
    }
    ++groups;
  }
  if (scan.take(".")) {
    scan.run(digit_or_bar);
  }
  return groups > 0 && scan.done();
}

/// 2006-1-2, or with a time after `T`, `t` or a blank.
bool is_timestamp(std::string_view text) {
  Scan scan(text);
  const auto part = [&scan](std::string_view before) { return scan.take(before) && scan.digits(2) > 0; };
  if (scan.digits(4) != 4 || !part("-") || !part("-")) {
    return false;
  }
  if (scan.done()) {
    return true;
  }
  const bool zone_follows = scan.take("Tt");
  if (!zone_follows && !scan.take(" ")) {
    return false;
  }
  if (scan.digits(2) == 0 || !part(":") || !part(":")) {
    return false;
  }
  if (scan.take(".")) {
    scan.digits();
  }
  if (zone_follows && !scan.take("Z")) {
    return scan.take("+-") && scan.digits(2) == 2 && scan.take(":") && scan.digits(2) == 2 && scan.done();
  }
  return scan.done();
}

bool is_word(std::string_view text) {
  constexpr std::array kWords{"",     "~",     "null",  "Null",  "NULL",  "y",     "Y",     "yes",
                              "Yes",  "YES",   "true",  "True",  "TRUE",  "on",    "On",    "ON",
                              "n",    "N",     "no",    "No",    "NO",    "false", "False", "FALSE",
                              "off",  "Off",   "OFF",   ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",
                              ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

struct Analysis {
  bool plain = true;
  bool single_quoted = true;
  bool block = true;
};

/// What libyaml's emitter finds out about a scalar in a block context.
Analysis analyse(std::string_view text) {
  Analysis out;
  bool indicators = text.substr(0, 3) == "---" || text.substr(0, 3) == "...";
  bool special = false;
  bool breaks = false;
  bool break_space = false;
  bool space_break = false;
  bool after_space = false;
  bool after_break = false;
  bool after_blank = true;
  for (std::size_t at = 0; at < text.size();) {
    const Rune rune = next_rune(text.substr(at));
    const char c = rune.size == 1 ? text[at] : 'x';
    const std::size_t next = at + rune.size;
    const bool before_blank =
        next >= text.size() || text[next] == ' ' || text[next] == '\t' || is_break(text[next]);
    if (at == 0) {
      indicators |= std::string_view("#,[]{}&*!|>'\"%@`").find(c) != std::string_view::npos;
      indicators |= (c == '?' || c == ':' || c == '-') && before_blank;
    } else {
      indicators |= c == ':' && before_blank;
      indicators |= c == '#' && after_blank;
    }
    special |= !rune.valid || (rune.value < 0x20 && c != '\n') || (rune.value >= 0x7F && rune.value < 0xA0) ||
               rune.value == 0xFEFF || rune.value == 0xFFFE || rune.value == 0xFFFF;
    break_space |= c == ' ' && after_break;
    space_break |= is_break(c) && after_space;
    breaks |= is_break(c);
    after_space = c == ' ';
    after_break = is_break(c);
    after_blank = c == ' ' || c == '\t' || is_break(c);
    at = next;
  }
  const auto blank_end = [](char c) { return c == ' ' || is_break(c); };
  if (!text.empty()) {
    out.plain = !indicators && !breaks && !blank_end(text.front()) && !blank_end(text.back());
    out.block = text.back() != ' ' && !space_break && !special;
    out.single_quoted = !break_space && !space_break && !special;
    out.plain = out.plain && out.single_quoted;
  } else {
    out.block = false;
  }
  return out;
}

}  // namespace

bool yaml_resolves_to_other(std::string_view text) {
  if (is_word(text)) {
    return true;
  }
  const char first = text.front();
  if (first == '.') {
    return is_float(text);
  }
  if (!is_digit(first) && first != '+' && first != '-') {
    return false;
  }
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  return is_timestamp(text) || is_float(plain) || is_integer_with_base(plain) || is_base60(text);
}

YamlStyle yaml_style(std::string_view text, bool key) {
  const Analysis analysis = analyse(text);
  if (text.find('\n') != std::string_view::npos) {
    return key || !analysis.block ? YamlStyle::double_quoted : YamlStyle::literal;
  }
  if (yaml_resolves_to_other(text)) {
    return YamlStyle::double_quoted;
  }
  if (analysis.plain) {
    return YamlStyle::plain;
  }
  return analysis.single_quoted ? YamlStyle::single_quoted : YamlStyle::double_quoted;
}

}  // namespace catflap::calico::print
