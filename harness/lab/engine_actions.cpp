#include <signal.h>
#include <sys/epoll.h>

#include <memory>
#include <utility>

#include "lab/engine.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"

namespace catflap::lab {
namespace {

constexpr std::chrono::milliseconds kStopTime(3000);
constexpr std::size_t kOutputShown = 2000;

bool end_matches(const expect::WiredInterface& end, const std::string& node, const std::string& interface) {
  return end.node == node && (interface.empty() || end.name == interface);
}

}  // namespace

void Engine::perform(const topology::Action& action, std::function<void(Status)> done) {
  using Verb = topology::Action::Verb;
  Node* const subject = node(action.node);
  if (subject == nullptr) {
    return done(fail(Errc::not_found, "no node " + action.node + " in this lab"));
  }
  world_.add_event({sys::monotonic_now(), action.node, topology::to_string(action)});
  switch (action.verb) {
    case Verb::down:
      return done(change_links(action, false));
    case Verb::up:
      return done(change_links(action, true));
    case Verb::kill:
      return done(subject->signal_daemon(SIGKILL));
    case Verb::stop:
      return done(subject->stop_daemon(kStopTime));
    case Verb::pause:
      return done(subject->signal_daemon(SIGSTOP));
    case Verb::resume:
      return done(subject->signal_daemon(SIGCONT));
    case Verb::restart: {
      if (!subject->has_daemon()) {
        return done(fail(Errc::not_found, "node " + action.node + " has no speaker"));
      }
      Status stopped = subject->stop_daemon(kStopTime);
      return done(stopped ? subject->start_daemon() : std::move(stopped));
    }
    case Verb::exec:
      return run_command(action, std::move(done));
  }
}

Status Engine::reset() {
  for (const expect::WiredLink& link : world_.wiring().links) {
    for (const expect::WiredInterface& end : link.ends) {
      if (auto done = by_name_.at(end.node)->set_link(end.name, true); !done) {
        return done;
      }
    }
  }
  for (const auto& node : nodes_) {
    if (!node->has_daemon()) {
      continue;
    }
    if (node->daemon_runs() && !node->daemon_ending()) {
      if (auto done = node->signal_daemon(SIGCONT); !done) {
        return done;
      }
      continue;
    }
    // One that was killed a moment ago may not be gone yet.
    if (auto done = node->stop_daemon(kStopTime); !done) {
      return done;
    }
    if (auto done = node->start_daemon(); !done) {
      return done;
    }
  }
  return wait_ready();
}

Status Engine::change_links(const topology::Action& action, bool up) {
  bool any = false;
  for (const expect::WiredLink& link : world_.wiring().links) {
    for (std::size_t i = 0; i < link.ends.size(); ++i) {
      const expect::WiredInterface& here = link.ends[i];
      const expect::WiredInterface& there = link.ends[1 - i];
      const bool chosen = end_matches(here, action.node, action.interface) &&
                          (action.peer.empty() || end_matches(there, action.peer, action.peer_interface));
      if (!chosen) {
        continue;
      }
      any = true;
      if (auto done = by_name_.at(here.node)->set_link(here.name, up); !done) {
        return done;
      }
      // "down: r1 -- r2" means the link: both ends. "down: r1:eth0" means that interface.
      if (!action.peer.empty()) {
        if (auto done = by_name_.at(there.node)->set_link(there.name, up); !done) {
          return done;
        }
      }
    }
  }
  if (!any) {
    return fail(Errc::not_found, topology::to_string(action) + ": there is no such link");
  }
  return {};
}

void Engine::run_command(const topology::Action& action, std::function<void(Status)> done) {
  Node& subject = *by_name_.at(action.node);
  auto dir = dir_->node_dir(action.node);
  if (!dir) {
    return done(fail(std::move(dir.error())));
  }
  const std::filesystem::path output = *dir / "exec.log";
  sys::proc::Spawn spawn;
  spawn.program = "/bin/sh";
  spawn.args = {"-c", action.command};
  spawn.netns = subject.net().ns.get();
  spawn.log_file = output;
  auto started = sys::proc::Child::start(spawn);
  if (!started) {
    return done(fail(std::move(started.error()).context("node " + action.node)));
  }
  auto child = std::make_shared<sys::proc::Child>(std::move(*started));
  const std::string command = action.command;
  const auto finished = [this, child, command, output, done](std::uint32_t) {
    const auto status = child->try_reap();
    if (!status) {
      return;
    }
    loop_.remove(child->pidfd());
    if (status->ok()) {
      return done({});
    }
    std::string tail = sys::read_file(output).value_or("");
    tail = tail.size() > kOutputShown ? tail.substr(tail.size() - kOutputShown) : tail;
    done(fail(Errc::io, "'" + command + "' ended with " + sys::proc::to_string(*status) +
                            (tail.empty() ? "" : ":\n" + tail)));
  };
  if (auto added = loop_.add(child->pidfd(), EPOLLIN, finished); !added) {
    done(added);
  }
}

}  // namespace catflap::lab
