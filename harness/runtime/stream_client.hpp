#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "sys/acceptor.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// A connection to one of the daemon's Unix sockets: what the client has said and what it is yet to be told.
/// It never blocks.
class StreamClient {
 public:
  /// `out` keeps no more octets than these that were taken already.
  static constexpr std::size_t kTakenOctetsMax = std::size_t{1} << 20U;

  explicit StreamClient(sys::UniqueFd socket) : fd_(std::move(socket)) {}

  int fd() const noexcept { return fd_.get(); }
  /// Appends what one receive gives (4 KiB at most) to `in`. False: the client has gone.
  bool receive();
  /// Sends of `out` what the client takes; `out` is empty when it has taken all. False: the client has gone.
  bool flush();
  /// Octets of `out` that have not been taken.
  std::size_t unsent() const noexcept { return out.size() - sent_; }
  /// Has the loop, to which the descriptor was added for EPOLLIN, look at `events` from now on.
  void want(sys::EventLoop& loop, std::uint32_t events);

  std::string in;
  std::string out;

 private:
  sys::UniqueFd fd_;
  std::size_t sent_ = 0;
  std::uint32_t wanted_ = EPOLLIN;
};

/// Takes connections at `path`. `what` names the socket in errors; Errc::exists if somebody listens there.
/// Without descriptors connections are closed without a word: that is said where peers are refused.
Result<std::unique_ptr<sys::Acceptor>> listen_at(sys::EventLoop& loop, const std::filesystem::path& path,
                                                 const std::string& what, sys::Acceptor::Accepted accepted);

}  // namespace catflap::runtime
