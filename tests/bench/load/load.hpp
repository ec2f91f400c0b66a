#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "load/peer.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::bench {

/// Many BGP sessions under the command of a line-oriented input; what happens goes to standard output as one
/// JSON object a line with CLOCK_MONOTONIC times in nanoseconds. main.cpp says which commands and events
/// there are.
class Load {
 public:
  /// Runs until "quit" or the end of the input. Returns the exit code.
  int run();

 private:
  enum class Mode : std::uint8_t { idle, dial, listen };

  // Commands.
  Status command(const std::string& line);
  Status add_peer(const std::vector<std::string_view>& words);
  Status prepare();
  Status start(std::string_view mode);
  Status send(std::optional<std::size_t> goal);
  Status drop(std::string_view name, std::optional<std::size_t> goal);
  void print_stats() const;

  // Events of sockets.
  void read_commands();
  void accept_all();
  void peer_event(Peer& peer, std::uint32_t events);
  void dial(Peer& peer);
  void watch(Peer& peer, bool added);
  void after(Peer& peer);
  void lost(Peer& peer);
  void set_goal(std::size_t goal);
  void check_goal(Peer& peer);
  void tick();
  int next_timeout_ms() const;

  Feed feed_;
  PrefixIndex index_;
  std::deque<Peer> peers_;
  std::unordered_map<std::uint32_t, Peer*> by_local_;
  sys::UniqueFd epoll_, listener_;
  Mode mode_ = Mode::idle;
  std::string input_;
  bool quit_ = false;

  struct Progress {
    bool established = false, end_of_rib = false, sent = false, at_goal = false, writing = false;
  };
  std::unordered_map<const Peer*, Progress> progress_;
  std::size_t established_ = 0, end_of_rib_ = 0, sent_ = 0, feeders_ = 0, sinks_ = 0, missing_ = 0;
  std::optional<std::size_t> goal_;
  std::multimap<std::int64_t, Peer*> redials_;  ///< by the time when they are due
  struct Pending {
    Peer* peer;
    std::uint32_t dial;  ///< which one; the peer may have dialled again since
  };
  std::multimap<std::int64_t, Pending> pending_;  ///< dials by the time when they may be given up
  Rng rng_{1};
  std::int64_t tick_at_ = 0;
};

}  // namespace catflap::bench
