#include "lab/lab.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <utility>

namespace catflap::lab {
std::string process_instance(const std::string& lab) {
  static std::atomic<unsigned> count{0};
  return lab + "." + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

Result<std::unique_ptr<Lab>> Lab::up(topology::Topology topology, Options options, Progress progress) {
  if (options.instance.empty()) {
    options.instance = process_instance(topology.name);
  }
  std::unique_ptr<Lab> lab(new Lab(topology, options.instance));
  auto loop = sys::EventLoop::create();
  if (!loop) {
    return fail(std::move(loop.error()));
  }
  lab->loop_ = std::move(*loop);
  std::promise<Status> started;
  auto result = started.get_future();
  lab->thread_ = std::thread([raw = lab.get(), &started, topology = std::move(topology),
                              options = std::move(options), progress = std::move(progress)]() mutable {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the program that uses us
    auto engine = Engine::bring_up(*raw->loop_, std::move(topology), std::move(options), progress);
    Status ready = engine ? (*engine)->wait_ready() : fail(std::move(engine.error()));
    if (!ready) {
      if (engine) {
        (*engine)->tear_down();
      }
      return started.set_value(std::move(ready));
    }
    raw->engine_ = std::move(*engine);
    started.set_value({});
    raw->loop_->run();
    raw->engine_.reset();
  });
  Status ready = result.get();
  if (!ready) {
    lab->thread_.join();
    lab->down_ = true;
    return fail(std::move(ready.error()));
  }
  return lab;
}

Lab::~Lab() {
  down();
}

void Lab::down() {
  if (down_) {
    return;
  }
  down_ = true;
  loop_->post([this] {
    engine_->tear_down();
    loop_->stop();
  });
  thread_.join();
}

CheckResult Lab::check(expect::Check check) {
  std::vector<expect::Check> one;
  one.push_back(std::move(check));
  return std::move(check_all(std::move(one)).front());
}

std::vector<CheckResult> Lab::check_all(std::vector<expect::Check> checks) {
  struct Collected {
    std::promise<void> all;
    std::vector<CheckResult> results;
    std::size_t missing = 0;
  };
  auto collected = std::make_shared<Collected>();
  collected->results.resize(checks.size());
  collected->missing = checks.size();
  auto done = collected->all.get_future();
  if (checks.empty()) {
    return {};
  }
  loop_->post([this, collected, checks = std::move(checks)]() mutable {
    for (std::size_t i = 0; i < checks.size(); ++i) {
      engine_->check(std::move(checks[i]), [collected, i](CheckResult result) {
        collected->results[i] = std::move(result);
        if (--collected->missing == 0) {
          collected->all.set_value();
        }
      });
    }
  });
  done.get();
  return std::move(collected->results);
}

CheckResult Lab::judge(const expect::Check& check) {
  return call([&](Engine& engine) { return engine.judge(check); });
}

Status Lab::perform(const topology::Action& action) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  loop_->post([this, promise, action] {
    engine_->perform(action, [promise](Status status) { promise->set_value(std::move(status)); });
  });
  return future.get();
}

Status Lab::reset() {
  return call([](Engine& engine) { return engine.reset(); });
}

}  // namespace catflap::lab
