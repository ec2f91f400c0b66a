#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "bgp/fsm/test_support.hpp"

namespace catflap::bgp::fsm::test {

/// Two Peers with a network of virtual time between them: delays, fragmentation and resets come from a seed.
/// Follows the rules of the driver: no events after a Close, octets before the end of the stream.
class Network {
 public:
  struct Side {
    std::unique_ptr<Peer> peer;
    bool listening = false;
    ConnId next_dial = 2, next_accept = 1;
    std::map<ConnId, std::size_t> links;
    std::vector<DownReason> downs, failures;
    std::size_t dials = 0, ups = 0;
  };
  /// How the network behaves.
  struct Nature {
    Duration delay_max{0};  ///< one way; each transfer draws its own
    std::size_t fragment_max = 65536;
  };

  Network(PeerConfig left, PeerConfig right, std::uint64_t seed, Nature nature)
      : rng_(seed), nature_(nature) {
    sides[0].peer = std::make_unique<Peer>(std::move(left), rng_.next(), &sides[0].next_dial);
    sides[1].peer = std::make_unique<Peer>(std::move(right), rng_.next(), &sides[1].next_dial);
  }

  void start(std::size_t side) {
    sides[side].listening = true;
    act(side, [&](Outputs& out) { sides[side].peer->start(now, out); });
  }
  /// The connection breaks; both ends are told after a while.
  void reset_a_link() {
    if (links_.empty()) {
      return;
    }
    Link& link = links_[rng_.below(links_.size())];
    const auto id = static_cast<std::size_t>(&link - links_.data());
    for (std::size_t side = 0; side < 2; ++side) {
      schedule({now + delay(), 0, Kind::closed, side, id, {}});
    }
  }
  void run_until(Instant end) {
    for (;;) {
      const Instant timer = std::min(sides[0].peer->deadline(), sides[1].peer->deadline());
      const Instant packet = queue_.empty() ? Instant::never() : queue_.begin()->first.first;
      if (std::min(timer, packet) > end) {
        break;
      }
      now = std::max(now, std::min(timer, packet));
      if (packet <= timer) {
        const Transfer next = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        deliver(next);
      }
      for (std::size_t side = 0; side < 2; ++side) {
        act(side, [&](Outputs& out) { sides[side].peer->run(now, out); });
      }
    }
    now = end;
  }
  template <class Act>
  void act(std::size_t side, Act&& what) {
    Outputs out;
    what(out);
    for (const Output& output : out) {
      carry_out(side, output);
    }
  }
  /// Both Established, on the two ends of one connection.
  bool joined() const {
    const ConnId left = sides[0].peer->established_conn();
    const ConnId right = sides[1].peer->established_conn();
    return left != 0 && right != 0 && sides[0].links.at(left) == sides[1].links.at(right);
  }
  Rng& rng() { return rng_; }

  Instant now = at(seconds(1));
  std::array<Side, 2> sides;

 private:
  enum class Kind : std::uint8_t { syn, syn_ack, refused, octets, closed };
  struct Transfer {
    Instant at;
    std::uint64_t sequence;
    Kind kind;
    std::size_t to, link;
    Bytes octets;
  };
  struct Link {
    std::array<ConnId, 2> conn{};
    std::array<bool, 2> open{};        ///< this end exists
    std::array<Instant, 2> busy_to{};  ///< the last arrival at this end: TCP keeps the order
  };

  Duration delay() {
    return Duration(
        static_cast<Duration::rep>(rng_.below(static_cast<std::uint64_t>(nature_.delay_max.count()) + 1)));
  }
  void schedule(Transfer transfer) {
    const auto key = std::pair(transfer.at, sequence_++);
    queue_.emplace(key, std::move(transfer));
  }
  /// In order with what is under way to that end already.
  void schedule_in_order(Kind kind, std::size_t to, std::size_t link, Bytes octets) {
    Instant& busy = links_[link].busy_to[to];
    busy = std::max(busy, now + delay());
    schedule({busy, 0, kind, to, link, std::move(octets)});
  }

  void carry_out(std::size_t side, const Output& output) {
    Side& self = sides[side];
    if (std::holds_alternative<out::Dial>(output)) {
      const ConnId conn = std::get<out::Dial>(output).conn;
      ++self.dials;
      Link& link = links_.emplace_back();
      link.conn[side] = conn;
      link.open[side] = true;
      self.links[conn] = links_.size() - 1;
      schedule_in_order(Kind::syn, 1 - side, links_.size() - 1, {});
    } else if (const auto* send = std::get_if<out::Send>(&output)) {
      const std::size_t link = self.links.at(send->conn);
      for (std::size_t begin = 0; begin < send->bytes->size();) {
        const std::size_t size =
            std::min(send->bytes->size() - begin, std::size_t{1} + rng_.below(nature_.fragment_max));
        const auto first = send->bytes->begin() + static_cast<std::ptrdiff_t>(begin);
        schedule_in_order(Kind::octets, 1 - side, link,
                          Bytes(first, first + static_cast<std::ptrdiff_t>(size)));
        begin += size;
      }
    } else if (const auto* close = std::get_if<out::Close>(&output)) {
      const std::size_t link = self.links.at(close->conn);
      links_[link].open[side] = false;
      schedule_in_order(Kind::closed, 1 - side, link, {});
    } else if (const auto* down = std::get_if<out::Down>(&output)) {
      self.downs.push_back(down->reason);
    } else if (const auto* failed = std::get_if<out::Failed>(&output)) {
      self.failures.push_back(failed->reason);
    } else if (std::holds_alternative<out::Established>(output)) {
      ++self.ups;
    }
  }

  void deliver(const Transfer& transfer) {
    Side& self = sides[transfer.to];
    Link& link = links_[transfer.link];
    if (transfer.kind == Kind::syn) {
      answer(transfer.to, transfer.link);
      return;
    }
    if (!link.open[transfer.to]) {
      return;
    }
    const ConnId conn = link.conn[transfer.to];
    switch (transfer.kind) {
      case Kind::syn:
        break;
      case Kind::syn_ack:
        act(transfer.to, [&](Outputs& out) { self.peer->tcp_opened(now, conn, false, out); });
        break;
      case Kind::octets:
        act(transfer.to, [&](Outputs& out) { self.peer->tcp_bytes(now, conn, transfer.octets, out); });
        break;
      case Kind::refused:
      case Kind::closed:
        link.open[transfer.to] = false;
        const int sys_errno = transfer.kind == Kind::refused ? 111 : 104;
        act(transfer.to, [&](Outputs& out) { self.peer->tcp_closed(now, conn, sys_errno, "", out); });
        break;
    }
  }
  void answer(std::size_t side, std::size_t id) {
    Side& self = sides[side];
    if (!self.listening) {
      schedule_in_order(Kind::refused, 1 - side, id, {});
      return;
    }
    const ConnId conn = self.next_accept;
    self.next_accept += 2;
    links_[id].conn[side] = conn;
    links_[id].open[side] = true;
    self.links[conn] = id;
    schedule_in_order(Kind::syn_ack, 1 - side, id, {});
    act(side, [&](Outputs& out) { self.peer->tcp_opened(now, conn, true, out); });
  }

  Rng rng_;
  Nature nature_;
  std::vector<Link> links_;
  std::map<std::pair<Instant, std::uint64_t>, Transfer> queue_;
  std::uint64_t sequence_ = 0;
};

}  // namespace catflap::bgp::fsm::test
