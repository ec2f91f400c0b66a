#include "runtime/commands.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "bgp/policy/filter.hpp"
#include "birdlang/birdlang.hpp"
#include "runtime/mrt_dump.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {
namespace {

/// What `show` and the banner tell; tools read the version to know which commands and formats there are.
constexpr const char* version_of(birdc::Format format) {
  return format == birdc::Format::bird2 ? "2.0.12" : "1.6.8";
}

unsigned bit(bgp::act::NoteLevel level) {
  return 1U << static_cast<unsigned>(level);
}

constexpr unsigned kAllLevels = 0xFU;

/// Our levels that a class of BIRD's covers.
unsigned levels_of(const std::string& name) {
  using bgp::act::NoteLevel;
  if (name == "debug" || name == "trace") {
    return bit(NoteLevel::debug);
  }
  if (name == "info" || name == "remote") {
    return bit(NoteLevel::info);
  }
  return name == "warning" || name == "auth" ? bit(NoteLevel::warning) : bit(NoteLevel::error);
}

}  // namespace

birdc::Clock CommandRunner::clock() const {
  birdc::Clock clock;
  clock.now = sys::monotonic_now();
  const auto wall = sys::to_wall(clock.now);
  clock.wall_now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm local{};
  if (::localtime_r(&seconds, &local) != nullptr) {
    clock.utc_offset_s = static_cast<std::int32_t>(local.tm_gmtoff);
  }
  return clock;
}

birdc::SymbolKind CommandRunner::symbol(std::string_view name) const {
  const auto intent = daemon_.driver().speaker().intent();
  for (const auto& protocol : daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols) {
    if (protocol.name == name) {
      return birdc::SymbolKind::protocol;
    }
  }
  if (intent == nullptr) {
    return birdc::SymbolKind::undefined;
  }
  for (const intent::TableIntent& table : intent->tables) {
    if (table.name == name) {
      return birdc::SymbolKind::table;
    }
  }
  const std::string key(name);
  if (intent->roa_tables.count(key) != 0) {
    return birdc::SymbolKind::table;
  }
  const bool other = intent->filters.count(key) != 0 || intent->functions.count(key) != 0 ||
                     intent->constants.count(key) != 0;
  return other ? birdc::SymbolKind::other : birdc::SymbolKind::undefined;
}

bool CommandRunner::run(std::string_view line, std::string& out_text) {
  birdc::ReplyWriter out(out_text);
  auto command = birdc::parse_command(line, format_, [this](std::string_view name) { return symbol(name); });
  if (!command) {
    out.end_with(command.error().message);
    return true;
  }
  if (restricted_ && birdc::changes_daemon(*command)) {
    out.end(8007, "Access denied");
    return true;
  }
  bool go_on = true;
  std::visit(overloaded{
                 [&](const birdc::ShowStatus&) { show_status(out); },
                 [&](const birdc::ShowMemory&) { show_memory(out); },
                 [&](const birdc::ShowProtocols& c) { show_protocols(out, c); },
                 [&](const birdc::ShowInterfaces& c) { show_interfaces(out, c.summary); },
                 [&](const birdc::ShowRoute& c) { show_route(out, c); },
                 [&](const birdc::ShowSymbols& c) { show_symbols(out, c); },
                 [&](const birdc::ShowStatic& c) { show_static(out, c); },
                 [&](const birdc::ShowRoa& c) { show_roa(out, c); },
                 [&](const birdc::ShowForeign& c) {
                   out.end(9001, "There is no " + c.protocol + " protocol running");
                 },
                 [&](const birdc::ShowBfdSessions& c) { show_bfd(out, c); },
                 [&](const birdc::Configure& c) { configure(out, c); },
                 [&](const birdc::Act& c) { act(out, c); },
                 [&](const birdc::Down&) {
                   daemon_.shut_down(false);
                   out.end(7, "Shutdown requested");
                 },
                 [&](const birdc::GracefulRestart&) {
                   daemon_.shut_down(true);
                   out.end(25, "Graceful restart requested");
                 },
                 [&](const birdc::Restrict&) {
                   restricted_ = true;
                   out.end(16, "Access restricted");
                 },
                 [&](const birdc::Eval& c) { eval(out, c); },
                 [&](const birdc::Help&) { out.end(0); },
                 [&](const birdc::Quit&) {
                   out.end(0);
                   go_on = false;
                 },
                 [&](const birdc::Echo& c) { echo(out, c); },
                 [&](const birdc::Debug& c) { debug(out, c); },
                 [&](const birdc::MrtDumpFlags& c) { mrt_flags(out, c); },
                 [&](const birdc::MrtDumpTable& c) { mrt_dump(out, c); },
                 [&](const birdc::Dump& c) { dump(out, c); },
             },
             *command);
  return go_on;
}

bool CommandRunner::more(std::string& out) {
  if (!rest_) {
    return false;
  }
  if (!rest_(out)) {
    rest_ = nullptr;
  }
  return true;
}

std::string shown_table(const ControlView& view, const std::string& name) {
  return view.format == birdc::Format::bird1 && (name == "master4" || name == "master6") ? "master" : name;
}

namespace {

/// 1.6 tells in the line of the session what 2.x tells with the capabilities.
void add_path_flags(observe::SessionView& session) {
  if (!session.local_capabilities || !session.peer_capabilities) {
    return;
  }
  const observe::CapabilitiesView& ours = *session.local_capabilities;
  const observe::CapabilitiesView& theirs = *session.peer_capabilities;
  if (!ours.add_path_rx.empty() && !theirs.add_path_tx.empty()) {
    session.session_flags.emplace_back("add-path-rx");
  }
  if (!ours.add_path_tx.empty() && !theirs.add_path_rx.empty()) {
    session.session_flags.emplace_back("add-path-tx");
  }
}

}  // namespace

std::vector<observe::ProtocolView> CommandRunner::protocols() const {
  auto all = daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols;
  std::vector<observe::ProtocolView> shown;
  for (observe::ProtocolView& protocol : all) {
    const bool had_channels = !protocol.channels.empty();
    auto& channels = protocol.channels;
    channels.erase(std::remove_if(channels.begin(), channels.end(),
                                  [&](const auto& channel) { return !view_.shows(channel.family); }),
                   channels.end());
    if (had_channels && channels.empty()) {
      continue;  // of the other family
    }
    if (format_ == birdc::Format::bird1) {
      // Every protocol has one table there, and those without routes have its settings nevertheless.
      if (channels.empty()) {
        constexpr std::uint32_t kDirectPreference = 240;
        channels.emplace_back();
        channels.back().table = "master";
        channels.back().preference = protocol.kind == observe::ProtocolKind::device ? kDirectPreference : 0;
        channels.back().import_filter = "ACCEPT";
        channels.back().export_filter = "REJECT";
      }
      protocol.table = shown_table(view_, channels.front().table);
      if (protocol.session) {
        add_path_flags(*protocol.session);
      }
    }
    shown.push_back(std::move(protocol));
  }
  return shown;
}

void CommandRunner::show_status(birdc::ReplyWriter& out) {
  birdc::StatusView status;
  status.version = version_of(format_);
  status.router_id = net::router_id_to_string(daemon_.driver().speaker().router_id());
  if (const auto intent = daemon_.driver().speaker().intent()) {
    status.hostname = intent->hostname;
  }
  status.server_time = sys::monotonic_now();
  status.last_reboot = daemon_.started();
  status.last_reconfiguration = daemon_.configured();
  if (daemon_.shutting_down()) {
    status.state = "Shutdown in progress";
  }
  birdc::write_status(out, format_, clock(), status);
}

void CommandRunner::show_protocols(birdc::ReplyWriter& out, const birdc::ShowProtocols& command) {
  auto shown = protocols();
  shown.erase(std::remove_if(shown.begin(), shown.end(),
                             [&](const auto& protocol) { return !command.which.matches(protocol.name); }),
              shown.end());
  if (shown.empty() && command.which.kind != birdc::ProtocolSelector::Kind::all) {
    return out.end(8003, "No protocols match");
  }
  birdc::write_protocols(out, format_, clock(), shown, command.all);
}

void CommandRunner::configure(birdc::ReplyWriter& out, const birdc::Configure& command) {
  using Mode = birdc::Configure::Mode;
  switch (command.mode) {
    case Mode::confirm:
      return daemon_.confirm() ? out.end(18, "Reconfiguration confirmed") : out.end(19, "Nothing to do");
    case Mode::undo:
      out.line(21, "Undo requested");
      return daemon_.undo() ? out.end(3, "Reconfigured") : out.end(19, "Nothing to do");
    case Mode::status:
      out.line(3, daemon_.shutting_down() ? "Shutdown in progress" : "Daemon is up and running");
      if (const auto undo_at = daemon_.undo_at()) {
        const auto left =
            std::max(*undo_at - sys::monotonic_now(), Duration{}) / std::chrono::milliseconds(1);
        out.line(22, fmt::format("Configuration unconfirmed, undo in {}.{:03} s", left / 1000, left % 1000));
      }
      return out.end(0);
    case Mode::apply:
    case Mode::soft:
    case Mode::check:
      break;
  }
  const std::string file = command.file.empty() ? daemon_.config_file() : command.file;
  out.line(2, "Reading configuration from " + file);
  auto intent = daemon_.read_config(file);
  if (!intent) {
    const Error& error = intent.error();
    // BIRD's form: one blank between the position and the text.
    return out.end(8002, error.where ? to_string(*error.where) + " " + error.message : error.message);
  }
  if (command.mode == Mode::check) {
    return out.end(20, "Configuration OK");
  }
  if (daemon_.shutting_down()) {
    return out.end(6, "Reconfiguration ignored, shutting down");
  }
  if (command.timeout_s) {
    out.line(22, "Undo scheduled in " + std::to_string(*command.timeout_s) + " s");
  }
  daemon_.apply(std::move(*intent), command.mode == Mode::soft, command.timeout_s);
  out.end(3, "Reconfigured");
}

namespace {

/// What a command does to a protocol; nullopt: nothing, and nothing is said.
std::optional<birdc::ActOutcome> outcome_of(birdc::Act::Verb verb, const observe::ProtocolView& protocol,
                                            birdc::Format format) {
  using Verb = birdc::Act::Verb;
  using Outcome = birdc::ActOutcome;
  using Kind = observe::ProtocolKind;
  const bool down = protocol.state == observe::ProtocolState::down;
  switch (verb) {
    case Verb::enable:
      return down ? Outcome::enabled : Outcome::already_enabled;
    case Verb::disable:
      return down ? Outcome::already_disabled : Outcome::disabled;
    case Verb::restart:
      return down ? Outcome::already_disabled : Outcome::restarted;
    case Verb::reload:
    case Verb::reload_in:
    case Verb::reload_out:
      break;
  }
  if (down) {
    return Outcome::already_disabled;
  }
  if (protocol.state != observe::ProtocolState::up) {
    return std::nullopt;  // it has no routes yet
  }
  const bool bird1 = format == birdc::Format::bird1;
  const bool fixed = protocol.kind == Kind::direct ||
                     (bird1 && (protocol.kind == Kind::static_ || protocol.kind == Kind::device));
  return fixed && verb != Verb::reload_out ? Outcome::reload_failed : Outcome::reloading;
}

/// For the log, in BIRD's words; "" if nothing was done.
std::string_view done_text(birdc::ActOutcome outcome) {
  using Outcome = birdc::ActOutcome;
  switch (outcome) {
    case Outcome::enabled:
      return "Enabling";
    case Outcome::disabled:
      return "Disabling";
    case Outcome::restarted:
      return "Restarting";
    case Outcome::reloading:
      return "Reloading";
    case Outcome::already_disabled:
    case Outcome::already_enabled:
    case Outcome::reload_failed:
      break;
  }
  return "";
}

}  // namespace

void CommandRunner::act(birdc::ReplyWriter& out, const birdc::Act& command) {
  bool any = false;
  for (const observe::ProtocolView& protocol : protocols()) {
    if (!command.which.matches(protocol.name)) {
      continue;
    }
    any = true;
    const auto outcome = outcome_of(command.verb, protocol, format_);
    if (!outcome) {
      continue;
    }
    birdc::write_act(out, protocol.name, *outcome);
    if (const std::string_view text = done_text(*outcome); !text.empty()) {
      daemon_.log(bgp::act::NoteLevel::info, fmt::format("{} protocol {}", text, protocol.name));
      daemon_.driver().tell(
          bgp::ev::Admin{static_cast<bgp::ev::Admin::Verb>(command.verb), protocol.name, command.message});
    }
  }
  any ? out.end(0) : out.end(8003, "No protocols match");
}

void CommandRunner::echo(birdc::ReplyWriter& out, const birdc::Echo& command) {
  echo_.levels = command.all ? kAllLevels : 0;
  for (const std::string& name : command.classes) {
    echo_.levels |= levels_of(name);
  }
  echo_.octets_max = command.buffer_octets.value_or(birdc::kEchoOctetsDefault);
  out.end();
}

void CommandRunner::debug(birdc::ReplyWriter& out, const birdc::Debug& command) {
  bool any = false;
  for (const observe::ProtocolView& protocol : protocols()) {
    if (command.which.matches(protocol.name)) {
      any = true;
      daemon_.set_debug(protocol.name,
                        command.all ? std::vector<std::string>{"states", "events"} : command.flags);
    }
  }
  any ? out.end() : out.end(8003, "No protocols match");
}

void CommandRunner::mrt_flags(birdc::ReplyWriter& out, const birdc::MrtDumpFlags& command) {
  const std::vector<std::string> what =
      command.all ? std::vector<std::string>{"states", "messages"} : command.flags;
  std::vector<std::string> names;
  for (const observe::ProtocolView& protocol : protocols()) {
    if (command.which.matches(protocol.name)) {
      names.push_back(protocol.name);
    }
  }
  if (names.empty()) {
    return out.end(8003, "No protocols match");
  }
  daemon_.set_mrtdump(names, what);
  out.end();
}

void CommandRunner::mrt_dump(birdc::ReplyWriter& out, const birdc::MrtDumpTable& command) {
  if (command.file.empty()) {
    return out.end(9001, "File not specified");
  }
  MrtTableDump::Options options;
  options.table = command.table;
  options.filename = command.file;
  if (command.filter.kind != birdc::FilterText::Kind::none) {
    const std::string prefix = command.filter.kind == birdc::FilterText::Kind::where ? "" : "filter ";
    auto filter =
        birdlang::parse_filter_expression(prefix + command.filter.text, *daemon_.driver().speaker().intent());
    if (!filter) {
      return out.end(9001, filter.error().message);
    }
    options.filter = {intent::FilterRef::Kind::filter, std::move(*filter)};
  }
  go_on_with([this, dump = std::make_shared<MrtTableDump>(std::move(options))](std::string& text) {
    const auto more = dump->step(daemon_.driver().speaker());
    if (more && *more) {
      return true;
    }
    birdc::ReplyWriter writer(text);
    more ? writer.end() : writer.end(8009, to_string(more.error()));
    return false;
  });
}

void CommandRunner::eval(birdc::ReplyWriter& out, const birdc::Eval& command) {
  const auto intent = daemon_.driver().speaker().intent();
  auto expression = birdlang::parse_expression(command.expression, *intent);
  if (!expression) {
    return out.end(9001, expression.error().message);
  }
  bgp::policy::FilterEnvironment environment;
  environment.roa_tables = &intent->roa_tables;
  auto value = bgp::policy::evaluate(**expression, intent->functions, environment, intent->dialect);
  if (!value) {
    return out.end(8008, "runtime error");
  }
  out.end(23, intent::to_string(*value));
}

}  // namespace catflap::runtime
