#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "runtime/driver.hpp"
#include "sys/event_loop.hpp"
#include "sys/netns.hpp"

namespace catflap::runtime {

/// Many speakers on one thread, each with its sockets in a namespace of its own: one epoll instance, and work
/// only for speakers that something has happened to. Belongs to the thread that runs it; a program may have
/// several.
class Shard {
 public:
  static Result<std::unique_ptr<Shard>> create();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  struct SpeakerOptions {
    std::uint64_t seed = 0;
    SpeakerDriver::Hooks hooks{};
  };
  /// A speaker in `ns`, which knows the namespace's interfaces and routes; it waits for its configuration.
  /// The shard owns it. `executor` must outlive the shard; the namespace lives as long as sockets are open in
  /// it.
  Result<SpeakerDriver*> add(sys::netns::Executor& executor, const sys::netns::Handle& ns,
                             SpeakerOptions options);

  /// Serves what has happened, waiting at most `timeout` for something.
  void run_once(Duration timeout);
  /// Rounds until `done()` holds, or `deadline`. Returns done().
  bool run_until(Instant deadline, const std::function<bool()>& done);

  sys::EventLoop& loop() { return *loop_; }
  std::size_t size() const { return drivers_.size(); }

 private:
  explicit Shard(std::unique_ptr<sys::EventLoop> loop) : loop_(std::move(loop)) {}
  void process_ready();

  std::unique_ptr<sys::EventLoop> loop_;
  std::vector<SpeakerDriver*> ready_;
  std::vector<std::unique_ptr<SpeakerDriver>> drivers_;
};

}  // namespace catflap::runtime
