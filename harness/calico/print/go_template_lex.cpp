#include <algorithm>

#include <fmt/format.h>

#include "calico/print/go_template_tree.hpp"

namespace catflap::calico::print::tmpl {

Error error_at(Place where, std::string_view message) {
  return {Errc::invalid, fmt::format("template: get:{}:{}: {}", where.line, where.column, message)};
}

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() && {
    while (at_ < text_.size()) {
      outside();
      if (at_ == text_.size()) {
        break;
      }
      if (Status inside = action(); !inside) {
        return fail(inside.error());
      }
    }
    push(Token::Kind::end, "", place());
    return std::move(tokens_);
  }

 private:
  /// Where `at_` is. Asked in ascending order, so that all of it costs one pass.
  Place place() {
    for (; counted_ < at_; ++counted_) {
      here_.column = text_[counted_] == '\n' ? 1 : here_.column + 1;
      here_.line += text_[counted_] == '\n' ? 1 : 0;
    }
    return here_;
  }

  void push(Token::Kind kind, std::string text, Place where) {
    tokens_.push_back({kind, std::move(text), where});
  }

  bool starts(std::string_view what) const { return text_.substr(at_, what.size()) == what; }
  bool trims_before() const { return starts("{{-") && at_ + 3 < text_.size() && is_space(text_[at_ + 3]); }
  bool trims_after() const { return is_space(text_[at_]) && text_.substr(at_ + 1, 3) == "-}}"; }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) {
      ++at_;
    }
  }

  void outside() {
    if (trim_) {
      skip_space();
      trim_ = false;
    }
    const Place where = place();
    const std::size_t end = std::min(text_.find("{{", at_), text_.size());
    std::string_view text = text_.substr(at_, end - at_);
    at_ = end;
    if (at_ < text_.size() && trims_before()) {
      while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
      }
    }
    if (!text.empty()) {
      push(Token::Kind::text, std::string(text), where);
    }
  }

  Status action() {
    const Place where = place();
    at_ += trims_before() ? 3 : 2;
    std::size_t comment = at_;
    while (comment < text_.size() && is_space(text_[comment])) {
      ++comment;
    }
    if (text_.substr(comment, 2) == "/*") {
      return skip_comment(comment, where);
    }
    push(Token::Kind::open, "{{", where);
    skip_space();
    while (at_ < text_.size()) {
      if (starts("}}")) {
        push(Token::Kind::close, "}}", place());
        at_ += 2;
        return {};
      }
      if (trims_after()) {
        ++at_;
        push(Token::Kind::close, "}}", place());
        at_ += 3;
        trim_ = true;
        return {};
      }
      if (Status token = inside(); !token) {
        return token;
      }
    }
    return fail(error_at(where, "unclosed action"));
  }

  Status skip_comment(std::size_t from, Place where) {
    const std::size_t end = text_.find("*/", from + 2);
    if (end == std::string_view::npos) {
      return fail(error_at(where, "unclosed comment"));
    }
    at_ = end + 2;
    if (at_ < text_.size() && trims_after()) {
      at_ += 4;
      trim_ = true;
      return {};
    }
    if (!starts("}}")) {
      return fail(error_at(place(), "comment ends before closing delimiter"));
    }
    at_ += 2;
    return {};
  }

  Status inside() {
    const Place where = place();
    const char c = text_[at_];
    const auto one = [&](Token::Kind kind) {
      push(kind, std::string(1, c), where);
      ++at_;
      return Status();
    };
    if (is_space(c)) {
      // Blanks before a trim marker belong to it.
      while (at_ + 1 < text_.size() && is_space(text_[at_ + 1]) && !trims_after()) {
        ++at_;
      }
      if (!trims_after()) {
        push(Token::Kind::space, " ", where);
        ++at_;
      }
      return {};
    }
    switch (c) {
      case '|':
        return one(Token::Kind::pipe);
      case ',':
        return one(Token::Kind::comma);
      case '(':
        return one(Token::Kind::left);
      case ')':
        return one(Token::Kind::right);
      case '=':
        return one(Token::Kind::assign);
      case '"':
      case '`':
        return string(c);
      case '\'':
        return string(c);
      default:
        break;
    }
    if (starts(":=")) {
      push(Token::Kind::declare, ":=", where);
      at_ += 2;
      return {};
    }
    if (c == '$') {
      ++at_;
      push(Token::Kind::variable, "$" + std::string(word()), where);
      return {};
    }
    if (c == '.' && !(at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9')) {
      ++at_;
      const std::string_view name = word();
      push(name.empty() ? Token::Kind::dot : Token::Kind::field, std::string(name), where);
      return {};
    }
    if ((c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-') {
      return number();
    }
    const std::string_view name = word();
    if (name.empty()) {
      return fail(error_at(where, fmt::format("unexpected character '{}' in action", c)));
    }
    push(Token::Kind::word, std::string(name), where);
    return {};
  }

  std::string_view word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) {
      ++at_;
    }
    return text_.substr(from, at_ - from);
  }

  Status number() {
    const Place where = place();
    const std::size_t from = at_;
    ++at_;
    while (at_ < text_.size() &&
           (is_word(text_[at_]) || text_[at_] == '.' ||
            ((text_[at_] == '+' || text_[at_] == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E')))) {
      ++at_;
    }
    push(Token::Kind::number, std::string(text_.substr(from, at_ - from)), where);
    return {};
  }

  Status string(char quote) {
    const Place where = place();
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        push(quote == '\'' ? Token::Kind::character : Token::Kind::string, std::move(out), where);
        return {};
      }
      if (c == '\n' && quote != '`') {
        break;
      }
      if (c != '\\' || quote == '`') {
        out += c;
      } else if (!escape(out)) {
        return fail(error_at(where, "invalid escape in quoted string"));
      }
    }
    return fail(error_at(where, quote == '`'    ? "unterminated raw quoted string"
                                : quote == '\'' ? "unterminated character constant"
                                                : "unterminated quoted string"));
  }

  /// At a backslash; leaves `at_` on the last character of the escape.
  bool escape(std::string& out) {
    constexpr std::string_view kNames = "abfnrtv\\'\"";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    if (at_ + 1 >= text_.size()) {
      return false;
    }
    const char c = text_[++at_];
    if (const std::size_t named = kNames.find(c); named != std::string_view::npos) {
      out += kValues[named];
      return true;
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0 || at_ + digits >= text_.size()) {
      return false;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char hex = text_[++at_];
      const int digit = hex >= '0' && hex <= '9'   ? hex - '0'
                        : hex >= 'a' && hex <= 'f' ? hex - 'a' + 10
                        : hex >= 'A' && hex <= 'F' ? hex - 'A' + 10
                                                   : -1;
      if (digit < 0) {
        return false;
      }
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    if (c == 'x') {
      out += static_cast<char>(value);
      return true;
    }
    return append_utf8(out, value);
  }

  static bool append_utf8(std::string& out, std::uint32_t value) {
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      return false;
    }
    const auto tail = [&out, value](unsigned shift) {
      out += static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
    };
    if (value < 0x80) {
      out += static_cast<char>(value);
    } else if (value < 0x800) {
      out += static_cast<char>(0xC0U | (value >> 6U));
      tail(0);
    } else if (value < 0x10000) {
      out += static_cast<char>(0xE0U | (value >> 12U));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0U | (value >> 18U));
      tail(12);
      tail(6);
      tail(0);
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t counted_ = 0;
  Place here_;
  bool trim_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace catflap::calico::print::tmpl
