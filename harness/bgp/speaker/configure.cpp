#include <algorithm>
#include <map>
#include <utility>

#include "bgp/speaker/addresses.hpp"
#include "bgp/speaker/bfd_protocol.hpp"
#include "bgp/speaker/bmp_protocol.hpp"
#include "bgp/speaker/direct_protocol.hpp"
#include "bgp/speaker/pipe_protocol.hpp"
#include "bgp/speaker/speaker_impl.hpp"
#include "bgp/speaker/static_protocol.hpp"

namespace catflap::bgp {

using internal::Protocol;
using internal::StopReason;

namespace internal {

std::unique_ptr<Protocol> make_protocol(Core& core, rib::ProtocolId id,
                                        const intent::ProtocolIntent& intent) {
  if (std::holds_alternative<intent::DirectIntent>(intent.body)) {
    return std::make_unique<DirectProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::KernelIntent>(intent.body)) {
    return std::make_unique<KernelProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::StaticIntent>(intent.body)) {
    return std::make_unique<StaticProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::PipeIntent>(intent.body) && !intent.channels.empty()) {
    return std::make_unique<PipeProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::BgpIntent>(intent.body)) {
    return std::make_unique<BgpProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::BmpIntent>(intent.body)) {
    return std::make_unique<BmpProtocol>(core, id, intent);
  }
  if (std::holds_alternative<intent::BfdIntent>(intent.body)) {
    return std::make_unique<BfdProtocol>(core, id, intent);
  }
  return std::make_unique<DeviceProtocol>(core, id, intent);
}

}  // namespace internal

namespace {

/// Every table that the configuration names, with its family.
std::map<std::string, net::Family> tables_of(const intent::RouterIntent& intent) {
  std::map<std::string, net::Family> tables;
  for (const intent::TableIntent& table : intent.tables) {
    tables.emplace(table.name, table.family);
  }
  for (const intent::ProtocolIntent& protocol : intent.protocols) {
    for (const intent::ChannelIntent& channel : protocol.channels) {
      tables.emplace(channel.table, channel.family);
      if (const auto* pipe = std::get_if<intent::PipeIntent>(&protocol.body)) {
        tables.emplace(pipe->peer_table, channel.family);
      }
    }
  }
  return tables;
}

}  // namespace

void Speaker::Impl::make_tables(const intent::RouterIntent& intent) {
  for (const auto& [name, family] : tables_of(intent)) {
    if (core.tables.count(name) == 0) {
      core.tables[name] = std::make_unique<internal::TableState>(intent::TableIntent{name, family},
                                                                 core.decision, core.interfaces);
    }
  }
}

void Speaker::Impl::drop_tables(const intent::RouterIntent& intent) {
  const auto wanted = tables_of(intent);
  for (auto it = core.tables.begin(); it != core.tables.end();) {
    if (wanted.count(it->first) == 0 && it->second->listeners.empty() && it->second->groups.empty() &&
        it->second->resolver.size() == 0) {
      it = core.tables.erase(it);
    } else {
      ++it;
    }
  }
}

void Speaker::Impl::set_router_id() {
  std::uint32_t id = core.intent == nullptr ? 0 : core.intent->router_id;
  if (id == 0) {
    // Once chosen it stays: a session must not fall because an address came.
    id = core.router_id != 0 ? core.router_id : internal::choose_router_id(core.interfaces);
  }
  if (id == core.router_id) {
    return;
  }
  core.router_id = id;
  for (const auto& protocol : protocols) {
    protocol->router_id_changed();
  }
}

void Speaker::Impl::stop_and_erase(std::unique_ptr<Protocol>& protocol, StopReason reason) {
  const rib::ProtocolId id = protocol->id();
  for (const Spawned& spawned : std::exchange(spawned_, {})) {
    if (spawned.parent != id) {
      spawned_.push_back(spawned);
      continue;
    }
    const auto child = std::find_if(protocols.begin(), protocols.end(),
                                    [&](const auto& p) { return p != nullptr && p->id() == spawned.child; });
    if (child != protocols.end()) {
      (*child)->stop(reason, "");
      protocols.erase(child);
    }
  }
  protocol->stop(reason, "");
  protocol.reset();
}

std::unique_ptr<Protocol> Speaker::Impl::adopt(std::unique_ptr<Protocol> old,
                                               const intent::ProtocolIntent& next) {
  const bool toggled = old->intent().disabled != next.disabled;
  if ((!core.roas_changed && intent::same(old->intent(), next)) || old->reconfigure(next)) {
    if (toggled) {
      old->set_enabled(!next.disabled);
      if (next.disabled) {
        old->stop(StopReason::disabled, "");
      }
    }
    return old;
  }
  const rib::ProtocolId id = old->id();
  const bool enabled = toggled ? !next.disabled : old->enabled();
  stop_and_erase(old, StopReason::reconfigured);
  auto fresh = internal::make_protocol(core, id, next);
  fresh->set_enabled(enabled);
  return fresh;
}

void Speaker::Impl::on(const ev::Configure& event) {
  if (event.intent == nullptr) {
    return;
  }
  const bool first = core.intent == nullptr;
  const std::shared_ptr<const intent::RouterIntent> before = core.intent;  // the old one outlives its users
  core.intent = event.intent;
  core.soft = event.soft;
  core.roas_changed = before != nullptr && before->roa_tables != event.intent->roa_tables;
  make_tables(*event.intent);
  if (first && event.recover) {
    begin_recovery(*event.intent);
  }
  std::map<std::string, std::unique_ptr<Protocol>> old;
  std::vector<std::unique_ptr<Protocol>> children;
  for (auto& protocol : std::exchange(protocols, {})) {
    const bool is_child = std::any_of(spawned_.begin(), spawned_.end(),
                                      [&](const Spawned& s) { return s.child == protocol->id(); });
    if (is_child) {
      children.push_back(std::move(protocol));
    } else {
      const std::string name = protocol->name();
      old.emplace(name, std::move(protocol));
    }
  }
  protocols = std::move(children);
  std::vector<std::string> removed;
  for (auto& [name, protocol] : old) {
    const bool stays =
        std::any_of(event.intent->protocols.begin(), event.intent->protocols.end(),
                    [&, &key = name](const intent::ProtocolIntent& p) { return p.name == key; });
    if (!stays) {
      stop_and_erase(protocol, StopReason::deconfigured);
      removed.push_back(name);
    }
  }
  for (const std::string& name : removed) {
    old.erase(name);
  }
  std::vector<std::unique_ptr<Protocol>> next;
  for (const intent::ProtocolIntent& wanted : event.intent->protocols) {
    const auto it = old.find(wanted.name);
    if (it == old.end() || it->second == nullptr) {
      next.push_back(internal::make_protocol(core, next_id_++, wanted));
    } else {
      next.push_back(adopt(std::move(it->second), wanted));
    }
  }
  for (auto& child : protocols) {
    next.push_back(std::move(child));
  }
  protocols = std::move(next);
  set_router_id();
  for (const auto& protocol : protocols) {
    if (protocol->enabled()) {
      protocol->start();
    }
  }
  core.soft = false;
  core.roas_changed = false;
  converge();
  drop_tables(*event.intent);
}

void Speaker::Impl::begin_recovery(const intent::RouterIntent& intent) {
  core.recovering = true;
  core.keeps_kernel_routes = true;
  core.recovery_until = core.now + intent.graceful_restart_wait;
  core.forwarding_preserved = std::any_of(
      intent.protocols.begin(), intent.protocols.end(), [](const intent::ProtocolIntent& protocol) {
        const auto* kernel = std::get_if<intent::KernelIntent>(&protocol.body);
        return kernel != nullptr && kernel->graceful_restart;
      });
}

}  // namespace catflap::bgp
