#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {
namespace {

/// RFC 9234 §4.1 by BIRD's names.
constexpr std::array<std::string_view, 5> kRoles{"provider", "rs_server", "rs_client", "customer", "peer"};

constexpr std::uint32_t kUnlimited = 0xFFFFFFFFU;

}  // namespace

bool Parser::bgp_item(intent::BgpIntent& bgp) {
  return bgp_identity(bgp) || bgp_timer(bgp) || bgp_restart(bgp) || bgp_extension(bgp) || bgp_session(bgp) ||
         bgp_policy(bgp);
}

bool Parser::bgp_identity(intent::BgpIntent& bgp) {
  if (words("local role")) {
    for (std::size_t i = 0; i < kRoles.size(); ++i) {
      if (words(kRoles[i])) {
        bgp.role = static_cast<std::uint8_t>(i);
        return true;
      }
    }
    unknown_statement("the roles of RFC 9234");
  }
  if (words("local")) {
    while (!is(";")) {
      if (words("as")) {
        bgp.local_as = number();
      } else if (words("port")) {
        bgp.local_port = static_cast<std::uint16_t>(number_in(1, 65535, "port"));
      } else {
        bgp.local_address = address();
      }
    }
    return true;
  }
  if (words("neighbor")) {
    return bgp_neighbor(bgp);
  }
  if (words("source address")) {
    bgp.local_address = address();
  } else if (words("interface")) {
    bgp.interface = text();
  } else if (words("strict bind")) {
    bgp.strict_bind = boolean();
  } else if (words("free bind")) {
    bgp.free_bind = boolean();
  } else if (words("confederation member")) {
    bgp.confederation_member = boolean();
  } else if (words("confederation")) {
    bgp.confederation = number();
  } else if (words("dynamic name digits")) {
    bgp.dynamic_name_digits = static_cast<std::uint8_t>(number_in(0, 10, "dynamic name digits"));
  } else if (words("dynamic name")) {
    bgp.dynamic_name = text();
  } else {
    return false;
  }
  return true;
}

bool Parser::bgp_neighbor(intent::BgpIntent& bgp) {
  const auto check_one = [&] {
    if (bgp.neighbor || bgp.neighbor_range) {
      fail_here("only one neighbor per BGP instance is allowed");
    }
  };
  while (!is(";")) {
    if (words("as")) {
      bgp.remote_as = number();
      bgp.remote_internal = bgp.remote_external = false;
    } else if (words("port")) {
      bgp.neighbor_port = static_cast<std::uint16_t>(number_in(1, 65535, "port"));
    } else if (!old_ && words("internal")) {
      bgp.remote_internal = true;
      bgp.remote_external = false;
      bgp.remote_as = 0;
    } else if (!old_ && words("external")) {
      bgp.remote_external = true;
      bgp.remote_internal = false;
      bgp.remote_as = 0;
    } else if (!old_ && words("range")) {
      check_one();
      bgp.neighbor_range = prefix();
    } else {
      check_one();
      bgp.neighbor = address();
      if (accept("%")) {
        bgp.interface = peek().kind == TokenKind::text ? text() : name("the name of an interface");
      }
    }
  }
  return true;
}

bool Parser::bgp_timer(intent::BgpIntent& bgp) {
  if (is_word("min") && is_word("keepalive", 1)) {
    fail_here("'min keepalive time' is not supported", Errc::unsupported);
  }
  if (words("hold time")) {
    const Token at = peek();
    bgp.hold_time = seconds();
    if (*bgp.hold_time > Duration(0) && *bgp.hold_time < std::chrono::seconds(3)) {
      fail_token(at, "hold time must be 0 or at least 3");
    }
    if (*bgp.hold_time > std::chrono::seconds(65535)) {
      fail_token(at, "hold time must be at most 65535");
    }
  } else if (words("startup hold time")) {
    bgp.startup_hold_time = seconds();
  } else if (words("keepalive time")) {
    const Token at = peek();
    bgp.keepalive_time = seconds();
    if (*bgp.keepalive_time == Duration(0) && !old_) {
      fail_token(at, "keepalive time must be positive");
    }
  } else if (words("connect delay time") || words("start delay time")) {
    bgp.connect_delay_time = seconds();
  } else if (words("connect retry time")) {
    bgp.connect_retry_time = seconds();
  } else if (words("error forget time")) {
    bgp.error_forget_time = seconds();
  } else if (words("error wait time")) {
    bgp.error_wait_min = seconds();
    expect(",");
    bgp.error_wait_max = seconds();
  } else {
    return false;
  }
  return true;
}

bool Parser::bgp_restart(intent::BgpIntent& bgp) {
  if (words("graceful restart aware")) {
    bgp.graceful_restart.reset();
  } else if (words("graceful restart time")) {
    bgp.graceful_restart_time_s = static_cast<std::uint16_t>(number_in(0, 4095, "graceful restart time"));
  } else if (words("graceful restart stale time")) {
    bgp.stale_path_time = seconds();
  } else if (words("graceful restart notification")) {
    bgp.restart_notification = boolean();
  } else if (words("graceful restart")) {
    bgp.graceful_restart = boolean();
  } else if (words("long lived graceful restart aware")) {
    bgp.llgr.reset();
  } else if (words("long lived graceful restart")) {
    bgp.llgr = boolean();
  } else if (words("long lived stale time")) {
    bgp.llgr_time_s = number_in(0, 0xFFFFFFU, "long lived stale time");
  } else if (words("disable after error")) {
    bgp.disable_after_error = boolean();
  } else if (words("disable after cease")) {
    bgp.disable_after_cease = cease_causes();
  } else if (words("bfd")) {
    bgp_bfd(bgp);
  } else if (words("check link")) {
    bgp.check_link = boolean();
  } else {
    return false;
  }
  return true;
}

/// What BIRD 2.0.12 does not know: options of later versions, and our own (README).
bool Parser::bgp_extension(intent::BgpIntent& bgp) {
  if (words("send hold time")) {
    bgp.send_hold_time = seconds();
  } else if (words("min hold time")) {
    bgp.min_hold_time = seconds();
  } else if (words("delay open time")) {
    const std::uint32_t value = number();
    bgp.delay_open_time =
        words("ms") ? Duration(std::chrono::milliseconds(value)) : Duration(std::chrono::seconds(value));
  } else if (words("limit restart time")) {
    bgp.limit_restart_time = seconds();
  } else if (words("graceful shutdown")) {
    bgp.graceful_shutdown = boolean();
  } else if (words("unknown well known reset")) {
    bgp.unknown_well_known_resets = boolean();
  } else if (words("as override")) {
    bgp.as_override = boolean();
  } else if (words("remove private as")) {
    bgp_remove_private_as(bgp);
  } else if (words("require policy")) {
    bgp.require_policy = boolean();
  } else if (words("require enhanced route refresh")) {
    bgp.require.enhanced_refresh = boolean();
  } else if (words("require route refresh")) {
    bgp.require.route_refresh = boolean();
  } else if (words("require as4")) {
    bgp.require.as4 = boolean();
  } else if (words("require extended messages")) {
    bgp.require.extended_messages = boolean();
  } else if (words("require hostname")) {
    bgp.require.hostname = boolean();
  } else if (words("require graceful restart")) {
    bgp.require.graceful_restart = boolean();
  } else if (words("require long lived graceful restart")) {
    bgp.require.llgr = boolean();
  } else {
    return false;
  }
  return true;
}

/// `remove private as [on|off|all|leading] [replace]`
void Parser::bgp_remove_private_as(intent::BgpIntent& bgp) {
  bgp.remove_private_as = intent::RemovePrivateAs::only;
  if (words("all")) {
    bgp.remove_private_as = intent::RemovePrivateAs::all;
  } else if (words("leading")) {
    bgp.remove_private_as = intent::RemovePrivateAs::leading;
  } else if (!is(";") && !is_word("replace") && !boolean()) {
    bgp.remove_private_as = intent::RemovePrivateAs::off;
  }
  bgp.replace_private_as = words("replace");
}

/// `on`, `off` or `{ prefix limit hit, administrative reset }`.
std::uint32_t Parser::cease_causes() {
  if (!accept("{")) {
    return boolean() ? intent::kCeaseAll : 0;
  }
  std::uint32_t causes = 0;
  do {
    const auto cause = std::find_if(kCeaseCauses.begin(), kCeaseCauses.end(),
                                    [&](std::string_view phrase) { return words(phrase); });
    if (cause == kCeaseCauses.end()) {
      unknown_statement("the causes of RFC 4486");
    }
    causes |= std::uint32_t{1} << static_cast<unsigned>(cause - kCeaseCauses.begin());
  } while (accept(","));
  expect("}");
  return causes;
}

void Parser::bgp_bfd(intent::BgpIntent& bgp) {
  bgp.bfd_graceful = false;
  if (words("graceful")) {
    bgp.bfd = bgp.bfd_graceful = true;
    return;
  }
  if (!accept("{")) {
    bgp.bfd = boolean();
    return;
  }
  bgp.bfd = true;
  while (!accept("}")) {
    if (accept(";")) {
      continue;
    }
    if (is_word("authentication") || is_word("password")) {
      fail_here("authentication belongs into 'protocol bfd'");
    }
    if (!bfd_option(bgp.bfd_options)) {
      unknown_statement("the options of BFD");
    }
    end_statement();
  }
}

bool Parser::bgp_session(intent::BgpIntent& bgp) {
  if (words("direct")) {
    bgp.multihop = false;
  } else if (words("multihop")) {
    bgp.multihop = true;
    bgp.multihop_ttl = 64;
    if (!is(";")) {
      bgp.multihop_ttl = static_cast<std::uint8_t>(number_in(1, 255, "multihop"));
    }
  } else if (words("ttl security")) {
    bgp.ttl_security = boolean();
  } else if (words("passive")) {
    bgp.passive = boolean();
  } else if (words("password")) {
    bgp.password = text();
  } else if (words("setkey")) {
    boolean();  // Only FreeBSD's kernel has the keys elsewhere; on Linux this says nothing.
  } else if (words("rr client")) {
    bgp.rr_client = boolean();
  } else if (words("rr cluster id")) {
    bgp.rr_cluster_id = router_id();
  } else if (words("rs client")) {
    bgp.rs_client = boolean();
  } else if (words("require roles")) {
    bgp.require_roles = boolean();
  } else if (words("enable route refresh")) {
    bgp.enable_refresh = boolean();
  } else if (words("enable as4")) {
    bgp.enable_as4 = boolean();
  } else if (words("enable extended messages")) {
    bgp.enable_extended_messages = boolean();
  } else if (words("capabilities")) {
    bgp.capabilities = boolean();
  } else if (words("advertise hostname")) {
    bgp.advertise_hostname = boolean();
  } else {
    return false;
  }
  return true;
}

bool Parser::bgp_policy(intent::BgpIntent& bgp) {
  if (words("allow local as")) {
    bgp.allow_local_as = is(";") ? kUnlimited : number();
  } else if (words("allow as sets")) {
    bgp.allow_as_sets = boolean();
  } else if (words("allow bgp_med")) {
    bgp.allow_bgp_med = boolean();
  } else if (words("allow bgp_local_pref")) {
    bgp.allow_bgp_local_pref = boolean();
  } else if (words("enforce first as")) {
    bgp.enforce_first_as = boolean();
  } else if (words("default bgp_med")) {
    bgp.default_med = number();
  } else if (words("default bgp_local_pref")) {
    bgp.default_local_pref = number();
  } else if (words("path metric")) {
    bgp.path_metric = boolean();
  } else if (words("med metric")) {
    bgp.med_metric = boolean();
  } else if (words("igp metric")) {
    bgp.igp_metric = boolean();
  } else if (words("deterministic med")) {
    bgp.deterministic_med = boolean();
  } else if (words("prefer older")) {
    bgp.prefer_older = boolean();
  } else if (words("interpret communities")) {
    bgp.interpret_communities = boolean();
  } else {
    return false;
  }
  return true;
}

/// What BIRD's bgp_postconfig refuses.
void Parser::check_bgp(const Draft& draft, const Token& at) const {
  const intent::ProtocolIntent& protocol = draft.protocol;
  const auto& bgp = std::get<intent::BgpIntent>(protocol.body);
  const auto refuse = [&](const std::string& message) {
    fail_token(at, "protocol " + protocol.name + ": " + message);
  };
  if (bgp.local_as == 0) {
    refuse("local AS number must be set; write 'local as N;'");
  }
  if (!bgp.neighbor && !bgp.neighbor_range) {
    refuse("neighbor must be configured; write 'neighbor ADDRESS as N;'");
  }
  if (bgp.remote_as == 0 && !bgp.remote_internal && !bgp.remote_external) {
    refuse("remote AS number must be set; write 'neighbor ADDRESS as N;'");
  }
  const std::uint32_t remote_as = bgp.remote_internal ? bgp.local_as : bgp.remote_as;
  if (remote_as > 0xFFFF && !(bgp.capabilities && bgp.enable_as4)) {
    // Our own number may be any: the peer is told AS_TRANS (RFC 6793 §4.2.3). Another's could not be checked.
    refuse("neighbor AS " + std::to_string(remote_as) + " does not fit 16 bits, and AS4 is not available: " +
           (bgp.capabilities ? "'enable as4 off'" : "'capabilities off'"));
  }
  const bool internal = bgp.remote_internal || bgp.remote_as == bgp.local_as;
  const bool interior = internal || bgp.confederation_member;
  if (bgp.rr_client && !internal) {
    refuse("only an internal neighbor can be a route reflector client");
  }
  if (bgp.rs_client && internal) {
    refuse("only an external neighbor can be a route server client");
  }
  if (bgp.neighbor && bgp.local_address && bgp.neighbor->family() != bgp.local_address->family()) {
    refuse("local address " + net::to_string(*bgp.local_address) + " and neighbor address " +
           net::to_string(*bgp.neighbor) + " must be of the same type");
  }
  if (old_ && bgp.neighbor && bgp.neighbor->family() != options_.family) {
    refuse("neighbor address must be " + std::string(net::to_string(options_.family)));
  }
  const bool link_local = bgp.neighbor && bgp.neighbor->is_v6() && bgp.neighbor->is_link_local();
  if (link_local && bgp.interface.empty()) {
    refuse(
        "a link-local neighbor address requires an interface; write '%NAME' behind it or 'interface "
        "\"NAME\";'");
  }
  const bool multihop = bgp.multihop.value_or(internal);
  if (link_local && multihop) {
    refuse("a multihop session cannot have a link-local neighbor address; write 'direct;'");
  }
  if (!bgp.interface.empty() && multihop) {
    refuse("a multihop session cannot be bound to an interface; write 'direct;'");
  }
  if (multihop && bgp.check_link) {
    refuse("a multihop session cannot depend on link state");
  }
  if (bgp.role && internal) {
    refuse("local role cannot be set on internal sessions");
  }
  if (bgp.require_roles && !bgp.role) {
    refuse("'require roles' needs 'local role'");
  }
  if (bgp.strict_bind && !bgp.local_address && bgp.interface.empty()) {
    refuse("'strict bind' needs a local address");
  }
  if (bgp.confederation_member && !bgp.confederation) {
    refuse("confederation ID must be set for member sessions");
  }
  for (const intent::ChannelIntent& channel : protocol.channels) {
    const bool sorted = std::any_of(
        router_.tables.begin(), router_.tables.end(),
        [&](const intent::TableIntent& table) { return table.name == channel.table && table.sorted; });
    if (channel.bgp.secondary && !sorted) {
      refuse("'secondary' requires a sorted table; write 'sorted' behind the table's name");
    }
  }
  for (std::size_t i = 0; i < protocol.channels.size(); ++i) {
    const Draft::ChannelState& state = draft.channels[i];
    if (!old_ && !interior && bgp.require_policy && (!state.import_set || !state.export_set)) {
      refuse(std::string("an external session requires an explicit ") +
             (state.import_set ? "export" : "import") + " policy in channel " +
             std::string(net::to_string(protocol.channels[i].family)) +
             " (RFC 8212), or 'require policy off;'");
    }
  }
}

}  // namespace catflap::birdlang
