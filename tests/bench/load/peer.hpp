#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "load/feed.hpp"
#include "load/prefix_set.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::bench {

/// CLOCK_MONOTONIC in nanoseconds: what Python's time.monotonic_ns() reads.
std::int64_t now_ns();

struct PeerOptions {
  std::string name;
  std::uint32_t local = 0, remote = 0;  ///< IPv4, host byte order
  std::uint32_t as = 0, remote_as = 0;
  std::uint16_t port = 179;
  std::uint16_t hold_s = 240;
  bool feeds = false;     ///< announces the feed
  bool sentinel = false;  ///< ... and a prefix of its own at the end
  bool sinks = false;     ///< counts what it is told
  std::uint32_t number = 0;
};

/// One BGP session of the load: as little of a speaker as the daemons under test accept. Not for production:
/// what the other side sends is trusted to be framed well, and anything odd ends the session.
class Peer {
 public:
  enum class State : std::uint8_t { down, connecting, open_sent, open_confirm, established };

  /// `index` belongs to the owner of the peer and may become another before the first UPDATE.
  Peer(PeerOptions options, const PrefixIndex& index) : options_(std::move(options)), index_(index) {}

  const PeerOptions& options() const { return options_; }
  State state() const { return state_; }
  int fd() const { return fd_.get(); }

  /// Encodes what it will announce.
  void prepare(const Feed& feed);
  const Stream& stream() const { return stream_; }

  /// Starts to connect from its own address. False: refused at once or no socket, see errno.
  bool dial();
  std::uint32_t dials() const { return dials_; }
  /// Takes over a connected socket; the OPEN is on its way.
  void connected(sys::UniqueFd fd);
  /// True while a connection that we opened, or the OPEN on it, has not reached the other side's TCP.
  bool unacknowledged() const;
  /// The connect of dial() is over: true if it came about.
  bool finish_dial();
  /// Gives the connection up.
  void close(std::string why);

  /// Reads and handles what is there. False: the session is over, see why().
  bool receive();
  /// Sends what is queued. False: the session is over.
  bool flush();
  bool wants_to_write() const { return fd_.valid() && (!control_.empty() || streaming()); }
  void start_stream() { streaming_ = true; }
  /// Queues a KEEPALIVE when one is due.
  void keep_alive(std::int64_t now);

  const std::string& why() const { return why_; }
  std::size_t present() const { return present_.size(); }

  /// What happened, CLOCK_MONOTONIC; 0 for "not yet".
  struct Times {
    std::int64_t established = 0, end_of_rib = 0;
    std::int64_t first_sent = 0, last_sent = 0;
    std::int64_t first_update = 0, last_update = 0;
  };
  const Times& times() const { return times_; }
  struct Counts {
    std::uint64_t messages = 0, octets = 0, announced = 0, withdrawn = 0;
  };
  const Counts& counts() const { return counts_; }
  /// Forgets the times and counts of UPDATEs, for a new measurement.
  void reset_counts();

 private:
  bool streaming() const {
    return streaming_ && state_ == State::established && sent_ < stream_.octets.size();
  }
  void queue_open();
  void queue_keepalive();
  bool handle(BytesView message);
  bool handle_open(BytesView message);
  bool handle_update(BytesView body);
  bool read_prefixes(BytesView field, bool announced);
  bool fail(std::string why);

  PeerOptions options_;
  const PrefixIndex& index_;
  State state_ = State::down;
  sys::UniqueFd fd_;
  Bytes carry_;    ///< the beginning of a message whose rest is not there yet
  Bytes control_;  ///< OPEN and KEEPALIVEs to send
  Stream stream_;
  std::uint32_t dials_ = 0;
  std::size_t sent_ = 0;  ///< octets of the stream
  bool streaming_ = false;
  std::int64_t batch_at_ = 0;  ///< when the octets being handled were read
  std::int64_t keepalive_every_ = 0, keepalive_at_ = 0;
  PrefixSet present_;
  Times times_;
  Counts counts_;
  std::string why_;
};

}  // namespace catflap::bench
