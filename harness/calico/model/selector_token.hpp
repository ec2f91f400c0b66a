#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// The tokens of Calico's selector language.
namespace catflap::calico {

/// What a selector consists of. The names of to_string() are those of Calico without "Tok".
enum class SelectorTokenKind : std::uint8_t {
  label,
  string_literal,
  l_brace,
  r_brace,
  comma,
  eq,
  ne,
  in,
  not_,
  not_in,
  contains,
  starts_with,
  ends_with,
  all,
  has,
  l_paren,
  r_paren,
  and_,
  or_,
  global,
  eof,
};

/// "Label", "StringLiteral", ..., "EOF".
std::string_view to_string(SelectorTokenKind kind);

struct SelectorToken {
  SelectorTokenKind kind = SelectorTokenKind::eof;
  std::string_view text;   ///< of label, string_literal (without quotes) and has (the label); else ""
  std::size_t offset = 0;  ///< of its first octet in the selector

  bool operator==(const SelectorToken&) const = default;
};

/// The longest label name, in octets.
inline constexpr std::size_t kMaxLabelNameOctets = 512;

/// Splits a selector into tokens, the last of which is eof. White space is blanks and tabs; what follows a
/// label must be an operator. Errc::invalid with Calico's text; `where` is the column (in octets, 1-based) in
/// line 1. The tokens' texts are views into `selector`.
Result<std::vector<SelectorToken>> tokenize_selector(std::string_view selector);

/// True for a name that may stand in a selector: 1 to 512 of A-Z a-z 0-9 _ . / -
bool is_selector_label(std::string_view name);

}  // namespace catflap::calico
