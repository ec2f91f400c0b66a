#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bgp/fsm/peer.hpp"
#include "bgp/speaker/bgp_config.hpp"
#include "bgp/speaker/bgp_rules.hpp"
#include "bgp/speaker/malformed_log.hpp"
#include "bgp/speaker/protocol.hpp"
#include "bgp/speaker/update_group.hpp"
#include "bgp/wire/framer.hpp"

namespace catflap::bgp::internal {

/// `protocol bgp`: one peer. The state machine is fsm::Peer; here are its connections, and what routes it
/// brings and gets.
class BgpProtocol final : public Protocol {
 public:
  BgpProtocol(Core& core, rib::ProtocolId id, intent::ProtocolIntent intent);
  ~BgpProtocol() override;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::bgp; }

  // Connections: Core::connections leads here.
  void tcp_opened(ConnId conn, const net::Endpoint& local, const net::Endpoint& remote, bool inbound);
  void tcp_bytes(ConnId conn, BytesView bytes);
  void tcp_writable(ConnId conn, std::uint32_t bytes_free);
  void tcp_closed(ConnId conn, const CloseReason& reason);
  /// True if a connection from `remote` to `local` would be this peer's.
  bool expects(const net::Endpoint& local, const net::Endpoint& remote) const;
  /// True if it is dynamic and `remote` is in its range.
  bool spawns_for(const net::Endpoint& remote) const;
  bool accepts() const { return peer_ != nullptr && peer_->accepts(); }

  void interfaces_changed() override;
  void bfd_changed(const BfdTarget& target, bool lost) override;
  void router_id_changed() override;
  void deadline() override;
  void flush() override;
  bool preexport(const Channel& channel, const rib::Path& path) const override {
    return why_not(channel, path).empty();
  }
  std::string_view why_not(const Channel& channel, const rib::Path& path) const override;
  bool exports_all(const Channel& channel) const override;
  std::optional<policy::RouteAttrs> as_sent(const Channel& channel, const rib::Path& path,
                                            const policy::RouteEdit& edit) const override;
  bool reload(bool in, bool out) override;
  observe::ProtocolView view() const override;

  const intent::BgpIntent& bgp() const { return std::get<intent::BgpIntent>(intent_.body); }
  /// Of our confederation at least (RFC 5065).
  bool interior() const { return internal() || bgp().confederation_member; }
  ImportRules import_rules() const;
  ExportRules export_rules() const;
  bool internal() const { return negotiated_ ? negotiated_->internal : is_internal(bgp()); }
  std::uint16_t listen_port() const;  ///< of the protocol, or of the router (dialect 1.6)
  std::uint32_t cluster_id() const;   ///< 0 unless a client
  std::uint32_t remote_id() const { return negotiated_ ? negotiated_->remote.router_id : 0; }
  std::uint32_t local_id() const { return intent_.router_id.value_or(core_.router_id); }
  /// The interface to a peer that is one hop away; nullopt for multihop.
  std::optional<IfIndex> direct_interface() const { return interface_; }
  observe::SessionState session_state() const;
  /// Everything malformed that the peer sent since it was configured.
  observe::MalformedView malformed() const;
  bool established() const { return state() == observe::ProtocolState::up; }
  /// Waits for the End-of-RIB of its peer, so that our own recovery can end.
  bool holds_recovery() const;
  /// Its peer has restarted too and has not told all its routes: the kernel's must not be swept yet.
  bool holds_kernel_routes() const;
  void recovery_done();
  /// A spawned peer whose session is over.
  bool finished() const {
    return spawned_ && !helping_ && peer_ != nullptr && !established() && connections_.empty();
  }
  void mark_spawned() { spawned_ = true; }
  // For monitoring. Precondition: established.
  const fsm::Negotiated& negotiated() const { return *negotiated_; }
  const intent::BgpIntent& intent_of_session() const { return bgp(); }
  const fsm::PeerConfig& fsm_config() const { return peer_->config(); }
  /// Our end and the peer's.
  std::pair<net::Endpoint, net::Endpoint> session_ends() const;
  /// Ends without a word, so that the peer keeps our routes (RFC 4724).
  void abandon();

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;
  void on_limit(bool restart_it) override;
  void refeed(Channel& channel) override;
  void keep_export(Channel& channel) override;
  void announce_state() override;

 private:
  struct Connection {
    net::Endpoint local, remote;
    bool open = false;
    std::uint32_t bytes_free = 64U * 1024U;  ///< until the driver says otherwise
    wire::Framer mrt_framer{};               ///< only with `mrtdump messages`
  };
  struct FamilyState;
  /// The peer as a member of an update group.
  class Member final : public UpdateMember {
   public:
    Member(BgpProtocol& owner, FamilyState& state) : owner_(owner), state_(state) {}
    rib::ProtocolId protocol_id() const override { return owner_.id(); }
    const net::IpAddr& neighbor() const override { return *owner_.bgp().neighbor; }
    BlockId evaluate(const net::Prefix& prefix, const rib::Path& path, bool told,
                     std::size_t standing) override {
      return owner_.evaluate(state_, prefix, path, told, standing);
    }
    bool may_send() const override { return owner_.conn_ != 0 && owner_.may_export(); }
    std::size_t room() const override;
    void send(std::shared_ptr<const Bytes> bytes, std::uint64_t updates) override;
    void blocked(bool waits) override;

   private:
    BgpProtocol& owner_;
    FamilyState& state_;
  };
  struct FamilyState {
    Channel* channel = nullptr;
    std::unique_ptr<Member> member;
    UpdateGroup* group = nullptr;  ///< while the channel exports
    bool blocked = false;
    std::optional<net::IpAddr> next_hop, link_local;  ///< what "self" is
    /// Routes of a session before this one wait for a new one, or in it for End-of-RIB.
    enum class Stale : std::uint8_t { none, regular, long_lived } stale = Stale::none;
    Instant stale_until = Instant::never();  ///< restart timer, stale-path timer, or RFC 9494's timer
    Duration stale_total{};
    bool refreshing = false;  ///< between BoRR and EoRR
    bool end_of_rib_seen = false;
  };

  // bgp_protocol.cpp
  void try_begin();
  void begin();
  void end(std::uint8_t subcode, const std::string& text);
  void on_established(ConnId conn, const fsm::Negotiated& negotiated);
  void on_down(const fsm::DownReason& reason);
  void request_bfd();
  void remember_error(const fsm::DownReason& reason);
  void reschedule();
  FamilyState* family(wire::AfiSafi afi_safi);
  std::optional<Role> role() const;
  void set_next_hops(FamilyState& state, const net::IpAddr& source);
  // bgp_connection.cpp
  void handle(fsm::Outputs outputs);
  void received(fsm::out::Received& received);
  void note_malformed(const wire::Update& update, BytesView octets);
  void dial(ConnId conn);
  void send(ConnId conn, std::shared_ptr<const Bytes> bytes);
  void close(ConnId conn, bool graceful);
  // bgp_mrt.cpp
  bool mrtdumps(std::string_view what) const;
  act::MrtSession mrt_session(const Connection* connection) const;
  void mrt_messages(ConnId conn, BytesView bytes);
  void mrt_state(fsm::State from, fsm::State to);
  // bgp_import.cpp
  /// May take the attributes out, unless somebody else looks at them.
  void on_update(wire::Update& update);
  void refuse(Channel& channel, std::span<const wire::Nlri> nlri, const std::string& why);
  void forget_refused(std::span<const wire::Nlri> nlri);
  void on_end_of_rib(wire::AfiSafi family);
  void on_refresh(const wire::RouteRefresh& refresh);
  /// ROUTE-REFRESH (RFC 2918), if the peer takes it.
  void ask_again(wire::AfiSafi afi_safi, const FamilyState& state);
  /// Completes `attrs`, which has the BGP attributes of `update`, before anything looks at it.
  void take_received(const wire::Update& update, const FamilyState& state, policy::RouteAttrs& attrs) const;
  /// "", or why the route cannot be used; local preference and ONLY_TO_CUSTOMER may then have been set.
  std::string import_attrs(const FamilyState& state, policy::RouteAttrs& attrs);
  std::string import_next_hop(const FamilyState& state, const std::optional<net::IpAddr>& global,
                              const std::optional<net::IpAddr>& link_local, policy::RouteAttrs& attrs) const;
  // bgp_export.cpp
  /// False if it cannot be told.
  bool export_attrs(const FamilyState& state, const rib::Path& path, const policy::RouteEdit& edit,
                    wire::Attributes& out) const;
  bool export_next_hop(const FamilyState& state, const rib::Path& path, const policy::RouteEdit& edit,
                       const BgpProtocol* source, wire::Attributes& out) const;
  /// The rules that all members of an update group share: what they look at is
  /// in ExportKey.
  std::string_view why_not_from(const rib::Path& path, const Protocol* source) const;
  BlockId evaluate(FamilyState& state, const net::Prefix& prefix, const rib::Path& path, bool told,
                   std::size_t standing);
  ExportKey export_key(const FamilyState& state) const;
  void leave_group(FamilyState& state);
  void leave_groups();
  void wake();
  wire::EncodeContext encode_context() const;
  // bgp_restart.cpp
  bool helps(const fsm::DownReason& reason) const;
  void become_helper();
  bool enter_long_lived(wire::AfiSafi afi_safi, FamilyState& state);
  void stale_timers();
  void sweep(FamilyState& state);
  void resume_after_restart(FamilyState& state);
  void helper_established();
  void drop_stale();
  bool waits_for_end_of_rib() const;
  Instant stale_deadline() const;
  bool keeps_stale_routes() const;
  const wire::Capabilities::LongLivedGracefulRestart* long_lived_of_peer(wire::AfiSafi family) const;
  bool may_export() const { return !core_.recovering; }

  std::unique_ptr<fsm::Peer> peer_;
  std::map<ConnId, Connection> connections_;
  std::optional<fsm::Negotiated> negotiated_;  ///< of the Established session, kept while helping
  std::optional<IfIndex> interface_;
  ConnId conn_ = 0;  ///< of the Established session
  std::map<wire::AfiSafi, FamilyState> families_;
  std::string last_error_, message_;
  MalformedLog malformed_;
  std::optional<observe::SessionView::NotificationView> last_notification_;
  std::uint64_t updates_in_ = 0, updates_out_ = 0, flaps_ = 0, connect_attempts_ = 0;
  bool helping_ = false;
  bool spawned_ = false;
  bool rebuild_ = false;  ///< the OPEN must be made anew: our own recovery is over
};

}  // namespace catflap::bgp::internal
