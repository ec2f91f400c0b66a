#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "birdc/command.hpp"

/// Tokens of a command line. Internal to birdc.
namespace catflap::birdc {

struct Token {
  enum class Kind : std::uint8_t { end, word, text, punctuation, bad };
  Kind kind = Kind::end;
  std::string value;      ///< without quotes
  std::size_t begin = 0;  ///< octets in the line
  std::size_t end = 0;
  bool quoted_symbol = false;  ///< 'name': never a keyword
};

/// The line in tokens, the last one of kind `end`. Words take what names, numbers, addresses and prefixes
/// consist of.
std::vector<Token> tokenize(std::string_view line);

/// True for a word that BIRD's grammar knows in commands.
bool is_keyword(std::string_view word);
/// How bison names the token in "unexpected ...".
std::string token_name(const Token& token, const SymbolLookup& symbols);

}  // namespace catflap::birdc
