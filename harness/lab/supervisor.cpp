#include "lab/supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include <nlohmann/json.hpp>

#include "lab/control_point.hpp"
#include "lab/engine.hpp"
#include "lab/wire_error.hpp"
#include "sys/error.hpp"
#include "sys/process.hpp"
#include "sys/signals.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::lab {
namespace {

using nlohmann::json;

/// Blocking enough: the starter reads, and a few short lines fit into any socket buffer.
void tell(int socket, const json& line) {
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  (void)sys::send_message(socket,
                          as_bytes(text));  // a starter that is gone is noticed by its closed connection
}

/// True if the other end has closed.
bool is_gone(int socket) {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

Status supervise(sys::EventLoop& loop, const topology::Topology& topology, const Options& options,
                 sys::UniqueFd& starter) {
  auto engine = Engine::bring_up(loop, topology, options, [&](const Stage& stage) {
    tell(starter.get(), {{"stage", stage.what}, {"took_us", stage.took.count() / 1000}});
  });
  if (!engine) {
    return fail(std::move(engine.error()));
  }
  // A starter that is killed now must not leave a lab behind.
  bool abandoned = false;
  const int starter_fd = starter.get();
  if (auto added = loop.add(starter_fd, EPOLLRDHUP,
                            [&](std::uint32_t) {
                              abandoned = true;
                              loop.remove(starter_fd);
                            });
      !added) {
    return added;
  }
  auto ready = (*engine)->wait_ready([&] { return abandoned; });
  loop.remove(starter_fd);
  if (!ready || abandoned || is_gone(starter_fd)) {
    return ready ? fail(Errc::io, "the starter is gone") : std::move(ready);
  }
  bool down = false;
  ControlPoint::Hooks hooks;
  hooks.down = [&] { down = true; };
  hooks.keep = [] {};
  hooks.abandoned = [&] { down = true; };
  auto point = ControlPoint::listen(**engine, hooks);
  if (!point) {
    return fail(std::move(point.error()));
  }
  auto signals = sys::signal_fd({SIGTERM, SIGINT});
  if (!signals) {
    return fail(std::move(signals.error()));
  }
  if (auto added = loop.add(signals->get(), EPOLLIN, [&](std::uint32_t) { down = true; }); !added) {
    return added;
  }
  tell(starter_fd, {{"ready", true}});
  if (auto adopted = (*point)->adopt(std::move(starter), true); !adopted) {
    return adopted;
  }
  loop.run_until(Instant::never(), [&] { return down; });
  (*engine)->tear_down();
  (*point)->say_goodbye();
  return {};
}

/// The supervisor's process: never returns.
[[noreturn]] void run_child(const topology::Topology& topology, const Options& options,
                            sys::UniqueFd starter) {
  ::setsid();
  sys::ignore_sigpipe();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(null, fd);
  }
  (void)sys::proc::become_subreaper();  // without it, children of daemons go to init instead
  int status = 0;
  auto loop = sys::EventLoop::create();
  const int socket = starter.get();
  if (!loop) {
    tell(socket, error_to_json(loop.error()));
    ::_exit(1);
  }
  if (auto done = supervise(**loop, topology, options, starter); !done) {
    if (starter) {
      tell(starter.get(), error_to_json(done.error()));
    }
    status = 1;
  }
  ::_exit(status);
}

}  // namespace

Result<Client> start_supervised(const topology::Topology& topology, const Options& options,
                                const Progress& progress) {
  auto pair = sys::unix_pair(sys::UnixType::stream);
  if (!pair) {
    return fail(std::move(pair.error()));
  }
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(sys::last_error("start the supervisor"));
  }
  if (child == 0) {
    pair->first.reset();
    run_child(topology, options, std::move(pair->second));
  }
  pair->second.reset();
  Client client(std::move(pair->first));
  for (;;) {
    auto line = client.next_line();
    if (!line) {
      ::waitpid(child, nullptr, 0);
      return fail(Errc::io, "the supervisor of the lab ended without a word");
    }
    const json value = json::parse(*line, nullptr, false);
    if (value.contains("ready")) {
      return client;
    }
    if (value.contains("stage") && progress) {
      progress(
          {value.value("stage", ""), std::chrono::microseconds(value.value("took_us", std::int64_t{0}))});
    }
    if (value.contains("ok")) {
      ::waitpid(child, nullptr, 0);  // it has taken everything down before it exits
      return fail(error_from_json(value));
    }
  }
}

}  // namespace catflap::lab
