#include "runtime/kernel.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include "base/overloaded.hpp"

namespace catflap::runtime {
namespace {

/// Errors that a removal may have: the kernel was faster.
bool is_gone(int sys_errno) {
  return sys_errno == 3 /* ESRCH */ || sys_errno == 19 /* ENODEV */;
}

std::size_t hash_of(const bgp::act::KernelRoute& change) {
  const net::IpAddr& addr = change.prefix.addr();
  std::uint64_t hash = addr.high() * 0x9E3779B97F4A7C15U ^ addr.low();
  hash = (hash ^ hash >> 32U ^ change.prefix.length()) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ hash >> 29U ^ change.body->metric) * 0x94D049BB133111EBU;
  return hash ^ hash >> 32U;
}

}  // namespace

bgp::KernelRouteSpec to_spec(const netlink::RouteInfo& route) {
  bgp::KernelRouteSpec spec;
  spec.table = route.table;
  spec.prefix = route.prefix;
  spec.type = route.type;
  for (const netlink::RouteNextHop& hop : route.next_hops) {
    spec.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink});
  }
  spec.metric = route.metric;
  spec.protocol = route.protocol;
  spec.scope = route.scope.value_or(0);
  spec.prefsrc = route.prefsrc;
  spec.realm = route.realm;
  spec.mtu = route.mtu;
  return spec;
}

netlink::RouteInfo to_info(const bgp::KernelRouteSpec& spec) {
  netlink::RouteInfo route;
  route.table = spec.table;
  route.prefix = spec.prefix;
  route.type = spec.type;
  for (const bgp::KernelRouteSpec::NextHop& hop : spec.next_hops) {
    route.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink, false});
  }
  route.metric = spec.metric;
  route.protocol = spec.protocol;
  route.prefsrc = spec.prefsrc;
  route.realm = spec.realm;
  route.mtu = spec.mtu;
  return route;
}

Result<Kernel> Kernel::open_here() {
  auto monitor = netlink::Monitor::open_here();
  if (!monitor) {
    return fail(std::move(monitor.error()));
  }
  auto socket = netlink::Socket::open_here();
  if (!socket) {
    return fail(std::move(socket.error()));
  }
  return Kernel(std::move(*socket), std::move(*monitor));
}

Result<Kernel> Kernel::open(sys::netns::Executor& executor, const sys::netns::Handle& ns) {
  auto monitor = netlink::Monitor::open(executor, ns);
  if (!monitor) {
    return fail(std::move(monitor.error()));
  }
  auto socket = netlink::Socket::open(executor, ns);
  if (!socket) {
    return fail(std::move(socket.error()));
  }
  return Kernel(std::move(*socket), std::move(*monitor));
}

Status Kernel::scan(const Sink& sink) {
  auto links = socket_.links();
  if (!links) {
    return fail(std::move(links.error()).context("read the interfaces"));
  }
  auto addresses = socket_.addresses();
  if (!addresses) {
    return fail(std::move(addresses.error()).context("read the addresses"));
  }
  auto routes = socket_.routes(std::nullopt);
  if (!routes) {
    return fail(std::move(routes.error()).context("read the kernel's routes"));
  }
  std::set<bgp::IfIndex> gone;
  for (auto& [index, interface] : interfaces_) {
    gone.insert(index);
    interface.addresses.clear();
  }
  const Sink nowhere = [](const bgp::Event&) {};
  for (const netlink::LinkInfo& link : *links) {
    gone.erase(link.index);
    link_changed(link, false, nowhere);
  }
  for (const bgp::IfIndex index : gone) {
    link_changed(links_[index], true, sink);
  }
  for (const netlink::AddressInfo& address : *addresses) {
    address_changed(address, true, nowhere);
  }
  for (const auto& [index, interface] : interfaces_) {
    sink(interface);
  }
  const auto before = std::exchange(aliens_, {});
  for (const netlink::RouteInfo& route : *routes) {
    route_told(route, true, sink);
  }
  for (const auto& [key, route] : before) {
    if (aliens_.count(key) == 0) {
      sink(bgp::ev::KernelRoute{route, false});
    }
  }
  sink(bgp::ev::KernelScanDone{});
  return {};
}

void Kernel::link_changed(const netlink::LinkInfo& link, bool gone, const Sink& sink) {
  if (gone) {
    links_.erase(link.index);
    const auto at = interfaces_.find(link.index);
    if (at != interfaces_.end()) {
      bgp::ev::Interface last = at->second;
      interfaces_.erase(at);
      last.gone = true;
      last.up = false;
      sink(std::move(last));
    }
    return;
  }
  links_[link.index] = link;
  bgp::ev::Interface& interface = interfaces_[link.index];
  const bgp::ev::Interface before = interface;
  interface.index = link.index;
  interface.name = link.name;
  interface.up = link.up && link.carrier;
  interface.loopback = link.loopback;
  interface.point_to_point = link.point_to_point;
  interface.mtu = link.mtu;
  if (before.index != interface.index || before.name != interface.name || before.up != interface.up ||
      before.mtu != interface.mtu || before.point_to_point != interface.point_to_point) {
    sink(interface);
  }
}

void Kernel::route_told(const netlink::RouteInfo& route, bool added, const Sink& sink) {
  if (route.cloned) {
    return;
  }
  bgp::KernelRouteSpec spec = to_spec(route);
  if (spec.protocol != netlink::route_protocol::kBird) {
    const AlienKey key{spec.table, spec.prefix, spec.metric};
    if (added) {
      aliens_[key] = spec;
    } else {
      aliens_.erase(key);
    }
  }
  sink(bgp::ev::KernelRoute{std::move(spec), added});
}

void Kernel::address_changed(const netlink::AddressInfo& address, bool added, const Sink& sink) {
  const auto at = interfaces_.find(address.link);
  if (at == interfaces_.end()) {
    return;
  }
  auto& list = at->second.addresses;
  const auto known = std::find(list.begin(), list.end(), address.address);
  // A tentative IPv6 address cannot be used yet; the kernel tells again when it can.
  const bool usable = added && !address.tentative && !address.dad_failed;
  if (usable == (known != list.end())) {
    return;
  }
  if (usable) {
    list.push_back(address.address);
  } else {
    list.erase(known);
  }
  sink(at->second);
}

Status Kernel::read_events(const Sink& sink) {
  auto events = monitor_.read();
  if (!events) {
    return fail(std::move(events.error()).context("watch the kernel"));
  }
  bool rescan = false;
  for (const netlink::Event& event : *events) {
    std::visit(
        overloaded{[&](const netlink::LinkEvent& link) {
                     // The kernel drops routes of an interface that goes down without telling.
                     rescan = rescan || link.gone || !link.link.up || !link.link.carrier;
                     link_changed(link.link, link.gone, sink);
                   },
                   [&](const netlink::AddressEvent& address) {
                     rescan = rescan || !address.added;
                     address_changed(address.address, address.added, sink);
                   },
                   [&](const netlink::RouteEvent& route) { route_told(route.route, route.added, sink); },
                   [](const netlink::NeighbourEvent&) {}, [&](const netlink::Overrun&) { rescan = true; }},
        event);
  }
  return rescan ? scan(sink) : Status();
}

void Kernel::route(const bgp::act::KernelRoute& action) {
  pending_.push_back(action);
}

Status Kernel::commit(const Sink& sink) {
  Status done;
  do {
    if (!pending()) {
      return done;
    }
    done = commit_batch(sink);
  } while (done && pending_.size() - next_ > kBacklogMax);
  return done;
}

void Kernel::drop_outdated(std::span<bgp::act::KernelRoute> changes) {
  constexpr std::size_t kSlots = 2 * kBatch;
  static_assert((kSlots & (kSlots - 1)) == 0 && kSlots > kBatch);
  places_.assign(kSlots, 0);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    bgp::act::KernelRoute& change = changes[i];
    const bgp::KernelRouteSpec& body = *change.body;
    std::size_t slot = hash_of(change) & (kSlots - 1);
    for (; places_[slot] != 0; slot = (slot + 1) & (kSlots - 1)) {
      bgp::act::KernelRoute& older = changes[places_[slot] - 1];
      if (older.prefix == change.prefix && older.body->metric == body.metric &&
          older.body->table == body.table) {
        older = std::exchange(change, {change.prefix, nullptr, false});
        break;
      }
    }
    if (places_[slot] == 0) {
      places_[slot] = static_cast<std::uint32_t>(i + 1);
    }
  }
  const auto dropped = std::remove_if(changes.begin(), changes.end(),
                                      [](const auto& change) { return change.body == nullptr; });
  for (auto it = dropped; it != changes.end(); ++it) {
    it->body = nullptr;  // whatever remove_if() left there
  }
}

Status Kernel::commit_batch(const Sink& sink) {
  const std::span batch(pending_.data() + next_, std::min(kBatch, pending_.size() - next_));
  drop_outdated(batch);
  const auto end = std::find_if(batch.begin(), batch.end(), [](const auto& c) { return c.body == nullptr; });
  const std::span changes = batch.first(static_cast<std::size_t>(end - batch.begin()));
  const bgp::KernelRouteSpec* body = nullptr;
  auto results = socket_.apply(changes.size(), [&](std::size_t i) -> const netlink::RouteChange& {
    if (changes[i].body.get() != body) {
      body = changes[i].body.get();
      change_.route = to_info(*body);
    }
    change_.route.prefix = changes[i].prefix;
    change_.present = changes[i].present;
    return change_;
  });
  for (std::size_t i = 0; results && i < changes.size(); ++i) {
    const int error = (*results)[i];
    if (error == 0 && refused_.empty()) {
      continue;
    }
    const std::pair key{changes[i].body->table, changes[i].prefix};
    if (!changes[i].present && (error == 0 || is_gone(error))) {
      refused_.erase(key);
    } else if (error != 0) {
      refused_[key] = error;
      sink(bgp::ev::KernelRouteResult{key.first, key.second, error});
    } else if (refused_.erase(key) > 0) {
      sink(bgp::ev::KernelRouteResult{key.first, key.second, 0});
    }
  }
  next_ += batch.size();
  if (!pending()) {
    pending_ = {};
    next_ = 0;
  } else if (next_ >= kBacklogMax) {  // while it never empties, as when a whole table comes
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
  if (!results) {
    return fail(std::move(results.error()).context("change kernel routes"));
  }
  return {};
}

std::string Kernel::interface_name(bgp::IfIndex index) const {
  const auto at = interfaces_.find(index);
  return at == interfaces_.end() ? std::string() : at->second.name;
}

}  // namespace catflap::runtime
