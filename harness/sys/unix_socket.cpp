#include "sys/unix_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "sys/error.hpp"

namespace catflap::sys {
namespace {

/// sun_path holds 107 octets; a longer path goes through a descriptor of its directory.
class UnixAddress {
 public:
  static Result<UnixAddress> of(const std::filesystem::path& path) {
    UnixAddress out;
    std::string text = path.string();
    if (text.size() >= sizeof out.address_.sun_path) {
      out.directory_.reset(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!out.directory_) {
        return fail(last_error("cannot open " + path.parent_path().string()));
      }
      text = "/proc/self/fd/" + std::to_string(out.directory_.get()) + "/" + path.filename().string();
    }
    if (text.empty() || text.size() >= sizeof out.address_.sun_path) {
      return fail(Errc::invalid,
                  "'" + path.string() + "' cannot be the name of a socket: choose a shorter one");
    }
    out.address_.sun_family = AF_UNIX;
    std::memcpy(out.address_.sun_path, text.c_str(), text.size() + 1);
    return out;
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  sockaddr_un address_{};
  UniqueFd directory_;
};

Result<UniqueFd> open_socket(UnixType type) {
  UniqueFd socket(::socket(AF_UNIX, static_cast<int>(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return fail(last_error("cannot open a socket"));
  }
  return socket;
}

/// True if `path` is a socket that nobody listens to.
bool is_leftover(const std::filesystem::path& path, const UnixAddress& address, UnixType type) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return false;
  }
  const auto trial = open_socket(type);
  return trial && ::connect(trial->get(), address.get(), UnixAddress::kSize) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<UniqueFd> unix_listen(const std::filesystem::path& path, UnixType type, mode_t mode) {
  const auto address = UnixAddress::of(path);
  if (!address) {
    return fail(address.error());
  }
  auto socket = open_socket(type);
  if (!socket) {
    return socket;
  }
  const std::string what = "cannot listen on " + path.string();
  int bound = ::bind(socket->get(), address->get(), UnixAddress::kSize);
  if (bound != 0 && errno == EADDRINUSE && is_leftover(path, *address, type)) {
    (void)::unlink(path.c_str());  // bind() tells if it failed
    bound = ::bind(socket->get(), address->get(), UnixAddress::kSize);
  }
  if (bound != 0) {
    return fail(last_error(what));
  }
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket->get(), SOMAXCONN) != 0) {
    return fail(last_error(what));
  }
  return socket;
}

Result<UniqueFd> unix_connect(const std::filesystem::path& path, UnixType type) {
  const auto address = UnixAddress::of(path);
  if (!address) {
    return fail(address.error());
  }
  auto socket = open_socket(type);
  if (socket && ::connect(socket->get(), address->get(), UnixAddress::kSize) != 0) {
    return fail(last_error("cannot connect to " + path.string()));
  }
  return socket;
}

Result<UniqueFd> unix_accept(int listener) {
  UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    return fail(last_error("cannot accept a connection"));
  }
  return socket;
}

Result<std::pair<UniqueFd, UniqueFd>> unix_pair(UnixType type) {
  int ends[2];
  if (::socketpair(AF_UNIX, static_cast<int>(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return fail(last_error("cannot create a pair of sockets"));
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<pid_t> peer_pid(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return fail(last_error("cannot tell who is at the other end"));
  }
  return peer.pid;
}

Result<std::size_t> send_message(int socket, BytesView bytes, std::span<const int> fds) {
  CATFLAP_ASSERT(fds.size() <= kFdsPerMessageMax);
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsPerMessageMax)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  if (sent < 0) {
    return fail(last_error("cannot send"));
  }
  return static_cast<std::size_t>(sent);
}

Result<UnixMessage> receive_message(int socket, std::size_t bytes_max) {
  UnixMessage out;
  out.bytes.resize(bytes_max);
  iovec part{out.bytes.data(), out.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsPerMessageMax)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) {
    return fail(last_error("cannot receive"));
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      out.fds.emplace_back(fd);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(Errc::protocol, "a message was larger than " + std::to_string(bytes_max) + " octets");
  }
  out.bytes.resize(static_cast<std::size_t>(got));
  out.end = got == 0 && out.fds.empty();
  return out;
}

Status wait_fd(int fd, short events, int timeout_ms) {
  pollfd wait{fd, events, 0};
  while (true) {
    const int ready = ::poll(&wait, 1, timeout_ms);
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return fail(Errc::timeout, "nothing within " + std::to_string(timeout_ms) + " ms");
    }
    if (errno != EINTR) {
      return fail(last_error("poll"));
    }
  }
}

}  // namespace catflap::sys
