#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/block.hpp"
#include "calico/ipam/codec.hpp"
#include "calico/ipam/pools.hpp"
#include "calico/model/selector.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// Calico's address management over a datastore, as libcalico-go's lib/ipam does it: blocks of addresses that
/// belong to hosts, claimed in steps that survive a crash after any of them, and compare-and-swap throughout,
/// so that any number of hosts and processes may work on one store.
namespace catflap::calico::ipam {

struct Options {
  /// The time of day. It numbers new blocks, so two calls should not give the same.
  std::function<UnixNanos()> now;
  /// Called before an operation begins again because somebody else was faster; may wait. May be empty.
  std::function<void(unsigned attempt)> pause{};
  /// So often an operation begins again before it gives up with Errc::conflict.
  unsigned retries = 100;
};

struct AssignRequest {
  std::size_t count4 = 0;
  std::size_t count6 = 0;
  std::string host{};
  std::optional<std::string> handle{};
  Attributes attributes{};
  std::vector<net::Prefix> pools4{};  ///< these pools, whatever they select; empty: those that fit
  std::vector<net::Prefix> pools6{};
  std::int64_t max_blocks = 0;  ///< 0: the configuration's
  Use use = Use::workload;
  Labels namespace_labels{};
};

struct Assigned {
  std::vector<net::InterfaceAddress> addresses{};  ///< with the length of their block
  std::vector<std::string> messages{};             ///< why there are not more
  std::size_t requested = 0;
};

/// "Assigned 1 out of 2 requested IPv4 addresses; ...", "" if all were assigned.
std::string shortfall(const Assigned& assigned, net::Family family);

/// What was assigned, also where an error ended it.
struct AutoAssignment {
  Assigned v4{};
  Assigned v6{};
  Status status{};
};

struct AssignIpRequest {
  net::IpAddr address;
  std::string host{};
  std::optional<std::string> handle{};
  Attributes attributes{};
  std::optional<Use> use{};
};

struct ReleaseResult {
  std::vector<net::IpAddr> unallocated{};  ///< that nobody had
  std::size_t released = 0;
};

struct ClaimResult {
  std::vector<net::Prefix> claimed{};
  std::vector<net::Prefix> failed{};  ///< blocks of others
};

/// One object a thread. Errors: Errc::conflict if others were always faster, those named at the functions,
/// and the store's. After an error of the store an operation may have happened in part; every operation mends
/// what another left half done.
class Ipam {
 public:
  /// `store` must outlive it. Precondition: options.now is set.
  Ipam(Datastore& store, Options options) : store_(store), options_(std::move(options)) {}

  /// Addresses from blocks of the host, then from new blocks, then from those of others. Not to get all is no
  /// error. Errc::not_found: no such node, pool or usable pool; Errc::denied: the host has its limit of
  /// blocks.
  AutoAssignment auto_assign(const AssignRequest& request);
  /// This very address. Errc::exists if it is taken, Errc::invalid if no pool has it, Errc::denied with
  /// strict affinity if its block is another's.
  Status assign_ip(const AssignIpRequest& request);
  /// Errc::conflict if a handle or sequence number is another; nothing of that block is released then.
  Result<ReleaseResult> release_ips(const std::vector<ReleaseOption>& options);
  /// All addresses of a handle. Errc::not_found if there is no such handle.
  Status release_by_handle(std::string_view handle);
  Result<std::vector<net::IpAddr>> ips_by_handle(std::string_view handle);
  /// What `address` was assigned with. Errc::not_found if it is not assigned.
  Result<Attribute> assignment(const net::IpAddr& address);

  /// Every block inside of `cidr`, which a pool must contain. Errc::invalid if it is smaller than a block, or
  /// holds more than kClaimMax.
  Result<ClaimResult> claim_affinity(const net::Prefix& cidr, const Owner& owner);
  static constexpr std::uint64_t kClaimMax = 1U << 20U;
  /// The reverse; blocks of others are left alone. With `must_be_empty`, Errc::invalid if one is in use.
  Status release_affinity(const net::Prefix& cidr, const Owner& owner, bool must_be_empty);
  Status release_host_affinities(const Owner& owner, bool must_be_empty);
  /// Of all hosts, inside of a pool's range.
  Status release_pool_affinities(const net::Prefix& pool);
  /// Gives up the blocks of a host that goes, and forgets it. Addresses stay assigned.
  Status remove_host(const Owner& owner);

  /// The defaults where nothing is stored.
  Result<Config> config();
  /// Errc::invalid for combinations that Calico refuses.
  Status set_config(const Config& config);

 private:
  Datastore& store_;
  Options options_;
};

}  // namespace catflap::calico::ipam
