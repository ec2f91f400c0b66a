#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "netlink/types.hpp"
#include "sys/netns.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::netlink {

/// One end of a veth, or a bridge.
struct LinkSpec {
  std::string name{};               ///< 1..15 octets
  std::optional<MacAddress> mac{};  ///< nullopt: the kernel's choice
  std::uint32_t mtu = 0;            ///< 0: the kernel's
  std::string alias{};              ///< our mark, set together with `up` by set_link()
  IfIndex index = 0;                ///< 0: the kernel's choice; give both ends of a pair one, or neither
};

/// What to change of a link, in one request.
struct LinkChange {
  std::optional<bool> up{};
  std::optional<std::string> alias{};
  std::optional<std::uint32_t> mtu{};
  std::optional<IfIndex> master{};  ///< 0: none
  bool no_ipv6_link_local = false;  ///< no fe80:: address is made (IN6_ADDR_GEN_MODE_NONE); before it goes up
};

struct RouteChange {
  RouteInfo route;
  /// false: remove what has this prefix, table, metric (0: any) and protocol (0: any); the rest is not looked
  /// at.
  bool present = true;
};

/// Requests that go to the kernel together: it serves them in order and answers only for those that fail, so
/// a batch costs two system calls per 32 KiB. Errors of one request do not stop the others. set_link() takes
/// names, so that a link can be set up in the batch that makes it.
class Batch {
 public:
  struct Failure {
    std::size_t request = 0;  ///< as returned by the functions below
    Error error;              ///< context: what was asked for; the kernel's own words if it has some
  };

  /// Makes a pair: `here` in the socket's namespace, `there` in `there_ns`; Errc::exists if a name is taken.
  /// Both ends are down; nothing is moved.
  std::size_t add_veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle& there_ns);
  /// Both ends in the socket's namespace.
  std::size_t add_veth(const LinkSpec& here, const LinkSpec& there);
  std::size_t add_bridge(const LinkSpec& bridge);
  std::size_t set_link(std::string_view name, const LinkChange& change);
  std::size_t set_link(IfIndex link, const LinkChange& change);
  std::size_t delete_link(IfIndex link);
  /// IPv6 addresses skip duplicate address detection, so they can be used at once.
  std::size_t add_address(IfIndex link, const net::InterfaceAddress& address);
  std::size_t remove_address(IfIndex link, const net::InterfaceAddress& address);
  /// Adds or replaces (`present`), or removes.
  std::size_t route(const RouteChange& change);
  /// As route(), but Errc::exists if prefix, table and metric are taken.
  std::size_t add_route(const RouteInfo& route);
  /// A static neighbour entry.
  std::size_t add_neighbour(const NeighbourInfo& neighbour);

  std::size_t size() const noexcept { return context_.size(); }
  bool empty() const noexcept { return context_.empty(); }
  void clear();

 private:
  friend class Socket;
  struct Message {
    std::size_t offset = 0;   ///< into bytes_
    std::size_t request = 0;  ///< a request may take several messages
  };
  std::size_t begin(std::function<std::string()> context);
  void mark(std::size_t request) { messages_.push_back({bytes_.size(), request}); }
  std::size_t veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle* there_ns);
  std::size_t change_link(IfIndex link, std::string_view name, const LinkChange& change);
  std::size_t address(IfIndex link, const net::InterfaceAddress& address, bool present);

  std::vector<char> bytes_;  ///< messages, one behind the other
  std::vector<Message> messages_;
  std::vector<std::function<std::string()>> context_;  ///< per request; called only for failures
};

/// A rtnetlink socket: bound for life to the namespace it was opened in, used from any one thread. Calls
/// block for as long as the kernel takes (it answers synchronously).
class Socket {
 public:
  static Result<Socket> open(sys::netns::Executor& executor, const sys::netns::Handle& ns);
  /// In the namespace of the calling thread; needs no privileges to read.
  static Result<Socket> open_here();

  /// Sends all and waits for the answers. The failures in order of the requests; empty: all well. The batch
  /// is cleared. An error means that the socket failed and nothing is known.
  Result<std::vector<Batch::Failure>> commit(Batch& batch);
  /// The same, the first failure as error.
  Status commit_all(Batch& batch);
  /// Per change: 0 or the errno. Sent in pieces of up to kRouteOctetsPerPiece with one acknowledgement each;
  /// errors come for the changes that the kernel refuses only. 4 x 10^5 changes a second and more.
  Result<std::vector<int>> apply(std::span<const RouteChange> changes);
  /// The same with changes 0 to count - 1, asked for one after the other, each used up before the next.
  Result<std::vector<int>> apply(std::size_t count,
                                 const std::function<const RouteChange&(std::size_t)>& change);

  Status add_veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle& there_ns);
  Status add_bridge(const LinkSpec& bridge);
  Status set_link(std::string_view name, const LinkChange& change);
  Status delete_link(IfIndex link);
  Status add_address(IfIndex link, const net::InterfaceAddress& address);
  Status replace_route(const RouteInfo& route);
  Status remove_route(const RouteInfo& route);

  /// Errc::not_found.
  Result<LinkInfo> link(std::string_view name);
  Result<std::vector<LinkInfo>> links();
  Result<std::vector<AddressInfo>> addresses();
  /// All tables, or one; both families. Without cache entries, local, broadcast and multicast routes.
  Result<std::vector<RouteInfo>> routes(std::optional<std::uint32_t> table = kMainTable);
  Result<std::vector<NeighbourInfo>> neighbours();
  /// The route that the kernel takes to `destination`; Errc::io with ENETUNREACH, EHOSTUNREACH, EACCES,
  /// EINVAL.
  Result<RouteInfo> route_to(const net::IpAddr& destination, const std::optional<net::IpAddr>& source = {});

  int fd() const noexcept { return fd_.get(); }
  /// By which the kernel names the sender of a request in what it tells monitors; see Monitor::ignore().
  std::uint32_t port() const noexcept { return port_; }

 private:
  static constexpr std::size_t kRouteOctetsPerPiece = std::size_t{128} << 10U;
  explicit Socket(sys::UniqueFd fd);
  static Result<Socket> prepare(sys::UniqueFd fd);
  struct Answer {
    std::uint32_t sequence = 0;
    int sys_errno = 0;
    std::string text;  ///< the kernel's own words, if any
  };
  /// Where the messages of a group of requests start, and which request each belongs to.
  struct Group {
    std::vector<char>& bytes;
    std::span<const Batch::Message> messages;
    std::size_t messages_per_piece;
    std::size_t octets_per_piece;
  };
  /// Sends all, in pieces, and calls `failed` for the messages that the kernel refuses.
  Status exchange(const Group& group, const std::function<void(std::size_t message, const Answer&)>& failed);
  Status exchange_piece(std::span<char> bytes, std::uint32_t last, std::vector<Answer>& answers);
  /// One request with one or many messages in answer. `restart`: forget what came so far.
  Status query(std::vector<char>& request, const std::function<void()>& restart,
               const std::function<void(const void* message)>& each);
  Status query_once(std::span<const char> request, std::uint32_t sequence,
                    const std::function<void(const void* message)>& each, bool& interrupted);
  Status send(std::span<const char> bytes);
  /// Waits for a datagram from the kernel; its length.
  Result<std::size_t> receive(std::span<char> into);

  sys::UniqueFd fd_;
  std::uint32_t port_ = 0;
  std::size_t failures_max_ = 0;  ///< how many answers the receive buffer surely holds
  std::uint32_t sequence_ = 0;
};

struct MonitorOptions {
  bool links = true, addresses = true, routes = true, neighbours = false;
  std::size_t receive_bytes = 8U << 20U;  ///< what the kernel may queue for us
};

/// Tells what changes in a namespace. Open it before the first dump, so that nothing is missed in between.
class Monitor {
 public:
  using Options = MonitorOptions;
  static Result<Monitor> open(sys::netns::Executor& executor, const sys::netns::Handle& ns,
                              Options options = {});
  static Result<Monitor> open_here(Options options = {});

  /// For the event loop: EPOLLIN.
  int fd() const noexcept { return fd_.get(); }
  /// From now on routes that this socket of the same namespace changes are not told (best in the kernel, by a
  /// filter of the monitor's socket): who writes 10^6 routes does not want to read them again.
  void ignore(const Socket& socket);
  /// What has arrived, at most about `events_max`, never blocks; call it again while fd() is readable. Cloned
  /// (cache) routes and those of table local are left out.
  Result<std::vector<Event>> read(std::size_t events_max = 4096);

 private:
  explicit Monitor(sys::UniqueFd fd);
  static Result<Monitor> prepare(sys::UniqueFd fd, const Options& options);
  sys::UniqueFd fd_;
  std::uint32_t ignored_port_ = 0;  ///< 0: none
};

}  // namespace catflap::netlink
