#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::LimitAction;
using intent::NextHopSelf;

/// `ipv4;` or `ipv4 { ... }` of dialect 2. False if no channel starts here.
bool Parser::channel_start(Draft& draft) {
  if (old_ || draft.kind == "device" || draft.kind == "bfd" || draft.kind == "pipe") {
    return false;
  }
  const Token at = peek();
  for (const std::string_view other : {"ipv4 multicast", "ipv6 multicast", "ipv4 mpls", "ipv6 mpls",
                                       "ipv6 sadr", "vpn4", "vpn6", "flow4", "flow6"}) {
    if (words(other)) {
      fail_token(at, "channel " + std::string(other) + " is not supported; use ipv4 or ipv6",
                 Errc::unsupported);
    }
  }
  if (auto* routes = std::get_if<intent::StaticIntent>(&draft.protocol.body)) {
    const bool four = words("roa4");
    if (four || words("roa6")) {
      if (!draft.protocol.channels.empty() || !routes->roa_table.empty() || !accept("{")) {
        fail_token(at, "a static protocol has one channel; write 'roa4 { table NAME; };'");
      }
      expect_words("table");
      const Token table_at = peek();
      const std::string table = name("the name of a table");
      const auto found = router_.roa_families.find(table);
      if (found == router_.roa_families.end() || (found->second == net::Family::ipv4) != four) {
        fail_token(table_at, "'" + table + "' is not a " + (four ? "roa4" : "roa6") + " table");
      }
      routes->roa_table = table;
      expect(";");
      expect("}");
      return true;
    }
  }
  const bool four = words("ipv4");
  if (!four && !words("ipv6")) {
    return false;
  }
  const net::Family family = four ? net::Family::ipv4 : net::Family::ipv6;
  auto& channels = draft.protocol.channels;
  const auto found =
      std::find_if(channels.begin(), channels.end(),
                   [&](const intent::ChannelIntent& channel) { return channel.family == family; });
  auto index = static_cast<std::size_t>(found - channels.begin());
  if (found == channels.end()) {
    const bool one = draft.kind == "kernel" || draft.kind == "static";
    const auto* routes = std::get_if<intent::StaticIntent>(&draft.protocol.body);
    if ((one && !channels.empty()) || (routes != nullptr && !routes->roa_table.empty())) {
      fail_token(at, "different channel type: protocol " + draft.kind +
                         " has one channel; use another protocol for the other family");
    }
    intent::ChannelIntent channel;
    channel.family = family;
    channel.table = four ? "master4" : "master6";
    channel.debug = router_.debug_channels;
    channels.push_back(std::move(channel));
    draft.channels.emplace_back();
  } else if (!draft.channels[index].inherited) {
    fail_token(at, "multiple " + std::string(net::to_string(family)) + " channels in one protocol");
  }
  draft.channels[index].inherited = false;
  if (accept("{")) {
    while (!accept("}")) {
      if (!channel_item(draft, index)) {
        unknown_statement("a channel of protocol " + draft.kind);
      }
      end_statement();
    }
  }
  return true;
}

bool Parser::channel_item(Draft& draft, std::size_t index) {
  intent::ChannelIntent& channel = draft.protocol.channels[index];
  Draft::ChannelState& state = draft.channels[index];
  if (channel_limit(channel)) {
    return true;
  }
  if (words("import keep filtered")) {
    channel.import_keep_filtered = boolean();
  } else if (draft.kind == "bgp" && !old_ && words("import table")) {
    channel.bgp.import_table = boolean();
  } else if (draft.kind == "bgp" && !old_ && words("export table")) {
    channel.bgp.export_table = boolean();
  } else if (words("import")) {
    channel.import_filter = filter_ref();
    state.import_set = true;
  } else if (words("export")) {
    channel.export_filter = filter_ref();
    state.export_set = true;
  } else if (words("table")) {
    channel.table = table_name(channel.family);
  } else if (words("preference")) {
    channel.preference = number_in(0, 65535, "preference");
  } else if (!old_ && words("rpki reload")) {
    channel.rpki_reload = boolean();
  } else if (!old_ && words("debug")) {
    channel.debug = debug_flags();
  } else {
    return draft.kind == "bgp" && bgp_channel_item(channel.bgp);
  }
  return true;
}

bool Parser::channel_limit(intent::ChannelIntent& channel) {
  if (old_ && words("route limit")) {  // the old name
    channel.import_limit = limit();
    return true;
  }
  if (words("receive limit")) {
    channel.receive_limit = limit();
  } else if (words("import limit")) {
    channel.import_limit = limit();
  } else if (words("export limit")) {
    channel.export_limit = limit();
  } else {
    return false;
  }
  return true;
}

std::optional<intent::Limit> Parser::limit() {
  if (words("off")) {
    return std::nullopt;
  }
  intent::Limit result;
  result.routes = number();
  if (words("action")) {
    if (words("warn")) {
      result.action = LimitAction::warn;
    } else if (words("block")) {
      result.action = LimitAction::block;
    } else if (words("restart")) {
      result.action = LimitAction::restart;
    } else if (words("disable")) {
      result.action = LimitAction::disable;
    } else {
      unknown_statement("the actions of a limit");
    }
  }
  return result;
}

/// `all`, `none`, `filter NAME`, `filter { ... }`, `where EXPR`.
intent::FilterRef Parser::filter_ref() {
  if (words("all")) {
    return intent::FilterRef::all();
  }
  if (words("none")) {
    return intent::FilterRef::none();
  }
  using Kind = intent::FilterRef::Kind;
  if (words("where")) {
    operators_ = 0;
    frame_ = Frame();
    frame_.scopes.emplace_back();
    return {Kind::filter, where_filter(expression())};
  }
  if (!words("filter")) {
    unexpected("'all', 'none', 'filter' or 'where'");
  }
  const Token at = peek();
  if (at.kind == TokenKind::symbol || at.kind == TokenKind::quoted_symbol) {
    const auto found = router_.filters.find(std::string(at.text));
    if (found != router_.filters.end()) {
      take();
      return {Kind::filter, found->second};
    }
    if (is(";", 1)) {
      fail_token(at,
                 "filter '" + std::string(at.text) + "' is not defined; filters must stand before their use");
    }
  }
  frame_ = Frame();
  frame_.scopes.emplace_back();
  return {Kind::filter, make_filter("", body())};
}

bool Parser::bgp_channel_next_hop(intent::BgpChannelIntent& bgp) {
  const auto mode = [&] {
    if (words("ibgp")) {
      return NextHopSelf::ibgp;
    }
    if (words("ebgp")) {
      return NextHopSelf::ebgp;
    }
    return boolean() ? NextHopSelf::on : NextHopSelf::off;
  };
  if (words("next hop self")) {
    bgp.next_hop_self = mode();
  } else if (words("next hop keep")) {
    bgp.next_hop_keep = mode();
  } else if (words("next hop address")) {
    bgp.next_hop_address = address();
  } else {
    return false;
  }
  return true;
}

bool Parser::bgp_channel_item(intent::BgpChannelIntent& bgp) {
  if (bgp_channel_next_hop(bgp)) {
    return true;
  }
  if (words("gateway direct")) {
    bgp.gateway = intent::GatewayMode::direct;
  } else if (words("gateway recursive")) {
    bgp.gateway = intent::GatewayMode::recursive;
  } else if (words("add paths rx")) {
    bgp.add_paths_receive = true;
    bgp.add_paths_send = false;
  } else if (words("add paths tx")) {
    bgp.add_paths_receive = false;
    bgp.add_paths_send = true;
  } else if (words("add paths")) {
    bgp.add_paths_receive = bgp.add_paths_send = boolean();
  } else if (words("secondary")) {
    bgp.secondary = boolean();
  } else if (words("igp table")) {
    const Token at = peek();
    const std::string table = table_name(net::Family::ipv4, true);
    for (const intent::TableIntent& item : router_.tables) {
      if (item.name == at.text) {
        (item.family == net::Family::ipv4 ? bgp.igp_table4 : bgp.igp_table6) = table;
      }
    }
  } else if (words("missing lladdr self") || words("missing lladdr drop") || words("missing lladdr ignore")) {
    // What to do where no link-local address is known: BIRD 2 warns and does nothing, and we know it always.
  } else if (old_) {
    return false;
  } else if (words("extended next hop")) {
    bgp.extended_next_hop = boolean();
  } else if (words("mandatory")) {
    bgp.mandatory = boolean();
  } else if (is_word("validate")) {
    fail_here("validate option limited to flowspec channels");
  } else if (is_word("next") && is_word("hop", 1) && is_word("prefer", 2)) {
    fail_here("'next hop prefer' is not supported", Errc::unsupported);
  } else if (words("graceful restart")) {
    bgp.graceful_restart = boolean();
  } else if (words("long lived graceful restart")) {
    bgp.llgr = boolean();
  } else if (words("long lived stale time")) {
    bgp.llgr_time_s = number();
  } else if (words("cost")) {
    bgp.cost = number_in(1, 0xFFFFFFFFU, "cost");
  } else if (words("aigp originate")) {
    bgp.aigp = bgp.aigp_originate = true;
  } else if (words("aigp")) {
    bgp.aigp = boolean();
    bgp.aigp_originate = false;
  } else {
    return false;
  }
  return true;
}

}  // namespace catflap::birdlang
