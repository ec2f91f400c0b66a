#include "birdlang/parser.hpp"

#include <algorithm>
#include <utility>

#include "base/suggest.hpp"

namespace catflap::birdlang {

std::string_view to_string(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::constant:
      return "a constant";
    case SymbolKind::variable:
      return "a variable";
    case SymbolKind::function:
      return "a function";
    case SymbolKind::filter:
      return "a filter";
    case SymbolKind::table:
      return "a table";
    case SymbolKind::roa_table:
      return "a ROA table";
    case SymbolKind::protocol:
      return "a protocol";
    case SymbolKind::template_:
      return "a template";
    case SymbolKind::attribute:
      return "an attribute";
  }
  return "";
}

Parser::Parser(const Source& source, const ParseOptions& options)
    : source_(source), options_(options), old_(options.dialect == Dialect::bird1) {
  frame_.scopes.emplace_back();
  for (const Token& token : source.tokens) {
    if (old_ && options.family == net::Family::ipv4 && token.kind == TokenKind::address &&
        token.address.is_v6()) {
      fail_token(token, "this is an IPv4 router, therefore IPv6 addresses are not supported");
    }
  }
}

const Token& Parser::peek(std::size_t ahead) const {
  return source_.tokens[std::min(at_ + ahead, source_.tokens.size() - 1)];
}

const Token& Parser::take() {
  const Token& token = peek();
  if (token.kind != TokenKind::end) {
    ++at_;
  }
  return token;
}

bool Parser::is(std::string_view punctuation, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::punctuation && token.text == punctuation;
}

bool Parser::is_word(std::string_view word, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::symbol && token.text == word;
}

bool Parser::accept(std::string_view punctuation) {
  if (!is(punctuation)) {
    return false;
  }
  ++at_;
  return true;
}

void Parser::expect(std::string_view punctuation) {
  if (!accept(punctuation)) {
    unexpected("'" + std::string(punctuation) + "'");
  }
}

bool Parser::words(std::string_view phrase) {
  if (tried_at_ != at_) {
    tried_.clear();
    tried_at_ = at_;
  }
  tried_.push_back(phrase);
  std::size_t count = 0;
  std::string_view rest = phrase;
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    if (!is_word(rest.substr(0, space), count)) {
      return false;
    }
    ++count;
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  at_ += count;
  return true;
}

void Parser::expect_words(std::string_view phrase) {
  if (!words(phrase)) {
    unexpected("'" + std::string(phrase) + "'");
  }
}

std::string Parser::describe(const Token& token) const {
  constexpr std::size_t kShownMax = 60;
  switch (token.kind) {
    case TokenKind::end:
      return "end of file";
    case TokenKind::text:
      return "text \"" + std::string(token.text.substr(0, kShownMax)) + "\"";
    default:
      return "'" + std::string(token.text.substr(0, kShownMax)) + "'";
  }
}

void Parser::fail_token(const Token& token, std::string message, Errc code) const {
  throw SyntaxError{Error{code, std::move(message), 0, source_.where(token)}};
}

void Parser::fail_here(std::string message, Errc code) const {
  fail_token(peek(), std::move(message), code);
}

void Parser::unexpected(std::string_view expected) const {
  fail_here("syntax error, unexpected " + describe(peek()) + ", expected " + std::string(expected));
}

void Parser::unknown_statement(std::string_view where) const {
  if (peek().kind != TokenKind::symbol) {
    unexpected("a statement of " + std::string(where));
  }
  std::string found;
  const std::string message = "syntax error, unexpected " + describe(peek()) + " in " + std::string(where);
  if (tried_at_ != at_) {
    fail_here(message);
  }
  // Compare phrases of as many words as are there, and complete what starts right.
  for (std::size_t ahead = 0; ahead < 5 && peek(ahead).kind == TokenKind::symbol; ++ahead) {
    found += (found.empty() ? "" : " ") + std::string(peek(ahead).text.substr(0, 40));
  }
  const std::string first = found.substr(0, found.find(' '));
  std::string follow;
  for (const std::string_view phrase : tried_) {
    if (phrase.size() > first.size() && phrase.substr(0, first.size()) == first &&
        phrase[first.size()] == ' ') {
      follow += (follow.empty() ? "" : ", ") + ("'" + std::string(phrase) + "'");
    }
  }
  std::string hint = did_you_mean(found, tried_);
  hint = hint.empty() ? did_you_mean(first, tried_) : hint;
  if (hint.empty() && !follow.empty()) {
    fail_here("syntax error, unexpected " + describe(peek(1)) + " after '" + first + "', expected one of " +
              follow);
  }
  fail_here(message + hint);
}

namespace {

template <class T, class Body>
Result<T> guarded(std::string_view text, const std::string& file, const ParseOptions& options, Body&& body) {
  auto source = tokenize(text, file, options);
  if (!source) {
    return fail(std::move(source).error());
  }
  try {
    Parser parser(**source, options);
    return body(parser);
  } catch (SyntaxError& problem) {
    return fail(std::move(problem.error));
  }
}

constexpr const char* kPrompt = "";

/// A prompt speaks as the file does.
ParseOptions prompt_options(const intent::RouterIntent& context) {
  ParseOptions options;
  options.dialect = context.dialect;
  options.family = context.family;
  return options;
}

}  // namespace

Result<intent::RouterIntent> parse(std::string_view text, const std::string& file_name,
                                   const ParseOptions& options) {
  return guarded<intent::RouterIntent>(text, file_name, options,
                                       [](Parser& parser) { return parser.parse_router(); });
}

Result<std::shared_ptr<const intent::Filter>> parse_filter_expression(std::string_view text,
                                                                      const intent::RouterIntent& context) {
  const ParseOptions options = prompt_options(context);
  return guarded<std::shared_ptr<const intent::Filter>>(text, kPrompt, options, [&](Parser& parser) {
    parser.use(context);
    return parser.parse_prompt_filter();
  });
}

Result<intent::ExprPtr> parse_expression(std::string_view text, const intent::RouterIntent& context) {
  const ParseOptions options = prompt_options(context);
  return guarded<intent::ExprPtr>(text, kPrompt, options, [&](Parser& parser) {
    parser.use(context);
    return parser.parse_prompt_expression();
  });
}

}  // namespace catflap::birdlang
