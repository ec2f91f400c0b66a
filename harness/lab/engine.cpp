#include "lab/engine.hpp"

#include <signal.h>

#include <algorithm>
#include <map>
#include <utility>

#include "daemons/adapter.hpp"
#include "lab/engine_state.hpp"
#include "lab/plumbing.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"

namespace catflap::lab {
Engine::Engine(sys::EventLoop& loop, topology::Topology topology, Options options)
    : loop_(loop),
      topology_(std::move(topology)),
      options_(std::move(options)),
      started_(sys::monotonic_now()),
      world_(topology::wire(topology_)),
      probes_(loop, sys::netns::Executor::shared()) {}

Engine::~Engine() {
  *alive_ = false;
  tear_down();
}

Result<std::unique_ptr<Engine>> Engine::bring_up(sys::EventLoop& loop, topology::Topology topology,
                                                 Options options, const Progress& progress) {
  std::unique_ptr<Engine> engine(new Engine(loop, std::move(topology), std::move(options)));
  if (auto opened = engine->open(progress); !opened) {
    return fail(std::move(opened.error()));
  }
  return engine;
}

Status Engine::open(const Progress& progress) {
  auto dir = RunDir::create(options_.run_root, options_.instance);
  if (!dir) {
    return fail(std::move(dir.error()));
  }
  dir_ = std::make_unique<RunDir>(std::move(*dir));
  auto network = build_network(world_.wiring(), options_.instance);
  if (!network) {
    return fail(std::move(network.error()));
  }
  up_ = true;
  for (const expect::WiredNode& wired : world_.wiring().nodes) {
    nodes_.push_back(std::make_unique<Node>(
        wired.name, std::move(network->at(wired.name)),
        Node::Context{loop_, world_, *dir_, [this] { world_changed(); }, options_.record}));
    by_name_[wired.name] = nodes_.back().get();
  }
  for (const auto& node : nodes_) {
    if (auto watching = node->watch(); !watching) {
      return watching;
    }
  }
  if (progress) {
    progress({"namespaces and links", sys::monotonic_now() - started_});
  }
  return open_daemons();
}

Status Engine::open_daemons() {
  // All configurations first: a bad one is found before anything runs. Each kind of daemon is looked for
  // once: that starts a process to ask for the version.
  std::map<expect::SpeakerKind, daemons::Program> programs;
  for (const expect::WiredNode& wired : world_.wiring().nodes) {
    if (wired.speaker == expect::SpeakerKind::none || (wired.config.empty() && !wired.as)) {
      continue;
    }
    auto adapter = daemons::make_adapter(expect::to_string(wired.speaker));
    if (!adapter) {
      return fail(std::move(adapter.error()).context("node " + wired.name));
    }
    auto config = config_of(wired);
    if (!config) {
      return fail(std::move(config.error()));
    }
    auto known = programs.find(wired.speaker);
    if (known == programs.end()) {
      auto program = (*adapter)->detect();
      if (!program) {
        return fail(std::move(program.error()).context("node " + wired.name));
      }
      known = programs.emplace(wired.speaker, std::move(*program)).first;
    }
    config->program = known->second;
    Node& node = *by_name_.at(wired.name);
    if (auto prepared = node.prepare_daemon(std::move(*adapter), *config, wired.env); !prepared) {
      return prepared;
    }
  }
  for (const auto& node : nodes_) {
    if (node->has_daemon()) {
      if (auto running = node->start_daemon(); !running) {
        return running;
      }
    }
  }
  return {};
}

Result<NodeConfig> Engine::config_of(const expect::WiredNode& node) const {
  if (node.config.empty()) {
    auto intent = topology::router_intent(topology_, node.name);
    if (!intent) {
      return fail(std::move(intent.error()).context("node " + node.name));
    }
    return NodeConfig{{}, "", std::move(*intent)};
  }
  std::filesystem::path path = node.config;
  if (path.is_relative()) {
    path = (options_.base_dir.empty() ? std::filesystem::path(topology_.file).parent_path()
                                      : options_.base_dir) /
           path;
  }
  // Only to find out whether it can be read.
  if (auto text = sys::read_file(path); !text) {
    Error error = std::move(text.error());
    error.where = node.config_where;
    error.code = Errc::invalid;
    return fail(std::move(error).context("node " + node.name + ": config"));
  }
  std::error_code error;
  return NodeConfig{std::filesystem::absolute(path, error).lexically_normal(), ""};
}

Status Engine::wait_ready(const std::function<bool()>& cancelled) {
  const Instant deadline = sys::monotonic_now() + options_.ready_timeout;
  for (const auto& node : nodes_) {
    node->set_interest(daemons::Interest::waiting);
  }
  std::optional<Error> failure;
  bool stop = false;
  const bool ready = loop_.run_until(deadline, [&] {
    if ((stop = cancelled && cancelled())) {
      return true;
    }
    for (const auto& node : nodes_) {
      if ((failure = node->failure())) {
        return true;
      }
    }
    return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->ready(); });
  });
  set_interest();
  if (failure) {
    return fail(std::move(*failure));
  }
  if (stop) {
    return fail(Errc::io, "cancelled");
  }
  if (!ready) {
    std::string names;
    for (const auto& node : nodes_) {
      if (!node->ready()) {
        names += (names.empty() ? "" : ", ") + node->name();
      }
    }
    return fail(Errc::timeout, "no answer from the speaker of " + names + " in time");
  }
  return {};
}

void Engine::tear_down() {
  if (!up_) {
    dir_.reset();
    return;
  }
  up_ = false;
  give_up_checks();
  // All are told before the first is waited for.
  for (const auto& node : nodes_) {
    if (node->daemon_runs()) {
      (void)node->signal_daemon(SIGKILL);  // it may have exited by itself
    }
  }
  by_name_.clear();
  nodes_.clear();
  dir_.reset();
}

Node* Engine::node(std::string_view name) {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

}  // namespace catflap::lab
