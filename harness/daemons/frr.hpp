#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "daemons/adapter.hpp"
#include "intent/router.hpp"

namespace catflap::daemons {

/// FRRouting: zebra, which writes kernel routes, and bgpd. One process stands for both: a script starts zebra
/// and becomes bgpd, and zebra ends (and takes its routes along) when that process does.
std::unique_ptr<Adapter> make_frr_adapter(AdapterOptions options);

/// The configuration of bgpd for a plain router. Errc::unsupported names the first thing that it cannot say.
Result<std::string> frr_config(const intent::RouterIntent& router);

}  // namespace catflap::daemons
