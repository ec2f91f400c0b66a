#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bgp/speaker/speaker.hpp"
#include "runtime/event_recorder.hpp"
#include "runtime/kernel.hpp"
#include "runtime/tcp.hpp"
#include "runtime/udp.hpp"
#include "sys/event_loop.hpp"

namespace catflap::runtime {

/// Drives a Speaker with real sockets, netlink and time: carries out its actions and feeds it what happens.
/// Belongs to the loop's thread; no locks. The owner calls process() after each round of the loop.
class SpeakerDriver {
 public:
  struct Options {
    SocketFactory sockets;                      ///< in the namespace of `kernel`
    std::uint64_t seed = 0;                     ///< of the speaker's jitter
    std::unique_ptr<EventRecorder> recorder{};  ///< nullptr: nothing is recorded
    /// Called once when there is something for process() to do; an owner that calls it after every round does
    /// not need this.
    std::function<void()> ready{};
  };
  /// What the owner may want to know; called from process().
  struct Hooks {
    std::function<void(const bgp::act::ProtocolChanged&)> protocol_changed;
    std::function<void(const bgp::act::RouteChanged&)> route_changed;
    std::function<void(const bgp::act::Note&)> note;
    std::function<void()> shut_down;
    std::function<void(const bgp::act::MrtMessage&)> mrt_message;
    std::function<void(const bgp::act::MrtState&)> mrt_state;
  };

  SpeakerDriver(sys::EventLoop& loop, Kernel kernel, Options options, Hooks hooks);
  ~SpeakerDriver();
  SpeakerDriver(const SpeakerDriver&) = delete;
  SpeakerDriver& operator=(const SpeakerDriver&) = delete;

  /// Reads the kernel's state and begins to watch it.
  Status start();
  /// Tells the speaker something; taken in by the next process().
  void tell(bgp::Event event);
  /// Ingests what has happened, runs the speaker, carries out its actions, until nothing is left to do now;
  /// then arms the timer. Bounded: for about kTimeMax, the rest follows in the next round of the loop, when
  /// the sockets have had their turn. The speaker's time is that until which the loop has served everything
  /// (EventLoop::served_until), so no timer of it fires while something that came before waits to be read:
  /// a hold timer counts to the arrival in the kernel (bgp-speaker 2.1), however late we look.
  void process();
  /// True while octets to peers, or routes to the kernel, are on their way.
  bool busy() const { return tcp_.busy() || kernel_.pending(); }

  bgp::Speaker& speaker() { return speaker_; }
  const bgp::Speaker& speaker() const { return speaker_; }
  const Kernel& kernel() const { return kernel_; }

 private:
  static constexpr Duration kTimeMax = std::chrono::milliseconds(5);

  bool speaker_due(Instant now) const { return !events_.empty() || speaker_.deadline() <= now; }
  void run_speaker(Instant now);
  void add(bgp::Event event);
  void mark_ready();
  void kernel_readable();
  void carry_out(const bgp::Action& action);
  void note(bgp::act::NoteLevel level, const Error& error);
  void arm_timer();

  sys::EventLoop& loop_;
  Kernel kernel_;
  Hooks hooks_;
  std::function<void()> ready_;
  bool marked_ready_ = false;
  std::unique_ptr<EventRecorder> recorder_;
  bgp::Speaker speaker_;
  std::vector<bgp::Event> events_;
  Tcp tcp_;
  Udp udp_;
  bool interfaces_changed_ = false;
  Instant armed_for_ = Instant::never();
  sys::EventLoop::TimerId timer_ = sys::EventLoop::TimerId::none;
};

}  // namespace catflap::runtime
