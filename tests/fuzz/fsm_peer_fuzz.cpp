// Any sequence of events for one BGP peer: nothing crashes, and what comes out fits the world that it was
// told of.
#include <algorithm>
#include <map>
#include <span>
#include <variant>

#include "base/overloaded.hpp"
#include "bgp/fsm/peer.hpp"
#include "bgp/wire/codec.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using namespace catflap::bgp;
using fsm::ConnId;
using fsm::State;

/// What one octet of the input asks for; the octets after it are the parameters.
enum class Step : std::uint8_t {
  start,
  stop,
  restart,
  reset,
  wait,
  fire,
  open,
  accept,
  close,
  message,
  raw,
  sent,
  blocked,
  kCount,
};

wire::Open peer_open(std::uint8_t choice) {
  wire::Open open;
  open.as2 = (choice & 0x70) == 0x70 ? 5 : 64513;
  open.hold_time_s = (choice & 4) != 0 ? 3 : 90;
  open.router_id = (choice & 8) != 0 ? 1 : 0xF0000000;
  open.capabilities.as4 = open.as2;
  open.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  open.capabilities.route_refresh = true;
  if ((choice & 1) != 0) {
    open.capabilities.graceful_restart =
        wire::Capabilities::GracefulRestart{(choice & 2) != 0, false, 120, {}};
  }
  return open;
}

wire::Message message_of(std::uint8_t choice, std::uint8_t detail) {
  switch (choice % 5) {
    case 0:
      return peer_open(detail);
    case 1:
      return wire::Keepalive{};
    case 2: {
      wire::Update update;
      update.end_of_rib = wire::kIpv4Unicast;
      return update;
    }
    case 3:
      return wire::Notification{
          static_cast<std::uint8_t>(detail >> 4), static_cast<std::uint8_t>(detail & 15), {}};
    default:
      return wire::RouteRefresh{wire::kIpv4Unicast, static_cast<std::uint8_t>(detail & 3)};
  }
}

/// The driver and the speaker around a peer: knows which connections exist, and watches what the peer does
/// with them.
class World {
 public:
  World(BytesView input, fsm::PeerConfig config) : input_(input), peer_(std::move(config), 1, &next_dial_) {}

  void play() {
    for (int steps = 0; steps < 2000 && !input_.empty(); ++steps) {
      step();
      take();
      check();
    }
    peer_.stop(now_, 2, "end", out_);
    take();
    require(peer_.deadline().is_never() && !peer_.running(), "something is left to do after the stop");
    for (const auto& [id, alive] : alive_) {
      require(!alive, "a connection is left after the stop");
    }
  }

 private:
  static void require(bool condition, const char* what) {
    if (!condition) {
      fuzz::finding(what);
    }
  }
  std::uint8_t octet() { return input_.u8().value_or(0); }
  ConnId some_connection() {
    if (alive_.empty()) {
      return octet();
    }
    auto at = alive_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(octet() % alive_.size()));
    return at->first;
  }
  bool alive(ConnId id) const {
    const auto at = alive_.find(id);
    return at != alive_.end() && at->second;
  }

  void step() {
    switch (static_cast<Step>(octet() % static_cast<std::uint8_t>(Step::kCount))) {
      case Step::start:
        return peer_.start(now_, out_);
      case Step::stop:
        if (const std::uint8_t subcode = octet(); subcode != 255) {
          return peer_.stop(now_, subcode, "text", out_);
        }
        return peer_.stop_silently(now_, out_);
      case Step::restart: {
        const std::uint8_t subcode = octet();
        return peer_.restart(now_, subcode, "", std::chrono::milliseconds(octet()), out_);
      }
      case Step::reset: {
        const std::uint8_t code = octet();
        return peer_.reset(now_, {code, octet(), {}}, "", out_);
      }
      case Step::wait:
        now_ = now_ + std::chrono::milliseconds(octet() * 20);
        return peer_.run(now_, out_);
      case Step::fire:
        if (!peer_.deadline().is_never()) {
          now_ = std::max(now_, peer_.deadline());
        }
        return peer_.run(now_, out_);
      case Step::open: {
        const ConnId id = some_connection();
        if (alive_.count(id) != 0 && !alive(id)) {
          return;  // no driver opens what was closed
        }
        return peer_.tcp_opened(now_, id, false, out_);
      }
      case Step::accept:
        alive_[next_accept_] = true;
        next_accept_ += 2;
        return peer_.tcp_opened(now_, next_accept_ - 2, true, out_);
      case Step::close: {
        const ConnId id = some_connection();
        if (alive_.count(id) != 0) {
          alive_[id] = false;
        }
        return peer_.tcp_closed(now_, id, octet(), "closed", out_);
      }
      case Step::message: {
        const ConnId id = some_connection();
        const std::uint8_t choice = octet();
        ByteSink sink;
        static_cast<void>(wire::encode(message_of(choice, octet()), {}, sink));
        return peer_.tcp_bytes(now_, id, sink.view(), out_);
      }
      case Step::raw: {
        const ConnId id = some_connection();
        const std::size_t size = std::min<std::size_t>(octet(), input_.remaining());
        return peer_.tcp_bytes(now_, id, *input_.take(size), out_);
      }
      case Step::sent:
        return peer_.sent(now_);
      case Step::blocked:
        return peer_.set_send_blocked(now_, (octet() & 1) != 0);
      case Step::kCount:
        return;
    }
  }

  void take() {
    for (const fsm::Output& output : std::exchange(out_, {})) {
      std::visit(
          overloaded{
              [&](const fsm::out::Dial& dial) {
                require(dial.conn % 2 == 0 && alive_.emplace(dial.conn, true).second,
                        "a dial reuses a connection");
              },
              [&](const fsm::out::Send& send) {
                require(alive(send.conn), "a message for a connection that is not there");
                require(wire::decode(*send.bytes, {}).has_value(), "a malformed message");
              },
              [&](const fsm::out::Close& close) {
                if (alive_.count(close.conn) != 0) {
                  require(alive(close.conn), "a connection is closed twice");
                  alive_[close.conn] = false;
                }
              },
              [&](const fsm::out::Established& up) {
                require(session_ == 0 && alive(up.conn), "Established twice, or on nothing");
                session_ = up.conn;
              },
              [&](const fsm::out::Malformed& bad) {
                require(bad.octets.size() <= wire::kExtendedMessageOctetsMax, "more than a message is kept");
              },
              [&](const fsm::out::Received&) { require(session_ != 0, "an UPDATE too early"); },
              [&](const fsm::out::RefreshReceived&) { require(session_ != 0, "a ROUTE-REFRESH too early"); },
              [&](const fsm::out::Down&) {
                require(session_ != 0, "Down without a session");
                session_ = 0;
              },
              [&](const fsm::out::StateChanged& change) {
                require(change.from == state_ && change.from != change.to, "a gap between states");
                state_ = change.to;
              },
              [&](const fsm::out::Failed&) {}},
          output);
    }
  }

  void check() {
    require(state_ == peer_.state(), "a change of state was not told");
    require((state_ == State::established) == (session_ != 0), "state and session differ");
    require(peer_.established_conn() == session_, "the session is not the one that was told");
    require(state_ < State::open_confirm || peer_.negotiated() != nullptr, "nothing negotiated");
    int dialled = 0, accepted = 0;
    for (const auto& [id, is_alive] : alive_) {
      (id % 2 == 0 ? dialled : accepted) += is_alive ? 1 : 0;
    }
    require(dialled <= 1 && accepted <= 2, "too many connections");
    require(!peer_.running() || peer_.config().passive || !peer_.deadline().is_never() || session_ != 0 ||
                dialled + accepted > 0,
            "nothing will ever happen");
  }

  ByteReader input_;
  ConnId next_dial_ = 2, next_accept_ = 1, session_ = 0;
  Instant now_ = Instant(std::chrono::seconds(1));
  State state_ = State::idle;
  std::map<ConnId, bool> alive_;
  fsm::Outputs out_;
  fsm::Peer peer_;
};

fuzz::Seed seed_of(std::initializer_list<std::initializer_list<int>> steps) {
  fuzz::Seed seed{0};
  for (const auto& step : steps) {
    for (const int each : step) {
      seed.push_back(static_cast<std::uint8_t>(each));
    }
  }
  return seed;
}

std::vector<fuzz::Seed> make_seeds() {
  const int start = 0, open = 6, accept = 7, message = 9, raw = 10;
  return {
      seed_of({{start}, {open, 0}, {message, 0, 0, 0}, {message, 0, 1, 0}, {message, 0, 2, 0}}),
      seed_of({{start}, {open, 0}, {accept}, {message, 0, 0, 0}, {message, 1, 0, 0}, {message, 0, 1, 0}}),
      seed_of({{start}, {open, 0}, {message, 0, 0, 3}, {message, 0, 1, 0}, {accept}, {message, 0, 0, 3}}),
      seed_of({{start}, {open, 0}, {raw, 0, 3, 255, 255, 255}}),
  };
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t flags = size > 0 ? data[0] : 0;
  fsm::PeerConfig config;
  config.local_as = 64512;
  config.local_id = 0x0A000001;
  config.peer_as = (flags & 1) != 0 ? 0 : 64513;
  config.passive = (flags & 2) != 0;
  config.disable_after_error = (flags & 4) != 0;
  config.capabilities.multiprotocol = {wire::kIpv4Unicast};
  if ((flags & 8) != 0) {
    config.capabilities.graceful_restart = wire::Capabilities::GracefulRestart{false, false, 120, {}};
  }
  config.connect_delay = std::chrono::milliseconds((flags & 16) != 0 ? 100 : 0);
  World(std::as_bytes(std::span(data, size)).subspan(size > 0 ? 1 : 0), config).play();
  return 0;
}
