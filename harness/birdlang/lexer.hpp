#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "birdlang/birdlang.hpp"
#include "net/addr.hpp"

namespace catflap::birdlang {

enum class TokenKind : std::uint8_t { end, number, symbol, quoted_symbol, text, address, punctuation };

/// A token of any of the files; views into Source, which must outlive it.
struct Token {
  TokenKind kind = TokenKind::end;
  std::uint16_t file = 0;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string_view text;     ///< of symbol and text without the quotes
  std::uint32_t number = 0;  ///< of number
  net::IpAddr address;       ///< of address
};

/// The texts of a configuration and its includes, and all their tokens in order; the last one is `end`.
struct Source {
  std::vector<std::string> files;
  std::vector<std::unique_ptr<const std::string>> texts;
  std::vector<Token> tokens;

  SourcePos where(const Token& token) const { return {files[token.file], token.line, token.column}; }
};

/// Splits `text` and everything that it includes.
Result<std::unique_ptr<Source>> tokenize(std::string_view text, const std::string& file_name,
                                         const ParseOptions& options);

}  // namespace catflap::birdlang
