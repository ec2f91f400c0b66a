#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "base/bytes.hpp"

namespace catflap::runtime {

/// The octets of whole BGP messages on their way to one connection; the buffers are shared with other
/// connections that get the same. A KEEPALIVE overtakes the UPDATEs that wait, at a message boundary, so that
/// a peer that reads slowly does not take us for dead (RFC 4271 §4.4 asks only for its time).
class SendQueue {
 public:
  /// `bytes` must not be null or empty. A KEEPALIVE is left out if one is about to go out already.
  void push(std::shared_ptr<const Bytes> bytes);

  struct Written {
    std::size_t octets = 0;  ///< taken by the kernel
    int sys_errno = 0;       ///< 0: all is out; EAGAIN: the socket is full; else it is broken
  };
  /// Writes to a non-blocking socket, many buffers in a call, until the queue is empty or the socket full.
  Written write(int fd);

  std::size_t octets() const noexcept { return octets_; }
  bool empty() const noexcept { return slices_.empty(); }

 private:
  /// A part of a buffer. Invariant: begin < end; `boundary` <= begin is where a message starts.
  struct Slice {
    std::shared_ptr<const Bytes> bytes;
    std::size_t begin = 0, end = 0, boundary = 0;
  };
  /// Cuts a slice at a message boundary of its own; where something may be put in between.
  std::deque<Slice>::iterator split(std::deque<Slice>::iterator slice, std::size_t at);
  void push_keepalive(std::shared_ptr<const Bytes> bytes);
  void taken(std::size_t octets);

  std::deque<Slice> slices_;
  std::size_t octets_ = 0;
};

}  // namespace catflap::runtime
