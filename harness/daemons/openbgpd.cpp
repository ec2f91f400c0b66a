#include "daemons/openbgpd.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "daemons/find.hpp"
#include "daemons/json_read.hpp"
#include "daemons/plain_router.hpp"

namespace catflap::daemons {
namespace {

using json_read::flag;
using json_read::json;
using json_read::member;
using json_read::number;
using json_read::number32;
using json_read::text;

class OpenBgpdAdapter final : public Adapter {
 public:
  explicit OpenBgpdAdapter(AdapterOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "openbgpd"; }
  Capabilities capabilities() const override {
    return {.config_check = false,
            .reload = false,
            .bird_language = false,
            .extended_messages = false,
            .graceful_restart = false,
            .long_lived_graceful_restart = false};
  }
  Result<Program> detect() const override { return find_daemon("openbgpd", options_.program); }

  Result<Rendered> render(std::string_view config, const Paths& paths) const override {
    return files(paths, std::string(config));
  }
  Result<Rendered> render(const intent::RouterIntent& router, const Paths& paths) const override {
    auto config = openbgpd_config(router);
    if (!config) {
      return fail(std::move(config).error());
    }
    return files(paths, std::move(*config));
  }

  std::filesystem::path executable(const Program&) const override { return "/bin/sh"; }
  std::vector<std::string> argv(const Paths& paths, bool) const override {
    return {(paths.config.parent_path() / "run").string()};
  }
  Status check_config(const Program&, const Paths&) const override { return {}; }

  std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const override {
    CliClient client;
    client.daemon = "openbgpd";
    client.argv = {"bgpctl", "-s", (paths.config.parent_path() / "bgpd.sock").string(), "-j"};
    client.questions = {{"show", "neighbor"}, {"show", "rib", "detail"}};
    client.read = [](const std::vector<std::string>& answers, Instant now, std::int64_t) {
      return read_openbgpd(answers[0], answers[1], now);
    };
    return std::make_unique<CliLink>(loop, std::move(client), std::move(events));
  }

 private:
  /// It refuses a file that others can read, and its processes lock themselves into the home of its user,
  /// which is not there on a machine that has not booted with it.
  Rendered files(const Paths& paths, const std::string& config) const {
    const auto folder = paths.config.parent_path().string();
    const auto found = find_daemon("openbgpd", options_.program);
    return {{folder + "/bgpd.conf", fmt::format("socket \"{}/bgpd.sock\"\n{}", folder, config)},
            {folder + "/run", fmt::format(R"(# Made by catflap.
cd '{0}' && rm -f bgpd.sock && chmod 600 bgpd.conf
home=$(getent passwd _openbgpd | cut -d: -f6)
[ -z "$home" ] || mkdir -p -m 755 "$home"
exec '{1}' -d -v -f '{0}/bgpd.conf'
)",
                                          folder, found ? found->path.string() : "bgpd")}};
  }

  AdapterOptions options_;
};

Result<std::string> neighbor(const PlainRouter::Session& session) {
  const intent::BgpIntent& bgp = *session.bgp;
  std::string out = fmt::format(
      "neighbor {} {{\n  remote-as {}\n  descr \"{}\"\n  holdtime {}\n  holdtime min 3\n",
      to_string(*bgp.neighbor), bgp.remote_as, session.protocol->name, std::max(session.hold_s, 3U));
  if (bgp.local_address) {
    out += "  local-address " + to_string(*bgp.local_address) + "\n";
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    out += fmt::format("  announce {} {}\n", family == net::Family::ipv4 ? "IPv4" : "IPv6",
                       session.carries(family) ? "unicast" : "none");
  }
  if (bgp.passive) {
    out += "  passive\n";
  }
  if (bgp.password) {
    if (bgp.password->find_first_of("\"\\\n") != std::string::npos) {
      return fail(Errc::unsupported,
                  fmt::format("openbgpd: {}: a password with quotes cannot be told to openbgpd here",
                              session.protocol->name));
    }
    out += "  tcp md5sig password \"" + *bgp.password + "\"\n";
  }
  if (bgp.ttl_security) {
    out += "  ttl-security yes\n";
  }
  if (bgp.rr_client) {
    out += "  route-reflector\n";
  }
  if (session.next_hop_self) {
    out += "  set nexthop self\n";
  }
  if (session.protocol->disabled) {
    out += "  down\n";
  }
  return out + "}\n";
}

observe::ProtocolView protocol(const json& said, const net::IpAddr& peer, Instant now) {
  observe::ProtocolView out;
  out.kind = observe::ProtocolKind::bgp;
  out.name = text(said, "description").empty() ? to_string(peer) : text(said, "description");
  out.table = "---";
  observe::SessionView session;
  session.state = observe::parse_session_state(text(said, "state")).value_or(observe::SessionState::idle);
  const bool up = session.state == observe::SessionState::established;
  session.peer = peer;
  session.peer_as = number32(said, "remote_as").value_or(0);
  if (const auto id = net::IpAddr::parse(text(said, "bgpid")); id && id->is_v4()) {
    session.peer_id = id->v4_value();
  }
  const json& stats = member(said, "stats");
  const json& messages = member(stats, "message");
  session.messages_in = number(member(messages, "received"), "total").value_or(0);
  session.messages_out = number(member(messages, "sent"), "total").value_or(0);
  session.updates_in = number(member(messages, "received"), "updates").value_or(0);
  session.updates_out = number(member(messages, "sent"), "updates").value_or(0);
  out.session = std::move(session);
  out.state = up ? observe::ProtocolState::up : observe::ProtocolState::start;
  out.since = now - std::chrono::seconds(number32(said, "last_updown_sec").value_or(0));
  observe::ChannelView channel;
  channel.family = peer.family();
  channel.name = peer.is_v6() ? "ipv6" : "ipv4";
  channel.table = peer.is_v6() ? "master6" : "master4";
  channel.up = up;
  channel.imported = number32(member(stats, "prefixes"), "received").value_or(0);
  channel.exported = number32(member(stats, "prefixes"), "sent").value_or(0);
  out.channels.push_back(std::move(channel));
  return out;
}

net::AsPath as_path(const std::string& words) {
  net::AsPath out;
  net::AsSegment sequence;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string word = words.substr(at, end - at);
    if (!word.empty() && word.size() <= 10 && word.find_first_not_of("0123456789") == std::string::npos) {
      sequence.asns.push_back(static_cast<std::uint32_t>(std::stoull(word)));
    }
    at = end + 1;
  }
  if (!sequence.asns.empty()) {
    sequence.type = net::AsSegmentType::sequence;
    out.segments.push_back(std::move(sequence));
  }
  return out;
}

observe::RouteView route(const json& said, const net::Prefix& prefix,
                         const std::vector<observe::ProtocolView>& sessions, Instant now) {
  observe::RouteView out;
  out.prefix = prefix;
  out.table = prefix.family() == net::Family::ipv4 ? "master4" : "master6";
  out.preference = 100;
  out.best = flag(said, "best");
  out.stale = flag(said, "stale");
  out.since = now - std::chrono::seconds(number32(said, "last_update_sec").value_or(0));
  const auto from = net::IpAddr::parse(text(member(said, "neighbor"), "remote_addr"));
  const auto known = std::find_if(sessions.begin(), sessions.end(), [&](const auto& each) {
    return from && each.session && each.session->peer == *from;
  });
  if (known == sessions.end()) {
    out.protocol = "own";
    out.source = "static";
    out.type = observe::RouteType::blackhole;
    return out;
  }
  out.from = *from;
  out.protocol = known->name;
  out.source = "BGP";
  observe::BgpAttributesView bgp;
  bgp.origin = text(said, "origin") == "incomplete" ? "Incomplete" : text(said, "origin");
  bgp.as_path = as_path(text(said, "aspath"));
  bgp.med = number32(said, "metric");
  bgp.local_pref = number32(said, "localpref");
  for (const json& one : member(said, "communities")) {
    const std::string words = one.is_string() ? one.get<std::string>() : "";
    unsigned high = 0;
    unsigned low = 0;
    if (std::sscanf(words.c_str(), "%u:%u", &high, &low) == 2) {
      bgp.communities.push_back(static_cast<net::Community>((high << 16U) | (low & 0xFFFFU)));
    }
  }
  if (const auto via = net::IpAddr::parse(text(said, "exit_nexthop"))) {
    bgp.next_hop = {*via};
    out.next_hops.push_back({*via, "", 1, false});
  }
  out.bgp = std::move(bgp);
  return out;
}

}  // namespace

Result<std::string> openbgpd_config(const intent::RouterIntent& router) {
  const auto plain = plain_router(router, "openbgpd");
  if (!plain) {
    return fail(plain.error());
  }
  std::string out =
      fmt::format("AS {}\nrouter-id {}\nfib-update no\nnexthop qualify via default\nlog updates\n",
                  plain->asn, to_string(net::IpAddr::v4(plain->id)));
  for (const net::Prefix& prefix : plain->networks) {
    out += "network " + to_string(prefix) + "\n";
  }
  for (const PlainRouter::Session& session : plain->sessions) {
    auto lines = neighbor(session);
    if (!lines) {
      return fail(std::move(lines).error());
    }
    out += *lines;
  }
  return out + "allow from any\nallow to any\n";
}

Result<CliClient::View> read_openbgpd(std::string_view neighbors, std::string_view rib, Instant now) {
  const json sessions = json::parse(neighbors, nullptr, false);
  const json routes = json::parse(rib, nullptr, false);
  if (!sessions.is_object() || !routes.is_object()) {
    return fail(Errc::protocol, "OpenBGPD's neighbours or routes are no JSON object");
  }
  CliClient::View view;
  for (const json& said : member(sessions, "neighbors")) {
    if (const auto peer = net::IpAddr::parse(text(said, "remote_addr"))) {
      view.protocols.push_back(protocol(said, *peer, now));
    }
  }
  for (const json& said : member(routes, "rib")) {
    if (const auto prefix = net::Prefix::parse(text(said, "prefix"))) {
      view.routes.push_back(route(said, *prefix, view.protocols, now));
    }
  }
  return view;
}

std::unique_ptr<Adapter> make_openbgpd_adapter(AdapterOptions options) {
  return std::make_unique<OpenBgpdAdapter>(std::move(options));
}

}  // namespace catflap::daemons
