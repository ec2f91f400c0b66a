#include "calico/model/selector_token.hpp"

#include <array>
#include <optional>
#include <utility>

namespace catflap::calico {
namespace {

using Kind = SelectorTokenKind;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == '-';
}

struct Operator {
  Kind kind;
  std::array<std::string_view, 2> words;  ///< the second may be empty; blanks may stand between the two
};

constexpr std::array<Operator, 5> kOperators = {{{Kind::contains, {"contains", ""}},
                                                 {Kind::starts_with, {"starts", "with"}},
                                                 {Kind::ends_with, {"ends", "with"}},
                                                 {Kind::not_in, {"not", "in"}},
                                                 {Kind::in, {"in", ""}}}};

struct Symbol {
  std::string_view text;
  Kind kind;
};

/// Longer ones before their beginnings.
constexpr std::array<Symbol, 10> kSymbols = {{{"(", Kind::l_paren},
                                              {")", Kind::r_paren},
                                              {"{", Kind::l_brace},
                                              {"}", Kind::r_brace},
                                              {",", Kind::comma},
                                              {"==", Kind::eq},
                                              {"!=", Kind::ne},
                                              {"!", Kind::not_},
                                              {"&&", Kind::and_},
                                              {"||", Kind::or_}}};

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  Result<std::vector<SelectorToken>> run() {
    for (;;) {
      skip_blanks();
      if (at_ == text_.size()) {
        add(Kind::eof, "", at_);
        return std::move(tokens_);
      }
      if (auto done = next(); !done) {
        return fail(std::move(done.error()));
      }
    }
  }

 private:
  Status next() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      return string_literal(c);
    }
    for (const Symbol& symbol : kSymbols) {
      if (rest().substr(0, symbol.text.size()) == symbol.text) {
        add(symbol.kind, "", at_);
        at_ += symbol.text.size();
        return {};
      }
    }
    if (c == '=' || c == '&' || c == '|') {
      return wrong(at_, std::string("expected ") + c + c);
    }
    if (!tokens_.empty() && tokens_.back().kind == Kind::label) {
      return operator_word();
    }
    if (take("has(")) {
      return has();
    }
    if (take("all(")) {
      return function(Kind::all, "all(");
    }
    if (take("global(")) {
      return function(Kind::global, "global(");
    }
    const std::size_t start = at_;
    const auto name = identifier();
    if (!name) {
      return fail(name.error());
    }
    add(Kind::label, *name, start);
    return {};
  }

  Status string_literal(char quote) {
    const std::size_t start = at_ + 1;
    const std::size_t end = text_.find(quote, start);
    if (end == std::string_view::npos) {
      return wrong(at_, "unterminated string");
    }
    add(Kind::string_literal, text_.substr(start, end - start), at_);
    at_ = end + 1;
    return {};
  }

  Status operator_word() {
    const std::size_t start = at_;
    for (const Operator& candidate : kOperators) {
      if (take_words(candidate)) {
        add(candidate.kind, "", start);
        return {};
      }
      at_ = start;
    }
    return wrong(start, "expected operator after label \"" + std::string(tokens_.back().text) + '"');
  }

  /// False if it is not there; the position is anywhere then.
  bool take_words(const Operator& candidate) {
    const bool two = !candidate.words[1].empty();
    if (!take(candidate.words[0])) {
      return false;
    }
    if (two) {
      skip_blanks();
      if (!take(candidate.words[1])) {
        return false;
      }
      // Behind two words Calico looks for the boundary only after the blanks: `a not in b` is refused here.
      skip_blanks();
    }
    return at_ == text_.size() || !is_label_char(text_[at_]);
  }

  Status has() {
    const std::size_t start = at_ - std::string_view("has(").size();
    skip_blanks();
    const auto name = identifier();
    if (!name) {
      return fail(name.error());
    }
    skip_blanks();
    if (!take(")")) {
      return wrong(at_, "no closing ')' after has(");
    }
    add(Kind::has, *name, start);
    return {};
  }

  Status function(Kind kind, std::string_view opening) {
    const std::size_t start = at_ - opening.size();
    skip_blanks();
    if (!take(")")) {
      return wrong(at_, "no closing ')' after " + std::string(opening));
    }
    add(kind, "", start);
    return {};
  }

  Result<std::string_view> identifier() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_label_char(text_[at_])) {
      ++at_;
    }
    const std::string_view name = text_.substr(start, at_ - start);
    if (name.empty()) {
      return tl::unexpected<Error>(error(start, "expected identifier"));
    }
    if (name.size() > kMaxLabelNameOctets) {
      return tl::unexpected<Error>(error(start, "label too long: " + std::string(name)));
    }
    return name;
  }

  std::string_view rest() const { return text_.substr(at_); }
  bool take(std::string_view word) {
    if (rest().substr(0, word.size()) != word) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) {
      ++at_;
    }
  }
  void add(Kind kind, std::string_view text, std::size_t offset) { tokens_.push_back({kind, text, offset}); }

  static Error error(std::size_t offset, std::string message) {
    return {Errc::invalid, std::move(message), 0, SourcePos{"", 1, static_cast<std::uint32_t>(offset + 1)}};
  }
  static Status wrong(std::size_t offset, std::string message) {
    return fail(error(offset, std::move(message)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<SelectorToken> tokens_;
};

}  // namespace

std::string_view to_string(SelectorTokenKind kind) {
  switch (kind) {
    case Kind::label:
      return "Label";
    case Kind::string_literal:
      return "StringLiteral";
    case Kind::l_brace:
      return "LBrace";
    case Kind::r_brace:
      return "RBrace";
    case Kind::comma:
      return "Comma";
    case Kind::eq:
      return "Eq";
    case Kind::ne:
      return "Ne";
    case Kind::in:
      return "In";
    case Kind::not_:
      return "Not";
    case Kind::not_in:
      return "NotIn";
    case Kind::contains:
      return "Contains";
    case Kind::starts_with:
      return "StartsWith";
    case Kind::ends_with:
      return "EndsWith";
    case Kind::all:
      return "All";
    case Kind::has:
      return "Has";
    case Kind::l_paren:
      return "LParen";
    case Kind::r_paren:
      return "RParen";
    case Kind::and_:
      return "And";
    case Kind::or_:
      return "Or";
    case Kind::global:
      return "Global";
    case Kind::eof:
      return "EOF";
  }
  return "";
}

Result<std::vector<SelectorToken>> tokenize_selector(std::string_view selector) {
  return Tokenizer(selector).run();
}

bool is_selector_label(std::string_view name) {
  if (name.empty() || name.size() > kMaxLabelNameOctets) {
    return false;
  }
  for (const char c : name) {
    if (!is_label_char(c)) {
      return false;
    }
  }
  return true;
}

}  // namespace catflap::calico
