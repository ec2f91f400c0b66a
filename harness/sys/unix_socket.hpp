#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sys/unique_fd.hpp"

/// Unix sockets at filesystem paths of any length (names in the abstract space belong to a network namespace;
/// paths do not). All descriptors are close-on-exec and non-blocking.
namespace catflap::sys {

enum class UnixType : int { stream = SOCK_STREAM, seqpacket = SOCK_SEQPACKET };

/// A socket file left behind by a dead process is replaced; Errc::exists if somebody listens there or it is
/// no socket.
Result<UniqueFd> unix_listen(const std::filesystem::path& path, UnixType type, mode_t mode = 0660);
/// Errc::not_found without the file, Errc::io (ECONNREFUSED) if nobody listens.
Result<UniqueFd> unix_connect(const std::filesystem::path& path, UnixType type);
/// Errc::conflict (EAGAIN) if there is none waiting.
Result<UniqueFd> unix_accept(int listener);
Result<std::pair<UniqueFd, UniqueFd>> unix_pair(UnixType type);
/// pid of the process at the other end.
Result<pid_t> peer_pid(int socket);

/// At most this many descriptors go with a message.
inline constexpr std::size_t kFdsPerMessageMax = 64;

struct UnixMessage {
  Bytes bytes;
  std::vector<UniqueFd> fds;
  bool end = false;  ///< the peer has closed
};
/// Sends all of `bytes` with the descriptors; borrowed. Errc::conflict (EAGAIN) if the peer's queue is full:
/// nothing was sent. On a stream socket it may send a part: returns the octets taken.
Result<std::size_t> send_message(int socket, BytesView bytes, std::span<const int> fds = {});
/// Errc::conflict (EAGAIN) if there is nothing; Errc::protocol if a message was larger than `bytes_max`.
Result<UnixMessage> receive_message(int socket, std::size_t bytes_max = 1U << 16U);

/// Waits until `fd` has one of `events` (POLLIN, POLLOUT). Errc::timeout after `timeout_ms`; -1 waits for
/// ever.
Status wait_fd(int fd, short events, int timeout_ms);

}  // namespace catflap::sys
