#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intent/value.hpp"

/// The operators and list functions of BIRD's filter language on values alone; no route, no state.
namespace catflap::intent {

/// -1, 0 or 1; nullopt if the types cannot be compared. A missing value is less than any other, as in BIRD.
std::optional<int> compare_values(const Value& a, const Value& b);

/// `a = b`: false, not an error, for different types.
bool equal_values(const Value& a, const Value& b);

/// `a ~ b`; nullopt if BIRD has no such pair of types.
std::optional<bool> match_values(const Value& a, const Value& b);

/// The parts of match_values() for lists that need not be copied out of a route.
std::optional<bool> match_path(const net::AsPath& path, const Value& pattern);
std::optional<bool> match_communities(const std::vector<net::Community>& list, const Value& pattern);
std::optional<bool> match_ext(const std::vector<net::ExtCommunity>& list, const Value& pattern);
std::optional<bool> match_large(const std::vector<net::LargeCommunity>& list, const Value& pattern);
std::optional<bool> match_in_communities(const Value& item, const std::vector<net::Community>& list);
std::optional<bool> match_in_large(const Value& item, const std::vector<net::LargeCommunity>& list);

enum class ListChange : std::uint8_t { add, remove, keep };
/// `add(list, item)`, `delete(list, items)`, `filter(list, items)`. The error says what BIRD says.
struct ListResult {
  std::optional<Value> value;
  std::string error;
};
ListResult change_list(ListChange change, const Value& list, const Value& items);

/// Methods without arguments: `.len`, `.first`, `.asn`, ...; nullopt if values of that type have none of this
/// name, or not for this value.
std::optional<Value> plain_method(const Value& object, std::string_view name);
/// The same for a path that need not be copied out of a route.
std::optional<Value> path_method(const net::AsPath& path, std::string_view name);

/// BIRD's kinds of extended communities, as Expr::value of make_ext_community holds them.
inline constexpr std::uint32_t kExtGeneric = 0xFFFF;
/// `(kind, key, value)`. `key_is_address`: the key was written as an address. The error says what BIRD says.
struct ExtResult {
  std::optional<net::ExtCommunity> value;
  std::string error;
};
ExtResult make_ext(std::uint32_t kind, std::uint32_t key, bool key_is_address, std::uint32_t value);

}  // namespace catflap::intent
