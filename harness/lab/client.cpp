#include "lab/client.hpp"

#include <poll.h>

#include <utility>

#include <nlohmann/json.hpp>

#include "lab/run_dir.hpp"
#include "lab/wire_error.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::lab {
namespace {

using nlohmann::json;

/// "; up are: a, b" or "; no lab is up".
std::string labs_up(const std::filesystem::path& run_root) {
  std::string names;
  if (const auto labs = find_labs(run_root)) {
    for (const FoundLab& lab : *labs) {
      if (lab.alive && std::filesystem::exists(lab.path / "control")) {
        names += (names.empty() ? "" : ", ") + lab.instance;
      }
    }
  }
  return names.empty() ? "; no lab is up" : "; up: " + names;
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& run_root, const std::string& instance) {
  auto socket = sys::unix_connect(run_root / instance / "control", sys::UnixType::stream);
  if (!socket) {
    if (socket.error().code == Errc::denied) {
      return fail(std::move(socket.error()).context("lab " + instance));
    }
    return fail(Errc::not_found, "no lab " + instance + " is up" + labs_up(run_root));
  }
  return Client(std::move(*socket));
}

Result<std::string> Client::next_line() {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (auto ready = sys::wait_fd(socket_.get(), POLLIN, -1); !ready) {
      return fail(std::move(ready.error()));
    }
    auto message = sys::receive_message(socket_.get());
    if (!message) {
      if (message.error().code == Errc::conflict) {
        continue;
      }
      return fail(std::move(message.error()));
    }
    for (sys::UniqueFd& fd : message->fds) {
      fds_.push_back(std::move(fd));
    }
    if (message->end) {
      return fail(Errc::io, "the lab went down");
    }
    buffer_ += as_text(message->bytes);
  }
}

Result<std::string> Client::request(const std::string& text) {
  const std::string line = text + "\n";
  std::size_t sent = 0;
  while (sent < line.size()) {
    auto count = sys::send_message(socket_.get(), as_bytes(std::string_view(line).substr(sent)));
    if (count) {
      sent += *count;
    } else if (count.error().code != Errc::conflict) {
      return fail(Errc::io, "the lab went down");
    } else if (auto ready = sys::wait_fd(socket_.get(), POLLOUT, -1); !ready) {
      return fail(std::move(ready.error()));
    }
  }
  auto reply = next_line();
  if (!reply) {
    return reply;
  }
  const json value = json::parse(*reply, nullptr, false);
  if (!value.is_object()) {
    return fail(Errc::protocol, "the supervisor's reply is not understood");
  }
  if (!value.value("ok", false)) {
    return fail(error_from_json(value));
  }
  return reply;
}

Status Client::keep() {
  auto reply = request(R"({"op":"keep"})");
  return reply ? Status() : fail(std::move(reply.error()));
}

Result<sys::netns::Handle> Client::netns(const std::string& node) {
  fds_.clear();
  auto reply = request(json{{"op", "netns"}, {"node", node}}.dump());
  if (!reply) {
    return fail(std::move(reply.error()));
  }
  if (fds_.empty()) {
    return fail(Errc::protocol, "the supervisor sent no namespace");
  }
  return sys::netns::Handle::from_fd(std::move(fds_.front()));
}

Result<std::string> only_lab(const std::filesystem::path& run_root) {
  auto labs = find_labs(run_root);
  if (!labs) {
    return fail(std::move(labs.error()));
  }
  std::vector<std::string> names;
  for (const FoundLab& lab : *labs) {
    if (lab.alive && std::filesystem::exists(lab.path / "control")) {
      names.push_back(lab.instance);
    }
  }
  if (names.empty()) {
    return fail(Errc::not_found, "no lab is up; bring one up with 'catflap up FILE'");
  }
  if (names.size() > 1) {
    std::string list;
    for (const std::string& name : names) {
      list += (list.empty() ? "" : ", ") + name;
    }
    return fail(Errc::invalid, "several labs are up (" + list + "): say which one with --lab");
  }
  return names.front();
}

}  // namespace catflap::lab
