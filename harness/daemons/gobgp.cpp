#include "daemons/gobgp.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemons/find.hpp"
#include "daemons/plain_router.hpp"

namespace catflap::daemons {
namespace {

using nlohmann::json;

json neighbor(const PlainRouter& router, const PlainRouter::Session& session) {
  const intent::BgpIntent& bgp = *session.bgp;
  json out{{"config",
            {{"neighbor-address", to_string(*bgp.neighbor)},
             {"peer-as", bgp.remote_as},
             {"description", session.protocol->name}}},
           {"timers",
            {{"config",
              {{"hold-time", session.hold_s},
               {"keepalive-interval", session.keepalive_s},
               {"connect-retry", 1},
               {"idle-hold-time-after-reset", 1}}}}}};
  if (bgp.password) {
    out["config"]["auth-password"] = *bgp.password;
  }
  if (session.protocol->disabled) {
    out["config"]["admin-down"] = true;
  }
  if (bgp.local_address) {
    out["transport"]["config"]["local-address"] = to_string(*bgp.local_address);
  }
  if (bgp.passive) {
    out["transport"]["config"]["passive-mode"] = true;
  }
  if (bgp.ttl_security) {
    out["ttl-security"]["config"] = {{"enabled", true}, {"ttl-min", 255}};
  }
  if (bgp.rr_client) {
    out["route-reflector"]["config"] = {
        {"route-reflector-client", true},
        {"route-reflector-cluster-id", to_string(net::IpAddr::v4(router.id))}};
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if (session.carries(family)) {
      const char* name = family == net::Family::ipv4 ? "ipv4-unicast" : "ipv6-unicast";
      out["afi-safis"].push_back({{"config", {{"afi-safi-name", name}}}});
    }
  }
  return out;
}

class GoBgpAdapter final : public Adapter {
 public:
  explicit GoBgpAdapter(AdapterOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "gobgp"; }
  Capabilities capabilities() const override {
    return {.config_check = false, .reload = false, .bird_language = false, .extended_messages = false};
  }
  Result<Program> detect() const override { return find_daemon("gobgp", options_.program); }

  Result<Rendered> render(std::string_view config, const Paths& paths) const override {
    const auto first = config.find_first_not_of(" \t\r\n");
    const char* form = first != std::string_view::npos && config[first] == '{' ? "json"
                       : config.find("[global") != std::string_view::npos      ? "toml"
                                                                               : "yaml";
    return files(paths, std::string(config), form, {});
  }
  Result<Rendered> render(const intent::RouterIntent& router, const Paths& paths) const override {
    auto config = gobgp_config(router);
    auto plain = plain_router(router, "gobgp");
    if (!config) {
      return fail(std::move(config).error());
    }
    return files(paths, std::move(*config), "json", plain->networks);
  }

  std::filesystem::path executable(const Program&) const override { return "/bin/sh"; }
  std::vector<std::string> argv(const Paths& paths, bool) const override {
    return {(paths.config.parent_path() / "run").string()};
  }
  Status check_config(const Program&, const Paths&) const override { return {}; }

  std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const override {
    CliClient client;
    client.daemon = "gobgp";
    client.argv = {"gobgp", "--target", "unix://" + (paths.config.parent_path() / "api.sock").string(), "-j"};
    client.questions = {{"neighbor"}, {"global", "rib", "-a", "ipv4"}, {"global", "rib", "-a", "ipv6"}};
    client.read = [](const std::vector<std::string>& answers, Instant now, std::int64_t wall_s) {
      return read_gobgp(answers[0], answers[1], answers[2], now, wall_s);
    };
    return std::make_unique<CliLink>(loop, std::move(client), std::move(events));
  }

 private:
  /// Own networks can only come over the API, so something else than gobgpd has to bring them; it goes when
  /// gobgpd does.
  Rendered files(const Paths& paths, std::string config, const char* form,
                 const std::vector<net::Prefix>& networks) const {
    const auto folder = paths.config.parent_path().string();
    const auto found = find_daemon("gobgp", options_.program);
    std::string script = fmt::format(
        "# Made by catflap.\ncd '{0}' && rm -f api.sock\nask() {{ gobgp --target "
        "'unix://{0}/api.sock' \"$@\"; }}\n",
        folder);
    if (!networks.empty()) {
      script += "{\n  until ask global >/dev/null 2>&1; do kill -0 $$ || exit; sleep 0.02; done\n";
      for (const net::Prefix& prefix : networks) {
        script += fmt::format("  ask global rib add -a {} {} origin igp\n",
                              prefix.family() == net::Family::ipv4 ? "ipv4" : "ipv6", to_string(prefix));
      }
      script += "} &\n";
    }
    script += fmt::format(
        "exec '{}' -f '{}/gobgpd.conf' -t {} -p --api-hosts='unix://{}/api.sock' --pprof-disable\n",
        found ? found->path.string() : "gobgpd", folder, form, folder);
    return {{folder + "/gobgpd.conf", std::move(config)}, {folder + "/run", std::move(script)}};
  }

  AdapterOptions options_;
};

}  // namespace

Result<std::string> gobgp_config(const intent::RouterIntent& router) {
  const auto plain = plain_router(router, "gobgp");
  if (!plain) {
    return fail(plain.error());
  }
  json out{{"global",
            {{"config",
              {{"as", plain->asn},
               {"router-id", to_string(net::IpAddr::v4(plain->id))},
               {"local-address-list", {"0.0.0.0", "::"}}}}}},
           {"neighbors", json::array()}};
  for (const PlainRouter::Session& session : plain->sessions) {
    if (session.next_hop_self) {
      return fail(Errc::unsupported, fmt::format("gobgp: {}: next-hop-self cannot be told to gobgp here",
                                                 session.protocol->name));
    }
    out["neighbors"].push_back(neighbor(*plain, session));
  }
  return out.dump(1);
}

std::unique_ptr<Adapter> make_gobgp_adapter(AdapterOptions options) {
  return std::make_unique<GoBgpAdapter>(std::move(options));
}

}  // namespace catflap::daemons
