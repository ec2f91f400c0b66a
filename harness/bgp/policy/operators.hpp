#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intent/router.hpp"
#include "intent/value.hpp"

/// The operators and list functions of BIRD's filter language on values alone; no route, no state.
namespace catflap::bgp::policy {

/// -1, 0 or 1; nullopt if the types cannot be compared. A missing value is less than any other, as in BIRD.
std::optional<int> compare_values(const intent::Value& a, const intent::Value& b);

/// `a = b`: false, not an error, for different types.
bool equal_values(const intent::Value& a, const intent::Value& b);

/// `a ~ b`; nullopt if BIRD has no such pair of types.
std::optional<bool> match_values(const intent::Value& a, const intent::Value& b);

/// The parts of match_values() for lists that need not be copied out of a route.
std::optional<bool> match_path(const net::AsPath& path, const intent::Value& pattern);
std::optional<bool> match_communities(const std::vector<net::Community>& list, const intent::Value& pattern);
std::optional<bool> match_in_communities(const intent::Value& item, const std::vector<net::Community>& list);
std::optional<bool> match_in_large(const intent::Value& item, const std::vector<net::LargeCommunity>& list);

/// True if `text` fits `pattern`: `*` any characters, `?` one, `\` takes the next one literally.
bool match_glob(std::string_view pattern, std::string_view text);

enum class ListChange : std::uint8_t { add, remove, keep };
/// `add(list, item)`, `delete(list, items)`, `filter(list, items)`. The error says what BIRD says.
struct ListResult {
  std::optional<intent::Value> value;
  std::string error;
};
ListResult change_list(ListChange change, const intent::Value& list, const intent::Value& items);

/// RFC 6811 §2 over a static table: 0 unknown, 1 valid, 2 invalid (the numbers of ROA_*).
std::uint32_t roa_state(const std::vector<intent::RoaEntry>& table, const net::Prefix& prefix,
                        std::uint32_t asn);

/// BIRD's kinds of extended communities, as Expr::value of make_ext_community holds them.
inline constexpr std::uint32_t kExtGeneric = 0xFFFF;
/// `(kind, key, value)`. `key_is_address`: the key was written as an address. The error says what BIRD says.
struct ExtResult {
  std::optional<net::ExtCommunity> value;
  std::string error;
};
ExtResult make_ext(std::uint32_t kind, std::uint32_t key, bool key_is_address, std::uint32_t value);

}  // namespace catflap::bgp::policy
