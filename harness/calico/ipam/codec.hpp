#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/ipam/block.hpp"
#include "calico/store/datastore.hpp"

/// IPAM's values as Calico stores them in etcd: JSON whose fields stand in the order of Go's structs.
/// Decoders are total: Errc::protocol names the key and the field.
namespace catflap::calico::ipam {

std::string encode(const Block& block);
/// Takes what others wrote as long as it is a block at all; see Block::defects().
Result<Block> decode_block(const Entry& entry);

/// How far the claim of a block has come.
enum class AffinityState : std::uint8_t { confirmed, pending, pending_deletion };
std::string encode(AffinityState state);
/// No state, as old versions wrote it, is confirmed.
Result<AffinityState> decode_affinity(const Entry& entry);

/// How many addresses a handle has, by block.
struct Handle {
  std::string id{};
  std::map<std::string, std::int64_t> blocks{};  ///< "10.0.0.0/26" -> addresses, above 0

  bool operator==(const Handle&) const = default;
};
std::string encode(const Handle& handle);
Result<Handle> decode_handle(const Entry& entry);

/// IPAMConfiguration as etcd keeps it.
struct Config {
  bool strict_affinity = false;
  bool auto_allocate_blocks = true;
  std::int64_t max_blocks_per_host = 0;  ///< 0: kMaxBlocksDefault
  /// "Enabled", "Disabled" or nothing; stored and shown.
  std::optional<std::string> vm_address_persistence{};
  std::int64_t cooldown_s = 0;

  bool operator==(const Config&) const = default;
};
inline constexpr std::int64_t kMaxBlocksDefault = 20;
std::string encode(const Config& config);
Result<Config> decode_config(const Entry& entry);

/// "2026-11-20T19:45:32Z", whole seconds.
std::string to_rfc3339(UnixNanos time);
/// RFC 3339 with fractions and offsets; 0 for times before 1970, as Go's zero time; nullopt for anything
/// else.
std::optional<UnixNanos> parse_rfc3339(std::string_view text);

}  // namespace catflap::calico::ipam
