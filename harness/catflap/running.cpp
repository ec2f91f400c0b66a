#include "catflap/running.hpp"

#include <condition_variable>
#include <utility>

#include "base/suggest.hpp"
#include "lab/status.hpp"
#include "sys/error.hpp"
#include "sys/files.hpp"
#include "sys/process.hpp"
#include "topology/load.hpp"

namespace catflap {
namespace {

/// How soon a wait notices that it is interrupted; a result is noticed at once.
constexpr std::chrono::milliseconds kInterruptPoll(50);
constexpr int kSignalBase = 128;

void require(Status status) {
  if (!status) {
    throw LabError(std::move(status.error()));
  }
}

/// One error out of many: all lines, and the place of the first.
[[noreturn]] void throw_all(const std::vector<topology::Diagnostic>& diagnostics) {
  Error error{Errc::invalid, "", 0, std::nullopt};
  for (const topology::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level != topology::Level::error) {
      continue;
    }
    if (!error.where) {
      error.where = diagnostic.where;
      error.message = diagnostic.message + (diagnostic.hint.empty() ? "" : "; " + diagnostic.hint);
    } else {
      error.message += "\n" + topology::to_string(diagnostic);
    }
  }
  throw LabError(std::move(error));
}

/// Shared with the callbacks of the checks, which may come after an interrupted wait has ended.
struct Collected {
  std::mutex mutex;
  std::condition_variable all_there;
  std::vector<lab::CheckResult> results;
  std::size_t missing = 0;
};

}  // namespace

LabError::LabError(catflap::Error error) : std::runtime_error(to_string(error)), error_(std::move(error)) {}

bool LabError::is_missing_capability() const noexcept {
  return error_.code == Errc::denied || error_.code == Errc::not_found || error_.code == Errc::unsupported;
}

topology::Topology load(const std::filesystem::path& file) {
  auto text = sys::read_file(file, topology::kFileBytesMax + 1);
  if (!text) {
    Error error = std::move(text.error());
    error.code = Errc::invalid;  // a wrong name is a mistake in the test, nothing that this machine lacks
    throw LabError(std::move(error).context("topology"));
  }
  return load_text(*text, file.string());
}

topology::Topology load_text(const std::string& yaml, const std::string& name) {
  topology::LoadReport report = topology::load(yaml, name);
  if (!report.ok()) {
    throw_all(report.diagnostics);
  }
  return std::move(*report.topology);
}

void require_valid(const topology::Topology& topology) {
  const auto diagnostics = topology::validate(topology);
  for (const topology::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level == topology::Level::error) {
      throw_all(diagnostics);
    }
  }
}

Running::Running(topology::Topology topology, std::unique_ptr<lab::Lab> lab)
    : topology_(std::move(topology)), instance_(lab->instance()), lab_(std::move(lab)) {}

Running::~Running() {
  down();
}

std::shared_ptr<Running> Running::up(topology::Topology topology, lab::Options options) {
  require_valid(topology);
  auto lab = lab::Lab::up(topology, std::move(options));
  if (!lab) {
    throw LabError(std::move(lab.error()).context("lab " + topology.name));
  }
  return std::shared_ptr<Running>(new Running(std::move(topology), std::move(*lab)));
}

lab::Lab& Running::require_up() const {
  if (lab_ == nullptr) {
    throw LabError(Error{Errc::conflict, "lab " + topology_.name + " is down", 0, std::nullopt});
  }
  return *lab_;
}

bool Running::is_up() const {
  const std::lock_guard lock(mutex_);
  return lab_ != nullptr;
}

void Running::down() {
  const std::lock_guard lock(mutex_);
  lab_.reset();
}

std::optional<std::vector<lab::CheckResult>> Running::check_all(std::vector<expect::Check> checks,
                                                                const Interrupted& interrupted) {
  auto collected = std::make_shared<Collected>();
  collected->results.resize(checks.size());
  collected->missing = checks.size();
  // Taking the lab down decides all checks that wait, so the wait below always ends.
  call([&](lab::Engine& engine) {
    for (std::size_t i = 0; i < checks.size(); ++i) {
      engine.check(std::move(checks[i]), [collected, i](lab::CheckResult result) {
        const std::lock_guard lock(collected->mutex);
        collected->results[i] = std::move(result);
        if (--collected->missing == 0) {
          collected->all_there.notify_all();
        }
      });
    }
  });
  std::unique_lock lock(collected->mutex);
  const auto done = [&] { return collected->missing == 0; };
  if (!interrupted) {
    collected->all_there.wait(lock, done);
  }
  while (!collected->all_there.wait_for(lock, kInterruptPoll, done)) {
    lock.unlock();
    if (interrupted()) {
      return std::nullopt;
    }
    lock.lock();
  }
  return std::move(collected->results);
}

lab::CheckResult Running::check(expect::Check check) {
  std::vector<expect::Check> one;
  one.push_back(std::move(check));
  return std::move(check_all(std::move(one))->front());
}

lab::CheckResult Running::judge(const expect::Check& check) {
  return call([&](lab::Engine& engine) { return engine.judge(check); });
}

void Running::perform(const topology::Action& action) {
  const std::lock_guard lock(mutex_);
  require(require_up().perform(action));
}

Output Running::exec(const std::string& node, const std::string& command, std::chrono::milliseconds timeout) {
  const auto ns = call([&](lab::Engine& engine) {
    lab::Node* const found = engine.node(node);
    return found == nullptr ? nullptr : found->net().ns;
  });
  if (ns == nullptr) {
    throw LabError(no_such_node(node));
  }
  sys::proc::Spawn spawn;
  spawn.program = "/bin/sh";
  spawn.args = {"-c", command};
  spawn.netns = ns.get();
  auto result = sys::proc::run(std::move(spawn), {.timeout = timeout});
  if (!result) {
    throw LabError(std::move(result.error()).context("node " + node));
  }
  const sys::proc::ExitStatus& status = result->status;
  return {status.signaled ? kSignalBase + status.value : status.value, std::move(result->out),
          std::move(result->err)};
}

void Running::reset() {
  const std::lock_guard lock(mutex_);
  require(require_up().reset());
}

Error Running::no_such_node(const std::string& name) const {
  std::vector<std::string_view> names;
  for (const topology::Node& node : topology_.nodes) {
    names.push_back(node.name);
  }
  return {Errc::invalid, "no node " + name + " in lab " + topology_.name + did_you_mean(name, names), 0,
          std::nullopt};
}

std::vector<SessionEnd> Running::sessions(const std::string& node, const std::string& peer) {
  return call([&](lab::Engine& engine) {
    std::vector<SessionEnd> found;
    const expect::Wiring& wiring = engine.world().wiring();
    for (const expect::WiredNode& wired : wiring.nodes) {
      for (const auto& [name, protocol] : engine.world().node(wired.name)->protocols) {
        if (!protocol.session) {
          continue;
        }
        const std::string other = wiring.owner(protocol.session->peer);
        const bool forward = (node.empty() || node == wired.name) && (peer.empty() || peer == other);
        const bool backward = (node.empty() || node == other) && (peer.empty() || peer == wired.name);
        if (forward || backward) {
          found.push_back({wired.name, other, name, *protocol.session});
        }
      }
    }
    return found;
  });
}

std::vector<observe::RouteView> Running::routes(const std::string& node, bool kernel) {
  return call([&](lab::Engine& engine) {
    std::vector<observe::RouteView> found;
    if (const expect::NodeState* const state = engine.world().node(node)) {
      (kernel ? state->fib : state->rib)
          .for_each([&](const net::Prefix&, const std::vector<observe::RouteView>& routes) {
            found.insert(found.end(), routes.begin(), routes.end());
          });
    }
    return found;
  });
}

std::vector<Event> Running::timeline() {
  return call([](lab::Engine& engine) {
    std::vector<Event> events;
    for (const expect::TimelineEvent& event : engine.world().timeline()) {
      events.push_back({event.at - engine.started(), event.node, event.text});
    }
    return events;
  });
}

std::string Running::status_json() {
  return call([](lab::Engine& engine) { return lab::status_json(engine); });
}

std::string Running::run_dir() {
  return call([](lab::Engine& engine) { return engine.dir().path().string(); });
}

}  // namespace catflap
