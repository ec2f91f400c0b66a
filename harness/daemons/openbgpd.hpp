#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "daemons/adapter.hpp"
#include "daemons/cli_link.hpp"
#include "intent/router.hpp"

namespace catflap::daemons {

/// OpenBGPD (portable), asked with bgpctl. Writes no kernel routes on Linux. A `config:` file is a bgpd.conf
/// without `socket`.
std::unique_ptr<Adapter> make_openbgpd_adapter(AdapterOptions options);

/// bgpd.conf for a plain router. Errc::unsupported names the first thing that it cannot say.
Result<std::string> openbgpd_config(const intent::RouterIntent& router);

/// What `bgpctl -j show neighbor` and `bgpctl -j show rib detail` say.
Result<CliClient::View> read_openbgpd(std::string_view neighbors, std::string_view rib, Instant now);

}  // namespace catflap::daemons
