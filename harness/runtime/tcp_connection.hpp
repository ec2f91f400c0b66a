#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtime/send_queue.hpp"
#include "runtime/tcp.hpp"
#include "sys/acceptor.hpp"

/// What Tcp is made of. Not for use outside of it.
namespace catflap::runtime {

struct Tcp::Connection {
  sys::UniqueFd fd;
  net::Endpoint remote;
  bool connecting = false;
  bool flush_listed = false;
  std::uint32_t events = 0;  ///< that epoll is asked for
  int write_errno = 0;       ///< of a write that failed; what the peer said before is read first
  SendQueue queue;
};

struct Tcp::Listener {
  bgp::act::Listen::Socket wanted;
  std::vector<bgp::act::Listen::Socket::Key> keys_set;
  std::unique_ptr<sys::Acceptor> acceptor;  ///< nullptr: could not be opened
};

/// A connection that the speaker has forgotten and that still delivers its last octets.
struct Tcp::Drain {
  std::unique_ptr<Connection> connection;
  sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
  bool shut = false;
};

inline int open_flags(int type) {
  return type | SOCK_CLOEXEC | SOCK_NONBLOCK;
}

}  // namespace catflap::runtime
