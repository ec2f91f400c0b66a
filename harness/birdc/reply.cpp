#include "birdc/reply.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace catflap::birdc {

void ReplyWriter::text_line(std::string_view text) {
  const std::size_t start = out_.size();
  out_.append(text);
  std::replace(out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end(), '\n', ' ');
  out_.push_back('\n');
}

void ReplyWriter::line(int code, std::string_view text) {
  if (code == last_code_) {
    out_.push_back(' ');
  } else {
    fmt::format_to(std::back_inserter(out_), "{:04}-", code);
  }
  last_code_ = code;
  text_line(text);
}

void ReplyWriter::end(int code, std::string_view text) {
  fmt::format_to(std::back_inserter(out_), "{:04} ", code);
  last_code_ = -1;
  text_line(text);
}

void ReplyWriter::async(std::string_view text) {
  out_.push_back('+');
  text_line(text);
}

void ReplyWriter::end_with(std::string_view line_with_code) {
  last_code_ = -1;
  text_line(line_with_code);
}

void write_welcome(ReplyWriter& out, std::string_view version) {
  out.end(1, fmt::format("BIRD {} ready.", version));
}

void write_status(ReplyWriter& out, Format format, const Clock& clock, const StatusView& status) {
  out.line(1000, "BIRD " + status.version);
  out.line(1011, "Router ID is " + status.router_id);
  if (format == Format::bird2) {
    out.line(1011, "Hostname is " + status.hostname);
  }
  out.line(1011, "Current server time is " + format_long_time(format, clock, status.server_time));
  out.line(1011, "Last reboot on " + format_long_time(format, clock, status.last_reboot));
  out.line(1011, "Last reconfiguration on " + format_long_time(format, clock, status.last_reconfiguration));
  if (const auto& recovery = status.graceful_restart) {
    const auto left_ms = recovery->wait.left / std::chrono::milliseconds(1);
    const auto total_s = recovery->wait.total / std::chrono::seconds(1);
    out.line(24, "Graceful restart recovery in progress");
    out.line(24, fmt::format("  Waiting for {} {} to recover", recovery->waiting_for,
                             format == Format::bird2 ? "channels" : "protocols"));
    out.line(24, format == Format::bird2
                     ? fmt::format("  Wait timer is {}.{:03}/{}", left_ms / 1000, left_ms % 1000, total_s)
                     : fmt::format("  Wait timer is {}/{}", left_ms / 1000, total_s));
  }
  out.end(13, status.state);
}

void write_interfaces(ReplyWriter& out, Format, const std::vector<InterfaceView>& interfaces) {
  for (const InterfaceView& view : interfaces) {
    out.line(1001, fmt::format("{} {} (index={}{})", view.name, view.up ? "up" : "down", view.index,
                               view.master.empty() ? "" : " master=" + view.master));
    out.line(1004, fmt::format("\t{}{}MTU={}", fmt::join(view.flags, " "), view.flags.empty() ? "" : " ",
                               view.mtu));
    for (const InterfaceView::Address& address : view.addresses) {
      out.line(1003, fmt::format("\t{} ({}{}{}{}{}scope {})", net::to_string(address.address), address.role,
                                 address.role.empty() ? "" : ", ", address.peer.empty() ? "" : "opposite ",
                                 address.peer, address.peer.empty() ? "" : ", ", address.scope));
    }
  }
  out.end();
}

namespace {

/// The first address of the family that is the preferred one, as text; BIRD shows no link-local address here.
std::string preferred_address(const InterfaceView& view, net::Family family) {
  for (const auto& address : view.addresses) {
    if (address.address.addr.family() == family &&
        (address.role == "Preferred" || address.role == "Primary") &&
        !(family == net::Family::ipv6 && address.address.addr.is_link_local())) {
      return net::to_string(address.address);
    }
  }
  return "";
}

}  // namespace

void write_interfaces_summary(ReplyWriter& out, Format format, const std::vector<InterfaceView>& interfaces) {
  if (format == Format::bird2) {
    out.line(2005,
             fmt::format("{:<10} {:<6} {:<18} {}", "Interface", "State", "IPv4 address", "IPv6 address"));
  } else {
    out.line(2005, "interface state address");
  }
  for (const InterfaceView& view : interfaces) {
    const std::string v4 = preferred_address(view, net::Family::ipv4);
    const std::string v6 = preferred_address(view, net::Family::ipv6);
    const char* state = view.up ? "up" : "down";
    out.line(1005, format == Format::bird2
                       ? fmt::format("{:<10} {:<6} {:<18} {}", view.name, state, v4, v6)
                       : fmt::format("{:<9} {:<5} {}", view.name, state, v4.empty() ? v6 : v4));
  }
  out.end();
}

namespace {

/// BIRD's four digits with a unit: "61.0 kB", "4444.0  B" (1.6: "35 kB", "192  B").
std::string memory_text(Format format, std::uint64_t octets) {
  static constexpr std::array<const char*, 4> kUnits{" B", "kB", "MB", "GB"};
  std::size_t unit = 0;
  if (format == Format::bird1) {
    while (octets >= 10240 && unit + 1 < kUnits.size()) {
      octets = (octets + 512) / 1024;
      ++unit;
    }
    return fmt::format("{} {}", octets, kUnits[unit]);
  }
  double value = static_cast<double>(octets);
  while (value >= 10000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace

void write_memory(ReplyWriter& out, Format format, const std::vector<MemoryRow>& rows) {
  out.line(1018, "BIRD memory usage");
  if (format == Format::bird2) {
    out.line(1018, fmt::format("{:18}Effective    Overhead", ""));
  }
  MemoryRow total{"Total", 0, 0};
  const auto print = [&](const MemoryRow& row) {
    const std::string effective = memory_text(format, row.effective);
    if (format == Format::bird2) {
      out.line(1018, fmt::format("{:<17} {:>9}   {:>9}", row.name + ":", effective,
                                 memory_text(format, row.overhead)));
    } else {
      out.line(1018, fmt::format("{:<17} {:>7}", row.name + ":",
                                 memory_text(format, row.effective + row.overhead)));
    }
  };
  for (const MemoryRow& row : rows) {
    print(row);
    total.effective += row.effective;
    total.overhead += row.overhead;
  }
  print(total);
  out.end();
}

void write_symbols(ReplyWriter& out, const std::vector<SymbolView>& symbols) {
  for (const SymbolView& symbol : symbols) {
    out.line(1010, fmt::format("{:<8}\t{}", symbol.name, symbol.kind));
  }
  out.end();
}

void write_symbol(ReplyWriter& out, const SymbolView& symbol) {
  out.end(1010, fmt::format("{:<8}\t{}", symbol.name, symbol.kind));
}

void write_static_routes(ReplyWriter& out, Format format, const std::vector<StaticRouteView>& routes) {
  for (const StaticRouteView& route : routes) {
    const std::string prefix = net::to_string(route.prefix);
    const std::string dormant = route.active ? "" : " (dormant)";
    const char* separator = format == Format::bird2 ? "\t" : " ";
    if (route.recursive) {
      out.line(1009, prefix + separator + "recursive " + net::to_string(*route.recursive) + dormant);
      continue;
    }
    if (route.type != observe::RouteType::unicast) {
      out.line(1009, fmt::format("{}{}{}{}", prefix, separator, observe::to_string(route.type), dormant));
      continue;
    }
    const auto hop_text = [](const observe::NextHopView& hop) {
      std::string text = hop.via ? "via " + net::to_string(*hop.via) : "dev " + hop.interface;
      if (hop.via && !hop.interface.empty() && hop.via->is_link_local()) {
        text += "%" + hop.interface;
      }
      return text + (hop.onlink ? " onlink" : "");
    };
    if (format == Format::bird1 && route.next_hops.size() == 1) {
      out.line(1009, prefix + " " + hop_text(route.next_hops.front()) + dormant);
      continue;
    }
    out.line(1009, prefix + (format == Format::bird1 ? " multipath" : ""));
    for (const auto& hop : route.next_hops) {
      out.line(1009, "\t" + hop_text(hop) + dormant);
    }
  }
}

void write_static_roa(ReplyWriter& out, const RouteWriter::Roa& roa) {
  out.line(1009, fmt::format("{}-{} AS{}\t", net::to_string(roa.prefix), roa.length_max, roa.asn));
}

void write_roa(ReplyWriter& out, const net::Prefix& prefix, std::uint8_t length_max, std::uint32_t asn) {
  out.line(1019, fmt::format("{} max {} as {}", net::to_string(prefix), length_max, asn));
}

void write_bfd_sessions(ReplyWriter& out, Format format, const Clock& clock, std::string_view protocol,
                        const std::vector<BfdSessionView>& sessions) {
  out.line(1020, fmt::format("{}:", protocol));
  out.line(1020, fmt::format("{:<25} {:<10} {:<10} {:<12} {:>9} {:>8}", "IP address", "Interface", "State",
                             "Since", "Interval", "Timeout"));
  const auto seconds = [](Duration value) {
    const auto ms = value / std::chrono::milliseconds(1);
    return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  };
  for (const BfdSessionView& session : sessions) {
    out.line(1020, fmt::format("{:<25} {:<10} {:<10} {:<12} {:>8} {:>8}", net::to_string(session.peer),
                               session.interface.empty() ? "---" : session.interface, session.state,
                               format_short_time(format, clock, session.since), seconds(session.interval),
                               seconds(session.timeout)));
  }
  out.end();
}

void write_act(ReplyWriter& out, std::string_view protocol, ActOutcome outcome) {
  static constexpr std::array<std::pair<int, const char*>, 7> kOutcomes{{{8, "already disabled"},
                                                                         {9, "disabled"},
                                                                         {10, "already enabled"},
                                                                         {11, "enabled"},
                                                                         {12, "restarted"},
                                                                         {15, "reloading"},
                                                                         {8006, "reload failed"}}};
  const auto& [code, text] = kOutcomes.at(static_cast<std::size_t>(outcome));
  out.line(code, fmt::format("{}: {}", protocol, text));
}

}  // namespace catflap::birdc
