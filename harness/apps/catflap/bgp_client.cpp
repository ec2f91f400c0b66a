#include "apps/catflap/bgp_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "daemons/adapter.hpp"
#include "lab/client.hpp"
#include "observe/stream.hpp"
#include "sys/error.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::app {

using nlohmann::json;

Status read_lines(int fd, const std::function<Result<bool>(std::string_view)>& each) {
  observe::LineBuffer lines;
  std::array<char, 65536> buffer{};
  for (;;) {
    while (const auto line = lines.next()) {
      const auto more = each(*line);
      if (!more) {
        return fail(more.error());
      }
      if (!*more) {
        return {};
      }
    }
    if (auto ready = sys::wait_fd(fd, POLLIN, -1); !ready) {
      return ready;
    }
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count == 0) {
      return fail(Errc::io, "the speaker closed the connection");
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      return fail(sys::last_error("read from the speaker"));
    }
    if (count > 0) {
      if (auto fed = lines.feed({buffer.data(), static_cast<std::size_t>(count)}); !fed) {
        return fed;
      }
    }
  }
}

Result<sys::UniqueFd> connect_to(const std::filesystem::path& path) {
  auto fd = sys::unix_connect(path, sys::UnixType::stream);
  if (!fd) {
    return fail(std::move(fd.error()).context("no catflap-bgpd answers at " + path.string()));
  }
  return fd;
}

Status ask(const Target& target, const json& question, const std::function<Status(const json&)>& each) {
  auto fd = connect_to(target.events.string() + ".query");
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  const std::string text = question.dump() + "\n";
  if (::send(fd->get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    return fail(sys::last_error("ask the speaker"));
  }
  return read_lines(fd->get(), [&](std::string_view line) -> Result<bool> {
    const json value = json::parse(line.begin(), line.end(), nullptr, false);
    if (!value.is_object() || !value.contains("type") || !value["type"].is_string()) {
      return fail(Errc::protocol, "the speaker's answer is no JSON object with a type");
    }
    const std::string type = value["type"];
    if (type == "error") {
      const std::string message = value.value("message", "");
      return fail(value.value("code", "") == "unsupported" ? Errc::unsupported : Errc::invalid, message);
    }
    if (type == "end") {
      return false;
    }
    if (!value.contains(type)) {
      return fail(Errc::protocol, "the speaker's answer lacks its " + type);
    }
    if (auto done = each(value[type]); !done) {
      return fail(std::move(done.error()));
    }
    return true;
  });
}

Result<birdc::Reply> ask_bird(const Common& common, const std::string& node, const std::string& command) {
  auto name = chosen_lab(common);
  if (!name) {
    return fail(std::move(name.error()));
  }
  auto client = lab::Client::connect(lab::Options::default_run_root(), *name);
  if (!client) {
    return fail(std::move(client.error()));
  }
  auto text = client->request(json{{"op", "birdc"}, {"node", node}, {"command", command}}.dump());
  if (!text) {
    return fail(std::move(text.error()));
  }
  const json value = json::parse(*text, nullptr, false);
  birdc::Reply reply;
  for (const json& line : value.value("lines", json::array())) {
    reply.lines.push_back({line.value("code", 0), line.value("text", "")});
  }
  if (!reply.lines.empty() && reply.lines.back().code >= 8000) {
    return fail(Errc::invalid, "BIRD on " + node + ": " + reply.lines.back().text);
  }
  return reply;
}

Result<Target> find_target(const Common& common, const BgpOptions& options, const std::string& node) {
  if (!options.socket.empty()) {
    return Target{options.socket, ""};
  }
  auto name = chosen_lab(common);
  if (!name) {
    return fail(std::move(name.error()));
  }
  auto client = lab::Client::connect(lab::Options::default_run_root(), *name);
  if (!client) {
    return fail(std::move(client.error()));
  }
  auto text = client->request(R"({"op":"status"})");
  if (!text) {
    return fail(std::move(text.error()));
  }
  const json status = json::parse(*text, nullptr, false);
  for (const json& each : status.value("nodes", json::array())) {
    if (each.value("name", "") != node) {
      continue;
    }
    if (!each.contains("control")) {
      return fail(Errc::invalid, "node " + node + " runs no speaker");
    }
    if (each.value("speaker", "") != "self") {
      return Target{{}, node};
    }
    const std::filesystem::path control(each["control"].get<std::string>());
    return Target{daemons::paths_in(control.parent_path()).events, ""};
  }
  return fail(Errc::invalid, "no node " + node + " in lab " + *name);
}

Error needs_self(const Target& target, const std::string& what) {
  return {Errc::unsupported, "node " + target.bird + " runs BIRD, which does not tell " + what +
                                 ": run it with our speaker (--speaker " + target.bird + "=self)"};
}

}  // namespace catflap::app
