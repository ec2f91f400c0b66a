#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/codec.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// `calicoctl ipam show`: what it reads, and the cells and lines that it prints.
namespace catflap::calico::ipam {

/// Whose text: calicoctl up to 3.31, 3.32, later ones.
enum class Edition : std::uint8_t { v3_31, v3_32, head };

struct Table {
  std::vector<std::string> headings{};
  std::vector<std::vector<std::string>> rows{};
  std::vector<std::size_t> right{};  ///< columns that `head` aligns to the right
};

/// Numbers of addresses; as floating point, for a pool may have 2^128.
struct Usage {
  net::Prefix cidr{};
  double total = 0;
  double in_use = 0;
  double reserved = 0;         ///< by IPReservations
  double in_use_reserved = 0;  ///< assigned before they were reserved, or by name

  double free() const { return total - in_use - reserved + in_use_reserved; }
};

struct PoolUsage {
  std::optional<Usage> pool{};  ///< nothing: the blocks outside of all pools
  std::vector<Usage> blocks{};
};

/// All pools by name, then what lies outside. Blocks whose value is broken are left out.
Result<std::vector<PoolUsage>> read_usage(Datastore& store);
/// `ipam show [--show-blocks]`. Until 3.32 reserved addresses count as free.
Table usage_table(const std::vector<PoolUsage>& usage, bool show_blocks, Edition edition);

/// `ipam show --show-borrowed`: the table and, if not "", a line below it after a blank one.
struct Borrowed {
  Table table{};
  std::string note{};
};
Result<Borrowed> read_borrowed(Datastore& store, Edition edition);

/// `ipam show --ip=A`: lines, each with its end.
Result<std::string> show_ip(Ipam& ipam, const net::IpAddr& address, Edition edition);

/// `ipam show --show-configuration`.
Table configuration_table(const Config& config, Edition edition);

/// `ipam release --ip=A`. Errc::not_found "IP address A is not assigned".
Result<std::string> release_ip(Ipam& ipam, const net::IpAddr& address);

/// The options of `ipam configure`, as they were written.
struct Configure {
  std::optional<std::string> strict_affinity{};
  std::optional<std::string> max_blocks_per_host{};
  std::optional<std::string> vm_address_persistence{};
  std::optional<std::string> cooldown_seconds{};
};
/// A line for each option. Errc::invalid with Calico's message.
Result<std::string> configure(Ipam& ipam, const Configure& options);

}  // namespace catflap::calico::ipam
