#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bgp/speaker/event.hpp"
#include "netlink/socket.hpp"
#include "sys/event_loop.hpp"

namespace catflap::runtime {

/// The netlink half of a speaker's driver: tells interfaces, addresses and routes as events, and carries out
/// KernelRoute actions in batches. Belongs to the loop's thread, bound to one namespace.
///
/// What our own requests change is not told: the speaker knows what it asked for, and an echo that comes late
/// would look like somebody else's change.
class Kernel {
 public:
  using Sink = std::function<void(bgp::Event)>;
  /// Changes that wait at most, but for those of the last round of the speaker: beyond that the kernel's
  /// speed is the speaker's.
  static constexpr std::size_t kBacklogMax = 16384;
  /// Changes in one go: some 5 ms of the kernel's time.
  static constexpr std::size_t kBatch = 2048;

  /// Opens the monitor before the dump, so that nothing is missed in between.
  static Result<Kernel> open_here();
  static Result<Kernel> open(sys::netns::Executor& executor, const sys::netns::Handle& ns);

  /// For the event loop: EPOLLIN.
  int monitor_fd() const noexcept { return monitor_.fd(); }
  /// Tells everything that is there, then KernelScanDone. Tables: those that the configuration names.
  Status scan(const Sink& sink);
  /// Tells what has changed since.
  Status read_events(const Sink& sink);
  /// Queues; commit() sends. Changes go to the kernel in the order of their arrival; of those of one route
  /// (table, prefix, metric) in a batch only the last, in the place of the first.
  void route(const bgp::act::KernelRoute& action);
  /// A batch to the kernel, or more while the backlog is too long; a result event for each route that it
  /// refused or took again after a refusal.
  Status commit(const Sink& sink);
  /// True while changes wait for commit().
  bool pending() const { return next_ < pending_.size(); }
  /// Name of an interface, "" if unknown.
  std::string interface_name(bgp::IfIndex index) const;
  const std::map<bgp::IfIndex, bgp::ev::Interface>& interfaces() const { return interfaces_; }
  const std::map<bgp::IfIndex, netlink::LinkInfo>& links() const { return links_; }

 private:
  Kernel(netlink::Socket socket, netlink::Monitor monitor)
      : socket_(std::move(socket)), monitor_(std::move(monitor)) {
    monitor_.ignore(socket_);
  }
  Status commit_batch(const Sink& sink);
  void drop_outdated(std::span<bgp::act::KernelRoute> changes);
  void link_changed(const netlink::LinkInfo& link, bool gone, const Sink& sink);
  void route_told(const netlink::RouteInfo& route, bool added, const Sink& sink);
  void address_changed(const netlink::AddressInfo& address, bool added, const Sink& sink);

  netlink::Socket socket_;
  netlink::Monitor monitor_;
  std::map<bgp::IfIndex, bgp::ev::Interface> interfaces_;
  std::map<bgp::IfIndex, netlink::LinkInfo> links_;
  /// Routes of others, as told; the kernel removes some without an event, which a rescan finds out by this.
  using AlienKey = std::tuple<std::uint32_t, net::Prefix, std::uint32_t>;  ///< table, prefix, metric
  std::map<AlienKey, bgp::KernelRouteSpec> aliens_;
  std::vector<bgp::act::KernelRoute> pending_;  ///< from next_ on; those before have been sent
  std::size_t next_ = 0;
  std::vector<std::uint32_t> places_;  ///< of a batch, by hash: see drop_outdated()
  netlink::RouteChange change_;        ///< as sent, one at a time
  /// Prefixes whose last request the kernel refused, by table.
  std::map<std::pair<std::uint32_t, net::Prefix>, int> refused_;
};

bgp::KernelRouteSpec to_spec(const netlink::RouteInfo& route);
netlink::RouteInfo to_info(const bgp::KernelRouteSpec& spec);

}  // namespace catflap::runtime
