#include "runtime/control_server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "birdc/reply.hpp"

namespace catflap::runtime {

Result<std::unique_ptr<ControlServer>> ControlServer::listen(sys::EventLoop& loop,
                                                             const std::filesystem::path& path,
                                                             DaemonControl& daemon, ControlView view) {
  std::unique_ptr<ControlServer> server(new ControlServer(loop, path, daemon, view));
  auto acceptor = listen_at(loop, path, "control socket",
                            [raw = server.get()](sys::UniqueFd fd) { raw->accepted(std::move(fd)); });
  if (!acceptor) {
    return fail(std::move(acceptor.error()));
  }
  server->acceptor_ = std::move(*acceptor);
  return server;
}

ControlServer::ControlServer(sys::EventLoop& loop, std::filesystem::path path, DaemonControl& daemon,
                             ControlView view)
    : loop_(loop), path_(std::move(path)), daemon_(daemon), view_(view) {}

ControlServer::~ControlServer() {
  loop_.cancel(echo_timer_);
  for (const auto& [fd, client] : clients_) {
    loop_.remove(fd);
  }
  ::unlink(path_.c_str());
}

void ControlServer::accepted(sys::UniqueFd fd) {
  if (clients_.size() >= kClientsMax) {
    return;
  }
  const int raw = fd.get();
  auto client = std::make_unique<Client>(std::move(fd), CommandRunner(daemon_, view_));
  birdc::ReplyWriter out(client->out);
  birdc::write_welcome(out, view_.format == birdc::Format::bird2 ? "2.0.12" : "1.6.8");
  if (loop_.add(raw, EPOLLIN, [this, raw](std::uint32_t events) { serve(raw, events); })) {
    clients_[raw] = std::move(client);
    serve(raw, 0);
  }
}

void ControlServer::serve(int fd, std::uint32_t events) {
  Client& client = *clients_.at(fd);
  const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  const bool idle = client.out.empty() && !client.busy;
  if (readable && idle && !client.receive()) {
    return drop(fd);
  }
  client.busy = false;
  for (int piece = 0;; ++piece) {
    if (!flush(client)) {
      return drop(fd);
    }
    if (!client.out.empty()) {
      break;  // the client does not read: the rest of its reply and of its commands waits
    }
    if (piece == kPiecesPerRound) {
      client.busy = true;  // it reads as fast as we write: now the others
      break;
    }
    if (client.runner.more(client.out)) {
      continue;  // maybe it has worked and has nothing to say yet
    }
    run_commands(client);
    if (client.out.empty() && !client.runner.busy()) {
      break;  // no complete command left
    }
  }
  if (client.closing && client.out.empty() && !client.busy) {
    return drop(fd);
  }
  client.want(loop_, client.out.empty() && !client.busy ? EPOLLIN : EPOLLOUT);
}

void ControlServer::take_echoed(Client& client) {
  if (client.echo_lost > 0) {
    birdc::ReplyWriter(client.echoed).async("<" + std::to_string(client.echo_lost) + " messages lost>");
    client.echo_lost = 0;
  }
  client.out += std::exchange(client.echoed, {});
}

void ControlServer::log(bgp::act::NoteLevel level, std::string_view text) {
  bool any = false;
  for (const auto& [fd, client] : clients_) {
    const CommandRunner::EchoState& echo = client->runner.echo_state();
    if ((echo.levels >> static_cast<unsigned>(level) & 1U) == 0) {
      continue;
    }
    if (client->echoed.size() + text.size() + 2 > echo.octets_max) {
      ++client->echo_lost;
      continue;
    }
    birdc::ReplyWriter(client->echoed).async(text);
    any = true;
  }
  // In a round of its own: the line may come from within a command, even of the same client.
  if (any && echo_timer_ == sys::EventLoop::TimerId::none) {
    echo_timer_ = loop_.after(Duration{}, [this] {
      echo_timer_ = sys::EventLoop::TimerId::none;
      std::vector<int> waiting;
      for (const auto& [fd, client] : clients_) {
        if (!client->echoed.empty() && client->out.empty() && !client->busy) {
          waiting.push_back(fd);
        }
      }
      for (const int fd : waiting) {
        serve(fd, 0);
      }
    });
  }
}

void ControlServer::run_commands(Client& client) {
  take_echoed(client);
  while (client.out.empty() && !client.closing && !client.runner.busy()) {
    const std::size_t end = client.in.find('\n');
    if (end == std::string::npos) {
      if (client.in.size() > birdc::kMaxCommandOctets) {
        client.in.clear();
        birdc::ReplyWriter(client.out).end(9000, "Command too long");
      }
      return;
    }
    const std::string line = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    if (line.size() > birdc::kMaxCommandOctets) {
      birdc::ReplyWriter(client.out).end(9000, "Command too long");
    } else {
      client.closing = !client.runner.run(line, client.out);
    }
  }
}

bool ControlServer::flush(Client& client) {
  if (!client.flush()) {
    return false;
  }
  if (client.out.empty() && client.out.capacity() > 4 * CommandRunner::kPieceOctets) {
    client.out.shrink_to_fit();
  }
  return true;
}

void ControlServer::drop(int fd) {
  loop_.remove(fd);
  clients_.erase(fd);
}

}  // namespace catflap::runtime
