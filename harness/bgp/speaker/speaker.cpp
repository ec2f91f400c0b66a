#include "bgp/speaker/speaker.hpp"

#include <algorithm>
#include <utility>

#include "bgp/speaker/bfd_protocol.hpp"
#include "bgp/speaker/bmp_protocol.hpp"
#include "bgp/speaker/explain.hpp"
#include "bgp/speaker/filter_count.hpp"
#include "bgp/speaker/routes_query.hpp"
#include "bgp/speaker/speaker_impl.hpp"

namespace catflap::bgp {

using internal::BgpProtocol;
using internal::BmpProtocol;
using internal::KernelProtocol;
using internal::Protocol;
using internal::StopReason;

namespace {

/// Connections belong to BGP or BMP.
BmpProtocol* as_bmp(Protocol* protocol) {
  return std::holds_alternative<intent::BmpIntent>(protocol->intent().body)
             ? static_cast<BmpProtocol*>(protocol)
             : nullptr;
}

}  // namespace

Speaker::Impl::~Impl() {
  spawned_.clear();
  protocols.clear();
}

std::vector<Protocol*> Speaker::Impl::in_order() const {
  std::vector<Protocol*> result;
  for (const auto& protocol : protocols) {
    result.push_back(protocol.get());
  }
  return result;
}

Protocol* Speaker::Impl::find(std::string_view name) {
  for (const auto& protocol : protocols) {
    if (protocol->name() == name) {
      return protocol.get();
    }
  }
  return nullptr;
}

void Speaker::Impl::ingest(const Event& event) {
  if (!core.shutting_down) {
    std::visit([this](const auto& e) { on(e); }, event);
    core.pool.trim();
  }
}

void Speaker::Impl::on(const ev::TcpOpened& event) {
  if (event.inbound) {
    accept(event);
    return;
  }
  const auto it = core.connections.find(event.conn);
  if (it == core.connections.end()) {
    core.act(act::TcpClose{event.conn, false});  // given up while it was being dialled
    return;
  }
  if (BmpProtocol* bmp = as_bmp(core.by_id.at(it->second))) {
    bmp->tcp_opened(event.conn);
    return;
  }
  static_cast<BgpProtocol*>(core.by_id.at(it->second))
      ->tcp_opened(event.conn, event.local, event.remote, false);
}

void Speaker::Impl::on(const ev::TcpBytes& event) {
  const auto it = core.connections.find(event.conn);
  if (it != core.connections.end() && as_bmp(core.by_id.at(it->second)) == nullptr) {
    static_cast<BgpProtocol*>(core.by_id.at(it->second))->tcp_bytes(event.conn, event.bytes);
  }
}

void Speaker::Impl::on(const ev::TcpWritable& event) {
  const auto it = core.connections.find(event.conn);
  if (it == core.connections.end()) {
    return;
  }
  if (BmpProtocol* bmp = as_bmp(core.by_id.at(it->second))) {
    bmp->tcp_writable(event.conn, event.bytes_free);
  } else {
    static_cast<BgpProtocol*>(core.by_id.at(it->second))->tcp_writable(event.conn, event.bytes_free);
  }
}

void Speaker::Impl::on(const ev::TcpClosed& event) {
  const auto it = core.connections.find(event.conn);
  if (it == core.connections.end()) {
    return;
  }
  if (BmpProtocol* bmp = as_bmp(core.by_id.at(it->second))) {
    bmp->tcp_closed(event.conn, event.reason);
  } else {
    static_cast<BgpProtocol*>(core.by_id.at(it->second))->tcp_closed(event.conn, event.reason);
  }
}

void Speaker::Impl::on(const ev::Datagram& event) {
  for (const auto& protocol : protocols) {
    if (protocol->kind() == observe::ProtocolKind::bfd &&
        static_cast<internal::BfdProtocol&>(*protocol).datagram(event)) {
      return;
    }
  }
}

/// Gives the sessions that protocols ask for to those that make them.
void Speaker::Impl::update_bfd() {
  while (std::exchange(core.bfd_dirty, false)) {
    std::set<internal::BfdTarget> taken;
    for (const auto& protocol : protocols) {
      if (protocol->kind() == observe::ProtocolKind::bfd) {
        static_cast<internal::BfdProtocol&>(*protocol).sync(taken);
      }
    }
    std::set<act::UdpListen::Socket> sockets;
    for (const auto& protocol : protocols) {
      if (protocol->kind() == observe::ProtocolKind::bfd) {
        static_cast<internal::BfdProtocol&>(*protocol).add_sockets(sockets);
      }
    }
    if (sockets != udp_sockets_) {
      udp_sockets_ = sockets;
      core.act(act::UdpListen{{sockets.begin(), sockets.end()}});
    }
  }
}

void Speaker::Impl::on(const ev::Interface& event) {
  const bool changed =
      event.gone
          ? core.interfaces.remove(event.index)
          : core.interfaces.update(rib::InterfaceState{event.index, event.name, event.up, event.loopback,
                                                       event.addresses, event.point_to_point});
  if (!changed) {
    return;
  }
  for (const auto& [name, state] : core.tables) {
    state->resolver.interfaces_changed();
  }
  set_router_id();
  for (const auto& protocol : protocols) {
    protocol->interfaces_changed();
  }
}

void Speaker::Impl::on(const ev::KernelRoute& event) {
  bool held = false;  // then a rescan found it, and the protocol knows more about it
  for_each_kernel([&](KernelProtocol& kernel) {
    held = held || (kernel.kernel_table() == event.route.table && kernel.holds(event.route));
  });
  auto& routes = core.kernel_routes[event.route.table];
  const std::pair key{event.route.prefix, event.route.metric};
  if (event.added && !held) {
    routes.insert_or_assign(key, event.route);
  } else {
    routes.erase(key);
  }
  for_each_kernel([&](KernelProtocol& kernel) {
    if (kernel.kernel_table() == event.route.table) {
      kernel.kernel_route(event.route, event.added);
    }
  });
}

void Speaker::Impl::on(const ev::KernelScanDone&) {
  core.kernel_scanned = true;
  for_each_kernel([](KernelProtocol& kernel) { kernel.scan_done(); });
}

void Speaker::Impl::on(const ev::KernelRouteResult& event) {
  for_each_kernel([&](KernelProtocol& kernel) {
    const bool same_family =
        !kernel.channels().empty() && kernel.channels().front()->intent().family == event.prefix.family();
    if (kernel.kernel_table() == event.table && same_family) {
      kernel.result(event.prefix, event.sys_errno);
    }
  });
}

void Speaker::Impl::on(const ev::Admin& event) {
  Protocol* protocol = find(event.protocol);
  if (protocol == nullptr) {
    core.note(act::NoteLevel::warning, event.protocol, event.protocol + " is not a protocol");
    return;
  }
  using Verb = ev::Admin::Verb;
  switch (event.verb) {
    case Verb::enable:
      protocol->set_enabled(true);
      protocol->start();
      break;
    case Verb::disable:
      protocol->stop(StopReason::disabled, event.text);
      protocol->set_enabled(false);
      break;
    case Verb::restart:
      if (protocol->enabled()) {
        protocol->stop(StopReason::restart, event.text);
        protocol->start();
      }
      break;
    case Verb::reload:
      protocol->reload(true, true);
      break;
    case Verb::reload_in:
      protocol->reload(true, false);
      break;
    case Verb::reload_out:
      protocol->reload(false, true);
      break;
  }
}

void Speaker::Impl::on(const ev::ShutDown& event) {
  core.keep_kernel_routes = event.graceful_restart;
  if (event.graceful_restart) {
    for_each_bgp([](BgpProtocol& bgp) { bgp.abandon(); });
  }
  for (auto it = protocols.rbegin(); it != protocols.rend(); ++it) {
    (*it)->stop(StopReason::shutdown, event.text);
  }
  core.shutting_down = true;
  core.to_flush.clear();
  core.act(act::Listen{});
  core.act(act::UdpListen{});
  core.act(act::ShutDownDone{});
}

void Speaker::Impl::tell_listeners(internal::TableState& state, const rib::Change& change) {
  state.resolver.table_changed(change.prefix);
  for (BmpProtocol* monitor : core.monitors) {
    monitor->best_changed(state.table, change);
  }
  if (core.watch_routes) {
    core.act(act::RouteChanged{state.table.name(), change.prefix});
  }
  for (internal::UpdateGroup* group : state.groups) {
    if (group->wants(change)) {
      group->route_changed(change);
      core.groups.schedule(*group);
    }
  }
  for (internal::Channel* channel : state.listeners) {
    channel->protocol().route_changed(*channel, change);
  }
}

bool Speaker::Impl::decide(std::size_t limit) {
  for (const auto& [name, state] : core.tables) {
    if (state->table.dirty()) {
      internal::TableState& table = *state;
      state->table.decide([&](const rib::Change& change) { tell_listeners(table, change); }, limit);
      core.pool.trim();
      return true;
    }
  }
  bool moved = false;
  for (const auto& [name, state] : core.tables) {
    moved = state->resolver.resolve() || moved;
  }
  if (!moved) {
    return false;
  }
  core.groups.forget_verdicts();
  std::vector<const rib::NextHopEntry*> changed;
  for (const auto& [name, state] : core.tables) {
    state->resolver.add_changed(changed);
  }
  for (const auto& [name, state] : core.tables) {
    state->table.next_hops_changed(changed);
  }
  for (const auto& [name, state] : core.tables) {
    state->resolver.changes_done();
  }
  return true;
}

bool Speaker::Impl::flush_protocols() {
  bool any = false;
  for (const rib::ProtocolId id : std::exchange(core.to_flush, {})) {
    const auto it = core.by_id.find(id);
    if (it != core.by_id.end()) {
      any = true;
      it->second->flush();
      core.pool.trim();
    }
  }
  return any;
}

void Speaker::Impl::converge() {
  // One peer with a million routes must not hold up the others, nor pipes in a
  // ring or filters that fight with themselves the whole router: what is left
  // is done in the next run.
  constexpr std::size_t kDecisionsOfStep = 4096;
  constexpr int kStepsMax = 16;
  unfinished_ = false;
  for (int step = 0; decide(kDecisionsOfStep) || flush_protocols(); ++step) {
    if (step >= kStepsMax) {
      unfinished_ = true;
      break;
    }
  }
  core.groups.flush();
  core.pool.trim();
  unfinished_ = unfinished_ || core.groups.scheduled() || !core.flush_next_run.empty();
}

void Speaker::Impl::finish_recovery() {
  if (!core.keeps_kernel_routes) {
    return;
  }
  const bool in_time = core.now < core.recovery_until;
  if (core.recovering) {
    bool waiting = false;
    for_each_bgp([&](BgpProtocol& bgp) { waiting = waiting || bgp.holds_recovery(); });
    if (waiting && in_time) {
      return;
    }
    core.recovering = false;
    core.note(act::NoteLevel::info, "", "Graceful restart done");
    for_each_bgp([](BgpProtocol& bgp) { bgp.recovery_done(); });
    converge();
  }
  bool keeping = false;
  for_each_bgp([&](BgpProtocol& bgp) { keeping = keeping || bgp.holds_kernel_routes(); });
  if (keeping && in_time) {
    return;
  }
  core.keeps_kernel_routes = false;
  core.recovery_until = Instant::never();
  for_each_kernel([](KernelProtocol& kernel) { kernel.recovery_done(); });
}

void Speaker::Impl::run() {
  if (core.shutting_down) {
    return;
  }
  core.to_flush.merge(std::exchange(core.flush_next_run, {}));
  while (const auto due = core.deadlines.take_due(core.now)) {
    const auto it = core.by_id.find(*due);
    if (it != core.by_id.end()) {
      it->second->deadline();
    }
  }
  converge();
  if (!unfinished_) {
    finish_recovery();
    erase_finished();
    converge();
  }
  update_listeners();
  update_bfd();
}

Speaker::Speaker(std::uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}
Speaker::~Speaker() = default;
Speaker::Speaker(Speaker&&) noexcept = default;
Speaker& Speaker::operator=(Speaker&&) noexcept = default;

void Speaker::ingest(Instant now, const Event& event) {
  impl_->core.now = now;
  impl_->ingest(event);
}

void Speaker::run(Instant now) {
  impl_->core.now = now;
  impl_->run();
}

std::vector<Action> Speaker::take_actions() {
  impl_->core.kernel_changes_left = internal::Core::kKernelChangesOfRun;
  return std::exchange(impl_->core.actions, {});
}

Instant Speaker::deadline() const {
  return impl_->unfinished() ? impl_->core.now
                             : std::min(impl_->core.deadlines.earliest(), impl_->core.recovery_until);
}

observe::Snapshot Speaker::snapshot(Instant now) const {
  impl_->core.now = now;  // timers are shown as of then
  observe::Snapshot snapshot;
  snapshot.router_id = net::router_id_to_string(impl_->core.router_id);
  snapshot.from = {"self", now};
  for (const auto& protocol : impl_->protocols) {
    snapshot.protocols.push_back(protocol->view());
  }
  return snapshot;
}

Status Speaker::routes(const RouteQuery& query,
                       const std::function<bool(const observe::RouteView&)>& visit) const {
  return internal::query_routes(impl_->core, impl_->in_order(), query, visit);
}

Result<observe::MalformedView> Speaker::malformed(std::string_view protocol) const {
  const Protocol* found = impl_->find(protocol);
  if (found == nullptr) {
    return fail(Errc::not_found, std::string(protocol) + " is not a protocol");
  }
  if (found->kind() != observe::ProtocolKind::bgp) {
    return fail(Errc::invalid, std::string(protocol) + " is not a BGP protocol");
  }
  return static_cast<const BgpProtocol*>(found)->malformed();
}

Status Speaker::routes(const RouteQuery& query, RouteWalk& walk, std::size_t prefixes_max,
                       const std::function<bool(const observe::RouteView&)>& visit) const {
  return internal::query_routes(impl_->core, impl_->in_order(), query, walk, prefixes_max, visit);
}

Result<std::vector<observe::ExplainView>> Speaker::explain(const ExplainQuery& query) const {
  return internal::explain(impl_->core, impl_->in_order(), query);
}

Status Speaker::count_filters(FilterCountWalk& walk, std::size_t prefixes_max) const {
  return internal::count_filters(impl_->core, impl_->in_order(), walk, prefixes_max);
}

void Speaker::watch_routes(bool on) {
  impl_->core.watch_routes = on;
}

std::shared_ptr<const intent::RouterIntent> Speaker::intent() const {
  return impl_->core.intent;
}

std::uint32_t Speaker::router_id() const {
  return impl_->core.router_id;
}

}  // namespace catflap::bgp
