#include "birdlang/lexer.hpp"

#include <array>
#include <optional>
#include <utility>

namespace catflap::birdlang {
namespace {

constexpr std::size_t kFilesMax = 10'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_quoted_symbol(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == ':';
}

constexpr std::array<std::string_view, 9> kTwoCharacters{
    "[=", "=]", "!=", "!~", "<=", ">=", "&&", "||", ".."};
constexpr std::string_view kOneCharacter = "=<>~!+-*/%.,:;()[]{}?&|@";

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

class Lexer {
 public:
  Lexer(Source& source, const ParseOptions& options) : source_(source), options_(options) {}

  Status run(std::string_view text, const std::string& file, std::size_t depth);

 private:
  struct Cursor {
    std::string_view text;
    std::size_t at = 0;
    std::uint16_t file = 0;
    std::uint32_t line = 1;
    std::size_t line_start = 0;
  };

  Result<bool> skip_space(Cursor& cursor) const;
  Result<Token> next(Cursor& cursor) const;
  Result<Token> text_token(Cursor& cursor, Token token) const;
  Result<Token> quoted(Cursor& cursor, Token token) const;
  std::optional<Token> address(Cursor& cursor, Token token) const;
  Result<Token> number(Cursor& cursor, Token token) const;
  Status include(std::size_t first, std::size_t depth);
  tl::unexpected<Error> error(const Token& token, std::string message) const {
    return fail_at(source_.where(token), std::move(message));
  }

  Source& source_;
  const ParseOptions& options_;
  std::size_t octets_ = 0;
};

/// Skips white space and comments. False at the end of the text.
Result<bool> Lexer::skip_space(Cursor& cursor) const {
  const std::string_view text = cursor.text;
  while (cursor.at < text.size()) {
    const char c = text[cursor.at];
    if (c == '\n') {
      ++cursor.line;
      cursor.line_start = ++cursor.at;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++cursor.at;
    } else if (c == '#') {
      const std::size_t end = text.find('\n', cursor.at);
      cursor.at = end == std::string_view::npos ? text.size() : end;
    } else if (text.substr(cursor.at, 2) == "/*") {
      const std::size_t end = text.find("*/", cursor.at + 2);
      if (end == std::string_view::npos) {
        Token token;
        token.file = cursor.file;
        token.line = cursor.line;
        token.column = static_cast<std::uint32_t>(cursor.at - cursor.line_start + 1);
        return error(token, "this comment never ends: '*/' is missing");
      }
      for (std::size_t i = cursor.at; i < end; ++i) {
        if (text[i] == '\n') {
          ++cursor.line;
          cursor.line_start = i + 1;
        }
      }
      cursor.at = end + 2;
    } else {
      return true;
    }
  }
  return false;
}

Result<Token> Lexer::text_token(Cursor& cursor, Token token) const {
  const std::size_t end = cursor.text.find_first_of("\"\n", cursor.at + 1);
  if (end == std::string_view::npos || cursor.text[end] != '"') {
    return error(token, "this text never ends: '\"' is missing on its line");
  }
  token.kind = TokenKind::text;
  token.text = cursor.text.substr(cursor.at + 1, end - cursor.at - 1);
  if (token.text.find('\0') != std::string_view::npos) {
    return error(token, "a text cannot hold a zero octet");
  }
  cursor.at = end + 1;
  return token;
}

Result<Token> Lexer::quoted(Cursor& cursor, Token token) const {
  std::size_t end = cursor.at + 1;
  while (end < cursor.text.size() && is_quoted_symbol(cursor.text[end])) {
    ++end;
  }
  if (end == cursor.at + 1 || end >= cursor.text.size() || cursor.text[end] != '\'') {
    return error(token, "a name in '' may hold letters, digits, '_', '-', '.' and ':', and must end with '");
  }
  token.kind = TokenKind::quoted_symbol;
  token.text = cursor.text.substr(cursor.at + 1, end - cursor.at - 1);
  cursor.at = end + 1;
  return token;
}

/// BIRD's rule: an IPv6 address has "::" or at least three colons; an IPv4 address has four numbers with
/// dots.
std::optional<Token> Lexer::address(Cursor& cursor, Token token) const {
  const std::string_view text = cursor.text;
  std::size_t end = cursor.at;
  std::size_t colons = 0;
  bool pair = false;
  bool dots = false;
  const auto is_quad = [&](std::size_t length) {
    const auto parsed = net::IpAddr::parse(text.substr(cursor.at, length));
    return parsed && parsed->is_v4();
  };
  while (end < text.size() && (is_hex(text[end]) || text[end] == ':' || text[end] == '.')) {
    if (text[end] == ':' && colons == 0 && dots && is_quad(end - cursor.at)) {
      break;  // `case gw { 10.0.0.1: ...`
    }
    if (text[end] == '.' && end + 1 < text.size() && text[end + 1] == '.') {
      break;  // a range
    }
    dots = dots || text[end] == '.';
    if (text[end] == ':') {
      ++colons;
      pair = pair || (end > cursor.at && text[end - 1] == ':');
    }
    ++end;
  }
  if (!(pair || colons >= 3 || (colons == 0 && dots))) {
    return std::nullopt;
  }
  // `192.0.2.1.len` and `case x { ::1: ...`: take the longest part that is an address.
  for (; end > cursor.at + 1; --end) {
    const auto parsed = net::IpAddr::parse(text.substr(cursor.at, end - cursor.at));
    if (parsed && (colons > 0) == parsed->is_v6()) {
      if (end < text.size() && is_hex(text[end]) && text[end - 1] != ':') {
        continue;
      }
      token.kind = TokenKind::address;
      token.address = *parsed;
      token.text = text.substr(cursor.at, end - cursor.at);
      cursor.at = end;
      return token;
    }
    if (end - cursor.at > 64) {
      end = cursor.at + 64;
    }
  }
  return std::nullopt;
}

Result<Token> Lexer::number(Cursor& cursor, Token token) const {
  const std::string_view text = cursor.text;
  std::size_t end = cursor.at;
  std::uint64_t value = 0;
  const bool hex =
      text[end] == '0' && end + 1 < text.size() && (text[end + 1] == 'x' || text[end + 1] == 'X');
  end += hex ? 2U : 0U;
  const std::size_t digits = end;
  bool overflow = false;
  while (end < text.size() && (hex ? is_hex(text[end]) : is_digit(text[end]))) {
    const char c = text[end++];
    const auto digit = static_cast<std::uint64_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * (hex ? 16U : 10U) + digit;
    overflow = overflow || value > 0xFFFFFFFFULL;
    value = overflow ? 0 : value;
  }
  if (end == digits) {
    return error(token, "'0x' needs hexadecimal digits behind it");
  }
  token.kind = TokenKind::number;
  token.text = text.substr(cursor.at, end - cursor.at);
  if (overflow) {
    return error(token,
                 "number '" + std::string(token.text.substr(0, 40)) + "' is out of range (0..4294967295)");
  }
  if (end < text.size() && is_alpha(text[end])) {
    return error(token, "number '" + std::string(token.text) + "' runs into '" + text[end] + "'");
  }
  token.number = static_cast<std::uint32_t>(value);
  cursor.at = end;
  return token;
}

Result<Token> Lexer::next(Cursor& cursor) const {
  Token token;
  token.file = cursor.file;
  token.line = cursor.line;
  token.column = static_cast<std::uint32_t>(cursor.at - cursor.line_start + 1);
  const char c = cursor.text[cursor.at];
  if (c == '"') {
    return text_token(cursor, token);
  }
  if (c == '\'') {
    return quoted(cursor, token);
  }
  if (is_hex(c) || c == ':') {
    if (auto found = address(cursor, token)) {
      return *found;
    }
  }
  if (is_digit(c)) {
    return number(cursor, token);
  }
  if (is_alpha(c)) {
    std::size_t end = cursor.at;
    while (end < cursor.text.size() && (is_alpha(cursor.text[end]) || is_digit(cursor.text[end]))) {
      ++end;
    }
    token.kind = TokenKind::symbol;
    token.text = cursor.text.substr(cursor.at, end - cursor.at);
    cursor.at = end;
    return token;
  }
  token.kind = TokenKind::punctuation;
  for (const std::string_view two : kTwoCharacters) {
    if (cursor.text.substr(cursor.at, 2) == two) {
      token.text = cursor.text.substr(cursor.at, 2);
      cursor.at += 2;
      return token;
    }
  }
  if (kOneCharacter.find(c) == std::string_view::npos) {
    const bool printable = c > ' ' && c < 0x7F;
    return error(token, printable ? "unknown character '" + std::string(1, c) + "'"
                                  : "unknown octet; only texts and comments may hold others than ASCII");
  }
  token.text = cursor.text.substr(cursor.at, 1);
  ++cursor.at;
  return token;
}

/// The tokens from `first` on are `include "glob" ;`: replaces them by what the files hold.
Status Lexer::include(std::size_t first, std::size_t depth) {
  const Token keyword = source_.tokens[first];
  const std::string glob(source_.tokens[first + 1].text);
  source_.tokens.resize(first);
  const std::string from = source_.files[keyword.file];
  if (depth >= kIncludeDepthMax) {
    return error(keyword,
                 "includes are nested too deeply (more than " + std::to_string(kIncludeDepthMax) + ")");
  }
  if (!options_.include) {
    return error(keyword, "include \"" + glob + "\" is not possible here");
  }
  const std::string path = !glob.empty() && glob.front() == '/' ? glob : folder_of(from) + glob;
  auto files = options_.include(path, from);
  if (!files) {
    Error problem = std::move(files).error();
    problem.where = source_.where(keyword);
    return fail(std::move(problem).context("include \"" + glob + "\""));
  }
  if (files->empty() && path.find_first_of("*?[") == std::string::npos) {
    return error(keyword, "include \"" + glob + "\": no such file " + path);
  }
  for (const IncludeFile& file : *files) {
    if (auto done = run(file.text, file.path, depth + 1); !done) {
      return done;
    }
  }
  return {};
}

Status Lexer::run(std::string_view text, const std::string& file, std::size_t depth) {
  octets_ += text.size();
  if (octets_ > kFileOctetsMax) {
    return fail_at({file, 0, 0}, "configuration is too large (more than " +
                                     std::to_string(kFileOctetsMax >> 20U) + " MiB)");
  }
  if (source_.files.size() >= kFilesMax) {
    return fail_at({file, 0, 0}, "too many files are included");
  }
  source_.files.push_back(file);
  source_.texts.push_back(std::make_unique<const std::string>(text));
  Cursor cursor;
  cursor.text = *source_.texts.back();
  cursor.file = static_cast<std::uint16_t>(source_.files.size() - 1);
  for (;;) {
    const auto more = skip_space(cursor);
    if (!more) {
      return fail(more.error());
    }
    if (!*more) {
      return {};
    }
    auto token = next(cursor);
    if (!token) {
      return fail(std::move(token).error());
    }
    source_.tokens.push_back(*token);
    const std::size_t count = source_.tokens.size();
    if (token->text == ";" && count >= 3 && source_.tokens[count - 3].text == "include" &&
        source_.tokens[count - 3].kind == TokenKind::symbol &&
        source_.tokens[count - 2].kind == TokenKind::text) {
      if (auto done = include(count - 3, depth); !done) {
        return done;
      }
    }
  }
}

}  // namespace

Result<std::unique_ptr<Source>> tokenize(std::string_view text, const std::string& file_name,
                                         const ParseOptions& options) {
  auto source = std::make_unique<Source>();
  if (auto done = Lexer(*source, options).run(text, file_name, 0); !done) {
    return fail(std::move(done).error());
  }
  Token end;
  const std::string_view all = *source->texts.front();
  for (const char c : all) {
    end.line += c == '\n' ? 1U : 0U;
  }
  const std::size_t last_line = all.rfind('\n');
  end.column =
      static_cast<std::uint32_t>(all.size() - (last_line == std::string_view::npos ? 0 : last_line + 1) + 1);
  source->tokens.push_back(end);
  return source;
}

}  // namespace catflap::birdlang
