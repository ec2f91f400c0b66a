#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/print/documents.hpp"
#include "calico/print/numbers.hpp"
#include "calico/print/utf8.hpp"
#include "calico/print/yaml_scalar.hpp"

namespace catflap::calico::print {

namespace {

using nlohmann::json;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// A number inside a key: its digits from `at` on, without leading zeros unless digits before make them
/// count.
std::string_view number_at(std::string_view key, std::size_t at) {
  std::size_t end = at;
  while (end < key.size() && is_digit(key[end])) {
    ++end;
  }
  bool counts = false;
  for (std::size_t before = at; before > 0 && is_digit(key[before - 1]) && !counts; --before) {
    counts = key[before - 1] != '0';
  }
  while (!counts && at < end && key[at] == '0') {
    ++at;
  }
  return key.substr(at, end - at);
}

/// yaml.v2's order of keys: numbers inside them by value, letters behind everything else.
bool key_less(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) {
      continue;
    }
    const bool letter_a = is_letter(a[i]);
    const bool letter_b = is_letter(b[i]);
    if (letter_a != letter_b) {
      return letter_b;
    }
    if (is_digit(a[i]) != is_digit(b[i])) {
      return is_digit(b[i]);
    }
    if (is_digit(a[i])) {
      const std::string_view number_a = number_at(a, i);
      const std::string_view number_b = number_at(b, i);
      if (number_a != number_b) {
        return number_a.size() != number_b.size() ? number_a.size() < number_b.size() : number_a < number_b;
      }
    }
    return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
  }
  return a.size() < b.size();
}

/// Where libyaml breaks a line at a blank: once it has gone beyond this column.
constexpr std::size_t kBestWidth = 80;

class Writer {
 public:
  std::string write(const json& value) && {
    if (value.is_structured() && !value.empty()) {
      node(value, 0, 0);
    } else {
      scalar(value, 0);
      put("\n");
    }
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kMaxDepth = 1000;

  void put(std::string_view text) {
    for (const char c : text) {
      out_ += c;
      column_ = c == '\n' ? 0 : column_ + ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0);
    }
  }

  void indent_to(std::size_t indent) { put(std::string(indent > column_ ? indent - column_ : 0, ' ')); }

  /// A mapping or a sequence that is not empty. What is before it on the line belongs to it.
  void node(const json& value, std::size_t indent, std::size_t depth) {
    if (depth > kMaxDepth) {
      put("null\n");
      return;
    }
    value.is_object() ? mapping(value, indent, depth) : sequence(value, indent, depth);
  }

  void mapping(const json& value, std::size_t indent, std::size_t depth) {
    std::vector<std::string_view> keys;
    for (const auto& [key, member] : value.items()) {
      keys.push_back(key);
    }
    std::stable_sort(keys.begin(), keys.end(), key_less);
    for (const std::string_view key : keys) {
      indent_to(indent);
      text(key, indent, true);
      put(":");
      const json& member = *value.find(key);
      if (member.is_structured() && !member.empty()) {
        put("\n");
        // A sequence stands at its key's column.
        node(member, member.is_object() ? indent + 2 : indent, depth + 1);
      } else {
        put(" ");
        scalar(member, indent);
        put("\n");
      }
    }
  }

  void sequence(const json& value, std::size_t indent, std::size_t depth) {
    for (const json& element : value) {
      indent_to(indent);
      put("- ");
      if (element.is_structured() && !element.empty()) {
        node(element, indent + 2, depth + 1);
      } else {
        scalar(element, indent);
        put("\n");
      }
    }
  }

  void scalar(const json& value, std::size_t indent) {
    if (value.is_object()) {
      put("{}");
    } else if (value.is_array()) {
      put("[]");
    } else if (value.is_string()) {
      text(value.get_ref<const std::string&>(), indent, false);
    } else if (value.is_number_float()) {
      const double number = value.get<double>();
      // What JSON writes without a point is read back as an integer.
      const std::string json_text = go_json_float(number);
      put(json_text.find_first_of(".eE") == std::string::npos ? json_text : go_float(number));
    } else {
      put(value.dump());
    }
  }

  void text(std::string_view value, std::size_t indent, bool key) {
    switch (yaml_style(value, key)) {
      case YamlStyle::plain:
        plain(value, indent, !key);
        break;
      case YamlStyle::single_quoted:
        single_quoted(value, indent, !key);
        break;
      case YamlStyle::double_quoted:
        double_quoted(value, indent, !key);
        break;
      case YamlStyle::literal:
        literal(value, indent);
        break;
    }
  }

  void fold(std::size_t indent) {
    put("\n");
    indent_to(indent + 2);
  }

  void plain(std::string_view value, std::size_t indent, bool breaks) {
    bool after_space = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool space = value[i] == ' ';
      const bool space_next = i + 1 < value.size() && value[i + 1] == ' ';
      if (space && breaks && !after_space && column_ > kBestWidth && !space_next) {
        fold(indent);
      } else {
        put(value.substr(i, 1));
      }
      after_space = space;
    }
  }

  void single_quoted(std::string_view value, std::size_t indent, bool breaks) {
    put("'");
    bool after_space = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool space = value[i] == ' ';
      const bool inside = i > 0 && i + 1 < value.size();
      if (space && breaks && !after_space && column_ > kBestWidth && inside && value[i + 1] != ' ') {
        fold(indent);
      } else {
        put(value[i] == '\'' ? std::string_view("''") : value.substr(i, 1));
      }
      after_space = space;
    }
    put("'");
  }

  void double_quoted(std::string_view value, std::size_t indent, bool breaks) {
    put("\"");
    bool after_space = false;
    for (std::size_t i = 0; i < value.size();) {
      const Rune rune = next_rune(value.substr(i));
      const std::string_view octets = value.substr(i, rune.size);
      const bool inside = i > 0 && i + 1 < value.size();
      if (octets == " " && breaks && !after_space && column_ > kBestWidth && inside) {
        fold(indent);
        // The fold takes the blanks after it away unless they are escaped.
        put(value[i + 1] == ' ' ? "\\" : "");
        after_space = true;
      } else {
        put(escaped(rune, octets));
        after_space = octets == " ";
      }
      i += rune.size;
    }
    put("\"");
  }

  static std::string escaped(const Rune& rune, std::string_view octets) {
    switch (rune.valid ? rune.value : 0xFFFD) {
      case 0:
        return "\\0";
      case 7:
        return "\\a";
      case '\b':
        return "\\b";
      case '\t':
        return "\\t";
      case '\n':
        return "\\n";
      case '\v':
        return "\\v";
      case '\f':
        return "\\f";
      case '\r':
        return "\\r";
      case 0x1B:
        return "\\e";
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case 0x85:
        return "\\N";
      case 0xA0:
        return "\\_";
      case 0x2028:
        return "\\L";
      case 0x2029:
        return "\\P";
      default:
        break;
    }
    const auto value = static_cast<std::uint32_t>(rune.valid ? rune.value : 0xFFFD);
    if (value < 0x20 || (value >= 0x7F && value < 0xA0)) {
      return fmt::format("\\x{:02X}", value);
    }
    return !rune.valid || value == 0xFEFF ? fmt::format("\\u{:04X}", value) : std::string(octets);
  }

  void literal(std::string_view value, std::size_t indent) {
    put("|");
    if (value.front() == ' ' || value.front() == '\n') {
      put("2");
    }
    if (value.back() != '\n') {
      put("-");
    } else if (value.size() == 1 || value[value.size() - 2] == '\n') {
      put("+");
    }
    put("\n");
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      if (end > at) {
        indent_to(indent + 2);
        put(value.substr(at, end - at));
      }
      if (end < value.size()) {
        put("\n");
      }
      at = end + 1;
    }
    if (value.back() == '\n') {
      // The caller ends the line.
      out_.pop_back();
    }
  }

  std::string out_;
  std::size_t column_ = 0;
};

}  // namespace

std::string go_yaml(const json& value) {
  return Writer().write(value);
}

}  // namespace catflap::calico::print
