#include "daemons/frr.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "daemons/find.hpp"
#include "daemons/frr_link.hpp"
#include "sys/process.hpp"

namespace catflap::daemons {
namespace {

using Lines = std::vector<std::string>;

Error cannot(const std::string& protocol, std::string_view what) {
  return {Errc::unsupported, fmt::format("frr: {}: {} cannot be told to FRR here", protocol, what)};
}

std::int64_t whole_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

/// What holds for a session as a whole: `neighbor A ...`.
Result<Lines> session_lines(const intent::ProtocolIntent& protocol, const intent::BgpIntent& bgp) {
  if (!bgp.neighbor) {
    return fail(cannot(protocol.name, "a range of neighbours"));
  }
  if (bgp.neighbor->is_link_local()) {
    return fail(cannot(protocol.name, "a link-local neighbour"));
  }
  const std::string peer = "neighbor " + to_string(*bgp.neighbor) + " ";
  Lines out{peer + fmt::format("remote-as {}", bgp.remote_as), peer + "description " + protocol.name,
            peer + "advertisement-interval 0"};
  if (bgp.local_address) {
    out.push_back(peer + "update-source " + to_string(*bgp.local_address));
  }
  const auto hold = whole_seconds(bgp.hold_time.value_or(std::chrono::seconds(90)));
  const auto keepalive = bgp.keepalive_time ? whole_seconds(*bgp.keepalive_time) : hold / 3;
  out.push_back(peer + fmt::format("timers {} {}", keepalive, hold));
  if (bgp.connect_retry_time) {
    out.push_back(peer + fmt::format("timers connect {}", whole_seconds(*bgp.connect_retry_time)));
  }
  if (bgp.passive) {
    out.push_back(peer + "passive");
  }
  if (bgp.password) {
    out.push_back(peer + "password " + *bgp.password);
  }
  if (bgp.ttl_security) {
    out.push_back(peer + "ttl-security hops 1");
  }
  if (protocol.disabled) {
    out.push_back(peer + "shutdown");
  }
  return out;
}

/// What holds in an address family.
Result<Lines> channel_lines(const intent::ProtocolIntent& protocol, const intent::BgpIntent& bgp,
                            const intent::ChannelIntent& channel) {
  using Kind = intent::FilterRef::Kind;
  if (channel.import_filter.kind != Kind::all || channel.export_filter.kind != Kind::all) {
    return fail(cannot(protocol.name, "a filter (import-only, export-only)"));
  }
  const std::string peer = "neighbor " + to_string(*bgp.neighbor) + " ";
  Lines out{peer + "activate"};
  if (bgp.rr_client) {
    out.push_back(peer + "route-reflector-client");
  }
  if (channel.bgp.next_hop_self == intent::NextHopSelf::on) {
    out.push_back(peer + "next-hop-self force");
  } else if (channel.bgp.next_hop_self != intent::NextHopSelf::off) {
    out.push_back(peer + "next-hop-self");
  }
  return out;
}

/// The AS of the router; bgpd has one for all sessions.
Result<std::uint32_t> own_as(const intent::RouterIntent& router) {
  std::optional<std::uint32_t> found;
  for (const auto& protocol : router.protocols) {
    if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol.body)) {
      if (found && *found != bgp->local_as) {
        return fail(cannot(protocol.name, "another AS number of its own (local-as)"));
      }
      found = bgp->local_as;
    }
  }
  return found.value_or(0);
}

class FrrAdapter final : public Adapter {
 public:
  explicit FrrAdapter(AdapterOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "frr"; }
  Capabilities capabilities() const override {
    return {.config_check = false, .reload = false, .bird_language = false};
  }
  Result<Program> detect() const override { return find_daemon("frr", options_.program); }

  Result<Rendered> render(std::string_view, const Paths&) const override {
    return fail(Errc::unsupported,
                "frr does not read BIRD's configuration language: describe the node with `bgp:` instead of "
                "`config:`, or run self or bird in it");
  }
  Result<Rendered> render(const intent::RouterIntent& router, const Paths& paths) const override {
    auto config = frr_config(router);
    if (!config) {
      return fail(std::move(config).error());
    }
    const auto folder = paths.config.parent_path();
    return Rendered{{folder / "bgpd.conf", std::move(*config)},
                    {folder / "zebra.conf", "hostname zebra\n"},
                    {folder / "run", launcher_script(folder)}};
  }

  std::filesystem::path executable(const Program&) const override { return "/bin/sh"; }
  std::vector<std::string> argv(const Paths& paths, bool) const override {
    return {(paths.config.parent_path() / "run").string()};
  }
  Status check_config(const Program&, const Paths&) const override { return {}; }
  std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const override {
    return std::make_unique<FrrLink>(loop, paths.config.parent_path() / "bgpd.vty", std::move(events));
  }

 private:
  /// zebra must listen before bgpd starts, which otherwise asks again only after 10 s. zebra gets SIGTERM
  /// when its parent ends in any way; that is kept over the start only if it does not change its group then.
  std::string launcher_script(const std::filesystem::path& folder) const {
    const auto found = find_daemon("frr", options_.program);
    const std::string programs = found ? found->path.parent_path().string() : "/usr/lib/frr";
    return fmt::format(R"(# Made by catflap.
cd '{0}' && rm -f zserv *.vty *.pid
setpriv --regid frrvty --clear-groups --pdeathsig TERM '{1}/zebra' -f '{0}/zebra.conf' -z '{0}/zserv' \
  --vty_socket '{0}' -P 0 -i '{0}/zebra.pid' -u root -g frrvty &
zebra=$!
while ! [ -S zserv ]; do
  kill -0 $zebra 2>/dev/null || exit 1
  sleep 0.01
done
exec '{1}/bgpd' -S -f '{0}/bgpd.conf' -z '{0}/zserv' --vty_socket '{0}' -P 0 -i '{0}/bgpd.pid' \
  --log stdout
)",
                       folder.string(), programs);
  }

  AdapterOptions options_;
};

}  // namespace

Result<std::string> frr_config(const intent::RouterIntent& router) {
  auto asn = own_as(router);
  if (!asn) {
    return fail(std::move(asn).error());
  }
  Lines general;
  Lines families[2];
  for (const auto& protocol : router.protocols) {
    if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol.body)) {
      auto lines = session_lines(protocol, *bgp);
      if (!lines) {
        return fail(std::move(lines).error());
      }
      general.insert(general.end(), lines->begin(), lines->end());
      for (const auto& channel : protocol.channels) {
        auto more = channel_lines(protocol, *bgp, channel);
        if (!more) {
          return fail(std::move(more).error());
        }
        Lines& family = families[channel.family == net::Family::ipv4 ? 0 : 1];
        family.insert(family.end(), more->begin(), more->end());
      }
    } else if (const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body)) {
      for (const auto& route : routes->routes) {
        if (route.target != intent::RouteTarget::blackhole || route.body != nullptr) {
          return fail(cannot(protocol.name, "a static route to anywhere"));
        }
        families[route.prefix.family() == net::Family::ipv4 ? 0 : 1].push_back("network " +
                                                                               to_string(route.prefix));
      }
    }
  }
  std::string text = fmt::format(
      "frr defaults traditional\nhostname {}\nlog stdout\nrouter bgp {}\n bgp router-id {}\n"
      " no bgp ebgp-requires-policy\n no bgp default ipv4-unicast\n no bgp network import-check\n"
      " coalesce-time 0\n",
      router.hostname, *asn, to_string(net::IpAddr::v4(router.router_id)));
  for (const std::string& line : general) {
    text += " " + line + "\n";
  }
  for (std::size_t i = 0; i < 2; ++i) {
    text += fmt::format(" address-family {} unicast\n", i == 0 ? "ipv4" : "ipv6");
    for (const std::string& line : families[i]) {
      text += "  " + line + "\n";
    }
    text += " exit-address-family\n";
  }
  return text;
}

std::unique_ptr<Adapter> make_frr_adapter(AdapterOptions options) {
  return std::make_unique<FrrAdapter>(std::move(options));
}

}  // namespace catflap::daemons
