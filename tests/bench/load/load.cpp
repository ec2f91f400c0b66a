#include "load/load.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "net/addr.hpp"

namespace catflap::bench {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
/// A daemon that is just starting is asked again at once: what is measured is when it is there.
constexpr std::int64_t kRedialEvery = kMillisecond / 4;
/// A peer whose OPEN nobody has acknowledged by then dials again: connect retry time 1 with the jitter of RFC
/// 4271 §10. A full accept queue lets connections seem to come about of which the daemon knows nothing.
constexpr std::int64_t kAcknowledgeWithin = 1000 * kMillisecond;
constexpr std::int64_t kTickEvery = 500 * kMillisecond;
constexpr std::uint64_t kInputTag = 0, kListenerTag = 1;

Error invalid(std::string message) {
  return Error{Errc::invalid, std::move(message)};
}

template <class Number>
Result<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return tl::unexpected(invalid(fmt::format("'{}' is no number", text)));
  }
  return value;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
      return words;
    }
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

void emit(const std::string& json) {
  fmt::print("{}\n", json);
  std::fflush(stdout);
}

/// What a daemon says, as a JSON string.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

Status set_option(PeerOptions& options, std::string_view key, std::string_view value) {
  const auto set_number = [&](auto& field) -> Status {
    const auto parsed = number<std::remove_reference_t<decltype(field)>>(value);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    field = *parsed;
    return {};
  };
  const auto set_address = [&](std::uint32_t& field) -> Status {
    const auto parsed = net::IpAddr::parse(value);
    if (!parsed || !parsed->is_v4()) {
      return tl::unexpected(invalid(fmt::format("'{}' is no IPv4 address", value)));
    }
    field = parsed->v4_value();
    return {};
  };
  if (key == "local") {
    return set_address(options.local);
  }
  if (key == "remote") {
    return set_address(options.remote);
  }
  if (key == "as") {
    return set_number(options.as);
  }
  if (key == "remote-as") {
    return set_number(options.remote_as);
  }
  if (key == "port") {
    return set_number(options.port);
  }
  if (key == "hold") {
    return set_number(options.hold_s);
  }
  return tl::unexpected(invalid(fmt::format("a peer has no '{}'", key)));
}

}  // namespace

int Load::run() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event input{};
  input.events = EPOLLIN;
  input.data.u64 = kInputTag;
  if (!epoll_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) {
    fmt::print(stderr, "catflap-bgp-load: standard input must be a pipe: {}\n", std::strerror(errno));
    return 3;
  }
  std::array<epoll_event, 256> events{};
  while (!quit_) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), next_timeout_ms());
    if (count < 0 && errno != EINTR) {
      fmt::print(stderr, "catflap-bgp-load: epoll: {}\n", std::strerror(errno));
      return 3;
    }
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kInputTag) {
        read_commands();
      } else if (event.data.u64 == kListenerTag) {
        accept_all();
      } else {
        peer_event(*static_cast<Peer*>(event.data.ptr), event.events);
      }
    }
    tick();
  }
  return 0;
}

int Load::next_timeout_ms() const {
  std::int64_t due = now_ns() + kTickEvery;
  due = redials_.empty() ? due : std::min(due, redials_.begin()->first);
  due = pending_.empty() ? due : std::min(due, pending_.begin()->first);
  // A fraction of a millisecond is spun away: only while sessions come up.
  return static_cast<int>(std::max<std::int64_t>(0, due - now_ns()) / kMillisecond);
}

void Load::read_commands() {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count <= 0) {
    quit_ = count == 0 || (errno != EINTR && errno != EAGAIN);
    return;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(count));
  std::size_t end = 0;
  while (!quit_ && (end = input_.find('\n')) != std::string::npos) {
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    if (const Status done = command(line); !done) {
      emit(fmt::format(R"({{"event":"error","why":{}}})", quoted(line + ": " + done.error().message)));
    }
  }
}

Status Load::command(const std::string& line) {
  const std::vector<std::string_view> words = split(line);
  if (words.empty()) {
    return {};
  }
  const auto goal_of = [&](std::size_t at) -> Result<std::optional<std::size_t>> {
    if (words.size() <= at) {
      return std::optional<std::size_t>();
    }
    return number<std::size_t>(words[at]).map([](std::size_t n) { return std::optional(n); });
  };
  if (words[0] == "synthetic" && words.size() == 3) {
    const auto size = number<std::size_t>(words[1]);
    const auto seed = number<std::uint64_t>(words[2]);
    auto feed = size && seed ? synthetic_feed(*size, *seed) : tl::unexpected(invalid("two numbers wanted"));
    return std::move(feed).map([this](Feed&& made) { feed_ = std::move(made); });
  }
  if (words[0] == "mrt" && words.size() == 2) {
    return mrt_feed(std::string(words[1])).map([this](Feed&& read) { feed_ = std::move(read); });
  }
  if (words[0] == "peer" && words.size() >= 2) {
    return add_peer(words);
  }
  if (words[0] == "prepare") {
    return prepare();
  }
  if (words[0] == "start" && words.size() == 2) {
    return start(words[1]);
  }
  if (words[0] == "send") {
    return goal_of(1).and_then([this](std::optional<std::size_t> goal) { return send(goal); });
  }
  if (words[0] == "goal" && words.size() == 2) {
    return goal_of(1).map([this](std::optional<std::size_t> goal) {
      set_goal(*goal);
      emit(R"({"event":"goal"})");
    });
  }
  if (words[0] == "drop" && words.size() >= 2) {
    return goal_of(2).and_then([&](std::optional<std::size_t> goal) { return drop(words[1], goal); });
  }
  if (words[0] == "stats") {
    print_stats();
    return {};
  }
  if (words[0] == "quit") {
    quit_ = true;
    return {};
  }
  return tl::unexpected(invalid("no such command"));
}

Status Load::add_peer(const std::vector<std::string_view>& words) {
  PeerOptions options;
  options.name = words[1];
  options.number = static_cast<std::uint32_t>(peers_.size());
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "feed") {
      options.feeds = true;
    } else if (word == "sentinel") {
      options.sentinel = true;
    } else if (word == "sink") {
      options.sinks = true;
    } else {
      const std::size_t equals = std::min(word.find('='), word.size() - 1);
      if (Status set = set_option(options, word.substr(0, equals), word.substr(equals + 1)); !set) {
        return set;
      }
    }
  }
  feeders_ += options.feeds ? 1 : 0;
  sinks_ += options.sinks ? 1 : 0;
  Peer& peer = peers_.emplace_back(std::move(options), index_);
  by_local_[peer.options().local] = &peer;
  return {};
}

Status Load::prepare() {
  std::size_t prefixes = 0, octets = 0, messages = 0;
  for (Peer& peer : peers_) {
    if (peer.options().feeds) {
      peer.prepare(feed_);
      prefixes += peer.stream().prefixes;
      octets += peer.stream().octets.size();
      messages += peer.stream().messages;
    }
  }
  index_ = PrefixIndex(feed_);
  std::size_t distinct = 0;
  for (const RouteSet& set : feed_) {
    distinct += set.prefixes.size();
  }
  emit(fmt::format(
      R"({{"event":"prepared","prefixes":{},"sets":{},"sent_prefixes":{},"messages":{},"octets":{}}})",
      distinct, feed_.size(), prefixes, messages, octets));
  feed_ = {};
  return {};
}

Status Load::start(std::string_view mode) {
  const std::int64_t begin = now_ns();
  if (mode == "listen") {
    mode_ = Mode::listen;
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(peers_.empty() ? 179 : peers_.front().options().port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kListenerTag;
    if (!listener_ || ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
        ::listen(listener_.get(), 4096) != 0 ||
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) != 0) {
      return tl::unexpected(Error{Errc::io, fmt::format("cannot listen: {}", std::strerror(errno)), errno});
    }
  } else if (mode == "dial") {
    mode_ = Mode::dial;
    for (Peer& peer : peers_) {
      dial(peer);
    }
  } else {
    return tl::unexpected(invalid("start takes dial or listen"));
  }
  emit(fmt::format(R"({{"event":"started","t":{}}})", begin));
  return {};
}

void Load::dial(Peer& peer) {
  if (peer.dial()) {
    watch(peer, true);
  } else {
    redials_.emplace(now_ns() + kRedialEvery, &peer);
    return;
  }
  const auto jitter =
      static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(kAcknowledgeWithin / 4)));
  pending_.emplace(now_ns() + kAcknowledgeWithin - jitter, Pending{&peer, peer.dials()});
}

void Load::watch(Peer& peer, bool added) {
  const bool writing = peer.state() == Peer::State::connecting || peer.wants_to_write();
  Progress& progress = progress_[&peer];
  if (!added && progress.writing == writing) {
    return;
  }
  progress.writing = writing;
  epoll_event event{};
  event.events = EPOLLIN | (writing ? EPOLLOUT : 0U);
  event.data.ptr = &peer;
  if (::epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, peer.fd(), &event) != 0) {
    peer.close(fmt::format("epoll: {}", std::strerror(errno)));
    lost(peer);
  }
}

void Load::accept_all() {
  while (true) {
    sys::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      return;
    }
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
      continue;
    }
    const auto found = by_local_.find(ntohl(local.sin_addr.s_addr));
    if (found == by_local_.end() || found->second->state() != Peer::State::down) {
      continue;  // nobody we know, or a second connection: closed
    }
    Peer& peer = *found->second;
    peer.connected(std::move(fd));
    if (peer.fd() >= 0) {
      watch(peer, true);
    }
  }
}

void Load::peer_event(Peer& peer, std::uint32_t events) {
  if (peer.fd() < 0) {
    return;  // closed by an event before this one
  }
  if (peer.state() == Peer::State::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) {
      return;
    }
    if (!peer.finish_dial()) {
      redials_.emplace(now_ns() + kRedialEvery, &peer);
      return;
    }
  }
  const bool alive = ((events & ~EPOLLOUT) == 0 || peer.receive()) && peer.flush();
  after(peer);
  if (alive && peer.fd() >= 0) {
    watch(peer, false);
  } else {
    lost(peer);
  }
}

void Load::after(Peer& peer) {
  Progress& progress = progress_[&peer];
  const Peer::Times& times = peer.times();
  if (!progress.established && times.established != 0) {
    progress.established = true;
    if (++established_ == peers_.size()) {
      emit(fmt::format(R"({{"event":"all-established","t":{}}})", times.established));
    }
  }
  if (!progress.end_of_rib && times.end_of_rib != 0) {
    progress.end_of_rib = true;
    if (++end_of_rib_ == peers_.size()) {
      emit(fmt::format(R"({{"event":"all-end-of-rib","t":{}}})", times.end_of_rib));
    }
  }
  if (!progress.sent && times.last_sent != 0) {
    progress.sent = true;
    if (++sent_ == feeders_) {
      emit(fmt::format(R"({{"event":"all-sent","t":{}}})", times.last_sent));
    }
  }
  check_goal(peer);
}

void Load::lost(Peer& peer) {
  const bool was_up = progress_[&peer].established;
  if (!was_up && mode_ == Mode::dial) {
    redials_.emplace(now_ns() + 20 * kRedialEvery, &peer);
    return;
  }
  emit(fmt::format(R"({{"event":"closed","peer":"{}","established":{},"why":{},"t":{}}})",
                   peer.options().name, was_up, quoted(peer.why()), now_ns()));
}

void Load::set_goal(std::size_t goal) {
  goal_ = goal;
  missing_ = sinks_;
  for (Peer& peer : peers_) {
    progress_[&peer].at_goal = false;
    peer.reset_counts();
  }
}

void Load::check_goal(Peer& peer) {
  if (!goal_ || !peer.options().sinks) {
    return;
  }
  Progress& progress = progress_[&peer];
  const bool there = peer.present() == *goal_;
  if (there == progress.at_goal) {
    return;
  }
  progress.at_goal = there;
  missing_ = there ? missing_ - 1 : missing_ + 1;
  if (missing_ > 0) {
    return;
  }
  std::int64_t first = 0, last = 0;
  for (const Peer& sink : peers_) {
    if (sink.options().sinks && sink.times().last_update != 0) {
      first = first == 0 ? sink.times().first_update : std::min(first, sink.times().first_update);
      last = std::max(last, sink.times().last_update);
    }
  }
  emit(fmt::format(R"({{"event":"reached","goal":{},"first":{},"t":{}}})", *goal_, first, last));
}

Status Load::send(std::optional<std::size_t> goal) {
  if (goal) {
    set_goal(*goal);
  }
  emit(fmt::format(R"({{"event":"sending","t":{}}})", now_ns()));
  for (Peer& peer : peers_) {
    if (peer.options().feeds && peer.state() == Peer::State::established) {
      peer.start_stream();
      watch(peer, false);
    }
  }
  return {};
}

Status Load::drop(std::string_view name, std::optional<std::size_t> goal) {
  if (goal) {
    set_goal(*goal);
  }
  const std::int64_t begin = now_ns();
  for (Peer& peer : peers_) {
    if (name == peer.options().name || (name == "feeders" && peer.options().feeds)) {
      peer.close("dropped");
    }
  }
  emit(fmt::format(R"({{"event":"dropped","t":{}}})", begin));
  return {};
}

void Load::print_stats() const {
  std::uint64_t announced = 0, withdrawn = 0, messages = 0, octets = 0;
  std::size_t present_min = static_cast<std::size_t>(-1), present_max = 0, up = 0;
  std::int64_t first_sent = 0;
  for (const Peer& peer : peers_) {
    up += peer.state() == Peer::State::established ? 1 : 0;
    if (peer.options().feeds && peer.times().first_sent != 0) {
      first_sent = first_sent == 0 ? peer.times().first_sent : std::min(first_sent, peer.times().first_sent);
    }
    if (!peer.options().sinks) {
      continue;
    }
    announced += peer.counts().announced;
    withdrawn += peer.counts().withdrawn;
    messages += peer.counts().messages;
    octets += peer.counts().octets;
    present_min = std::min(present_min, peer.present());
    present_max = std::max(present_max, peer.present());
  }
  emit(fmt::format(
      R"({{"event":"stats","established":{},"sinks":{},"announced":{},"withdrawn":{},"messages":{},)"
      R"("octets":{},"present_min":{},"present_max":{},"first_sent":{}}})",
      up, sinks_, announced, withdrawn, messages, octets, sinks_ == 0 ? 0 : present_min, present_max,
      first_sent));
}

void Load::tick() {
  const std::int64_t now = now_ns();
  while (!redials_.empty() && redials_.begin()->first <= now) {
    dial(*redials_.extract(redials_.begin()).mapped());
  }
  while (!pending_.empty() && pending_.begin()->first <= now) {
    const Pending it = pending_.extract(pending_.begin()).mapped();
    if (it.peer->dials() == it.dial && it.peer->unacknowledged()) {
      it.peer->close("no acknowledgement");
      dial(*it.peer);
    }
  }
  if (now < tick_at_) {
    return;
  }
  tick_at_ = now + kTickEvery;
  for (Peer& peer : peers_) {
    peer.keep_alive(now);
    if (peer.state() != Peer::State::down && peer.state() != Peer::State::connecting &&
        peer.wants_to_write()) {
      watch(peer, false);
    }
  }
}

}  // namespace catflap::bench
