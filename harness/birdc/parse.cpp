#include "birdc/parse.hpp"

#include <utility>

#include "birdc/text.hpp"

namespace catflap::birdc {
namespace {

tl::unexpected<Error> unexpected_line(std::string_view line) {
  constexpr std::size_t kShown = 120;
  std::string message = "control socket: unexpected line '";
  message.append(line.substr(0, kShown));
  return fail(Errc::protocol, message + "'");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Result<std::optional<ReplyLine>> ReplyReader::next() {
  const auto line = lines_.next();
  if (!line) {
    return std::optional<ReplyLine>();
  }
  if (!line->empty() && line->front() == '+') {
    return ReplyLine{ReplyLine::Kind::async, 0, line->substr(1)};
  }
  if (!line->empty() && line->front() == ' ' && code_ >= 0) {
    return ReplyLine{ReplyLine::Kind::more, code_, line->substr(1)};
  }
  const bool has_code = line->size() >= 5 && is_digit((*line)[0]) && is_digit((*line)[1]) &&
                        is_digit((*line)[2]) && is_digit((*line)[3]) &&
                        ((*line)[4] == ' ' || (*line)[4] == '-');
  if (!has_code) {
    return unexpected_line(*line);
  }
  const int code = text::number<int>(line->substr(0, 4)).value_or(0);
  const bool last = (*line)[4] == ' ';
  code_ = last ? -1 : code;
  return ReplyLine{last ? ReplyLine::Kind::last : ReplyLine::Kind::more, code, line->substr(5)};
}

Result<std::vector<Reply>> parse_replies(std::string_view octets) {
  ReplyReader reader;
  std::vector<Reply> replies;
  Reply reply;
  if (auto fed = reader.feed(octets); !fed) {
    return fail(std::move(fed).error());
  }
  while (true) {
    auto line = reader.next();
    if (!line) {
      return fail(std::move(line).error());
    }
    if (!*line) {
      return replies;
    }
    if ((*line)->kind == ReplyLine::Kind::async) {
      continue;
    }
    reply.lines.push_back({(*line)->code, std::string((*line)->text)});
    if ((*line)->kind == ReplyLine::Kind::last) {
      replies.push_back(std::exchange(reply, {}));
    }
  }
}

std::optional<std::string> parse_welcome(std::string_view line) {
  std::string_view rest = line;
  if (!text::take_prefix(rest, "BIRD ")) {
    return std::nullopt;
  }
  const auto ready = rest.rfind(" ready.");
  if (ready == std::string_view::npos || ready == 0) {
    return std::nullopt;
  }
  std::string_view version = rest.substr(0, ready);
  // Calico's own BIRD says "v0.3.3+birdv1.6.8": what counts is BIRD's part.
  if (const auto bird = version.find("birdv"); bird != std::string_view::npos) {
    version.remove_prefix(bird + 5);
  }
  return std::string(version);
}

Format format_of_version(std::string_view version) {
  return version.starts_with("1.") || version.starts_with("v1.") ? Format::bird1 : Format::bird2;
}

namespace {

/// One line of `show status`; false if it is not understood.
bool status_line(const Clock& clock, std::string_view line, StatusView& status) {
  const auto time = [&](std::string_view value, Instant& into) {
    const auto at = parse_time(clock, value);
    into = at.value_or(Instant());
    return at.has_value();
  };
  if (text::take_prefix(line, "BIRD ")) {
    status.version = line;
  } else if (text::take_prefix(line, "Router ID is ")) {
    status.router_id = line;
  } else if (text::take_prefix(line, "Hostname is ")) {
    status.hostname = line;
  } else if (text::take_prefix(line, "Current server time is ")) {
    return time(line, status.server_time);
  } else if (text::take_prefix(line, "Last reboot on ")) {
    return time(line, status.last_reboot);
  } else if (text::take_prefix(line, "Last reconfiguration on ")) {
    return time(line, status.last_reconfiguration);
  } else if (line == "Graceful restart recovery in progress") {
    status.graceful_restart = StatusView::Recovery{};
  } else if (status.graceful_restart && text::take_prefix(line, "  Waiting for ")) {
    const auto waiting = text::number<std::uint32_t>(text::take_word(line));
    status.graceful_restart->waiting_for = waiting.value_or(0);
    return waiting.has_value();
  } else if (status.graceful_restart && text::take_prefix(line, "  Wait timer is ")) {
    const auto timer = parse_timer(line);
    status.graceful_restart->wait = timer.value_or(observe::TimerView());
    return timer.has_value();
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<StatusView> parse_status(const Clock& clock, const Reply& reply) {
  StatusView status;
  if (reply.code() != 13) {
    return unexpected_line(reply.text());
  }
  for (const Reply::Line& line : reply.lines) {
    if (&line == &reply.lines.back()) {
      status.state = line.text;
    } else if (!status_line(clock, line.text, status)) {
      return unexpected_line(line.text);
    }
  }
  return status;
}

namespace {

/// "eth0 up (index=2 master=br0)".
bool interface_heading(std::string_view line, InterfaceView& view) {
  view.name = text::take_word(line);
  const std::string_view state = text::take_word(line);
  view.up = state == "up";
  if (!text::take_prefix(line, "(index=") || line.empty() || line.back() != ')') {
    return false;
  }
  line.remove_suffix(1);
  const auto index = text::number<std::uint32_t>(text::take_word(line));
  view.index = index.value_or(0);
  if (text::take_prefix(line, "master=")) {
    view.master = line;
  }
  return index && (view.up || state == "down");
}

/// "\tMultiAccess Broadcast AdminUp LinkUp MTU=1500".
bool interface_flags(std::string_view line, InterfaceView& view) {
  if (!text::take_prefix(line, "\t")) {
    return false;
  }
  for (std::string_view word : text::words(line)) {
    if (text::take_prefix(word, "MTU=")) {
      view.mtu = text::number<std::uint32_t>(word).value_or(0);
    } else {
      view.flags.emplace_back(word);
    }
  }
  return true;
}

/// "\t10.70.1.1/24 (Preferred, opposite 10.0.0.1, scope site)".
bool interface_address(std::string_view line, InterfaceView& view) {
  if (!text::take_prefix(line, "\t")) {
    return false;
  }
  const auto address = net::InterfaceAddress::parse(text::take_word(line));
  if (!address || line.size() < 2 || line.front() != '(' || line.back() != ')') {
    return false;
  }
  line = line.substr(1, line.size() - 2);
  InterfaceView::Address parsed;
  parsed.address = *address;
  while (!line.empty()) {
    const auto comma = std::min(line.find(", "), line.size());
    std::string_view part = line.substr(0, comma);
    line.remove_prefix(std::min(comma + 2, line.size()));
    if (text::take_prefix(part, "scope ")) {
      parsed.scope = part;
    } else if (text::take_prefix(part, "opposite ")) {
      parsed.peer = part;
    } else {
      parsed.role = part;
    }
  }
  view.addresses.push_back(std::move(parsed));
  return true;
}

}  // namespace

Result<std::vector<InterfaceView>> parse_interfaces(const Reply& reply) {
  std::vector<InterfaceView> interfaces;
  for (const Reply::Line& line : reply.lines) {
    bool understood = true;
    if (line.code == 1001) {
      understood = interface_heading(line.text, interfaces.emplace_back());
    } else if (line.code == 1004 || line.code == 1003) {
      understood =
          !interfaces.empty() && (line.code == 1004 ? interface_flags(line.text, interfaces.back())
                                                    : interface_address(line.text, interfaces.back()));
    } else {
      understood = line.code == 0;
    }
    if (!understood) {
      return unexpected_line(line.text);
    }
  }
  return interfaces;
}

Result<std::vector<SymbolView>> parse_symbols(const Reply& reply) {
  std::vector<SymbolView> symbols;
  for (const Reply::Line& line : reply.lines) {
    if (line.code == 0) {
      continue;
    }
    const auto tab = line.text.find('\t');
    if (line.code != 1010 || tab == std::string::npos) {
      return unexpected_line(line.text);
    }
    symbols.push_back(
        {std::string(text::trim(std::string_view(line.text).substr(0, tab))), line.text.substr(tab + 1)});
  }
  return symbols;
}

namespace {

template <class T, class Parser>
Result<std::vector<T>> parse_with(Parser& parser, const Reply& reply) {
  for (const Reply::Line& line : reply.lines) {
    if (&line == &reply.lines.back()) {
      if (line.code >= 8000) {
        return fail(Errc::invalid, line.text);
      }
      break;
    }
    if (auto understood = parser.line(line.code, line.text); !understood) {
      return fail(std::move(understood).error());
    }
  }
  return parser.take();
}

}  // namespace

Result<std::vector<observe::ProtocolView>> parse_protocols(const Clock& clock, const Reply& reply) {
  ProtocolParser parser(clock);
  return parse_with<observe::ProtocolView>(parser, reply);
}

Result<std::vector<observe::RouteView>> parse_routes(const Clock& clock, const Reply& reply,
                                                     std::string_view table) {
  RouteParser parser(clock);
  parser.set_table(std::string(table));
  return parse_with<observe::RouteView>(parser, reply);
}

}  // namespace catflap::birdc
