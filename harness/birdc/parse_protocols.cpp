#include <algorithm>
#include <string>
#include <utility>

#include "birdc/parse.hpp"
#include "birdc/text.hpp"

namespace catflap::birdc {
namespace {

using observe::CapabilitiesView;
using observe::ChangeCounters;
using observe::ChannelView;
using observe::ProtocolKind;
using observe::ProtocolState;
using observe::ProtocolView;
using observe::SessionState;
using observe::SessionView;

tl::unexpected<Error> not_understood(std::string_view line) {
  return fail(Errc::protocol, "show protocols: unexpected line '" + std::string(line.substr(0, 120)) + "'");
}

std::vector<std::string> strings(std::string_view text) {
  std::vector<std::string> result;
  for (const std::string_view word : text::words(text)) {
    result.emplace_back(word);
  }
  return result;
}

template <class T>
bool set_number(std::string_view text, T& into) {
  const auto value = text::number<T>(text);
  into = value.value_or(T{});
  return value.has_value();
}

/// 1.6 tells the neighbour's capabilities in words, of its one family.
CapabilitiesView capabilities_of_words(std::string_view words) {
  CapabilitiesView caps;
  const std::vector<std::string> family{"ipv4"};
  for (const std::string_view word : text::words(words)) {
    caps.route_refresh |= word == "refresh";
    caps.enhanced_refresh |= word == "enhanced-refresh";
    caps.llgr |= word.starts_with("llgr-");
    caps.as4 |= word == "AS4";
    caps.extended_message |= word == "ext-messages";
    if (word.starts_with("restart-")) {
      caps.restart_time_s = 0;
    }
    if (word == "restart-able") {
      caps.gr_families = family;
    } else if (word == "llgr-able") {
      caps.llgr_families = family;
    } else if (word == "add-path-rx") {
      caps.add_path_rx = family;
    } else if (word == "add-path-tx") {
      caps.add_path_tx = family;
    }
  }
  return caps;
}

/// "3 imported, 2 filtered, 15 exported, 3 preferred".
bool route_counts(std::string_view value, ChannelView& channel) {
  const auto parts = text::words(value);
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const auto count = text::number<std::uint64_t>(parts[i]);
    std::string_view what = parts[i + 1];
    if (!what.empty() && what.back() == ',') {
      what.remove_suffix(1);
    }
    if (!count) {
      return false;
    }
    if (what == "imported") {
      channel.imported = *count;
    } else if (what == "filtered") {
      channel.filtered = *count;
      channel.keeps_filtered = true;
    } else if (what == "exported") {
      channel.exported = *count;
    } else if (what == "preferred") {
      channel.preferred = *count;
    }
  }
  return !parts.empty() && parts.size() % 2 == 0;
}

/// "10.0.0.1", or "fe80::1%eth0".
bool neighbor_address(std::string_view value, SessionView& session) {
  const auto zone = value.find('%');
  const auto peer = net::IpAddr::parse(value.substr(0, zone));
  if (!peer) {
    return false;
  }
  session.peer = *peer;
  session.peer_interface = zone == std::string_view::npos ? "" : value.substr(zone + 1);
  return true;
}

bool next_hop_addresses(std::string_view value, ChannelView& channel) {
  const auto addresses = text::words(value);
  const auto first =
      addresses.empty() ? Result<net::IpAddr>(net::IpAddr()) : net::IpAddr::parse(addresses[0]);
  if (addresses.empty() || addresses.size() > 2 || !first) {
    return false;
  }
  channel.bgp_next_hop = *first;
  if (addresses.size() == 2) {
    const auto second = net::IpAddr::parse(addresses[1]);
    if (!second) {
      return false;
    }
    channel.bgp_next_hop_link_local = *second;
  }
  return true;
}

}  // namespace

std::optional<observe::TimerView> parse_timer(std::string_view value) {
  const auto slash = value.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view left = value.substr(0, slash);
  const auto dot = left.find('.');
  const auto seconds = text::number<std::uint32_t>(left.substr(0, dot));
  std::uint32_t milliseconds = 0;
  if (dot != std::string_view::npos) {
    const auto fraction = text::number<std::uint32_t>(left.substr(dot + 1));
    if (!fraction || left.size() - dot - 1 != 3) {
      return std::nullopt;
    }
    milliseconds = *fraction;
  }
  const auto total =
      value.substr(slash + 1) == "-" ? 0U : text::number<std::uint32_t>(value.substr(slash + 1));
  if (!seconds || !total) {
    return std::nullopt;
  }
  return observe::TimerView{std::chrono::seconds(*seconds) + std::chrono::milliseconds(milliseconds),
                            std::chrono::seconds(*total)};
}

Status ProtocolParser::line(int code, std::string_view line) {
  switch (code) {
    case 2002:
      format_ = line.starts_with("name") ? Format::bird1 : Format::bird2;
      return {};
    case 1002:
      return row(line);
    case 1006:
      return protocols_.empty() ? Status(not_understood(line)) : detail(line);
    default:
      return not_understood(line);
  }
}

std::vector<ProtocolView> ProtocolParser::take() {
  finish_protocol();
  return std::exchange(protocols_, {});
}

/// In 1.6 the one channel gets its family from the neighbour, which comes behind it.
void ProtocolParser::finish_protocol() {
  if (protocols_.empty() || format_ == Format::bird2) {
    return;
  }
  ProtocolView& protocol = protocols_.back();
  for (ChannelView& channel : protocol.channels) {
    if (protocol.session) {
      channel.family = protocol.session->peer.family();
    }
    channel.name = net::to_string(channel.family);
  }
}

Status ProtocolParser::row(std::string_view line) {
  finish_protocol();
  std::string_view rest = line;
  ProtocolView protocol;
  protocol.name = text::take_word(rest);
  const std::string_view kind = text::take_word(rest);
  protocol.kind = observe::parse_protocol_kind(kind);
  protocol.table = text::take_word(rest);
  const auto state = observe::parse_protocol_state(text::take_word(rest));
  std::string_view since_text = text::take_word(rest);
  // "timeformat protocol iso long" has a blank in it.
  std::string_view after = rest;
  const std::string_view next = text::take_word(after);
  const std::string both = std::string(since_text) + " " + std::string(next);
  auto since = parse_time(clock_, both);
  if (since) {
    rest = after;
  } else {
    since = parse_time(clock_, since_text);
  }
  if (!state || !since || protocol.name.empty()) {
    return not_understood(line);
  }
  protocol.state = *state;
  protocol.since = *since;
  if (protocol.kind == ProtocolKind::bgp) {
    SessionView& session = protocol.session.emplace();
    std::string_view error = rest;
    if (const auto session_state = observe::parse_session_state(text::take_word(error))) {
      session.state = *session_state;
      session.last_error = text::trim(error);
    } else {
      session.last_error = text::trim(rest);
    }
  } else {
    protocol.info = text::trim(rest);
  }
  protocols_.push_back(std::move(protocol));
  section_ = Section::protocol;
  block_ = Block::none;
  return {};
}

ChannelView* ProtocolParser::channel() {
  auto& channels = protocols_.back().channels;
  if (format_ == Format::bird1 && channels.empty()) {
    ChannelView& channel = channels.emplace_back();
    channel.table = protocols_.back().table;
    channel.up = protocols_.back().state == ProtocolState::up;
  }
  return channels.empty() ? nullptr : &channels.back();
}

Status ProtocolParser::detail(std::string_view line) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  const std::string_view content = line.substr(indent);
  if (content.empty()) {
    return {};
  }
  if (format_ == Format::bird2) {
    if (std::string_view name = content; indent == 2 && text::take_prefix(name, "Channel ")) {
      ChannelView& channel = protocols_.back().channels.emplace_back();
      channel.name = name;
      channel.family = name.find('6') == std::string_view::npos ? net::Family::ipv4 : net::Family::ipv6;
      section_ = Section::channel;
      return {};
    }
    if (indent == 4 && (content == "Local capabilities" || content == "Neighbor capabilities")) {
      const bool local = content == "Local capabilities";
      section_ = local ? Section::local_capabilities : Section::peer_capabilities;
      block_ = Block::none;
      if (protocols_.back().session) {
        auto& session = *protocols_.back().session;
        (local ? session.local_capabilities : session.peer_capabilities).emplace();
      }
      return {};
    }
    const bool capabilities =
        section_ == Section::local_capabilities || section_ == Section::peer_capabilities;
    if (capabilities && indent > 4) {
      return capability_line(indent, content) ? Status() : not_understood(line);
    }
    section_ = capabilities ? Section::protocol : section_;
  }
  const auto colon = std::min(content.find(':'), content.size());
  const std::string_view key = content.substr(0, colon);
  const std::string_view value = text::trim(content.substr(std::min(colon + 1, content.size())));
  const bool of_channel = format_ == Format::bird1 || section_ == Section::channel;
  // In 1.6 channel and session are told apart by their keys: they have none in common.
  const bool understood = (of_channel ? channel_line(key, value) : true) &&
                          (section_ == Section::channel ? true : protocol_line(key, value));
  return understood ? Status() : not_understood(line);
}

bool ProtocolParser::protocol_line(std::string_view key, std::string_view value) {
  ProtocolView& protocol = protocols_.back();
  if (key == "Description") {
    protocol.description = value;
  } else if (protocol.session) {
    return session_line(key, value);
  }
  return true;
}

bool ProtocolParser::session_line(std::string_view key, std::string_view value) {
  SessionView& session = *protocols_.back().session;
  if (key == "Message") {
    session.message = value;
  } else if (key == "BGP state") {
    const auto state = observe::parse_session_state(value);
    session.state = state.value_or(SessionState::down);
    return state.has_value();
  } else if (key == "Neighbor address") {
    return neighbor_address(value, session);
  } else if (key == "Neighbor AS") {
    return set_number(value, session.peer_as);
  } else if (key == "Local AS") {
    return set_number(value, session.local_as);
  } else if (key == "Neighbor ID") {
    const auto id = net::IpAddr::parse(value);
    session.peer_id = id && id->is_v4() ? id->v4_value() : 0;
    return id && id->is_v4();
  } else if (key == "Neighbor caps") {
    session.peer_capabilities = capabilities_of_words(value);
  } else if (key == "Session") {
    session.session_flags = strings(value);
    if (format_ == Format::bird1 && value.starts_with("internal")) {
      session.local_as = session.peer_as;
    }
  } else if (key == "Source address") {
    const auto source = net::IpAddr::parse(value);
    session.source_address = source ? std::optional(*source) : std::nullopt;
    return source.has_value();
  } else if (key == "Neighbor graceful restart active") {
    session.graceful_restart_active = true;
  } else if (key == "Last error") {
    session.last_error = value;
  } else {
    return session_timer(key, value);
  }
  return true;
}

bool ProtocolParser::session_timer(std::string_view key, std::string_view value) {
  SessionView& session = *protocols_.back().session;
  std::optional<observe::TimerView>* timer = key == "Hold timer"        ? &session.hold_timer
                                             : key == "Keepalive timer" ? &session.keepalive_timer
                                             : key == "Connect delay"   ? &session.connect_delay
                                             : key == "Restart timer"   ? &session.restart_timer
                                             : key == "Error wait"      ? &session.error_wait
                                                                        : nullptr;
  if (timer == nullptr) {
    return true;
  }
  *timer = parse_timer(value);
  return timer->has_value();
}

bool ProtocolParser::channel_line(std::string_view key, std::string_view value) {
  const bool is_import_filter = key == "Input filter" || key == "Import filter";  // a pipe has its own words
  const bool is_export_filter = key == "Output filter" || key == "Export filter";
  const bool known = key == "State" || key == "Table" || key == "Peer table" || key == "Preference" ||
                     is_import_filter || is_export_filter || key == "Routes" || key == "GR recovery" ||
                     key == "Neighbor GR" || key == "BGP Next hop" || key.ends_with(" limit") ||
                     key == "Action" || key.starts_with("IGP ") || key.starts_with("Import ") ||
                     key.starts_with("Export ");
  ChannelView* view = known ? channel() : nullptr;
  if (view == nullptr) {
    return true;
  }
  if (key == "State") {
    view->up = value == "UP";
    view->state = value == "UP" || value == "DOWN" ? "" : value;
  } else if (key == "Table") {
    view->table = value;
  } else if (key == "Peer table") {
    view->peer_table = value;
  } else if (key == "Import state") {
    view->up = value != "down";
  } else if (key == "Preference") {
    return set_number(value, view->preference);
  } else if (is_import_filter) {
    view->import_filter = value;
  } else if (is_export_filter) {
    view->export_filter = value;
  } else if (key == "Routes") {
    return route_counts(value, *view);
  } else if (key == "GR recovery") {
    view->gr_recovery = value;
  } else if (key == "Neighbor GR") {
    view->neighbor_gr = value;
  } else if (key == "BGP Next hop") {
    return next_hop_addresses(value, *view);
  } else if (key.ends_with(" limit")) {
    std::string_view rest = value;
    ChannelView::LimitView& limit = view->limits.emplace_back();
    limit.direction = key.substr(0, key.size() - 6);
    const bool understood = set_number(text::take_word(rest), limit.routes);
    limit.hit = rest == "[HIT]";
    return understood;
  } else if (key == "Action") {
    if (!view->limits.empty()) {
      view->limits.back().action = value;
    }
  } else if (key.starts_with("IGP ")) {
    view->igp_table = value;
  } else {
    return counter_line(key, value);
  }
  return true;
}

bool ProtocolParser::counter_line(std::string_view key, std::string_view value) {
  ChannelView& view = *channel();
  ChangeCounters* counters = key == "Import updates"     ? &view.import_updates
                             : key == "Import withdraws" ? &view.import_withdraws
                             : key == "Export updates"   ? &view.export_updates
                             : key == "Export withdraws" ? &view.export_withdraws
                                                         : nullptr;
  if (counters == nullptr) {
    return true;
  }
  const auto columns = text::words(value);
  if (columns.size() < 5) {
    return false;
  }
  std::uint64_t* fields[] = {&counters->received, &counters->rejected, &counters->filtered,
                             &counters->ignored, &counters->accepted};
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    if (columns[i] != "---" && !set_number(columns[i], *fields[i])) {
      return false;
    }
  }
  return true;
}

bool ProtocolParser::capability_line(std::size_t indent, std::string_view line) {
  if (!protocols_.back().session) {
    return true;
  }
  SessionView& session = *protocols_.back().session;
  auto& slot =
      section_ == Section::local_capabilities ? session.local_capabilities : session.peer_capabilities;
  CapabilitiesView& caps = *slot;
  const auto colon = std::min(line.find(':'), line.size());
  const std::string_view key = line.substr(0, colon);
  const std::string_view value = text::trim(line.substr(std::min(colon + 1, line.size())));
  if (indent <= 6) {
    block_ = key == "Graceful restart"              ? Block::graceful_restart
             : key == "Long-lived graceful restart" ? Block::llgr
                                                    : Block::none;
    caps.route_refresh |= key == "Route refresh";
    caps.enhanced_refresh |= key == "Enhanced refresh";
    caps.extended_message |= key == "Extended message";
    caps.as4 |= key == "4-octet AS numbers";
    caps.llgr |= block_ == Block::llgr;
    if (block_ == Block::graceful_restart) {
      caps.restart_time_s = 0;
    } else if (key == "Hostname") {
      caps.host_name = value;
    } else if (key == "Role") {
      caps.role = value;
    }
    return true;
  }
  if (key == "AF announced") {
    caps.families = strings(value);
  } else if (key == "IPv6 nexthop") {
    caps.extended_next_hop = strings(value);
  } else if (key == "Restart time") {
    return set_number(value, caps.restart_time_s.emplace());
  } else if (key == "Restart recovery") {
    caps.restarting = true;
  } else if (key == "LL stale time") {
    return set_number(value, caps.llgr_stale_time_s.emplace());
  } else if (key == "AF supported") {
    (block_ == Block::llgr ? caps.llgr_families : caps.gr_families) = strings(value);
  } else if (key == "AF preserved") {
    (block_ == Block::llgr ? caps.llgr_preserved : caps.gr_preserved) = strings(value);
  } else if (key == "RX") {
    caps.add_path_rx = strings(value);
  } else if (key == "TX") {
    caps.add_path_tx = strings(value);
  }
  return true;
}

}  // namespace catflap::birdc
