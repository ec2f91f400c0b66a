#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "calico/store/config.hpp"
#include "calico/store/datastore.hpp"

namespace catflap::calico::ctl {

inline constexpr const char* kDefaultConfig = "/etc/calico/calicoctl.cfg";

/// The datastore of a command. In this order:
///
///   1. the file `config`, if it is not empty and not kDefaultConfig; it must be there;
///   2. CATFLAP_STORE, the file of an embedded store: a lab sets it for what runs in it;
///   3. kDefaultConfig, if it is there;
///   4. the environment: see read_store_config().
///
/// An embedded store is made where there is none. Errors are in calicoctl's words where it has any.
Result<std::unique_ptr<Datastore>> open_store(const std::string& config, const Environment& environment);

/// Opens what a configuration says.
Result<std::unique_ptr<Datastore>> open_store(const StoreConfig& config, const Environment& environment);

/// The embedded store where nobody says another: /var/lib/catflap/calico.db for root, otherwise
/// $XDG_STATE_HOME/catflap/calico.db, which is $HOME/.local/state/... unless it is set.
std::filesystem::path default_store_file(const Environment& environment);

}  // namespace catflap::calico::ctl
