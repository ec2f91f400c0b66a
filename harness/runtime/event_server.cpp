#include "runtime/event_server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "net/addr.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {
namespace {

/// Counters are looked at so soon after a change, then ever less often until nothing has changed for long.
constexpr Duration kCountersFirst = std::chrono::milliseconds(10);
constexpr Duration kCountersLast = std::chrono::seconds(1);

}  // namespace

Result<std::unique_ptr<EventServer>> EventServer::listen(sys::EventLoop& loop,
                                                         const std::filesystem::path& path,
                                                         bgp::Speaker& speaker, std::string version) {
  std::unique_ptr<EventServer> server(new EventServer(loop, path, speaker, std::move(version)));
  auto acceptor = listen_at(loop, path, "events socket",
                            [raw = server.get()](sys::UniqueFd fd) { raw->accepted(std::move(fd)); });
  if (!acceptor) {
    return fail(std::move(acceptor.error()));
  }
  server->acceptor_ = std::move(*acceptor);
  return server;
}

EventServer::EventServer(sys::EventLoop& loop, std::filesystem::path path, bgp::Speaker& speaker,
                         std::string version)
    : loop_(loop), path_(std::move(path)), speaker_(speaker), version_(std::move(version)) {}

EventServer::~EventServer() {
  loop_.cancel(counters_timer_);
  loop_.cancel(held_up_timer_);
  for (const auto& [fd, client] : clients_) {
    loop_.remove(fd);
  }
  ::unlink(path_.c_str());
}

void EventServer::accepted(sys::UniqueFd fd) {
  if (clients_.size() >= kClientsMax) {
    return;
  }
  const int raw = fd.get();
  auto client = std::make_unique<Client>(std::move(fd));
  client->read_at = sys::monotonic_now();
  if (!loop_.add(raw, EPOLLIN, [this, raw](std::uint32_t events) { serve(raw, events); })) {
    return;
  }
  speaker_.watch_routes(true);
  greet(*client);
  clients_[raw] = std::move(client);
  write_out(raw);
}

void EventServer::serve(int fd, std::uint32_t events) {
  if ((events & EPOLLIN) != 0) {  // a listener has nothing to say: this is its end, or noise
    Client& client = *clients_.at(fd);
    if (!client.receive()) {
      return drop(fd);
    }
    client.in.clear();
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    return drop(fd);
  }
  if ((events & EPOLLOUT) != 0) {
    write_out(fd);
  }
}

void EventServer::greet(Client& client) {
  const auto say = [&](const observe::StreamMessage& message) {
    client.out += observe::encode_stream_line(message);
  };
  const std::uint32_t router_id = speaker_.router_id();
  say(observe::Hello{version_, static_cast<int>(::getpid()), net::router_id_to_string(router_id)});
  for (auto& protocol : speaker_.snapshot(sys::monotonic_now()).protocols) {
    say(observe::ProtocolChanged{std::move(protocol)});
  }
  client.greeting.emplace();
  if (const auto intent = speaker_.intent()) {
    for (auto table = intent->tables.rbegin(); table != intent->tables.rend(); ++table) {
      client.greeting->tables.push_back(table->name);
    }
  }
}

void EventServer::greet_piece(Client& client) {
  Greeting& greeting = *client.greeting;
  if (greeting.tables.empty()) {
    client.greeting.reset();
    client.out += observe::encode_stream_line(observe::Synced{});
    return;
  }
  bgp::RouteQuery query;
  query.tables = {greeting.tables.back()};
  query.after = greeting.after;
  observe::RoutesChanged group;
  group.table = greeting.tables.back();
  const auto flush_group = [&] {
    if (!group.routes.empty()) {
      greeting.after = group.prefix;
      client.out += route_lines_.line(group);
      group.routes.clear();
    }
  };
  bool done = true;
  // An error would be a table that a reconfiguration removed meanwhile: it has no routes.
  (void)speaker_.routes(query, [&](const observe::RouteView& route) {
    if (route.prefix != group.prefix) {
      flush_group();
      if (client.out.size() >= kPieceOctets) {
        done = false;
        return false;
      }
      group.prefix = route.prefix;
    }
    group.routes.push_back(route);
    return true;
  });
  flush_group();
  if (done) {
    greeting.tables.pop_back();
    greeting.after.reset();
  }
}

void EventServer::protocol_changed(const std::string& protocol) {
  if (!clients_.empty()) {
    protocols_.insert(protocol);
  }
}

void EventServer::route_changed(const std::string& table, const net::Prefix& prefix) {
  if (!clients_.empty()) {
    routes_[table].insert(prefix);
  }
}

void EventServer::note(const std::string& level, const std::string& text) {
  if (!clients_.empty()) {
    send_to_all(observe::encode_stream_line(observe::Note{level, text}));
  }
}

void EventServer::publish() {
  if (clients_.empty()) {
    protocols_.clear();
    routes_.clear();
    told_.clear();
    return;
  }
  if (!protocols_.empty() || !routes_.empty()) {
    watch_counters(kCountersFirst);
  }
  publish_protocols();
  publish_routes();
}

void EventServer::publish_protocols() {
  if (protocols_.empty()) {
    return;
  }
  std::string lines;
  for (auto& protocol : speaker_.snapshot(sys::monotonic_now()).protocols) {
    if (protocols_.erase(protocol.name) > 0) {
      told_[protocol.name] = protocol.channels;
      lines += observe::encode_stream_line(observe::ProtocolChanged{std::move(protocol)});
    }
  }
  for (const std::string& name : protocols_) {  // those that the snapshot does not have any more
    told_.erase(name);
    lines += observe::encode_stream_line(observe::ProtocolGone{name});
  }
  protocols_.clear();
  send_to_all(lines);
}

bool EventServer::held_up() {
  const Instant now = sys::monotonic_now();
  bool lagging = false;
  std::vector<int> stuck;
  for (const auto& [fd, client] : clients_) {
    if (client->unsent() > kLagOctets) {
      (now - client->read_at > kPatience ? stuck.push_back(fd) : void(lagging = true));
    }
  }
  for (const int fd : stuck) {
    drop(fd);
  }
  if (lagging && held_up_timer_ == sys::EventLoop::TimerId::none) {
    held_up_timer_ = loop_.after(kPatience, [this] { held_up_timer_ = sys::EventLoop::TimerId::none; });
  }
  return lagging;
}

void EventServer::publish_routes() {
  std::string lines;
  std::size_t left = kPrefixesPerRound;
  while (!routes_.empty() && left > 0 && (left < kPrefixesPerRound || !held_up())) {
    const auto table = routes_.begin();
    bgp::RouteQuery query;
    query.tables = {table->first};
    for (; !table->second.empty() && left > 0; --left) {
      query.exact = *table->second.begin();
      table->second.erase(table->second.begin());
      observe::RoutesChanged changed{table->first, *query.exact, {}};
      // A table that a reconfiguration removed has no routes.
      (void)speaker_.routes(query, [&](const observe::RouteView& route) {
        changed.routes.push_back(route);
        return true;
      });
      lines += route_lines_.line(changed);
    }
    if (table->second.empty()) {
      routes_.erase(table);
    }
  }
  if (!lines.empty()) {
    send_to_all(lines);
    if (!routes_.empty()) {
      loop_.post([] {});  // the next round goes on
    }
  }
}

void EventServer::watch_counters(Duration after) {
  if (counters_timer_ == sys::EventLoop::TimerId::none || after < counters_after_) {
    loop_.cancel(counters_timer_);
    counters_after_ = after;
    counters_timer_ = loop_.after(after, [this] {
      counters_timer_ = sys::EventLoop::TimerId::none;
      publish_counters();
    });
  }
}

void EventServer::publish_counters() {
  if (clients_.empty()) {
    return;
  }
  for (const auto& protocol : speaker_.snapshot(sys::monotonic_now()).protocols) {
    if (const auto told = told_.find(protocol.name);
        told == told_.end() || told->second != protocol.channels) {
      protocols_.insert(protocol.name);
    }
  }
  if (!protocols_.empty()) {
    publish();
  } else if (counters_after_ < kCountersLast) {
    watch_counters(counters_after_ * 2);
  }
}

void EventServer::say_bye(const std::string& reason) {
  send_to_all(observe::encode_stream_line(observe::Bye{reason}));
}

void EventServer::send_to_all(const std::string& line) {
  std::vector<int> all;
  for (auto& [fd, client] : clients_) {
    client->out += line;
    all.push_back(fd);
  }
  for (const int fd : all) {
    write_out(fd);
  }
}

bool EventServer::flush(Client& client) {
  const std::size_t before = client.unsent();
  const bool there = client.flush();
  if (client.out.empty() || client.unsent() < before) {
    client.read_at = loop_.now();
  }
  return there;
}

void EventServer::write_out(int fd) {
  const auto at = clients_.find(fd);
  if (at == clients_.end()) {
    return;
  }
  Client& client = *at->second;
  for (int piece = 0; piece <= kPiecesPerRound; ++piece) {
    if (!flush(client) || client.unsent() > kQueueOctetsMax) {
      return drop(fd);
    }
    if (!client.out.empty() || !client.greeting) {
      break;
    }
    if (piece < kPiecesPerRound) {
      greet_piece(client);
    }
  }
  const bool more = !client.out.empty() || client.greeting;
  client.want(loop_, EPOLLIN | (more ? static_cast<std::uint32_t>(EPOLLOUT) : 0U));
}

void EventServer::drop(int fd) {
  loop_.remove(fd);
  clients_.erase(fd);
  if (clients_.empty()) {
    speaker_.watch_routes(false);
  }
}

}  // namespace catflap::runtime
