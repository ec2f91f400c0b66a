#include "runtime/driver.hpp"

#include <sys/epoll.h>

#include <utility>
#include <variant>

#include "base/overloaded.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {

SpeakerDriver::SpeakerDriver(sys::EventLoop& loop, Kernel kernel, Options options, Hooks hooks)
    : loop_(loop),
      kernel_(std::move(kernel)),
      hooks_(std::move(hooks)),
      ready_(std::move(options.ready)),
      recorder_(std::move(options.recorder)),
      speaker_(options.seed),
      tcp_(
          loop, options.sockets, [this](bgp::Event event) { add(std::move(event)); },
          [this](bgp::act::NoteLevel level, const std::string& text) {
            if (hooks_.note) {
              hooks_.note({level, "", text});
            }
          }),
      udp_(loop, std::move(options.sockets), [this](bgp::Event event) { add(std::move(event)); }) {}

SpeakerDriver::~SpeakerDriver() {
  loop_.cancel(timer_);
  loop_.remove(kernel_.monitor_fd());
}

Status SpeakerDriver::start() {
  auto added = loop_.add(kernel_.monitor_fd(), EPOLLIN, [this](std::uint32_t) { kernel_readable(); });
  if (!added) {
    return added;
  }
  return kernel_.scan([this](bgp::Event event) { add(std::move(event)); });
}

void SpeakerDriver::tell(bgp::Event event) {
  add(std::move(event));
}

void SpeakerDriver::add(bgp::Event event) {
  events_.push_back(std::move(event));
  mark_ready();
}

void SpeakerDriver::mark_ready() {
  if (!std::exchange(marked_ready_, true) && ready_) {
    ready_();
  }
}

void SpeakerDriver::kernel_readable() {
  const auto read = kernel_.read_events([this](bgp::Event event) {
    interfaces_changed_ = interfaces_changed_ || std::holds_alternative<bgp::ev::Interface>(event);
    add(std::move(event));
  });
  if (!read) {
    note(bgp::act::NoteLevel::error, read.error());
  }
}

void SpeakerDriver::process() {
  marked_ready_ = true;  // what happens from here on is looked at below
  const Instant now = loop_.served_until();
  const Instant enough = sys::monotonic_now() + kTimeMax;
  for (bool more = true; more && (speaker_due(now) || kernel_.pending());
       more = sys::monotonic_now() < enough) {
    if (speaker_due(now)) {
      run_speaker(now);
    }
    if (auto done = kernel_.commit([this](bgp::Event event) { add(std::move(event)); }); !done) {
      note(bgp::act::NoteLevel::error, done.error());
    }
    if (std::exchange(interfaces_changed_, false) && tcp_.listeners_missing()) {
      (void)tcp_.retry_listeners();  // said when it first failed; the next change of an interface tries again
    }
  }
  marked_ready_ = false;  // what is left has the timer
  arm_timer();
}

void SpeakerDriver::run_speaker(Instant now) {
  const std::vector<bgp::Event> events = std::exchange(events_, {});
  if (recorder_ != nullptr) {
    if (auto done = recorder_->events(now, events); !done) {
      note(bgp::act::NoteLevel::error, done.error());
    }
  }
  for (const bgp::Event& event : events) {
    speaker_.ingest(now, event);
  }
  speaker_.run(now);
  const std::vector<bgp::Action> actions = speaker_.take_actions();
  if (recorder_ != nullptr) {
    recorder_->run(now, actions);
  }
  for (const bgp::Action& action : actions) {
    carry_out(action);
  }
  tcp_.flush();
}

void SpeakerDriver::arm_timer() {
  const bool at_once = !events_.empty() || kernel_.pending();
  const Instant deadline = at_once ? sys::monotonic_now() : speaker_.deadline();
  if (deadline == armed_for_ && timer_ != sys::EventLoop::TimerId::none) {
    return;
  }
  loop_.cancel(timer_);
  timer_ = sys::EventLoop::TimerId::none;
  armed_for_ = deadline;
  if (!deadline.is_never()) {
    // The owner calls process() after the round that this timer starts.
    timer_ = loop_.at(deadline, [this] {
      timer_ = sys::EventLoop::TimerId::none;
      mark_ready();
    });
  }
}

void SpeakerDriver::carry_out(const bgp::Action& action) {
  std::visit(overloaded{
                 [&](const bgp::act::TcpConnect& dial) { tcp_.connect(dial); },
                 [&](const bgp::act::TcpSend& send) { tcp_.send(send); },
                 [&](const bgp::act::TcpClose& close) { tcp_.close(close); },
                 [&](const bgp::act::TcpSetOptions& options) { tcp_.set_options(options); },
                 [&](const bgp::act::Listen& listen) {
                   if (auto done = tcp_.listen(listen); !done) {
                     note(bgp::act::NoteLevel::error, done.error());
                   }
                 },
                 [&](const bgp::act::KernelRoute& route) { kernel_.route(route); },
                 [&](const bgp::act::ProtocolChanged& changed) {
                   if (hooks_.protocol_changed) {
                     hooks_.protocol_changed(changed);
                   }
                 },
                 [&](const bgp::act::RouteChanged& changed) {
                   if (hooks_.route_changed) {
                     hooks_.route_changed(changed);
                   }
                 },
                 [&](const bgp::act::Note& text) {
                   if (hooks_.note) {
                     hooks_.note(text);
                   }
                 },
                 [&](const bgp::act::MrtMessage& message) {
                   if (hooks_.mrt_message) {
                     hooks_.mrt_message(message);
                   }
                 },
                 [&](const bgp::act::MrtState& change) {
                   if (hooks_.mrt_state) {
                     hooks_.mrt_state(change);
                   }
                 },
                 [&](const bgp::act::UdpListen& listen) {
                   if (auto done = udp_.listen(listen); !done) {
                     note(bgp::act::NoteLevel::error, done.error());
                   }
                 },
                 [&](const bgp::act::UdpSend& send) {
                   if (auto done = udp_.send(send); !done) {
                     note(bgp::act::NoteLevel::debug, done.error());
                   }
                 },
                 [&](const bgp::act::ShutDownDone&) {
                   if (hooks_.shut_down) {
                     hooks_.shut_down();
                   }
                 },
             },
             action);
}

void SpeakerDriver::note(bgp::act::NoteLevel level, const Error& error) {
  if (hooks_.note) {
    hooks_.note({level, "", to_string(error)});
  }
}

}  // namespace catflap::runtime
