#include <algorithm>
#include <array>
#include <utility>

#include "base/overloaded.hpp"
#include "birdlang/parser.hpp"

namespace catflap::birdlang {
namespace {

constexpr std::array<std::string_view, 9> kKinds{"device", "direct", "kernel", "static", "bgp",
                                                 "pipe",   "bfd",    "mrt",    "bmp"};
constexpr std::array<std::string_view, 8> kOtherKinds{"ospf", "rip",  "babel", "radv",
                                                      "rpki", "perf", "l3vpn", "aggregator"};

}  // namespace

Draft Parser::new_draft(const std::string& kind) const {
  Draft draft;
  draft.kind = kind;
  draft.protocol.debug = router_.debug_protocols;
  draft.protocol.mrtdump = router_.mrtdump_protocols;
  if (kind == "device") {
    draft.protocol.body = intent::DeviceIntent();
  } else if (kind == "direct") {
    draft.protocol.body = intent::DirectIntent();
  } else if (kind == "kernel") {
    intent::KernelIntent kernel;
    if (old_) {
      kernel.metric = 0;
    }
    draft.protocol.body = kernel;
  } else if (kind == "static") {
    draft.protocol.body = intent::StaticIntent();
  } else if (kind == "bgp") {
    draft.protocol.body = intent::BgpIntent();
  } else if (kind == "pipe") {
    draft.protocol.body = intent::PipeIntent();
  } else if (kind == "mrt") {
    draft.protocol.body = intent::MrtIntent();
  } else if (kind == "bmp") {
    draft.protocol.body = intent::BmpIntent();
  } else {
    draft.protocol.body = intent::BfdIntent();
  }
  const bool flat =
      old_ ? kind != "device" && kind != "bfd" && kind != "mrt" && kind != "bmp" : kind == "pipe";
  if (flat) {
    intent::ChannelIntent channel;
    channel.family = options_.family;
    channel.table = old_ ? "master" : "";
    channel.debug = router_.debug_channels;
    if (!old_) {
      channel.export_filter = intent::FilterRef::all();  // BIRD 2's pipe passes everything both ways.
    }
    draft.protocol.channels.push_back(std::move(channel));
    draft.channels.emplace_back();
  }
  return draft;
}

/// "bgp1", "bgp2", ...: the counter of a kind skips names that are taken.
std::string Parser::automatic_name(const std::string& kind) {
  for (;;) {
    std::string candidate = kind + std::to_string(++counters_[kind]);
    if (symbols_.emplace(candidate, SymbolKind::protocol).second) {
      return candidate;
    }
  }
}

void Parser::protocol(bool is_template) {
  const Token at = peek();
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](std::string_view item) { return words(item); });
  if (kind == kKinds.end()) {
    for (const std::string_view other : kOtherKinds) {
      if (is_word(other)) {
        fail_here("protocol " + std::string(other) +
                      " is not supported; use device, direct, kernel, static, bgp, pipe, bfd, mrt or bmp",
                  Errc::unsupported);
      }
    }
    unknown_statement("the kinds of protocols");
  }
  Draft draft = new_draft(std::string(*kind));
  std::string protocol_name;
  if (!is("{") && !(is_word("from") && !is("{", 1))) {
    protocol_name = new_name(is_template ? SymbolKind::template_ : SymbolKind::protocol, "a protocol");
  } else if (is_template) {
    unexpected("the name of the template");
  } else {
    protocol_name = automatic_name(std::string(*kind));
  }
  if (words("from")) {
    const Token base_at = peek();
    const std::string base = name("the name of a template or protocol");
    const auto found = drafts_.find(base);
    if (found == drafts_.end()) {
      fail_token(base_at, "template or protocol '" + base + "' is not defined");
    }
    if (found->second.kind != draft.kind) {
      fail_token(base_at,
                 "'" + base + "' is a " + found->second.kind + " protocol, but " + draft.kind + " is needed");
    }
    draft = found->second;
    draft.protocol.where = {};
    for (Draft::ChannelState& state : draft.channels) {
      state.inherited = true;
    }
  }
  draft.protocol.name = protocol_name;
  draft.protocol.where = source_.where(at);
  expect("{");
  while (!accept("}")) {
    if (!accept(";")) {
      protocol_item(draft);
      end_statement();
    }
  }
  accept(";");
  if (!is_template) {
    finish_protocol(draft, at);
    router_.protocols.push_back(draft.protocol);
  }
  drafts_.insert_or_assign(protocol_name, std::move(draft));
}

void Parser::protocol_item(Draft& draft) {
  if (common_item(draft)) {
    return;
  }
  const bool done = std::visit(overloaded{
                                   [&](intent::DeviceIntent& body) { return device_item(body); },
                                   [&](intent::DirectIntent& body) { return direct_item(body); },
                                   [&](intent::KernelIntent& body) { return kernel_item(body); },
                                   [&](intent::StaticIntent& body) { return static_item(body); },
                                   [&](intent::PipeIntent& body) { return pipe_item(draft, body); },
                                   [&](intent::BgpIntent& body) { return bgp_item(body); },
                                   [&](intent::BfdIntent& body) { return bfd_item(body); },
                                   [&](intent::MrtIntent& body) { return mrt_item(body); },
                                   [&](intent::BmpIntent& body) { return bmp_item(body); },
                               },
                               draft.protocol.body);
  if (done) {
    return;
  }
  if (channel_start(draft)) {
    return;
  }
  if ((old_ || draft.kind == "pipe") && !draft.channels.empty() && channel_item(draft, 0)) {
    return;
  }
  for (const std::string_view word : {"import", "export", "table", "preference"}) {
    if (!old_ && is_word(word)) {
      fail_here("syntax error, '" + std::string(word) + "' belongs into a channel: write 'ipv4 { " +
                std::string(word) + " ...; };' or 'ipv6 { ... };'");
    }
  }
  unknown_statement("protocol " + draft.kind);
}

bool Parser::common_item(Draft& draft) {
  intent::ProtocolIntent& protocol = draft.protocol;
  if (words("disabled")) {
    protocol.disabled = boolean();
  } else if (words("debug")) {
    protocol.debug = debug_flags();
  } else if (words("mrtdump")) {
    protocol.mrtdump = flags({"states", "messages"});
  } else if (words("router id")) {
    protocol.router_id = router_id();
  } else if (words("description")) {
    protocol.description = text();
  } else if (words("vrf default")) {
    protocol.vrf.clear();
    protocol.vrf_default = true;
  } else if (words("vrf")) {
    protocol.vrf = text();
    protocol.vrf_default = false;
  } else {
    return false;
  }
  return true;
}

bool Parser::device_item(intent::DeviceIntent& device) {
  if (words("scan time")) {
    device.scan_time = seconds();
  } else if (words("interface")) {
    intent::PreferredAddress preferred;
    preferred.interfaces = interfaces();
    if (accept("{")) {
      while (!accept("}")) {
        if (accept(";")) {
          continue;
        }
        if (!words("preferred")) {
          unknown_statement("interface of protocol device");
        }
        preferred.addresses.push_back(address());
        end_statement();
      }
    }
    device.preferred.push_back(std::move(preferred));
  } else if (old_ && words("primary")) {
    intent::PreferredAddress preferred;
    intent::InterfacePattern pattern;
    if (peek().kind == TokenKind::text) {
      pattern.glob = text();
    } else {
      pattern.glob = "*";
    }
    preferred.interfaces.push_back(std::move(pattern));
    preferred.addresses.push_back(is("/", 1) ? prefix().addr() : address());
    device.preferred.push_back(std::move(preferred));
  } else {
    return false;
  }
  return true;
}

bool Parser::direct_item(intent::DirectIntent& direct) {
  if (words("interface")) {
    const auto more = interfaces();
    direct.interfaces.insert(direct.interfaces.end(), more.begin(), more.end());
  } else if (words("check link")) {
    direct.check_link = boolean();
  } else {
    return false;
  }
  return true;
}

bool Parser::kernel_item(intent::KernelIntent& kernel) {
  if (words("scan time")) {
    kernel.scan_time = seconds();
  } else if (old_ && words("learn all")) {
    kernel.learn = true;
    kernel.learn_all = true;
  } else if (words("learn")) {
    kernel.learn = boolean();
    kernel.learn_all = false;
  } else if (words("persist")) {
    kernel.persist = boolean();
  } else if (words("graceful restart")) {
    kernel.graceful_restart = boolean();
  } else if (words("merge paths")) {
    kernel.merge_paths = is_word("limit") ? true : boolean();
    if (words("limit")) {
      kernel.merge_paths_limit = number_in(1, 255, "merge paths limit");
    }
  } else if (words("max paths external")) {
    kernel.max_paths_external = number_in(1, 255, "max paths external");
  } else if (words("max paths internal")) {
    kernel.max_paths_internal = number_in(1, 255, "max paths internal");
  } else if (words("as path relax")) {
    kernel.as_path_relax = boolean();
  } else if (words("kernel table")) {
    kernel.kernel_table = number();
  } else if (words("metric")) {
    kernel.metric = number();
  } else if (words("netlink rx buffer")) {
    kernel.netlink_rx_buffer = number();
  } else if (old_ && words("device routes")) {
    kernel.device_routes = boolean();
  } else {
    return false;
  }
  return true;
}

bool Parser::pipe_item(Draft& draft, intent::PipeIntent& pipe) {
  if (words("peer table")) {
    pipe.peer_table = table_name(draft.protocol.channels[0].family, !old_);
  } else if (!old_ && words("table")) {
    const Token at = peek();
    draft.protocol.channels[0].table = table_name(net::Family::ipv4, true);
    for (const intent::TableIntent& table : router_.tables) {
      if (table.name == at.text) {
        draft.protocol.channels[0].family = table.family;
      }
    }
  } else if (old_ && words("mode")) {
    pipe.opaque = words("opaque");
    if (!pipe.opaque) {
      expect_words("transparent");
    }
  } else {
    return false;
  }
  return true;
}

/// One device protocol there is, and one kernel protocol for each table of ours and of the kernel.
void Parser::check_unique(const Draft& draft, const Token& at) const {
  const intent::ProtocolIntent& mine = draft.protocol;
  for (const intent::ProtocolIntent& other : router_.protocols) {
    if (draft.kind == "device" && std::holds_alternative<intent::DeviceIntent>(other.body)) {
      fail_token(at, "kernel device protocol already defined");
    }
    if (draft.kind != "kernel" || !std::holds_alternative<intent::KernelIntent>(other.body) ||
        mine.channels.empty() || other.channels.empty()) {
      continue;
    }
    const intent::ChannelIntent& a = mine.channels.front();
    const intent::ChannelIntent& b = other.channels.front();
    if (a.table == b.table) {
      fail_token(at, "kernel syncer (" + other.name + ") is already attached to table " + a.table);
    }
    if (a.family == b.family && std::get<intent::KernelIntent>(mine.body).kernel_table ==
                                    std::get<intent::KernelIntent>(other.body).kernel_table) {
      fail_token(at, "kernel table " +
                         std::to_string(std::get<intent::KernelIntent>(mine.body).kernel_table) +
                         " is already used by " + other.name);
    }
  }
}

void Parser::finish_protocol(Draft& draft, const Token& at) {
  intent::ProtocolIntent& protocol = draft.protocol;
  if (draft.kind == "bgp") {
    check_bgp(draft, at);
  }
  if (draft.kind == "mrt" || draft.kind == "bmp") {
    check_monitor(draft, at);
  }
  if (draft.kind == "device" || draft.kind == "kernel") {
    check_unique(draft, at);
  }
  if (draft.kind == "pipe") {
    if (protocol.channels[0].receive_limit || protocol.channels[0].import_keep_filtered) {
      fail_token(at,
                 "protocol " + protocol.name + ": a pipe has no receive limit and keeps no filtered routes");
    }
    const std::string& peer = std::get<intent::PipeIntent>(protocol.body).peer_table;
    if (protocol.channels[0].table.empty()) {
      fail_token(at, "protocol " + protocol.name + ": primary routing table not specified");
    }
    if (peer.empty()) {
      fail_token(at, "protocol " + protocol.name + ": secondary routing table not specified");
    }
    if (peer == protocol.channels[0].table) {
      fail_token(at, "protocol " + protocol.name + ": primary table and peer table must be different");
    }
    for (const intent::TableIntent& table : router_.tables) {
      if (table.name == peer && table.family != protocol.channels[0].family) {
        fail_token(at,
                   "protocol " + protocol.name + ": primary table and peer table must have the same type");
      }
    }
  }
  const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body);
  const bool needs_channel = draft.kind == "kernel" || draft.kind == "static";
  if (needs_channel && protocol.channels.empty() && (routes == nullptr || routes->roa_table.empty())) {
    fail_token(at, "protocol " + protocol.name + ": channel not specified; write 'ipv4;' or 'ipv6;'");
  }
  if (routes != nullptr && !protocol.channels.empty()) {
    const net::Family family = protocol.channels.front().family;
    for (const intent::StaticRoute& route : routes->routes) {
      if (route.prefix.family() != family) {
        throw SyntaxError{Error{Errc::invalid,
                                "route " + net::to_string(route.prefix) + " does not fit the channel " +
                                    std::string(net::to_string(family)) + " of protocol " + protocol.name,
                                0, route.where}};
      }
    }
  }
  if (routes != nullptr && protocol.channels.empty() && !routes->routes.empty()) {
    fail_token(
        at, "protocol " + protocol.name + ": its routes stand before the ROA channel, or need 'max N as N'");
  }
}

}  // namespace catflap::birdlang
