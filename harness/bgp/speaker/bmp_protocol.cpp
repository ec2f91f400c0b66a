#include "bgp/speaker/bmp_protocol.hpp"

#include <algorithm>
#include <chrono>

#include "bgp/fsm/negotiate.hpp"
#include "bgp/speaker/bgp_protocol.hpp"
#include "bgp/speaker/channel.hpp"
#include "bgp/wire/codec.hpp"

namespace catflap::bgp::internal {
namespace {

using trace::bmp::Peer;

constexpr Duration kRetryTime = std::chrono::seconds(5);
constexpr Duration kStatisticsTime = std::chrono::seconds(60);
constexpr std::size_t kSendOctets = 64U * 1024U;
constexpr std::uint16_t kRoutesAdjRibIn = 7;

wire::EncodeContext full_context() {
  wire::EncodeContext context;
  context.as4 = true;
  context.internal = true;
  context.extended_message = true;
  context.extended_next_hop = {wire::kIpv4Unicast};
  return context;
}

/// The whole UPDATE of one prefix, or its withdrawal.
Bytes one(const net::Prefix& prefix, std::uint32_t path_id, const wire::Attributes* attributes,
          const wire::EncodeContext& context) {
  ByteSink out;
  const wire::Nlri nlri{prefix, path_id};
  const wire::AfiSafi family = wire::unicast(prefix.family());
  if (attributes == nullptr || wire::encode_announce(*attributes, family, {&nlri, 1}, context, out) == 0) {
    out.truncate(0);
    wire::encode_withdraw(family, {&nlri, 1}, context, out);
  }
  return out.release();
}

bool is_main(const std::string& table) {
  return table == "master4" || table == "master6" || table == "master";
}

}  // namespace

BmpProtocol::~BmpProtocol() {
  core_.monitors.erase(std::remove(core_.monitors.begin(), core_.monitors.end(), this), core_.monitors.end());
}

void BmpProtocol::on_start() {
  core_.monitors.push_back(this);
  set_state(observe::ProtocolState::start);
  dial();
}

void BmpProtocol::on_stop(StopReason, const std::string&) {
  core_.monitors.erase(std::remove(core_.monitors.begin(), core_.monitors.end(), this), core_.monitors.end());
  if (open_) {
    tell(trace::bmp::Termination{0});
    flush();
  }
  if (conn_ != 0) {
    core_.connections.erase(conn_);
    core_.act(act::TcpClose{conn_, open_});
  }
  conn_ = 0;
  open_ = false;
  pending_.clear();
  sent_ = 0;
  next_ = Instant::never();
  core_.deadlines.set(id(), next_);
}

bool BmpProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  return std::get<intent::BmpIntent>(next.body) == bmp();
}

observe::ProtocolView BmpProtocol::view() const {
  observe::ProtocolView view = Protocol::view();
  view.info = open_ ? "Established" : "Connect";
  return view;
}

void BmpProtocol::dial() {
  conn_ = core_.next_dial;
  core_.next_dial += 2;
  core_.connections[conn_] = id();
  net::Endpoint local{net::IpAddr::any(bmp().station.family()), 0, 0};
  core_.act(act::TcpConnect{conn_, local, {bmp().station, bmp().port, 0}, {}});
  next_ = Instant::never();
  core_.deadlines.set(id(), next_);
}

void BmpProtocol::tcp_opened(ConnId conn) {
  if (conn != conn_) {
    return;
  }
  open_ = true;
  bytes_free_ = kSendOctets;
  set_state(observe::ProtocolState::up);
  core_.note(act::NoteLevel::info, name(), name() + ": connected to the monitoring station");
  const std::string& host = core_.intent == nullptr ? std::string() : core_.intent->hostname;
  tell(trace::bmp::Initiation{bmp().system_name.empty() ? host : bmp().system_name,
                              bmp().system_description.empty() ? "catflap" : bmp().system_description});
  tell_loc_rib();
  for (const auto& [key, protocol] : core_.by_id) {
    if (protocol->kind() != observe::ProtocolKind::bgp) {
      continue;
    }
    auto& peer = static_cast<BgpProtocol&>(*protocol);
    if (peer.established()) {
      peer_up(peer);
      tell_received(peer);
      tell_table(peer);
    }
  }
  next_ = core_.now + kStatisticsTime;
  core_.deadlines.set(id(), next_);
}

void BmpProtocol::tcp_writable(ConnId conn, std::uint32_t bytes_free) {
  if (conn == conn_) {
    bytes_free_ = bytes_free;
    core_.flush_later(id());
  }
}

void BmpProtocol::tcp_closed(ConnId conn, const CloseReason& reason) {
  if (conn == conn_) {
    core_.connections.erase(conn);
    lost(reason.text);
  }
}

void BmpProtocol::lost(const std::string& why) {
  if (open_) {
    core_.note(act::NoteLevel::warning, name(), name() + ": the monitoring station is lost: " + why);
  }
  conn_ = 0;
  open_ = false;
  pending_.clear();
  sent_ = 0;
  set_state(observe::ProtocolState::start);
  next_ = core_.now + kRetryTime;
  core_.deadlines.set(id(), next_);
}

void BmpProtocol::deadline() {
  if (core_.now < next_) {
    core_.deadlines.set(id(), next_);
    return;
  }
  if (!open_) {
    dial();
    return;
  }
  statistics();
  next_ = core_.now + kStatisticsTime;
  core_.deadlines.set(id(), next_);
}

void BmpProtocol::flush() {
  while (open_ && sent_ < pending_.size() && bytes_free_ > 0) {
    const std::size_t count =
        std::min({pending_.size() - sent_, kSendOctets, static_cast<std::size_t>(bytes_free_)});
    const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(sent_);
    core_.act(act::TcpSend{conn_,
                           std::make_shared<const Bytes>(begin, begin + static_cast<std::ptrdiff_t>(count))});
    bytes_free_ -= static_cast<std::uint32_t>(count);
    sent_ += count;
  }
  if (sent_ == pending_.size()) {
    pending_.clear();
    sent_ = 0;
  } else if (sent_ > pending_.size() / 2) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
}

void BmpProtocol::tell(const trace::bmp::Message& message) {
  if (!open_) {
    return;
  }
  ByteSink out;
  trace::bmp::encode(message, out);
  const std::size_t limit = std::size_t{bmp().tx_buffer_limit_mib} << 20U;
  if (pending_.size() - sent_ + out.size() > limit) {
    const ConnId conn = conn_;
    core_.connections.erase(conn);
    lost("it does not read; tx buffer limit reached");
    core_.act(act::TcpClose{conn, false});
    return;
  }
  const BytesView octets = out.view();
  pending_.insert(pending_.end(), octets.begin(), octets.end());
  core_.flush_later(id());
}

Peer BmpProtocol::header(const BgpProtocol& peer, bool post_policy) const {
  Peer header;
  header.post_policy = post_policy;
  header.address = peer.intent_of_session().neighbor.value_or(net::IpAddr());
  header.asn = peer.negotiated().remote.asn();
  header.id = peer.negotiated().remote.router_id;
  return header;
}

std::uint32_t BmpProtocol::local_as() const {
  for (const auto& [key, protocol] : core_.by_id) {
    if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol->intent().body)) {
      return bgp->local_as;
    }
  }
  return 0;
}

Peer BmpProtocol::loc_rib_header() const {
  Peer header;
  header.loc_rib = true;
  header.asn = local_as();
  header.id = core_.router_id;
  return header;
}

void BmpProtocol::peer_up(BgpProtocol& peer) {
  if (!open_) {
    return;
  }
  ByteSink received;
  wire::encode(peer.negotiated().remote, {}, received);
  const auto ends = peer.session_ends();
  trace::bmp::PeerUp up{header(peer, false),
                        ends.first.addr,
                        ends.first.port,
                        ends.second.port,
                        fsm::make_open(peer.fsm_config()).bytes,
                        received.release()};
  tell(up);
}

void BmpProtocol::peer_down(const BgpProtocol& peer, const fsm::DownReason& reason) {
  if (!open_) {
    return;
  }
  using Kind = fsm::DownReason::Kind;
  trace::bmp::PeerDown down{header(peer, false), 4, {}};
  if (reason.kind == Kind::notification_received || reason.code != 0) {
    ByteSink notification;
    wire::encode(wire::Notification{reason.code, reason.subcode, reason.data}, {}, notification);
    down.reason = reason.kind == Kind::notification_received ? 3 : 1;
    down.data = notification.release();
  } else if (reason.kind != Kind::socket && reason.kind != Kind::none) {
    constexpr std::byte kManualStop{2};  // RFC 4271 §8.1.2
    constexpr std::byte kHoldTimerExpires{10};
    down.reason = 2;
    down.data = {std::byte{0}, reason.kind == Kind::hold_timer ? kHoldTimerExpires : kManualStop};
  }
  tell(down);
}

void BmpProtocol::tell_update(const Peer& peer, BytesView messages) {
  while (messages.size() >= wire::kHeaderOctets) {
    const std::size_t length =
        std::to_integer<std::size_t>(messages[16]) << 8U | std::to_integer<std::size_t>(messages[17]);
    const BytesView message = messages.first(std::min(length, messages.size()));
    tell(trace::bmp::RouteMonitoring{peer, Bytes(message.begin(), message.end())});
    messages = messages.subspan(message.size());
  }
}

void BmpProtocol::updated(const BgpProtocol& peer, const wire::Update& update) {
  if (!open_) {
    return;
  }
  if (bmp().pre_policy) {
    wire::EncodeContext context = full_context();
    context.add_path = peer.negotiated().add_path_receive;
    ByteSink messages;
    wire::encode(update, context, messages);  // what cannot be said has no next hop, and is no route
    tell_update(header(peer, false), messages.view());
  }
  if (bmp().post_policy) {
    if (update.end_of_rib) {
      ByteSink message;
      wire::encode_end_of_rib(*update.end_of_rib, message);
      tell_update(header(peer, true), message.view());
    }
    tell_post_policy(peer, update.withdrawn);
    tell_post_policy(peer, update.announced);
  }
}

void BmpProtocol::tell_post_policy(const BgpProtocol& peer, std::span<const wire::Nlri> prefixes) {
  wire::EncodeContext context = full_context();
  context.add_path = peer.negotiated().add_path_receive;
  for (const wire::Nlri& nlri : prefixes) {
    for (const auto& channel : peer.channels()) {
      if (channel->intent().family != nlri.prefix.family()) {
        continue;
      }
      const rib::Entry* entry = channel->table_state().table.find(nlri.prefix);
      const rib::Path* path = entry == nullptr ? nullptr : entry->find(peer.id(), nlri.path_id);
      const bool accepted = path != nullptr && !path->flags.filtered;
      tell_update(header(peer, true),
                  one(nlri.prefix, nlri.path_id, accepted ? &path->attrs->bgp : nullptr, context));
    }
  }
}

void BmpProtocol::tell_received(const BgpProtocol& peer) {
  if (!bmp().pre_policy) {
    return;
  }
  wire::EncodeContext context = full_context();
  context.add_path = peer.negotiated().add_path_receive;
  const Peer about = header(peer, false);
  for (const auto& channel : peer.channels()) {
    channel->for_each_received(
        [&](const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs) {
          wire::Attributes attributes = attrs->bgp;
          if (!peer.internal()) {
            attributes.local_pref.reset();  // our default: no eBGP peer sends it (RFC 4271 §5.1.5)
          }
          tell_update(about, one(prefix, path_id, &attributes, context));
        });
    ByteSink end;
    wire::encode_end_of_rib(wire::unicast(channel->intent().family), end);
    tell_update(about, end.view());
  }
}

void BmpProtocol::tell_table(const BgpProtocol& peer) {
  if (!bmp().post_policy) {
    return;
  }
  wire::EncodeContext context = full_context();
  context.add_path = peer.negotiated().add_path_receive;
  const Peer about = header(peer, true);
  for (const auto& channel : peer.channels()) {
    channel->table_state().table.for_each([&](const net::Prefix& prefix, const rib::Entry& entry) {
      for (const rib::Path& path : entry.paths()) {
        if (path.protocol == peer.id() && !path.flags.filtered) {
          tell_update(about, one(prefix, path.path_id, &path.attrs->bgp, context));
        }
      }
    });
    ByteSink end;
    wire::encode_end_of_rib(wire::unicast(channel->intent().family), end);
    tell_update(about, end.view());
  }
}

void BmpProtocol::tell_best(const net::Prefix& prefix, const rib::Path* best) {
  const bool bgp = best != nullptr && best->attrs->source == intent::RouteSource::bgp;
  tell_update(loc_rib_header(), one(prefix, 0, bgp ? &best->attrs->bgp : nullptr, full_context()));
}

void BmpProtocol::best_changed(const rib::Table& table, const rib::Change& change) {
  const bool matters = change.had_best || change.best != nullptr;
  if (open_ && bmp().loc_rib && change.best_changed && matters && is_main(table.name())) {
    tell_best(change.prefix, change.best);
  }
}

void BmpProtocol::tell_loc_rib() {
  if (!bmp().loc_rib) {
    return;
  }
  // RFC 9069 §4.4: both OPENs are made up, with the capabilities that the routes need.
  wire::Open open;
  const std::uint32_t asn = local_as();
  open.as2 = static_cast<std::uint16_t>(asn > 0xFFFF ? wire::kAsTrans : asn);
  open.router_id = core_.router_id;
  open.capabilities.as4 = asn;
  open.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  ByteSink octets;
  wire::encode(open, {}, octets);
  const Bytes made = octets.release();
  tell(trace::bmp::PeerUp{loc_rib_header(), net::IpAddr(), 0, 0, made, made});
  for (const auto& [name, state] : core_.tables) {
    if (!is_main(name)) {
      continue;
    }
    state->table.for_each([&](const net::Prefix& prefix, const rib::Entry& entry) {
      if (entry.best() != nullptr && entry.best()->attrs->source == intent::RouteSource::bgp) {
        tell_best(prefix, entry.best());
      }
    });
    ByteSink end;
    wire::encode_end_of_rib(wire::unicast(state->table.family()), end);
    tell_update(loc_rib_header(), end.view());
  }
}

void BmpProtocol::statistics() {
  for (const auto& [key, protocol] : core_.by_id) {
    if (protocol->kind() != observe::ProtocolKind::bgp) {
      continue;
    }
    const auto& peer = static_cast<const BgpProtocol&>(*protocol);
    if (!peer.established()) {
      continue;
    }
    std::uint64_t routes = 0;
    for (const auto& channel : peer.channels()) {
      const rib::ProtocolCounters counters = channel->table_state().table.counters(peer.id());
      routes += counters.imported + counters.filtered;
    }
    tell(trace::bmp::Statistics{header(peer, false), {{kRoutesAdjRibIn, routes}}});
  }
}

}  // namespace catflap::bgp::internal
