#include "calico/ctl/node_status.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "calico/ctl/processes.hpp"
#include "calico/print/box_table.hpp"
#include "sys/unique_fd.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::calico::ctl {

namespace {

/// How long BIRD may be silent.
constexpr int kSilenceMs = 2000;
constexpr std::size_t kReplyMax = std::size_t{16} << 20U;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  constexpr std::string_view kBlank = " \t\r";
  for (std::size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    out.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlank, end);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view peer_type(std::string_view prefix) {
  return prefix == "Mesh"     ? "node-to-node mesh"
         : prefix == "Node"   ? "node specific"
         : prefix == "Global" ? "global"
                              : "";
}

void read_row(std::string_view line, bool ipv6, std::vector<BgpPeerRow>& out) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 6 || words[1] != "BGP") {
    return;
  }
  const std::size_t bar = words[0].find('_');
  if (bar == std::string_view::npos || bar + 1 == words[0].size()) {
    return;
  }
  const std::string_view type = peer_type(words[0].substr(0, bar));
  if (type.empty()) {
    return;
  }
  BgpPeerRow row{std::string(words[0].substr(bar + 1)), std::string(type), std::string(words[3]),
                 std::string(words[4]), ""};
  std::replace(row.address.begin(), row.address.end(), '_', ipv6 ? ':' : '.');
  for (std::size_t i = 5; i < words.size(); ++i) {
    row.info += (i > 5 ? " " : "") + std::string(words[i]);
  }
  out.push_back(std::move(row));
}

/// The whole reply, up to the line that begins with 0000.
Result<std::string> ask(int socket) {
  constexpr std::string_view kCommand = "show protocols\n";
  if (::send(socket, kCommand.data(), kCommand.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kCommand.size())) {
    return fail(Errc::io, fmt::format("unable to write to BIRD socket: {}", std::strerror(errno)));
  }
  std::string reply;
  while (reply.rfind("0000", 0) != 0 && reply.find("\n0000") == std::string::npos &&
         reply.size() < kReplyMax) {
    pollfd wait{socket, POLLIN, 0};
    const int ready = ::poll(&wait, 1, kSilenceMs);
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return fail(Errc::timeout, "BIRD does not answer");
    }
    std::array<char, 16384> buffer{};
    const ssize_t got = ::read(socket, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (got < 0) {
      return fail(Errc::io, std::strerror(errno));
    }
    if (got == 0) {
      break;
    }
    reply.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return reply;
}

/// The first of the sockets that accepts; else the error of the last.
Result<sys::UniqueFd> connect_bird(const World& world, bool ipv6, bool shared) {
  ipv6 = ipv6 && !shared;
  const std::string file = ipv6 ? "bird6.ctl" : "bird.ctl";
  std::vector<std::string> paths{"/var/run/calico/" + file, "/var/run/bird/" + file};
  // Where a lab keeps the sockets of its nodes.
  if (const auto set = world.environment.find(ipv6 ? "CATFLAP_BIRD6_SOCKET" : "CATFLAP_BIRD_SOCKET");
      set != world.environment.end()) {
    paths = {set->second};
  }
  Result<sys::UniqueFd> out = fail(Errc::not_found, "");
  for (const std::string& path : paths) {
    out = sys::unix_connect(path, sys::UnixType::stream);
    if (out) {
      return out;
    }
    const int number = out.error().sys_errno;
    out =
        fail(out.error().code, fmt::format("dial unix {}: connect: {}", path,
                                           number != 0 ? lower(std::strerror(number)) : out.error().message));
  }
  return out;
}

Status print_peers(const World& world, bool ipv6, bool shared) {
  const char version = ipv6 ? '6' : '4';
  world.say(fmt::format("\nIPv{} BGP status", version));
  const Result<sys::UniqueFd> socket = connect_bird(world, ipv6, shared);
  if (!socket) {
    world.out(fmt::format("Error querying BIRD: unable to connect to BIRDv{} socket: {}", version,
                          socket.error().message));
    return {};
  }
  const Result<std::string> reply = ask(socket->get());
  Result<std::vector<BgpPeerRow>> peers = reply ? read_bird_peers(*reply, ipv6) : fail(reply.error());
  if (!peers) {
    return refuse("error executing command: " + peers.error().message);
  }
  if (shared) {
    keep_family(*peers, ipv6);
  }
  if (peers->empty()) {
    world.say(fmt::format("No IPv{} peers found.", version));
    return {};
  }
  print::BoxTable table{{"Peer address", "Peer type", "State", "Since", "Info"}, {}};
  for (const BgpPeerRow& peer : *peers) {
    table.rows.push_back({peer.address, peer.type, peer.state, peer.since, peer.info});
  }
  world.out(print::box_table(table, world.style.boxes));
  return {};
}

}  // namespace

Result<std::vector<BgpPeerRow>> read_bird_peers(std::string_view reply, bool ipv6) {
  constexpr std::array<std::string_view, 6> kHeadings{"name", "proto", "table", "state", "since", "info"};
  std::vector<BgpPeerRow> out;
  while (!reply.empty()) {
    const std::size_t end = std::min(reply.find('\n'), reply.size());
    const std::string_view line = reply.substr(0, end);
    reply.remove_prefix(std::min(end + 1, reply.size()));
    const std::string_view code = line.substr(0, 4);
    const std::string_view rest = line.substr(std::min<std::size_t>(5, line.size()));
    if (code == "0000") {
      return out;
    }
    if (code == "2002") {
      const std::vector<std::string_view> words = words_of(rest);
      const bool known = std::equal(words.begin(), words.end(), kHeadings.begin(), kHeadings.end(),
                                    [](std::string_view a, std::string_view b) { return lower(a) == b; });
      if (!known) {
        return fail(Errc::protocol, "unknown BIRD table output format");
      }
    } else if (code == "1002") {
      read_row(rest, ipv6, out);
    } else if (!line.empty() && line.front() == ' ') {
      read_row(line, ipv6, out);
    } else if (code != "0001") {
      return fail(Errc::protocol, "unexpected output line from BIRD");
    }
  }
  return out;
}

void keep_family(std::vector<BgpPeerRow>& peers, bool ipv6) {
  // The name of an IPv4 peer is four numbers; a port may follow.
  const auto is_ipv4 = [ipv6](const BgpPeerRow& peer) {
    const char separator = ipv6 ? ':' : '.';
    std::string_view rest = peer.address;
    for (int i = 0; i < 4; ++i) {
      const std::size_t end = std::min(rest.find(separator), rest.size());
      if (end == 0 || rest.substr(0, end).find_first_not_of("0123456789") != std::string_view::npos) {
        return false;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return rest.empty() || rest.substr(0, 4) == "port";
  };
  peers.erase(std::remove_if(peers.begin(), peers.end(),
                             [&](const BgpPeerRow& peer) { return is_ipv4(peer) == ipv6; }),
              peers.end());
}

Status node_status(Call& call) {
  const World& world = call.world;
  if (!world.is_root) {
    world.say("Need super user privileges: Operation not permitted");
    return refuse("");
  }
  const RunningDaemons running = running_daemons(world);
  if (!running.calico) {
    return refuse("Calico process is not running.");
  }
  world.say("Calico process is running.");
  if (running.bird || running.bird6) {
    for (const bool ipv6 : {false, true}) {
      const std::string name = ipv6 ? "bird6" : "bird";
      if (ipv6 ? running.bird6 : running.bird) {
        if (Status printed = print_peers(world, ipv6, running.shared); !printed) {
          return printed;
        }
      } else {
        world.say(fmt::format("\nINFO: BIRDv{} process: '{}' is not running.", ipv6 ? '6' : '4', name));
      }
    }
  } else {
    world.say("\nThe BGP backend process (BIRD) is not running.");
  }
  world.say("");
  return {};
}

}  // namespace catflap::calico::ctl
