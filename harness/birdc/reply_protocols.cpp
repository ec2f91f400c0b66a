#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "birdc/reply.hpp"

namespace catflap::birdc {
namespace {

using observe::CapabilitiesView;
using observe::ChangeCounters;
using observe::ChannelView;
using observe::ProtocolState;
using observe::ProtocolView;
using observe::SessionView;
using observe::TimerView;

constexpr int kDetail = 1006;

/// Writes lines of code 1006 with an indentation.
class Details {
 public:
  Details(ReplyWriter& out, Format format) : out_(out), format_(format) {}

  void text(std::size_t indent, std::string_view line) {
    out_.line(kDetail, std::string(indent, ' ').append(line));
  }
  /// "key:" padded to `width`, then the value.
  void pair(std::size_t indent, std::string_view key, std::size_t width, std::string_view value) {
    out_.line(kDetail, fmt::format("{:{}}{:<{}}{}", "", indent, std::string(key) + ":", width, value));
  }
  void timer(std::string_view key, const std::optional<TimerView>& timer, bool with_total = true) {
    if (!timer) {
      return;
    }
    const auto left_ms = std::max(timer->left, Duration{}) / std::chrono::milliseconds(1);
    const auto total = with_total ? std::to_string(timer->total / std::chrono::seconds(1)) : "-";
    pair(4, key, 18,
         format_ == Format::bird2 ? fmt::format("{}.{:03}/{}", left_ms / 1000, left_ms % 1000, total)
                                  : fmt::format("{}/{}", left_ms / 1000, total));
  }

 private:
  ReplyWriter& out_;
  Format format_;
};

void write_families(Details& out, std::string_view key, const std::vector<std::string>& families) {
  out.text(8, fmt::format("{}:{}{}", key, families.empty() ? "" : " ", fmt::join(families, " ")));
}

void write_capabilities(Details& out, const CapabilitiesView& caps) {
  if (!caps.families.empty()) {
    out.text(6, "Multiprotocol");
    write_families(out, "AF announced", caps.families);
  }
  if (caps.route_refresh) {
    out.text(6, "Route refresh");
  }
  if (!caps.extended_next_hop.empty()) {
    out.text(6, "Extended next hop");
    write_families(out, "IPv6 nexthop", caps.extended_next_hop);
  }
  if (caps.extended_message) {
    out.text(6, "Extended message");
  }
  if (caps.restart_time_s) {
    out.text(6, "Graceful restart");
    if (!caps.gr_families.empty()) {
      out.text(8, fmt::format("Restart time: {}", *caps.restart_time_s));
      if (caps.restarting) {
        out.text(8, "Restart recovery");
      }
      write_families(out, "AF supported", caps.gr_families);
      write_families(out, "AF preserved", caps.gr_preserved);
    }
  }
  if (caps.as4) {
    out.text(6, "4-octet AS numbers");
  }
  if (!caps.add_path_rx.empty() || !caps.add_path_tx.empty()) {
    out.text(6, "ADD-PATH");
    write_families(out, "RX", caps.add_path_rx);
    write_families(out, "TX", caps.add_path_tx);
  }
  if (caps.enhanced_refresh) {
    out.text(6, "Enhanced refresh");
  }
  if (caps.llgr) {
    out.text(6, "Long-lived graceful restart");
    if (!caps.llgr_families.empty()) {
      out.text(8, fmt::format("LL stale time: {}", caps.llgr_stale_time_s.value_or(0)));
      write_families(out, "AF supported", caps.llgr_families);
      write_families(out, "AF preserved", caps.llgr_preserved);
    }
  }
  if (caps.host_name) {
    out.text(6, "Hostname: " + *caps.host_name);
  }
  if (caps.role) {
    out.text(6, "Role: " + *caps.role);
  }
}

/// 1.6 has the neighbour's capabilities in one line.
std::string capability_words(const CapabilitiesView& caps) {
  std::string words;
  const auto add = [&words](bool there, std::string_view word) {
    if (there) {
      words.append(" ").append(word);
    }
  };
  add(caps.route_refresh, "refresh");
  add(caps.enhanced_refresh, "enhanced-refresh");
  add(caps.restart_time_s.has_value(), caps.gr_families.empty() ? "restart-aware" : "restart-able");
  add(caps.llgr, caps.llgr_families.empty() ? "llgr-aware" : "llgr-able");
  add(caps.as4, "AS4");
  add(!caps.add_path_rx.empty(), "add-path-rx");
  add(!caps.add_path_tx.empty(), "add-path-tx");
  add(caps.extended_message, "ext-messages");
  return words;
}

void write_counters(Details& out, std::size_t indent, const ChannelView& channel) {
  const auto number = [](std::uint64_t value) { return fmt::format("{:>10}", value); };
  const std::string none = fmt::format("{:>10}", "---");
  const auto row = [&](std::string_view name, const std::string& first, const std::string& second,
                       const std::string& third, const std::string& fourth, const std::string& fifth) {
    out.text(indent + 2, fmt::format("{:<20}{} {} {} {} {}", name, first, second, third, fourth, fifth));
  };
  out.text(indent, "Route change stats:     received   rejected   filtered    ignored   accepted");
  const ChangeCounters& in = channel.import_updates;
  row("Import updates:", number(in.received), number(in.rejected), number(in.filtered), number(in.ignored),
      number(in.accepted));
  const ChangeCounters& gone = channel.import_withdraws;
  row("Import withdraws:", number(gone.received), number(gone.rejected), none, number(gone.ignored),
      number(gone.accepted));
  const ChangeCounters& sent = channel.export_updates;
  row("Export updates:", number(sent.received), number(sent.rejected), number(sent.filtered), none,
      number(sent.accepted));
  const ChangeCounters& taken = channel.export_withdraws;
  row("Export withdraws:", number(taken.received), none, none, none, number(taken.accepted));
}

void write_limits(Details& out, std::size_t indent, const ChannelView& channel) {
  for (const auto& limit : channel.limits) {
    out.pair(indent, limit.direction + " limit", 16,
             std::to_string(limit.routes) + (limit.hit ? " [HIT]" : ""));
    out.pair(indent + 2, "Action", 14, limit.action);
  }
}

void write_counts(Details& out, std::size_t indent, const ChannelView& channel) {
  const std::string filtered = channel.keeps_filtered ? fmt::format("{} filtered, ", channel.filtered) : "";
  const std::string preferred =
      channel.peer_table.empty() ? fmt::format(", {} preferred", channel.preferred) : "";
  out.pair(
      indent, "Routes", 16,
      fmt::format("{} imported, {}{} exported{}", channel.imported, filtered, channel.exported, preferred));
  write_counters(out, indent, channel);
}

/// What both formats print of a channel; 1.6 prints it without a heading and less indented.
void write_channel_body(Details& out, Format format, const ChannelView& channel, bool with_counts) {
  const std::size_t indent = format == Format::bird2 ? 4 : 2;
  out.pair(indent, "Preference", 16, std::to_string(channel.preference));
  out.pair(indent, "Input filter", 16, channel.import_filter);
  out.pair(indent, "Output filter", 16, channel.export_filter);
  if (!channel.gr_recovery.empty()) {
    out.pair(indent, "GR recovery", 16, channel.gr_recovery);
  }
  write_limits(out, indent, channel);
  if (with_counts) {
    write_counts(out, indent, channel);
  }
}

/// BIRD 2 shows a pipe in words of its own.
void write_pipe(Details& out, const ChannelView& channel) {
  out.text(2, "Channel " + channel.name);
  out.pair(4, "Table", 16, channel.table);
  out.pair(4, "Peer table", 16, channel.peer_table);
  out.pair(4, "Import state", 16, channel.up ? "up" : "down");
  out.pair(4, "Export state", 16, channel.up ? "up" : "down");
  out.pair(4, "Import filter", 16, channel.import_filter);
  out.pair(4, "Export filter", 16, channel.export_filter);
  write_limits(out, 4, channel);
  if (channel.up) {
    write_counts(out, 4, channel);
  }
}

void write_channel(Details& out, const ChannelView& channel) {
  if (!channel.peer_table.empty()) {
    return write_pipe(out, channel);
  }
  const std::string state = !channel.state.empty() ? channel.state : channel.up ? "UP" : "DOWN";
  out.text(2, "Channel " + channel.name);
  out.pair(4, "State", 16, state);
  out.pair(4, "Table", 16, channel.table);
  write_channel_body(out, Format::bird2, channel, state != "DOWN");
  if (!channel.neighbor_gr.empty()) {
    out.pair(4, "Neighbor GR", 16, channel.neighbor_gr);
  }
  if (channel.bgp_next_hop) {
    out.pair(
        4, "BGP Next hop", 16,
        net::to_string(*channel.bgp_next_hop) +
            (channel.bgp_next_hop_link_local ? " " + net::to_string(*channel.bgp_next_hop_link_local) : ""));
  }
  if (!channel.igp_table.empty()) {
    out.pair(4, channel.family == net::Family::ipv4 ? "IGP IPv4 table" : "IGP IPv6 table", 16,
             channel.igp_table);
  }
}

void write_session(Details& out, Format format, ProtocolState state, const SessionView& session) {
  const bool bird2 = format == Format::bird2;
  const std::string zone = session.peer_interface.empty() ? "" : "%" + session.peer_interface;
  out.pair(2, "BGP state", 20, observe::to_string(session.state));
  out.pair(4, "Neighbor address", 18, net::to_string(session.peer) + zone);
  out.pair(4, "Neighbor AS", 18, std::to_string(session.peer_as));
  if (bird2) {
    out.pair(4, "Local AS", 18, std::to_string(session.local_as));
  }
  if (session.graceful_restart_active) {
    out.text(4, "Neighbor graceful restart active");
  }
  if (state == ProtocolState::start) {
    out.timer("Error wait", session.error_wait);
    if (!bird2) {
      out.timer("Restart timer", session.restart_timer, false);
    }
    out.timer("Connect delay", session.connect_delay);
    if (bird2) {
      out.timer("Restart timer", session.restart_timer, false);
    }
  } else if (state == ProtocolState::up) {
    out.pair(4, "Neighbor ID", 18, net::router_id_to_string(session.peer_id));
    if (bird2 && session.local_capabilities) {
      out.text(4, "Local capabilities");
      write_capabilities(out, *session.local_capabilities);
    }
    if (session.peer_capabilities) {
      if (bird2) {
        out.text(4, "Neighbor capabilities");
        write_capabilities(out, *session.peer_capabilities);
      } else {
        out.pair(4, "Neighbor caps", 17, capability_words(*session.peer_capabilities));
      }
    }
    out.pair(4, "Session", 18, fmt::format("{}", fmt::join(session.session_flags, " ")));
    if (session.source_address) {
      out.pair(4, "Source address", 18, net::to_string(*session.source_address));
    }
    out.timer("Hold timer", session.hold_timer);
    out.timer("Keepalive timer", session.keepalive_timer);
  }
  if (!session.last_error.empty() && session.state != observe::SessionState::established) {
    out.pair(4, "Last error", 18, session.last_error);
  }
}

/// State and last error of BGP; the error alone for a protocol that is down.
std::string info_text(const ProtocolView& protocol) {
  if (!protocol.session) {
    return protocol.info;
  }
  const SessionView& session = *protocol.session;
  if (protocol.state == ProtocolState::down) {
    return session.last_error;
  }
  const bool up = session.state == observe::SessionState::established;
  return fmt::format("{:<14}{}", observe::to_string(session.state), up ? "" : session.last_error);
}

/// The peer's table of a pipe; "" of what is none.
std::string peer_table_of(const ProtocolView& protocol) {
  return protocol.channels.empty() ? "" : protocol.channels.front().peer_table;
}

std::string table_of_1_6(const ProtocolView& protocol) {
  return peer_table_of(protocol).empty() ? protocol.table : protocol.channels.front().table;
}

std::string info_of_1_6(const ProtocolView& protocol) {
  return peer_table_of(protocol).empty() ? info_text(protocol) : "=> " + peer_table_of(protocol);
}

}  // namespace

void write_protocols_heading(ReplyWriter& out, Format format) {
  if (format == Format::bird2) {
    out.line(2002, "Name       Proto      Table      State  Since         Info");
  } else {
    out.line(2002, "name     proto    table    state  since       info");
  }
}

void write_protocol_row(ReplyWriter& out, Format format, const Clock& clock, const ProtocolView& protocol) {
  const auto state = observe::to_string(protocol.state);
  const std::string since = format_short_time(format, clock, protocol.since);
  out.line(1002, format == Format::bird2
                     ? fmt::format("{:<10} {:<10} {:<10} {:<6} {:<12}  {}", protocol.name,
                                   observe::to_string(protocol.kind),
                                   protocol.table.empty() ? "---" : protocol.table, state, since,
                                   info_text(protocol))
                     : fmt::format("{:<8} {:<8} {:<8} {:<5}  {:<10}  {}", protocol.name,
                                   observe::to_string(protocol.kind), table_of_1_6(protocol), state, since,
                                   info_of_1_6(protocol)));
}

void write_protocol_details(ReplyWriter& out, Format format, const ProtocolView& protocol) {
  Details details(out, format);
  if (!protocol.description.empty()) {
    details.pair(2, "Description", 16, protocol.description);
  }
  if (protocol.session && !protocol.session->message.empty()) {
    details.pair(2, "Message", 16, protocol.session->message);
  }
  if (format == Format::bird2) {
    if (protocol.session) {
      write_session(details, format, protocol.state, *protocol.session);
    }
    for (const ChannelView& channel : protocol.channels) {
      write_channel(details, channel);
    }
  } else {
    for (const ChannelView& channel : protocol.channels) {
      write_channel_body(details, format, channel, protocol.state != ProtocolState::down);
    }
    if (protocol.session) {
      write_session(details, format, protocol.state, *protocol.session);
    }
  }
  out.line(kDetail, "");
}

void write_protocols(ReplyWriter& out, Format format, const Clock& clock,
                     const std::vector<ProtocolView>& protocols, bool all) {
  write_protocols_heading(out, format);
  for (const ProtocolView& protocol : protocols) {
    write_protocol_row(out, format, clock, protocol);
    if (all) {
      write_protocol_details(out, format, protocol);
    }
  }
  out.end();
}

}  // namespace catflap::birdc
