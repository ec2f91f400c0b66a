#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bgp/fsm/peer.hpp"
#include "bgp/speaker/event.hpp"
#include "intent/router.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// What BgpIntent leaves to be decided, decided as BIRD does.
bool is_internal(const intent::BgpIntent& bgp);
bool is_interior(const intent::BgpIntent& bgp);         ///< of our confederation at least (RFC 5065)
std::uint32_t public_as(const intent::BgpIntent& bgp);  ///< our number as the peer sees it
bool is_llgr_aware(const intent::BgpIntent& bgp);  ///< RFC 9494: keeps stale routes of peers that ask for it
bool is_multihop(const intent::BgpIntent& bgp);    ///< nullopt: iBGP yes, eBGP no
bool is_dynamic(const intent::BgpIntent& bgp);     ///< a range instead of one neighbour
/// nullopt: direct for one hop, recursive otherwise.
bool resolves_recursively(const intent::BgpIntent& bgp, const intent::ChannelIntent& channel);
/// Nothing set: on for clients of a route server, ibgp for those of a reflector.
intent::NextHopSelf next_hop_keep(const intent::BgpIntent& bgp, const intent::ChannelIntent& channel);

/// What a restart of our own makes different in the OPEN (RFC 4724 §4.1).
struct RestartState {
  bool restarting = false;
  bool forwarding_preserved = false;
};
fsm::PeerConfig peer_config(const intent::BgpIntent& bgp, const std::vector<intent::ChannelIntent>& channels,
                            std::uint32_t router_id, const std::string& hostname, RestartState restart);
/// TTL, GTSM (RFC 5082) and MD5 of a session's connections.
TcpOptions tcp_options(const intent::BgpIntent& bgp, const std::string& vrf);
/// True if the running session can go on with `b`: only what the OPEN, the connection or the export rules use
/// counts.
bool same_session(const intent::BgpIntent& a, const intent::BgpIntent& b);

observe::CapabilitiesView view_of(const wire::Capabilities& capabilities);
/// "external AS4", "internal multihop route-reflector AS4 ...".
std::vector<std::string> session_flags(const intent::BgpIntent& bgp, const fsm::Negotiated& negotiated);
/// BIRD's words for an error: class ("Received", "BGP Error", "Socket", "Error") and text; "" for none.
std::string error_text(const fsm::DownReason& reason);

}  // namespace catflap::bgp::internal
