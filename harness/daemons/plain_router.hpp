#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intent/router.hpp"

namespace catflap::daemons {

/// What labs make of `bgp:` and `announce:`, for daemons that are told in their own language.
struct PlainRouter {
  std::string name;
  std::uint32_t asn = 0;
  std::uint32_t id = 0;  ///< host order
  std::vector<net::Prefix> networks;
  struct Session {
    const intent::ProtocolIntent* protocol = nullptr;
    const intent::BgpIntent* bgp = nullptr;
    std::uint32_t hold_s = 90, keepalive_s = 30;
    bool next_hop_self = false;  ///< beyond what eBGP does anyway
    bool internal() const { return bgp->local_as == bgp->remote_as; }
    bool carries(net::Family family) const;
  };
  std::vector<Session> sessions;
};

/// Borrows from `router`. Errc::unsupported, with the name of the daemon, for what no such daemon is told
/// here: several AS numbers, ranges of neighbours, link-local ones, filters, static routes to anywhere.
Result<PlainRouter> plain_router(const intent::RouterIntent& router, std::string_view daemon);

}  // namespace catflap::daemons
