#include "runtime/stream_client.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "sys/unix_socket.hpp"

namespace catflap::runtime {

bool StreamClient::receive() {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
  if (count > 0) {
    in.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
  return count < 0 && (errno == EAGAIN || errno == EINTR);
}

bool StreamClient::flush() {
  while (unsent() > 0) {
    const ssize_t count = ::send(fd(), out.data() + sent_, unsent(), MSG_NOSIGNAL);
    if (count < 0) {
      const bool waits = errno == EAGAIN || errno == EINTR;
      if (sent_ > kTakenOctetsMax) {
        out.erase(0, std::exchange(sent_, 0));
      }
      return waits;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  out.clear();
  sent_ = 0;
  return true;
}

void StreamClient::want(sys::EventLoop& loop, std::uint32_t events) {
  if (events != wanted_) {
    wanted_ = events;
    (void)loop.modify(fd(), events);  // fails only for a descriptor that is not there
  }
}

Result<std::unique_ptr<sys::Acceptor>> listen_at(sys::EventLoop& loop, const std::filesystem::path& path,
                                                 const std::string& what, sys::Acceptor::Accepted accepted) {
  auto listener = sys::unix_listen(path, sys::UnixType::stream);
  if (!listener) {
    return fail(std::move(listener.error()).context(what + " " + path.string()));
  }
  return sys::Acceptor::create(loop, std::move(*listener), std::move(accepted));
}

}  // namespace catflap::runtime
