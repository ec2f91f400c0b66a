#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "bgp/fsm/peer.hpp"
#include "bgp/rib/table.hpp"
#include "bgp/speaker/event.hpp"
#include "bgp/speaker/protocol.hpp"
#include "bgp/wire/message.hpp"
#include "trace/bmp.hpp"

namespace catflap::bgp::internal {

class BgpProtocol;

/// `protocol bmp`: tells a monitoring station the sessions and what they receive (RFC 7854), and the best
/// routes (RFC 9069). A station that comes later first gets all that is there. Timestamps are zero: the
/// router does not know the time.
class BmpProtocol final : public Protocol {
 public:
  BmpProtocol(Core& core, rib::ProtocolId id, intent::ProtocolIntent intent)
      : Protocol(core, id, std::move(intent)) {}
  ~BmpProtocol() override;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::other; }
  void deadline() override;
  void flush() override;
  observe::ProtocolView view() const override;

  void tcp_opened(ConnId conn);
  void tcp_writable(ConnId conn, std::uint32_t bytes_free);
  void tcp_closed(ConnId conn, const CloseReason& reason);

  // What BGP protocols tell.
  void peer_up(BgpProtocol& peer);
  void peer_down(const BgpProtocol& peer, const fsm::DownReason& reason);
  /// After the import: `update` as it came, and what became of it.
  void updated(const BgpProtocol& peer, const wire::Update& update);
  /// The best route of a table changed.
  void best_changed(const rib::Table& table, const rib::Change& change);

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;

 private:
  const intent::BmpIntent& bmp() const { return std::get<intent::BmpIntent>(intent_.body); }
  bool connected() const { return open_; }
  void dial();
  void lost(const std::string& why);
  void tell(const trace::bmp::Message& message);
  void tell_update(const trace::bmp::Peer& peer, BytesView messages);
  void tell_post_policy(const BgpProtocol& peer, std::span<const wire::Nlri> prefixes);
  void tell_received(const BgpProtocol& peer);
  void tell_table(const BgpProtocol& peer);
  void tell_loc_rib();
  void tell_best(const net::Prefix& prefix, const rib::Path* best);
  void statistics();
  trace::bmp::Peer header(const BgpProtocol& peer, bool post_policy) const;
  trace::bmp::Peer loc_rib_header() const;
  std::uint32_t local_as() const;

  ConnId conn_ = 0;
  bool open_ = false;
  std::uint32_t bytes_free_ = 0;
  Bytes pending_;                    ///< bounded by `tx buffer limit`
  std::size_t sent_ = 0;             ///< octets of pending_ that are out
  Instant next_ = Instant::never();  ///< dial again, or statistics
};

}  // namespace catflap::bgp::internal
