#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::Value;
using intent::ValueType;

/// A value that must be known now: a literal, a constant by its name, or an expression in parentheses.
Value Parser::constant(ValueType type) {
  const Token at = peek();
  const bool name = at.kind == TokenKind::symbol || at.kind == TokenKind::quoted_symbol;
  if (name) {
    const auto found = router_.constants.find(std::string(at.text));
    if (found != router_.constants.end()) {
      if (intent::type_of(found->second) != type) {
        fail_here("'" + found->first + "' is of type " +
                  std::string(intent::to_string(intent::type_of(found->second))) + ", but " +
                  std::string(intent::to_string(type)) + " is needed");
      }
      take();
      return found->second;
    }
  }
  if (!is("(")) {
    unexpected(intent::to_string(type));
  }
  take();
  operators_ = 0;
  const intent::ExprPtr value = expression();
  expect(")");
  if (value->op != intent::Op::constant) {
    fail_token(at, "this expression must be known when the configuration is read");
  }
  require(value, type, "this expression");
  return value->value;
}

std::uint32_t Parser::number() {
  if (peek().kind == TokenKind::number) {
    return take().number;
  }
  return std::get<std::uint32_t>(constant(ValueType::integer));
}

std::uint32_t Parser::number_in(std::uint32_t low, std::uint32_t high, std::string_view what) {
  const Token at = peek();
  const std::uint32_t value = number();
  if (value < low || value > high) {
    fail_token(at, std::string(what) + " must be in range " + std::to_string(low) + "-" +
                       std::to_string(high) + ", not " + std::to_string(value));
  }
  return value;
}

std::string Parser::text() {
  if (peek().kind == TokenKind::text) {
    return std::string(take().text);
  }
  return std::get<std::string>(constant(ValueType::string));
}

net::IpAddr Parser::address() {
  if (peek().kind == TokenKind::address) {
    return take().address;
  }
  if (is("(")) {
    unexpected("an address");
  }
  return std::get<net::IpAddr>(constant(ValueType::ip));
}

net::Prefix Parser::prefix() {
  if (peek().kind != TokenKind::address) {
    return std::get<net::Prefix>(constant(ValueType::prefix));
  }
  const Token at = take();
  expect("/");
  const std::uint32_t bits = net::address_bits(at.address.family());
  const Token length_at = peek();
  if (length_at.kind != TokenKind::number) {
    unexpected("the length of the prefix");
  }
  take();
  if (length_at.number > bits) {
    fail_token(length_at, "invalid prefix length " + std::to_string(length_at.number) + " (0-" +
                              std::to_string(bits) + ")");
  }
  if (old_ && at.address.family() != options_.family) {
    fail_token(at, "this is an " + std::string(options_.family == net::Family::ipv4 ? "IPv4" : "IPv6") +
                       " router; prefixes of the other family are not supported");
  }
  const net::Prefix result(at.address, static_cast<std::uint8_t>(length_at.number));
  if (result.addr() != at.address) {
    fail_token(at, "invalid " + std::string(at.address.is_v4() ? "IPv4" : "IPv6") + " prefix " +
                       net::to_string(at.address) + "/" + std::to_string(length_at.number) +
                       ", maybe you wanted " + net::to_string(result));
  }
  return result;
}

std::uint32_t Parser::router_id() {
  const Token at = peek();
  if (at.kind == TokenKind::number) {
    return take().number;
  }
  if (at.kind == TokenKind::symbol) {
    const auto found = router_.constants.find(std::string(at.text));
    if (found != router_.constants.end() && std::holds_alternative<std::uint32_t>(found->second)) {
      return number();
    }
    if (found != router_.constants.end() && std::holds_alternative<intent::Quad>(found->second)) {
      take();
      return std::get<intent::Quad>(found->second).value;
    }
  }
  if (at.kind != TokenKind::address && at.kind != TokenKind::symbol && !is("(")) {
    unexpected("a router ID such as 192.0.2.1");
  }
  if (is("(")) {
    return number();
  }
  const net::IpAddr value = address();
  if (!value.is_v4()) {
    fail_token(at, "a router ID has the form of an IPv4 address, not of an IPv6 address");
  }
  return value.v4_value();
}

bool Parser::boolean() {
  const Token& token = peek();
  static constexpr std::array<std::string_view, 3> kOn{"on", "yes", "true"};
  static constexpr std::array<std::string_view, 3> kOff{"off", "no", "false"};
  if (token.kind == TokenKind::symbol) {
    if (std::find(kOn.begin(), kOn.end(), token.text) != kOn.end()) {
      take();
      return true;
    }
    if (std::find(kOff.begin(), kOff.end(), token.text) != kOff.end()) {
      take();
      return false;
    }
    const auto found = router_.constants.find(std::string(token.text));
    if (found != router_.constants.end() && std::holds_alternative<bool>(found->second)) {
      take();
      return std::get<bool>(found->second);
    }
    if (found == router_.constants.end()) {
      return true;  // `onlink weight 3`: what follows is the next option.
    }
    return number() != 0;
  }
  if (token.kind == TokenKind::number || is("(")) {
    return number() != 0;
  }
  return true;
}

Duration Parser::seconds() {
  return std::chrono::seconds(number());
}

Duration Parser::time_with_unit() {
  const std::uint32_t value = number();
  if (is_word("ms")) {
    take();
    return std::chrono::milliseconds(value);
  }
  if (is_word("us")) {
    take();
    return std::chrono::microseconds(value);
  }
  expect_words("s");
  return std::chrono::seconds(value);
}

std::string Parser::name(std::string_view what) {
  const Token& token = peek();
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::quoted_symbol) {
    unexpected(what);
  }
  if (token.text.size() > 64) {
    fail_here("symbol too long (more than 64 characters)");
  }
  return std::string(take().text);
}

std::string Parser::new_name(SymbolKind kind, std::string_view what) {
  const Token at = peek();
  std::string result = name(what);
  if (is_reserved(result, options_.dialect) || is_keyword(result, options_.dialect)) {
    fail_token(at,
               "'" + result + "' is a word of the language and cannot be the name of " + std::string(what));
  }
  const auto [found, fresh] = symbols_.emplace(result, kind);
  if (!fresh) {
    fail_token(at, "symbol already defined: '" + result + "' is " + std::string(to_string(found->second)));
  }
  return result;
}

std::vector<intent::InterfacePattern> Parser::interfaces() {
  std::vector<intent::InterfacePattern> patterns;
  do {
    intent::InterfacePattern pattern;
    pattern.negated = accept("-");
    if (peek().kind == TokenKind::text) {
      pattern.glob = std::string(take().text);
    }
    if (peek().kind == TokenKind::address) {
      pattern.prefix = is("/", 1) ? prefix() : net::Prefix::host(take().address);
    }
    if (!pattern.glob && !pattern.prefix) {
      unexpected("an interface as \"name*\" or a prefix");
    }
    patterns.push_back(std::move(pattern));
  } while (accept(","));
  return patterns;
}

std::vector<std::string> Parser::flags(std::initializer_list<std::string_view> all) {
  std::vector<std::string> result;
  if (words("off")) {
    return result;
  }
  if (words("all")) {
    result.assign(all.begin(), all.end());
    return result;
  }
  expect("{");
  std::set<std::string_view> found;
  do {
    const auto hit = std::find_if(all.begin(), all.end(), [&](std::string_view flag) { return words(flag); });
    if (hit == all.end()) {
      unknown_statement("this list of flags");
    }
    found.insert(*hit);
  } while (accept(","));
  expect("}");
  for (const std::string_view flag : all) {
    if (found.count(flag) != 0) {
      result.emplace_back(flag);
    }
  }
  return result;
}

std::vector<std::string> Parser::debug_flags() {
  return flags({"states", "routes", "filters", "interfaces", "events", "packets"});
}

std::string Parser::table_name(net::Family family, bool any_family) {
  const Token at = peek();
  std::string table = name("the name of a table");
  const auto found = std::find_if(router_.tables.begin(), router_.tables.end(),
                                  [&](const intent::TableIntent& item) { return item.name == table; });
  if (found == router_.tables.end()) {
    fail_token(at,
               "table '" + table + "' is not defined" +
                   (old_ ? "" : "; write 'ipv4 table " + table + ";' or 'ipv6 table " + table + ";' before"));
  }
  if (!any_family && found->family != family) {
    fail_token(at, "table '" + table + "' is " + std::string(net::to_string(found->family)) + ", but " +
                       std::string(net::to_string(family)) + " is needed");
  }
  return table;
}

}  // namespace catflap::birdlang
