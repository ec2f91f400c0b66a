#include "calico/ctl/version_command.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace catflap::calico::ctl {

namespace {

/// "1s", "1m30s", "1.5h", "0"; nothing for what Go's ParseDuration refuses, and for negative ones.
std::optional<Duration> parse_go_duration(std::string_view text) {
  if (text == "0") {
    return Duration(0);
  }
  double seconds = 0;
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    double number = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (read.ec != std::errc() || number < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    struct Unit {
      std::string_view name;
      double seconds;
    };
    constexpr Unit kUnits[] = {{"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"s", 1}, {"m", 60}, {"h", 3600}};
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (unit == nullptr && text.substr(0, candidate.name.size()) == candidate.name) {
        unit = &candidate;
      }
    }
    if (unit == nullptr) {
      return std::nullopt;
    }
    seconds += number * unit->seconds;
    text.remove_prefix(unit->name.size());
  }
  constexpr double kMost = 1e9;
  if (seconds > kMost) {
    return std::nullopt;
  }
  return Duration(static_cast<std::int64_t>(seconds * 1e9));
}

struct Shown {
  std::string version;
  std::string type;
};

Status show_cluster(const World& world, const std::string& config, Shown& before) {
  Result<Session> session = open_session(world, config);
  if (!session) {
    return refuse(session.error().message);
  }
  const Result<std::optional<Resource>> information = session->client->cluster_information();
  if (!information || !*information) {
    before = {};
    return refuse(fmt::format("unable to retrieve Cluster Version or Type: {}",
                              information
                                  ? "resource does not exist: ClusterInformation(default) with error: <nil>"
                                  : information.error().message));
  }
  const auto known = [&information](std::string_view pointer) {
    const std::string text = (*information)->text_at(pointer);
    return text.empty() ? std::string("unknown") : text;
  };
  const Shown now{known("/spec/calicoVersion"), known("/spec/clusterType")};
  if (now.version != before.version) {
    world.say("Cluster Version:   " + now.version);
  }
  if (now.type != before.type) {
    world.say("Cluster Type:      " + now.type);
  }
  before = now;
  return {};
}

}  // namespace

Status version(Call& call) {
  const World& world = call.world;
  std::optional<Duration> poll = Duration(0);
  if (const std::optional<std::string> given = call.arguments.value("poll")) {
    poll = parse_go_duration(*given);
    if (!poll) {
      return refuse("invalid poll duration specified: " + *given);
    }
  }
  world.say(fmt::format("Client Version:    {}", client_version(world.style.release)));
  world.say(fmt::format("Git commit:        catflap"));
  if (call.arguments.flag("client")) {
    return {};
  }
  Shown shown;
  while (true) {
    const Status done = show_cluster(world, call.arguments.text("config"), shown);
    if (poll->count() == 0) {
      return done;
    }
    if (!done) {
      world.err(done.error().message + "\n");
    }
    world.client.pause(*poll);
  }
}

}  // namespace catflap::calico::ctl
