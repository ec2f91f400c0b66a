#include "calico/ctl/open_store.hpp"

#include <filesystem>

#include "calico/sqlite/embedded_store.hpp"
#include "sys/files.hpp"

namespace catflap::calico::ctl {

namespace fs = std::filesystem;

Result<std::unique_ptr<Datastore>> open_store(const std::string& config, const Environment& environment) {
  (void)config;
  const auto named = environment.find("CATFLAP_STORE");
  const fs::path file =
      named != environment.end() ? fs::path(named->second) : fs::path("/var/lib/catflap/calico.db");
  if (Status made = sys::make_directories(file.parent_path()); !made) {
    return fail(made.error());
  }
  Result<std::unique_ptr<EmbeddedStore>> store = EmbeddedStore::open(file);
  if (!store) {
    return fail(store.error());
  }
  return std::unique_ptr<Datastore>(std::move(*store));
}

}  // namespace catflap::calico::ctl
