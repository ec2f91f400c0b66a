#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "daemons/adapter.hpp"
#include "daemons/cli_link.hpp"
#include "intent/router.hpp"

namespace catflap::daemons {

/// GoBGP: gobgpd, asked with its client gobgp. Writes no kernel routes. A `config:` file is in its own form:
/// TOML, YAML or JSON.
std::unique_ptr<Adapter> make_gobgp_adapter(AdapterOptions options);

/// The configuration of gobgpd for a plain router, as JSON; its own networks come over its API (see the
/// launcher). Errc::unsupported names the first thing that it cannot say.
Result<std::string> gobgp_config(const intent::RouterIntent& router);

/// What `gobgp -j neighbor` and `gobgp -j global rib -a ipv4|ipv6` say.
Result<CliClient::View> read_gobgp(std::string_view neighbors, std::string_view ipv4, std::string_view ipv6,
                                   Instant now, std::int64_t wall_s);

}  // namespace catflap::daemons
