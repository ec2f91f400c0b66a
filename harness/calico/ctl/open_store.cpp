#include "calico/ctl/open_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "calico/etcd/etcd_store.hpp"
#include "calico/sqlite/embedded_store.hpp"
#include "sys/files.hpp"

namespace catflap::calico::ctl {

namespace fs = std::filesystem;

namespace {

/// The value of a variable; empty if it is not set.
std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<std::unique_ptr<Datastore>> open_embedded(const fs::path& file) {
  if (file.has_parent_path()) {
    if (Status made = sys::make_directories(file.parent_path()); !made) {
      return fail(std::move(made.error()).context(fmt::format("datastore {}", file.string())));
    }
  }
  Result<std::unique_ptr<EmbeddedStore>> store = EmbeddedStore::open(file);
  if (!store) {
    return fail(store.error());
  }
  return std::unique_ptr<Datastore>(std::move(*store));
}

Result<std::unique_ptr<Datastore>> open_etcd(const StoreConfig& config) {
  EtcdStore::Options options;
  options.endpoints = config.endpoints;
  options.username = config.username;
  options.password = config.password;
  options.tls.ca = {config.ca_file, config.ca};
  options.tls.certificate = {config.cert_file, config.cert};
  options.tls.key = {config.key_file, config.key};
  Result<std::unique_ptr<EtcdStore>> store = EtcdStore::create(std::move(options));
  if (!store) {
    return fail(std::move(store.error()).context("could not initialize etcdv3 client"));
  }
  return std::unique_ptr<Datastore>(std::move(*store));
}

Result<StoreConfig> read_file(const std::string& file) {
  return sys::read_file(file).and_then(
      [&](const std::string& text) { return read_store_config(text, file); });
}

bool is_there(const std::string& file) {
  std::error_code failure;
  return fs::exists(file, failure) && !failure;
}

}  // namespace

fs::path default_store_file(const Environment& environment) {
  constexpr const char* kName = "catflap/calico.db";
  if (::geteuid() == 0) {
    return fs::path("/var/lib") / kName;
  }
  if (const std::string state = variable(environment, "XDG_STATE_HOME"); !state.empty()) {
    return fs::path(state) / kName;
  }
  const std::string home = variable(environment, "HOME");
  return home.empty() ? fs::path("/var/lib") / kName : fs::path(home) / ".local/state" / kName;
}

Result<std::unique_ptr<Datastore>> open_store(const StoreConfig& config, const Environment& environment) {
  if (config.type == StoreConfig::Type::etcd) {
    return open_etcd(config);
  }
  return open_embedded(config.embedded_file.empty() ? default_store_file(environment)
                                                    : fs::path(config.embedded_file));
}

Result<std::unique_ptr<Datastore>> open_store(const std::string& config, const Environment& environment) {
  const bool is_default = config.empty() || config == kDefaultConfig;
  if (!is_default && !is_there(config)) {
    return fail(Errc::not_found, fmt::format("Error reading config file: {}", config));
  }
  Result<StoreConfig> found = StoreConfig();
  if (!is_default) {
    found = read_file(config);
  } else if (const std::string lab = variable(environment, "CATFLAP_STORE"); !lab.empty()) {
    found->embedded_file = lab;
  } else if (is_there(kDefaultConfig)) {
    found = read_file(kDefaultConfig);
  } else {
    found = read_store_config(environment);
  }
  return found.and_then([&](const StoreConfig& each) { return open_store(each, environment); });
}

}  // namespace catflap::calico::ctl
