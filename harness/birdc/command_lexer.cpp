#include "birdc/command_lexer.hpp"

#include <algorithm>
#include <array>

namespace catflap::birdc {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '/' || c == '%';
}

constexpr std::array kKeywords{
    std::string_view("all"),       std::string_view("attributes"), std::string_view("auth"),
    std::string_view("babel"),     std::string_view("bfd"),        std::string_view("bug"),
    std::string_view("check"),     std::string_view("configure"),  std::string_view("confirm"),
    std::string_view("count"),     std::string_view("debug"),      std::string_view("disable"),
    std::string_view("down"),      std::string_view("dump"),       std::string_view("echo"),
    std::string_view("enable"),    std::string_view("entries"),    std::string_view("error"),
    std::string_view("eval"),      std::string_view("events"),     std::string_view("exit"),
    std::string_view("export"),    std::string_view("exported"),   std::string_view("fatal"),
    std::string_view("filter"),    std::string_view("filtered"),   std::string_view("filters"),
    std::string_view("for"),       std::string_view("function"),   std::string_view("graceful"),
    std::string_view("help"),      std::string_view("import"),     std::string_view("in"),
    std::string_view("info"),      std::string_view("interfaces"), std::string_view("memory"),
    std::string_view("messages"),  std::string_view("mpls"),       std::string_view("mrt"),
    std::string_view("mrtdump"),   std::string_view("neighbors"),  std::string_view("noexport"),
    std::string_view("off"),       std::string_view("ospf"),       std::string_view("out"),
    std::string_view("packets"),   std::string_view("preexport"),  std::string_view("primary"),
    std::string_view("protocol"),  std::string_view("protocols"),  std::string_view("quit"),
    std::string_view("radv"),      std::string_view("reload"),     std::string_view("remote"),
    std::string_view("resources"), std::string_view("restart"),    std::string_view("restrict"),
    std::string_view("rip"),       std::string_view("route"),      std::string_view("routes"),
    std::string_view("sessions"),  std::string_view("show"),       std::string_view("sockets"),
    std::string_view("soft"),      std::string_view("states"),     std::string_view("static"),
    std::string_view("stats"),     std::string_view("status"),     std::string_view("summary"),
    std::string_view("symbols"),   std::string_view("table"),      std::string_view("template"),
    std::string_view("timeout"),   std::string_view("to"),         std::string_view("trace"),
    std::string_view("undo"),      std::string_view("warning"),    std::string_view("where")};
static_assert(std::is_sorted(kKeywords.begin(), kKeywords.end()));

/// The end of a text that starts at `begin` with `quote`; npos if it is not closed.
std::size_t closing_quote(std::string_view line, std::size_t begin, char quote) {
  return line.find(quote, begin + 1);
}

}  // namespace

std::vector<Token> tokenize(std::string_view line) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < line.size()) {
    const char c = line[at];
    Token token;
    token.begin = at;
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
      continue;
    }
    if (c == '"' || c == '\'') {
      const std::size_t close = closing_quote(line, at, c);
      token.kind = close == std::string_view::npos ? Token::Kind::bad
                   : c == '"'                      ? Token::Kind::text
                                                   : Token::Kind::word;
      token.quoted_symbol = c == '\'';
      at = close == std::string_view::npos ? line.size() : close + 1;
      token.value =
          line.substr(token.begin + 1, at - token.begin - (close == std::string_view::npos ? 1 : 2));
    } else if (is_word_character(c)) {
      while (at < line.size() && is_word_character(line[at])) {
        ++at;
      }
      token.kind = Token::Kind::word;
      token.value = line.substr(token.begin, at - token.begin);
    } else {
      ++at;
      token.kind = Token::Kind::punctuation;
      token.value = c;
    }
    token.end = at;
    tokens.push_back(std::move(token));
  }
  Token end;
  end.begin = end.end = line.size();
  tokens.push_back(std::move(end));
  return tokens;
}

bool is_keyword(std::string_view word) {
  return std::binary_search(kKeywords.begin(), kKeywords.end(), word);
}

std::string token_name(const Token& token, const SymbolLookup& symbols) {
  if (token.kind == Token::Kind::end) {
    return "END";
  }
  if (token.kind == Token::Kind::text) {
    return "TEXT";
  }
  if (token.kind == Token::Kind::bad) {
    return "invalid token";
  }
  if (token.kind == Token::Kind::punctuation) {
    return "'" + token.value + "'";
  }
  if (is_keyword(token.value) && !token.quoted_symbol) {
    std::string upper = token.value;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return upper;
  }
  const std::string_view address = std::string_view(token.value).substr(0, token.value.find('/'));
  if (const auto parsed = net::IpAddr::parse(address)) {
    return parsed->is_v4() ? "IP4" : "IP6";
  }
  if (token.value.find_first_not_of("0123456789") == std::string::npos) {
    return "NUM";
  }
  const bool known = symbols && symbols(token.value) != SymbolKind::undefined;
  return known ? "CF_SYM_KNOWN" : "CF_SYM_UNDEFINED";
}

}  // namespace catflap::birdc
