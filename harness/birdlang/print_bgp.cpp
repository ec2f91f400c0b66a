#include <array>

#include "birdlang/parser.hpp"
#include "birdlang/printer.hpp"

namespace catflap::birdlang {
namespace {

using intent::BgpIntent;
using intent::NextHopSelf;

constexpr std::array<std::string_view, 5> kRoles{"provider", "rs_server", "rs_client", "customer", "peer"};

/// Prints options that are not as they are by default.
class Options {
 public:
  explicit Options(TextWriter& out) : out_(out) {}

  void flag(std::string_view name, bool value, bool usual) {
    if (value != usual) {
      out_.line(std::string(name) + (value ? " on;" : " off;"));
    }
  }
  void flag(std::string_view name, const std::optional<bool>& value) {
    if (value) {
      out_.line(std::string(name) + (*value ? " on;" : " off;"));
    }
  }
  void number(std::string_view name, std::uint32_t value, std::uint32_t usual) {
    if (value != usual) {
      out_.line(std::string(name) + " " + std::to_string(value) + ";");
    }
  }
  template <class T>
  void number(std::string_view name, const std::optional<T>& value) {
    if (value) {
      out_.line(std::string(name) + " " + std::to_string(*value) + ";");
    }
  }
  void time(std::string_view name, const std::optional<Duration>& value) {
    if (value) {
      out_.line(std::string(name) + " " + time_text(*value) + ";");
    }
  }
  void unit_time(std::string_view name, const std::optional<Duration>& value) {
    if (value) {
      out_.line(std::string(name) + " " + unit_time_text(*value) + ";");
    }
  }
  void text(std::string_view name, const std::string& value) {
    if (!value.empty()) {
      out_.line(std::string(name) + " " + quoted_text(value) + ";");
    }
  }
  void next_hop(std::string_view name, NextHopSelf value, bool even_off = false) {
    static constexpr std::array<std::string_view, 4> kWords{"off", "on", "ibgp", "ebgp"};
    if (value != NextHopSelf::off || even_off) {
      out_.line(std::string(name) + " " + std::string(kWords[static_cast<std::size_t>(value)]) + ";");
    }
  }

 private:
  TextWriter& out_;
};

std::string cease_text(std::uint32_t causes) {
  std::string text;
  for (std::size_t i = 0; causes != intent::kCeaseAll && i < kCeaseCauses.size(); ++i) {
    if ((causes >> i & 1U) != 0) {
      text += (text.empty() ? "{ " : ", ") + std::string(kCeaseCauses[i]);
    }
  }
  return text.empty() ? "on" : text + " }";
}

void print_ends(TextWriter& out, const BgpIntent& bgp) {
  std::string local = "local";
  local += bgp.local_address ? " " + net::to_string(*bgp.local_address) : "";
  local += bgp.local_port != 179 ? " port " + std::to_string(bgp.local_port) : "";
  out.line(local + " as " + std::to_string(bgp.local_as) + ";");
  std::string neighbor = "neighbor";
  neighbor += bgp.neighbor_range ? " range " + net::to_string(*bgp.neighbor_range) : "";
  neighbor += bgp.neighbor ? " " + net::to_string(*bgp.neighbor) : "";
  neighbor += bgp.neighbor_port != 179 ? " port " + std::to_string(bgp.neighbor_port) : "";
  if (bgp.remote_internal || bgp.remote_external) {
    neighbor += bgp.remote_internal ? " internal" : " external";
  } else {
    neighbor += " as " + std::to_string(bgp.remote_as);
  }
  out.line(neighbor + ";");
}

void print_session(TextWriter& out, const BgpIntent& bgp) {
  Options options(out);
  options.text("interface", bgp.interface);
  options.text("dynamic name", bgp.dynamic_name);
  options.number("dynamic name digits", bgp.dynamic_name_digits, BgpIntent().dynamic_name_digits);
  options.flag("strict bind", bgp.strict_bind, false);
  options.flag("free bind", bgp.free_bind, false);
  options.flag("passive", bgp.passive, false);
  if (bgp.multihop) {
    out.line(*bgp.multihop ? "multihop " + std::to_string(bgp.multihop_ttl) + ";" : "direct;");
  }
  options.flag("ttl security", bgp.ttl_security, false);
  if (bgp.password) {
    out.line("password " + quoted_text(*bgp.password) + ";");
  }
  options.flag("rr client", bgp.rr_client, false);
  if (bgp.rr_cluster_id) {
    out.line("rr cluster id " + net::router_id_to_string(*bgp.rr_cluster_id) + ";");
  }
  options.flag("rs client", bgp.rs_client, false);
  if (bgp.role && *bgp.role < kRoles.size()) {
    out.line("local role " + std::string(kRoles[*bgp.role]) + ";");
  }
  options.flag("require roles", bgp.require_roles, false);
  options.number("confederation", bgp.confederation);
  options.flag("confederation member", bgp.confederation_member, false);
  options.flag("enable route refresh", bgp.enable_refresh, true);
  options.flag("enable as4", bgp.enable_as4, true);
  options.flag("enable extended messages", bgp.enable_extended_messages, false);
  options.flag("capabilities", bgp.capabilities, true);
  options.flag("advertise hostname", bgp.advertise_hostname, false);
  options.flag("check link", bgp.check_link, false);
}

void print_policy(TextWriter& out, const BgpIntent& bgp) {
  Options options(out);
  if (bgp.allow_local_as == 0xFFFFFFFFU) {
    out.line("allow local as;");
  } else {
    options.number("allow local as", bgp.allow_local_as, 0);
  }
  options.flag("allow as sets", bgp.allow_as_sets, true);
  options.flag("allow bgp_med", bgp.allow_bgp_med, false);
  options.flag("allow bgp_local_pref", bgp.allow_bgp_local_pref, false);
  options.flag("enforce first as", bgp.enforce_first_as, false);
  options.number("default bgp_med", bgp.default_med, 0);
  options.number("default bgp_local_pref", bgp.default_local_pref, 100);
  options.flag("path metric", bgp.path_metric, true);
  options.flag("med metric", bgp.med_metric, false);
  options.flag("igp metric", bgp.igp_metric, true);
  options.flag("deterministic med", bgp.deterministic_med, false);
  options.flag("prefer older", bgp.prefer_older, false);
  options.flag("interpret communities", bgp.interpret_communities, true);
}

void print_times(TextWriter& out, const BgpIntent& bgp) {
  Options options(out);
  options.flag("graceful restart", bgp.graceful_restart);
  options.number("graceful restart time", bgp.graceful_restart_time_s);
  options.flag("long lived graceful restart", bgp.llgr);
  options.number("long lived stale time", bgp.llgr_time_s);
  options.flag("disable after error", bgp.disable_after_error, false);
  if (bgp.disable_after_cease != 0) {
    out.line("disable after cease " + cease_text(bgp.disable_after_cease) + ";");
  }
  options.time("hold time", bgp.hold_time);
  options.time("startup hold time", bgp.startup_hold_time);
  options.time("keepalive time", bgp.keepalive_time);
  options.time("connect delay time", bgp.connect_delay_time);
  options.time("connect retry time", bgp.connect_retry_time);
  if (bgp.error_wait_min || bgp.error_wait_max) {
    // BIRD sets both at once: 60 and 300 s where only one is known.
    out.line("error wait time " + time_text(bgp.error_wait_min.value_or(std::chrono::seconds(60))) + ", " +
             time_text(bgp.error_wait_max.value_or(std::chrono::seconds(300))) + ";");
  }
  options.time("error forget time", bgp.error_forget_time);
}

/// What BIRD 2.0.12 does not know.
void print_extensions(TextWriter& out, const BgpIntent& bgp) {
  Options options(out);
  options.time("send hold time", bgp.send_hold_time);
  options.time("min hold time", bgp.min_hold_time);
  options.time("delay open time", bgp.delay_open_time);
  options.time("limit restart time", bgp.limit_restart_time);
  options.time("graceful restart stale time", bgp.stale_path_time);
  options.flag("graceful restart notification", bgp.restart_notification, true);
  options.flag("graceful shutdown", bgp.graceful_shutdown, false);
  options.flag("unknown well known reset", bgp.unknown_well_known_resets, true);
  options.flag("as override", bgp.as_override, false);
  if (bgp.remove_private_as != intent::RemovePrivateAs::off || bgp.replace_private_as) {
    static constexpr std::array<std::string_view, 4> kWords{"off", "on", "all", "leading"};
    out.line("remove private as " + std::string(kWords[static_cast<std::size_t>(bgp.remove_private_as)]) +
             (bgp.replace_private_as ? " replace;" : ";"));
  }
  options.flag("require policy", bgp.require_policy, true);
  options.flag("require route refresh", bgp.require.route_refresh, false);
  options.flag("require enhanced route refresh", bgp.require.enhanced_refresh, false);
  options.flag("require as4", bgp.require.as4, false);
  options.flag("require extended messages", bgp.require.extended_messages, false);
  options.flag("require hostname", bgp.require.hostname, false);
  options.flag("require graceful restart", bgp.require.graceful_restart, false);
  options.flag("require long lived graceful restart", bgp.require.llgr, false);
}

}  // namespace

void print_bgp(TextWriter& out, const BgpIntent& bgp) {
  print_ends(out, bgp);
  print_session(out, bgp);
  print_policy(out, bgp);
  print_times(out, bgp);
  print_extensions(out, bgp);
  if (bgp.bfd_options != intent::BfdOptions()) {
    out.open("bfd");
    print_bfd_options(out, bgp.bfd_options);
    out.close(";");
    if (!bgp.bfd) {
      out.line("bfd off;");
    }
  } else if (bgp.bfd && !bgp.bfd_graceful) {
    out.line("bfd on;");
  }
  if (bgp.bfd_graceful) {
    out.line("bfd graceful;");
  }
}

void print_bgp_channel(TextWriter& out, const intent::BgpChannelIntent& bgp, Dialect dialect) {
  Options options(out);
  options.next_hop("next hop self", bgp.next_hop_self);
  if (bgp.next_hop_keep) {
    options.next_hop("next hop keep", *bgp.next_hop_keep, true);
  }
  if (bgp.next_hop_address) {
    out.line("next hop address " + net::to_string(*bgp.next_hop_address) + ";");
  }
  if (bgp.gateway != intent::GatewayMode::automatic) {
    out.line(bgp.gateway == intent::GatewayMode::direct ? "gateway direct;" : "gateway recursive;");
  }
  if (bgp.add_paths_receive || bgp.add_paths_send) {
    out.line(bgp.add_paths_receive && bgp.add_paths_send
                 ? "add paths on;"
                 : (bgp.add_paths_send ? "add paths tx;" : "add paths rx;"));
  }
  options.flag("secondary", bgp.secondary, false);
  if (!bgp.igp_table4.empty()) {
    out.line("igp table " + symbol_text(bgp.igp_table4) + ";");
  }
  if (!bgp.igp_table6.empty()) {
    out.line("igp table " + symbol_text(bgp.igp_table6) + ";");
  }
  if (dialect == Dialect::bird1) {
    return;
  }
  options.flag("extended next hop", bgp.extended_next_hop, false);
  options.flag("import table", bgp.import_table, false);
  options.flag("export table", bgp.export_table, false);
  options.flag("mandatory", bgp.mandatory, false);
  options.flag("validate", bgp.validate, true);
  options.flag("graceful restart", bgp.graceful_restart);
  options.flag("long lived graceful restart", bgp.llgr);
  options.number("long lived stale time", bgp.llgr_time_s);
  options.number("cost", bgp.cost, 0);
  if (bgp.aigp) {
    out.line(bgp.aigp_originate ? "aigp originate;" : "aigp on;");
  }
}

void print_bfd_options(TextWriter& out, const intent::BfdOptions& bfd) {
  Options options(out);
  options.unit_time("min rx interval", bfd.rx_interval_min);
  options.unit_time("min tx interval", bfd.tx_interval_min);
  options.unit_time("idle tx interval", bfd.idle_tx_interval);
  options.number("multiplier", bfd.multiplier);
  options.flag("passive", bfd.passive);
  if (!bfd.authentication.empty()) {
    out.line("authentication " + bfd.authentication + ";");
  }
  if (bfd.password) {
    out.line("password " + quoted_text(*bfd.password) + ";");
  }
}

}  // namespace catflap::birdlang
