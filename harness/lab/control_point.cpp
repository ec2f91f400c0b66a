#include "lab/control_point.hpp"

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "lab/status.hpp"
#include "lab/wire_error.hpp"
#include "sys/unix_socket.hpp"
#include "topology/load.hpp"

namespace catflap::lab {
namespace {

using nlohmann::json;

/// A check or actions about nodes that the lab has not can never succeed, so nobody should wait for them.
Status fits(const topology::Topology& lab, topology::Step step) {
  topology::Topology asked = lab;
  asked.tests.clear();
  asked.tests.push_back(std::move(step));
  for (const topology::Diagnostic& diagnostic : topology::validate(asked)) {
    if (diagnostic.level == topology::Level::error) {
      return fail(Errc::invalid,
                  diagnostic.message + (diagnostic.hint.empty() ? "" : "; " + diagnostic.hint));
    }
  }
  return {};
}

}  // namespace

struct ControlPoint::ConnectionState {
  sys::UniqueFd fd;
  std::string in, out;
  std::size_t sent = 0;
  int pass_fd = -1;  ///< goes with the first octet of `out`; borrowed from a node, which outlives the reply
  bool starter = false;
  bool open = true;
};

Result<std::unique_ptr<ControlPoint>> ControlPoint::listen(Engine& engine, Hooks hooks) {
  auto listener = sys::unix_listen(engine.dir().control_socket(), sys::UnixType::stream);
  if (!listener) {
    return fail(std::move(listener.error()));
  }
  std::unique_ptr<ControlPoint> point(new ControlPoint(engine, std::move(hooks), std::move(*listener)));
  auto* const raw = point.get();
  const auto accept_all = [raw](std::uint32_t) {
    while (auto fd = sys::unix_accept(raw->listener_.get())) {
      if (raw->connections_.size() < kConnectionsMax) {
        (void)raw->adopt(std::move(*fd), false);  // a failure closes that connection
      }
    }
  };
  if (auto added = engine.loop().add(raw->listener_.get(), EPOLLIN, accept_all); !added) {
    return fail(std::move(added.error()));
  }
  return point;
}

ControlPoint::ControlPoint(Engine& engine, Hooks hooks, sys::UniqueFd listener)
    : engine_(engine), hooks_(std::move(hooks)), listener_(std::move(listener)) {}

ControlPoint::~ControlPoint() {
  *alive_ = false;
  engine_.loop().remove(listener_.get());
  for (const auto& [fd, connection] : connections_) {
    engine_.loop().remove(fd);
    connection->open = false;
  }
}

Status ControlPoint::adopt(sys::UniqueFd socket, bool starter) {
  auto connection = std::make_shared<ConnectionState>();
  connection->fd = std::move(socket);
  connection->starter = starter;
  const int fd = connection->fd.get();
  auto added = engine_.loop().add(fd, EPOLLIN, [this, connection](std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      write_out(connection);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && connection->open) {
      readable(connection);
    }
  });
  if (added) {
    connections_[fd] = std::move(connection);
  }
  return added;
}

void ControlPoint::readable(const Connection& connection) {
  auto message = sys::receive_message(connection->fd.get());
  if (!message) {
    return message.error().code == Errc::conflict ? void() : drop(connection);
  }
  connection->in += as_text(message->bytes);
  if (connection->in.size() > kRequestMax) {
    return drop(connection);
  }
  for (std::size_t end = 0; connection->open && (end = connection->in.find('\n')) != std::string::npos;) {
    const std::string line = connection->in.substr(0, end);
    connection->in.erase(0, end + 1);
    serve(connection, line);
  }
  if (message->end && connection->open) {
    drop(connection);
  }
}

void ControlPoint::serve(const Connection& connection, std::string_view line) {
  const json request = json::parse(line, nullptr, false);
  const auto text = [&](const char* key) {
    const auto at = request.find(key);
    return at != request.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (!request.is_object()) {
    return reply_error(connection, {Errc::protocol, "the request is not a JSON object"});
  }
  const std::string op = text("op");
  if (op == "status") {
    return reply(connection, status_json(engine_));
  }
  if (op == "check") {
    return serve_check(connection, text("check"));
  }
  if (op == "do") {
    return serve_action(connection, text("action"));
  }
  if (op == "birdc") {
    return serve_birdc(connection, text("node"), text("command"));
  }
  if (op == "netns") {
    return serve_netns(connection, text("node"));
  }
  if (op == "keep") {
    connection->starter = false;
    reply(connection, R"({"ok":true})");
    return hooks_.keep();
  }
  if (op == "down") {
    // The reply goes out when everything is gone: see the supervisor.
    connection->out = "{\"ok\":true}\n";
    return hooks_.down();
  }
  reply_error(connection, {Errc::unsupported, "unknown request '" + op + "'"});
}

void ControlPoint::serve_check(const Connection& connection, const std::string& yaml) {
  auto check = topology::parse_check(yaml);
  if (!check) {
    return reply_error(connection, check.error());
  }
  topology::Step asked;
  asked.checks.push_back(*check);
  if (auto fine = fits(engine_.topology(), std::move(asked)); !fine) {
    return reply_error(connection, fine.error());
  }
  engine_.check(std::move(*check), [this, connection, alive = alive_](const CheckResult& result) {
    if (!*alive || !connection->open) {
      return;
    }
    json value = {{"ok", true},
                  {"passed", result.passed()},
                  {"what", expect::describe(result.check)},
                  {"took_us", (result.outcome.finished - result.outcome.started).count() / 1000},
                  {"text", result.text},
                  {"outcome", json::parse(result.json, nullptr, false)}};
    reply(connection, value.dump(-1, ' ', false, json::error_handler_t::replace));
  });
}

void ControlPoint::serve_action(const Connection& connection, const std::string& yaml) {
  auto actions = topology::parse_actions(yaml);
  if (!actions) {
    return reply_error(connection, actions.error());
  }
  topology::Step asked;
  asked.actions = *actions;
  if (auto fine = fits(engine_.topology(), std::move(asked)); !fine) {
    return reply_error(connection, fine.error());
  }
  perform_from(connection, std::make_shared<const std::vector<topology::Action>>(std::move(*actions)), 0);
}

void ControlPoint::perform_from(const Connection& connection,
                                const std::shared_ptr<const std::vector<topology::Action>>& actions,
                                std::size_t index) {
  if (index == actions->size()) {
    return reply(connection, R"({"ok":true})");
  }
  engine_.perform((*actions)[index], [this, connection, actions, index, alive = alive_](const Status& done) {
    if (*alive && connection->open) {
      done ? perform_from(connection, actions, index + 1) : reply_error(connection, done.error());
    }
  });
}

void ControlPoint::serve_birdc(const Connection& connection, const std::string& node,
                               const std::string& command) {
  Node* const found = engine_.node(node);
  if (found == nullptr) {
    return reply_error(connection, {Errc::not_found, "no node " + node + " in this lab"});
  }
  found->command(command, [this, connection, alive = alive_](Result<birdc::Reply> result) {
    if (!*alive || !connection->open) {
      return;
    }
    if (!result) {
      return reply_error(connection, result.error());
    }
    json lines = json::array();
    for (const birdc::Reply::Line& line : result->lines) {
      lines.push_back({{"code", line.code}, {"text", line.text}});
    }
    reply(connection, json{{"ok", true}, {"lines", std::move(lines)}}.dump(-1, ' ', false,
                                                                           json::error_handler_t::replace));
  });
}

void ControlPoint::serve_netns(const Connection& connection, const std::string& node) {
  Node* const found = engine_.node(node);
  if (found == nullptr) {
    return reply_error(connection, {Errc::not_found, "no node " + node + " in this lab"});
  }
  reply(connection, R"({"ok":true})", found->net().ns->fd());
}

void ControlPoint::reply(const Connection& connection, std::string text, int fd) {
  connection->out += text + "\n";
  connection->pass_fd = fd;
  write_out(connection);
}

void ControlPoint::reply_error(const Connection& connection, const Error& error) {
  reply(connection, error_to_json(error).dump(-1, ' ', false, json::error_handler_t::replace));
}

void ControlPoint::write_out(const Connection& connection) {
  while (connection->sent < connection->out.size()) {
    const std::array<int, 1> fds = {connection->pass_fd};
    const auto count = sys::send_message(
        connection->fd.get(), as_bytes(std::string_view(connection->out).substr(connection->sent)),
        connection->pass_fd < 0 ? std::span<const int>() : std::span<const int>(fds));
    if (!count) {
      if (count.error().code != Errc::conflict) {
        return drop(connection);
      }
      (void)engine_.loop().modify(connection->fd.get(), EPOLLIN | EPOLLOUT);
      return;
    }
    connection->pass_fd = -1;
    connection->sent += *count;
  }
  connection->out.clear();
  connection->sent = 0;
  (void)engine_.loop().modify(connection->fd.get(), EPOLLIN);
}

void ControlPoint::drop(const Connection& connection) {
  if (!connection->open) {
    return;
  }
  connection->open = false;
  const bool starter = connection->starter;
  const int fd = connection->fd.get();
  engine_.loop().remove(fd);
  const Connection kept = connection;
  connections_.erase(fd);
  kept->fd.reset();
  if (starter) {
    hooks_.abandoned();
  }
}

void ControlPoint::say_goodbye() {
  for (const auto& [fd, connection] : connections_) {
    if (!connection->out.empty()) {
      write_out(connection);
    }
  }
}

}  // namespace catflap::lab
