#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bgp/policy/filter.hpp"
#include "bgp/policy/route.hpp"
#include "net/addr.hpp"

namespace catflap::bgp::rib {

class Table;
class NextHopResolver;

struct InterfaceState {
  IfIndex index = 0;
  std::string name;
  bool up = false;  ///< administratively up and with carrier
  bool loopback = false;
  std::vector<net::InterfaceAddress> addresses;
  bool point_to_point = false;

  bool operator==(const InterfaceState&) const = default;
};

/// The interfaces of a router and what they connect to (BIRD's neighbour cache). Expected size: 10^3
/// interfaces.
class Interfaces final : public policy::InterfaceLookup {
 public:
  /// Adds or replaces. False if nothing changed.
  bool update(InterfaceState state);
  /// False if it was not there.
  bool remove(IfIndex index);
  /// nullptr if there is none.
  const InterfaceState* find(IfIndex index) const;
  const InterfaceState* find(std::string_view name) const;
  const std::map<IfIndex, InterfaceState>& all() const { return interfaces_; }

  /// True if `address` is one of ours, on an interface that is up.
  bool is_local(const net::IpAddr& address) const;
  /// True if `address` is an address of this interface.
  bool is_local_on(const net::IpAddr& address, IfIndex interface) const;

  std::string_view name_of(IfIndex index) const override;
  std::optional<IfIndex> index_of(std::string_view name) const override;
  /// The interface, up, with the longest connected prefix around `address`; among equals the lowest index.
  /// Never for our own addresses, nor for the network or broadcast address of a subnet. A link-local address
  /// needs `only`.
  std::optional<IfIndex> neighbour_interface(const net::IpAddr& address,
                                             std::optional<IfIndex> only) const override;

 private:
  std::map<IfIndex, InterfaceState> interfaces_;
};

/// One next hop and what it resolves to. Shared by all routes that have it.
struct NextHopEntry {
  net::IpAddr address;
  std::optional<net::IpAddr> link_local;
  policy::Forwarding
      forwarding;  ///< what a route with this next hop does; unreachable if it does not resolve
  std::optional<net::Prefix> through;  ///< the route that resolved it
  std::string problem;                 ///< why it does not resolve: "no route to 10.0.0.1"; "" if it does

  NextHopResolver* owner = nullptr;
  std::size_t users = 0;  ///< handles
  bool dirty = false;
  bool changed = false;

  /// Of a table: where in it there are, or were, routes with this next hop.
  struct User {
    const Table* table = nullptr;
    std::vector<std::uint64_t> areas;
  };
  mutable std::vector<User> tables;  ///< the tables' own notes
};

/// A counted handle of a next hop. One thread; the resolver must outlive its handles.
class NextHopRef {
 public:
  NextHopRef() = default;
  NextHopRef(const NextHopRef& other) noexcept : NextHopRef(other.entry_) {}
  NextHopRef(NextHopRef&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  NextHopRef& operator=(const NextHopRef& other) noexcept {
    NextHopRef copy(other);
    std::swap(entry_, copy.entry_);
    return *this;
  }
  NextHopRef& operator=(NextHopRef&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~NextHopRef();

  explicit operator bool() const noexcept { return entry_ != nullptr; }
  const NextHopEntry& operator*() const noexcept { return *entry_; }
  const NextHopEntry* operator->() const noexcept { return entry_; }
  const NextHopEntry* get() const noexcept { return entry_; }
  bool operator==(const NextHopRef& other) const noexcept { return entry_ == other.entry_; }

 private:
  friend class NextHopResolver;
  explicit NextHopRef(NextHopEntry* entry) noexcept : entry_(entry) {
    if (entry_ != nullptr) {
      ++entry_->users;
    }
  }
  NextHopEntry* entry_ = nullptr;
};

/// Resolves next hops through one table (BIRD's hostcache), by longest match over its best routes. RFC 4271
/// §5.1.3, §9.1.2.1. As in BIRD, a recursive route never resolves another: a next hop is unreachable if any
/// route to it that is preferred no less than the best is recursive; so is one of our own addresses. The
/// gateway is the one of the route found, or the address itself where that route is on link, and none on a
/// point-to-point link.
///
/// Use: acquire() when a route is put into a table; table_changed() for each change that `through` reports;
/// interfaces_changed() when Interfaces changed; then resolve(), and Table::next_hops_changed() on the tables
/// whose routes use it if resolve() returns true; then changes_done().
class NextHopResolver {
 public:
  NextHopResolver(const Table& through, const Interfaces& interfaces)
      : through_(through), interfaces_(interfaces) {}
  ~NextHopResolver();
  NextHopResolver(const NextHopResolver&) = delete;
  NextHopResolver& operator=(const NextHopResolver&) = delete;

  /// The entry of this next hop, resolved now if it is new.
  NextHopRef acquire(const net::IpAddr& address, const std::optional<net::IpAddr>& link_local = std::nullopt);
  /// Routes of `prefix` in the table changed, whether the best is among them or not.
  void table_changed(const net::Prefix& prefix);
  void interfaces_changed();
  /// Resolves again what may have changed. True if an entry did; these have `changed` set.
  bool resolve();
  /// Appends the entries that have `changed` set, in the order of their addresses.
  void add_changed(std::vector<const NextHopEntry*>& out) const;
  /// Clears `changed` of all entries.
  void changes_done();

  std::size_t size() const noexcept { return entries_.size(); }
  /// Calls visit(const NextHopEntry&) in the order of the addresses.
  template <class F>
  void for_each(F&& visit) const {
    for (const auto& [key, entry] : entries_) {
      visit(entry);
    }
  }

 private:
  friend class NextHopRef;
  using Key = std::pair<net::IpAddr, std::optional<net::IpAddr>>;
  void look_up(NextHopEntry& entry) const;
  void release(NextHopEntry* entry) noexcept;

  const Table& through_;
  const Interfaces& interfaces_;
  std::map<Key, NextHopEntry> entries_;
  std::vector<Key> dirty_;
};

}  // namespace catflap::bgp::rib
