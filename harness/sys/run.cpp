#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "sys/process.hpp"
#include "sys/signals.hpp"

namespace catflap::sys::proc {
namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(last_error("cannot create a pipe"));
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Our end of a pipe to or from the program.
struct Stream {
  UniqueFd fd;
  std::string* sink = nullptr;  ///< output of the program
  std::string_view source;      ///< input of the program
};

/// Moves what can be moved now; closes the stream at its end.
void serve(Stream& stream, std::size_t output_max) {
  std::array<char, 65536> buffer;
  if (stream.sink == nullptr) {
    const ssize_t put = ::write(stream.fd.get(), stream.source.data(), stream.source.size());
    if (put > 0) {
      stream.source.remove_prefix(static_cast<std::size_t>(put));
    } else if (put < 0 && errno != EAGAIN && errno != EINTR) {
      stream.source = {};  // it does not want to read it
    }
    if (stream.source.empty()) {
      stream.fd.reset();
    }
    return;
  }
  const ssize_t got = ::read(stream.fd.get(), buffer.data(), buffer.size());
  if (got > 0) {
    const std::size_t room = output_max - std::min(output_max, stream.sink->size());
    stream.sink->append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    stream.fd.reset();
  }
}

/// Until the program has exited and its pipes are empty. (A descendant that keeps a pipe open does not hold
/// us up.)
Result<ExitStatus> pump(Child& process, std::array<Stream, 3>& streams, const RunLimits& limits) {
  const Instant deadline = monotonic_now() + Duration(limits.timeout);
  std::optional<ExitStatus> status;
  while (true) {
    std::array<pollfd, 4> wait{};
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (status && streams[i].sink == nullptr) {
        streams[i].fd.reset();  // nobody reads it any more
      }
      wait[i] = {streams[i].fd.get(), static_cast<short>(streams[i].sink == nullptr ? POLLOUT : POLLIN), 0};
    }
    wait[3] = {status ? -1 : process.pidfd(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) {
      return fail(Errc::timeout, "no end after " + std::to_string(limits.timeout.count()) + " ms");
    }
    const int timeout = status ? 0 : static_cast<int>(std::min<std::int64_t>(left, 1 << 30));
    const int ready = ::poll(wait.data(), wait.size(), timeout);
    if (ready < 0 && errno != EINTR) {
      return fail(last_error("poll"));
    }
    if (status && ready == 0) {
      return *status;
    }
    if (ready <= 0) {
      continue;
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (wait[i].revents != 0) {
        serve(streams[i], limits.output_max);
      }
    }
    if (wait[3].revents != 0) {
      status = process.try_reap();
    }
  }
}

}  // namespace

Result<RunResult> run_with_input(Spawn spec, std::string_view input, const RunLimits& limits) {
  ignore_sigpipe();
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  for (const auto* pipe : {&in, &out, &err}) {
    if (!*pipe) {
      return fail(pipe->error());
    }
  }
  spec.stdin_fd = in->read.get();
  spec.stdout_fd = out->write.get();
  spec.stderr_fd = err->write.get();
  auto process = Child::start(spec);
  if (!process) {
    return fail(std::move(process.error()));
  }
  in->read.reset();
  out->write.reset();
  err->write.reset();
  RunResult result;
  std::array<Stream, 3> streams{Stream{std::move(in->write), nullptr, input},
                                Stream{std::move(out->read), &result.out, {}},
                                Stream{std::move(err->read), &result.err, {}}};
  if (input.empty()) {
    streams[0].fd.reset();
  }
  for (Stream& stream : streams) {
    if (stream.fd) {
      (void)::fcntl(stream.fd.get(), F_SETFL, O_NONBLOCK);  // cannot fail for a pipe of ours
    }
  }
  auto status = pump(*process, streams, limits);
  if (!status) {
    return fail(std::move(status.error()).context(spec.program.string()));
  }
  result.status = *status;
  return result;
}

Result<RunResult> run(Spawn spec, const RunLimits& limits) {
  return run_with_input(std::move(spec), {}, limits);
}

}  // namespace catflap::sys::proc
