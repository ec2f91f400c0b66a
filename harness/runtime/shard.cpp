#include "runtime/shard.hpp"

#include <utility>

#include "sys/clock.hpp"

namespace catflap::runtime {

Result<std::unique_ptr<Shard>> Shard::create() {
  auto loop = sys::EventLoop::create();
  if (!loop) {
    return fail(std::move(loop.error()));
  }
  return std::unique_ptr<Shard>(new Shard(std::move(*loop)));
}

Result<SpeakerDriver*> Shard::add(sys::netns::Executor& executor, const sys::netns::Handle& ns,
                                  SpeakerOptions options) {
  auto kernel = Kernel::open(executor, ns);
  if (!kernel) {
    return fail(std::move(kernel.error()));
  }
  auto own = ns.duplicate();
  if (!own) {
    return fail(std::move(own.error()));
  }
  SpeakerDriver::Options driver_options;
  driver_options.seed = options.seed;
  driver_options.sockets = [&executor, ns = std::make_shared<const sys::netns::Handle>(std::move(*own))](
                               int domain, int type, int protocol) {
    return executor.socket_in(*ns, domain, type, protocol);
  };
  const auto self = std::make_shared<SpeakerDriver*>(nullptr);
  driver_options.ready = [this, self] { ready_.push_back(*self); };
  auto driver = std::make_unique<SpeakerDriver>(*loop_, std::move(*kernel), std::move(driver_options),
                                                std::move(options.hooks));
  *self = driver.get();
  if (auto started = driver->start(); !started) {
    std::erase(ready_, driver.get());
    return fail(std::move(started.error()));
  }
  drivers_.push_back(std::move(driver));
  return drivers_.back().get();
}

void Shard::process_ready() {
  for (SpeakerDriver* const driver : std::exchange(ready_, {})) {
    driver->process();
  }
}

void Shard::run_once(Duration timeout) {
  process_ready();  // told something since the last round
  loop_->run_once(ready_.empty() ? timeout : Duration::zero());
  process_ready();
}

bool Shard::run_until(Instant deadline, const std::function<bool()>& done) {
  while (!done()) {
    const Duration left = deadline - sys::monotonic_now();
    if (left <= Duration::zero()) {
      return false;
    }
    run_once(left);
  }
  return true;
}

}  // namespace catflap::runtime
