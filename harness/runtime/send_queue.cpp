#include "runtime/send_queue.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace catflap::runtime {
namespace {

// RFC 4271 §4.1: marker (16), length (2), type (1).
constexpr std::size_t kHeaderOctets = 19;
constexpr std::size_t kLengthOffset = 16, kTypeOffset = 18;
constexpr std::byte kUpdate{2}, kKeepalive{4};

constexpr std::size_t kVectorsMax = 256;

std::size_t length_at(const Bytes& bytes, std::size_t at) {
  return std::to_integer<std::size_t>(bytes[at + kLengthOffset]) << 8U |
         std::to_integer<std::size_t>(bytes[at + kLengthOffset + 1]);
}

}  // namespace

void SendQueue::push(std::shared_ptr<const Bytes> bytes) {
  const bool keepalive = bytes->size() == kHeaderOctets && (*bytes)[kTypeOffset] == kKeepalive;
  if (keepalive && !slices_.empty()) {
    return push_keepalive(std::move(bytes));
  }
  octets_ += bytes->size();
  const std::size_t end = bytes->size();
  slices_.push_back({std::move(bytes), 0, end, 0});
}

void SendQueue::push_keepalive(std::shared_ptr<const Bytes> bytes) {
  const auto insert = [&](std::deque<Slice>::iterator before) {
    octets_ += kHeaderOctets;
    slices_.insert(before, {std::move(bytes), 0, kHeaderOctets, 0});
  };
  bool keepalive_waits = false;  // the last whole message in front is one
  for (auto slice = slices_.begin(); slice != slices_.end(); ++slice) {
    const Bytes& octets = *slice->bytes;
    for (std::size_t at = slice->boundary; at + kHeaderOctets <= slice->end;) {
      const std::size_t next = at + std::max(length_at(octets, at), kHeaderOctets);
      if (at < slice->begin) {  // out, or at least begun
        slice->boundary = next <= slice->begin ? next : slice->boundary;
      } else if (octets[at + kTypeOffset] == kUpdate) {
        return keepalive_waits ? void() : insert(split(slice, at));
      } else {
        keepalive_waits = octets[at + kTypeOffset] == kKeepalive;
      }
      at = next;
    }
  }
  insert(slices_.end());
}

std::deque<SendQueue::Slice>::iterator SendQueue::split(std::deque<Slice>::iterator slice, std::size_t at) {
  if (at == slice->begin) {
    return slice;
  }
  Slice rest = *slice;
  rest.begin = rest.boundary = at;
  slice->end = at;
  return slices_.insert(slice + 1, std::move(rest));
}

SendQueue::Written SendQueue::write(int fd) {
  Written written;
  while (!slices_.empty()) {
    std::array<iovec, kVectorsMax> vectors;
    std::size_t count = 0;
    std::size_t asked = 0;
    for (auto at = slices_.begin(); at != slices_.end() && count < kVectorsMax; ++at) {
      const std::size_t octets = at->end - at->begin;
      vectors[count++] = {const_cast<std::byte*>(at->bytes->data()) + at->begin, octets};
      asked += octets;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0) {
      written.sys_errno = errno == EWOULDBLOCK ? EAGAIN : errno;
      return written;
    }
    taken(static_cast<std::size_t>(sent));
    written.octets += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < asked) {
      written.sys_errno = EAGAIN;  // as the next call would say
      return written;
    }
  }
  return written;
}

void SendQueue::taken(std::size_t octets) {
  octets_ -= octets;
  while (octets > 0) {
    Slice& front = slices_.front();
    const std::size_t here = std::min(octets, front.end - front.begin);
    front.begin += here;
    octets -= here;
    if (front.begin == front.end) {
      slices_.pop_front();
    }
  }
}

}  // namespace catflap::runtime
