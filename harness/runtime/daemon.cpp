#include "runtime/daemon.hpp"

#include <signal.h>
#include <sys/epoll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/config_file.hpp"
#include "sys/clock.hpp"
#include "sys/memory.hpp"
#include "sys/signals.hpp"

namespace catflap::runtime {
namespace {

/// After a configuration: by then sessions are up, as a rule.
constexpr Duration kSettled = std::chrono::seconds(2);

const char* level_name(bgp::act::NoteLevel level) {
  switch (level) {
    case bgp::act::NoteLevel::debug:
      return "debug";
    case bgp::act::NoteLevel::info:
      return "info";
    case bgp::act::NoteLevel::warning:
      return "warning";
    case bgp::act::NoteLevel::error:
      return "error";
  }
  return "info";
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::create(const DaemonOptions& options,
                                               std::shared_ptr<const intent::RouterIntent> intent) {
  std::unique_ptr<Daemon> daemon(new Daemon(options));
  if (auto opened = daemon->open(std::move(intent)); !opened) {
    return fail(std::move(opened.error()));
  }
  return daemon;
}

Daemon::~Daemon() {
  if (loop_ != nullptr && signals_) {
    loop_->remove(signals_.get());
  }
}

Status Daemon::open(std::shared_ptr<const intent::RouterIntent> intent) {
  sys::ignore_sigpipe();
  started_ = sys::monotonic_now();
  auto loop = sys::EventLoop::create();
  if (!loop) {
    return fail(std::move(loop.error()));
  }
  loop_ = std::move(*loop);
  auto signals = sys::signal_fd({SIGHUP, SIGTERM, SIGINT});
  if (!signals) {
    return fail(std::move(signals.error()));
  }
  signals_ = std::move(*signals);
  if (auto added = loop_->add(signals_.get(), EPOLLIN, [this](std::uint32_t) { signalled(); }); !added) {
    return added;
  }
  if (!options_.pid_file.empty()) {
    auto pid_file = sys::PidFile::create(options_.pid_file);
    if (!pid_file) {
      return fail(std::move(pid_file.error()));
    }
    pid_file_.emplace(std::move(*pid_file));
  }
  auto kernel = Kernel::open_here();
  if (!kernel) {
    return fail(std::move(kernel.error()));
  }
  SpeakerDriver::Options driver{sockets_here(), options_.seed.value_or(sys::random_u64())};
  if (!options_.record.empty()) {
    auto recorder = EventRecorder::create(
        options_.record, {options_.version, intent->hostname, driver.seed,
                          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                         sys::to_wall(Instant()).time_since_epoch())
                                                         .count())});
    if (!recorder) {
      return fail(std::move(recorder.error()));
    }
    driver.recorder = std::move(*recorder);
  }
  mrt_ = std::make_unique<MrtService>(
      *loop_, [this](const Error& error) { log(bgp::act::NoteLevel::error, to_string(error)); });
  driver_ = std::make_unique<SpeakerDriver>(*loop_, std::move(*kernel), std::move(driver), hooks());
  // In dialect 1.6 there is one daemon for each family.
  const bool one_family = options_.dialect == birdlang::Dialect::bird1;
  if (auto done =
          listen_control(options_.control_socket,
                         {options_.format, one_family ? std::optional(options_.family) : std::nullopt});
      !done) {
    return done;
  }
  if (!options_.bird1_sockets.empty()) {
    for (const auto& [name, family] :
         {std::pair("bird.ctl", net::Family::ipv4), std::pair("bird6.ctl", net::Family::ipv6)}) {
      if (auto done = listen_control(options_.bird1_sockets / name, {birdc::Format::bird1, family}); !done) {
        return done;
      }
    }
  }
  if (!options_.events_socket.empty()) {
    auto events = EventServer::listen(*loop_, options_.events_socket, driver_->speaker(), options_.version);
    if (!events) {
      return fail(std::move(events.error()));
    }
    events_ = std::move(*events);
    auto queries =
        QueryServer::listen(*loop_, options_.events_socket.string() + ".query", driver_->speaker());
    if (!queries) {
      return fail(std::move(queries.error()));
    }
    queries_ = std::move(*queries);
  }
  // The kernel's state first, so that the sessions start in the round that configures them.
  if (auto done = driver_->start(); !done) {
    return done;
  }
  apply(std::move(intent), false, std::nullopt);
  return {};
}

Status Daemon::listen_control(const std::filesystem::path& path, ControlView view) {
  auto control = ControlServer::listen(*loop_, path, *this, view);
  if (!control) {
    return fail(std::move(control.error()));
  }
  controls_.push_back(std::move(*control));
  return {};
}

bool Daemon::debugs(const std::string& protocol, std::string_view what) const {
  const auto has = [&](const std::vector<std::string>& classes) {
    return std::find_if(classes.begin(), classes.end(), [&](const std::string& each) {
             return each == what || each == "all";
           }) != classes.end();
  };
  if (const auto set = debug_.find(protocol); set != debug_.end()) {
    return has(set->second);
  }
  if (current_ != nullptr) {
    for (const auto& each : current_->protocols) {
      if (each.name == protocol) {
        return has(each.debug);
      }
    }
  }
  return false;
}

void Daemon::set_debug(const std::string& protocol, std::vector<std::string> classes) {
  debug_[protocol] = std::move(classes);
}

void Daemon::set_mrtdump(const std::vector<std::string>& protocols, const std::vector<std::string>& what) {
  if (current_ == nullptr) {
    return;
  }
  for (const std::string& name : protocols) {
    mrtdump_[name] = what;
  }
  // The speaker sees a configuration that differs in nothing else, so nothing else happens.
  auto changed = std::make_shared<intent::RouterIntent>(*current_);
  for (intent::ProtocolIntent& protocol : changed->protocols) {
    if (const auto set = mrtdump_.find(protocol.name); set != mrtdump_.end()) {
      protocol.mrtdump = set->second;
    }
  }
  driver_->tell(bgp::ev::Configure{std::move(changed)});
  if (!what.empty() && !current_->mrtdump_file) {
    log(bgp::act::NoteLevel::warning, "mrtdump: there is no file; name one with `mrtdump \"FILE\";`");
  }
}

void Daemon::trace_change(const bgp::act::ProtocolChanged& changed) {
  if (debugs(changed.protocol, "states")) {
    log(bgp::act::NoteLevel::debug,
        changed.protocol + ": State changed to " + std::string(observe::to_string(changed.state)));
  }
  if (changed.session && debugs(changed.protocol, "events")) {
    log(bgp::act::NoteLevel::debug, changed.protocol + ": BGP session is " +
                                        std::string(observe::to_string(*changed.session)) +
                                        (changed.reason.empty() ? "" : " (" + changed.reason + ")"));
  }
}

SpeakerDriver::Hooks Daemon::hooks() {
  SpeakerDriver::Hooks hooks;
  hooks.protocol_changed = [this](const bgp::act::ProtocolChanged& changed) {
    trace_change(changed);
    if (events_ != nullptr) {
      events_->protocol_changed(changed.protocol);
    }
  };
  hooks.route_changed = [this](const bgp::act::RouteChanged& changed) {
    if (events_ != nullptr) {
      events_->route_changed(changed.table, changed.prefix);
    }
  };
  hooks.note = [this](const bgp::act::Note& note) { log(note.level, note.text); };
  hooks.mrt_message = [this](const bgp::act::MrtMessage& message) { mrt_->message(message); };
  hooks.mrt_state = [this](const bgp::act::MrtState& change) { mrt_->state(change); };
  hooks.shut_down = [this] { speaker_down_ = true; };
  return hooks;
}

void Daemon::log(bgp::act::NoteLevel level, std::string_view text) {
  log_.write(level, text);
  for (const auto& control : controls_) {
    control->log(level, text);
  }
  if (events_ != nullptr && level != bgp::act::NoteLevel::debug) {
    events_->note(level_name(level), std::string(text));
  }
}

Status Daemon::run() {
  driver_->process();
  while (!(speaker_down_ && !driver_->busy()) && sys::monotonic_now() < give_up_) {
    if (events_ != nullptr) {
      events_->publish();
    }
    loop_->run_once(std::chrono::hours(1));
    driver_->process();
    mrt_->round(driver_->speaker());
  }
  if (events_ != nullptr) {
    events_->publish();
    events_->say_bye("shut down");
  }
  return {};
}

Result<std::shared_ptr<const intent::RouterIntent>> Daemon::read_config(const std::string& file) {
  return load_config(file, options_.dialect, options_.family);
}

void Daemon::apply(std::shared_ptr<const intent::RouterIntent> intent, bool soft,
                   std::optional<std::uint32_t> timeout_s) {
  loop_->cancel(undo_timer_);
  undo_timer_ = sys::EventLoop::TimerId::none;
  undo_at_.reset();
  debug_.clear();
  mrtdump_.clear();
  previous_ = std::exchange(current_, intent);
  configured_ = sys::monotonic_now();
  for (const Error& error : log_.configure(current_->logs)) {
    log(bgp::act::NoteLevel::error, to_string(error));
  }
  mrt_->configure(*current_);
  bgp::ev::Configure configure{std::move(intent), soft};
  configure.recover = std::exchange(options_.graceful_restart_recovery, false);  // counts for the first one
  driver_->tell(std::move(configure));
  if (!options_.debug) {
    loop_->after(kSettled, &sys::give_back_memory);  // what reading a configuration and starting took
  }
  if (timeout_s) {
    undo_at_ = sys::monotonic_now() + std::chrono::seconds(*timeout_s);
    undo_timer_ = loop_->at(*undo_at_, [this] {
      log(bgp::act::NoteLevel::warning, "configuration not confirmed in time: going back");
      undo();
    });
  }
}

bool Daemon::confirm() {
  loop_->cancel(undo_timer_);
  undo_at_.reset();
  return std::exchange(undo_timer_, sys::EventLoop::TimerId::none) != sys::EventLoop::TimerId::none;
}

bool Daemon::undo() {
  if (previous_ == nullptr) {
    return false;
  }
  apply(std::exchange(previous_, nullptr), false, std::nullopt);
  previous_ = nullptr;  // once: there is nothing before the one before
  return true;
}

void Daemon::shut_down(bool graceful_restart) {
  if (shutting_down_) {
    return;
  }
  shutting_down_ = true;
  give_up_ = sys::monotonic_now() + kShutDownTime;
  loop_->at(give_up_, [] {});  // wakes the loop
  driver_->tell(bgp::ev::ShutDown{"", graceful_restart});
}

void Daemon::signalled() {
  for (const int number : sys::read_signals(signals_.get())) {
    if (number != SIGHUP) {
      shut_down(false);
      continue;
    }
    auto intent = read_config(config_file());
    if (intent) {
      apply(std::move(*intent), false, std::nullopt);
    } else {
      log(bgp::act::NoteLevel::error, "configuration not changed: " + to_string(intent.error()));
    }
  }
}

}  // namespace catflap::runtime
