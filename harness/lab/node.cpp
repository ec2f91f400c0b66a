#include "lab/node.hpp"

#include <signal.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "base/overloaded.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"

namespace catflap::lab {
namespace {

constexpr std::size_t kLogTailOctets = 2000;
constexpr std::size_t kLogOctetsMax = std::size_t{64} << 20U;
constexpr std::size_t kLogTailLines = 8;

}  // namespace

Node::Node(std::string name, NodeNet net, Context context)
    : name_(std::move(name)), net_(std::move(net)), context_(std::move(context)) {}

Node::~Node() {
  link_.reset();
  if (child_) {
    context_.loop.remove(child_->pidfd());
  }
  if (monitor_) {
    context_.loop.remove(monitor_->fd());
  }
}

Status Node::watch() {
  auto monitor = netlink::Monitor::open(sys::netns::Executor::shared(), *net_.ns);
  if (!monitor) {
    return fail(std::move(monitor.error()).context("node " + name_));
  }
  monitor_.emplace(std::move(*monitor));
  if (auto added = context_.loop.add(monitor_->fd(), EPOLLIN, [this](std::uint32_t) { kernel_readable(); });
      !added) {
    return added;
  }
  read_kernel();
  return {};
}

void Node::read_kernel() {
  auto links = net_.netlink->links();
  auto addresses = net_.netlink->addresses();
  if (links && addresses) {
    links_.clear();
    addresses_.clear();
    for (const netlink::LinkInfo& link : *links) {
      links_[link.index] = link;
    }
    for (const netlink::AddressInfo& address : *addresses) {
      addresses_[address.link].push_back(address);
    }
    context_.world.set_links(sys::monotonic_now(), name_, netlink::to_views(*links, *addresses));
  }
  read_routes();
}

void Node::read_routes() {
  auto routes = net_.netlink->routes(std::nullopt);
  if (!routes) {
    return;  // the next event tries again
  }
  std::vector<observe::RouteView> views;
  for (const netlink::RouteInfo& route : *routes) {
    if (!route.cloned) {
      views.push_back(netlink::to_view(route, [this](netlink::IfIndex index) { return link_name(index); }));
    }
  }
  context_.world.set_fib(sys::monotonic_now(), name_, std::move(views));
}

std::string Node::link_name(netlink::IfIndex index) const {
  const auto at = links_.find(index);
  return at == links_.end() ? std::string() : at->second.name;
}

void Node::tell_link(netlink::IfIndex index) {
  const auto link = links_.find(index);
  if (link == links_.end()) {
    return;
  }
  auto views = netlink::to_views({link->second}, addresses_[index]);
  if (!views.empty()) {
    context_.world.set_link(sys::monotonic_now(), name_, std::move(views.front()));
  }
}

void Node::kernel_readable() {
  auto events = monitor_->read();
  if (!events) {
    return;  // an overrun comes as an event; other errors repeat with the next one
  }
  bool again = false;
  bool routes_again = false;
  const Instant now = sys::monotonic_now();
  const auto on_address = [&](const netlink::AddressEvent& event) {
    auto& list = addresses_[event.address.link];
    list.erase(std::remove_if(list.begin(), list.end(),
                              [&](const auto& other) { return other.address == event.address.address; }),
               list.end());
    if (event.added) {
      list.push_back(event.address);
    }
    routes_again = routes_again || !event.added;
    tell_link(event.address.link);
  };
  const auto on_link = [&](const netlink::LinkEvent& event) {
    // IPv4 routes of an interface that goes down vanish without an event.
    routes_again = routes_again || event.gone || !event.link.up || !event.link.carrier;
    if (event.gone) {
      links_.erase(event.link.index);
      addresses_.erase(event.link.index);
      context_.world.remove_link(now, name_, event.link.name);
    } else {
      links_[event.link.index] = event.link;
      tell_link(event.link.index);
    }
  };
  const auto on_route = [&](const netlink::RouteEvent& event) {
    auto view = netlink::to_view(event.route, [this](netlink::IfIndex index) { return link_name(index); });
    if (event.added) {
      context_.world.set_fib_route(now, name_, std::move(view));
    } else {
      context_.world.remove_fib_route(now, name_, view);
    }
  };
  for (const netlink::Event& event : *events) {
    std::visit(overloaded{on_link, on_address, on_route, [](const netlink::NeighbourEvent&) {},
                          [&](const netlink::Overrun&) { again = true; }},
               event);
  }
  if (again) {
    read_kernel();
  } else if (routes_again) {
    read_routes();
  }
  context_.changed();
}

Status Node::prepare_daemon(std::unique_ptr<daemons::Adapter> adapter, const NodeConfig& config,
                            const std::map<std::string, std::string>& env) {
  auto dir = context_.dir.node_dir(name_);
  if (!dir) {
    return fail(std::move(dir.error()));
  }
  program_ = config.program;
  paths_ = daemons::paths_in(*dir);
  log_file_ = *dir / "log";
  env_ = env;
  if (!config.file.empty() && adapter->capabilities().bird_language) {
    paths_.config = config.file;
    adapter_ = std::move(adapter);
    return {};
  }
  std::string text = config.text;
  if (!config.router && !config.file.empty()) {
    auto read = sys::read_file(config.file);
    if (!read) {
      return fail(std::move(read.error()).context("node " + name_));
    }
    text = std::move(*read);
  }
  auto files = config.router ? adapter->render(*config.router, paths_) : adapter->render(text, paths_);
  if (!files) {
    return fail(std::move(files.error()).context("node " + name_));
  }
  for (const daemons::RenderedFile& file : *files) {
    if (auto written = sys::write_file_atomic(file.path, file.text); !written) {
      return fail(std::move(written.error()).context("node " + name_));
    }
  }
  adapter_ = std::move(adapter);
  return {};
}

Status Node::start_daemon() {
  ready_ = false;
  stopping_ = false;
  exit_status_.reset();
  sys::proc::Spawn spawn;
  spawn.program = adapter_->executable(program_);
  if (!context_.record.empty() && adapter_->name() == "self") {
    const std::size_t starts = event_logs_.size() + 1;
    event_logs_.push_back(context_.record /
                          (name_ + (starts == 1 ? "" : "-" + std::to_string(starts)) + ".evlog"));
    paths_.record = event_logs_.back();
  }
  spawn.args = adapter_->argv(paths_);
  spawn.netns = net_.ns.get();
  spawn.log_file = log_file_;
  spawn.env = env_;
  auto child = sys::proc::Child::start(spawn);
  if (!child) {
    return fail(std::move(child.error()).context("node " + name_));
  }
  child_.emplace(std::move(*child));
  const auto noted = context_.dir.journal().append(
      {"did", name_ + "/daemon", {{"process", sys::proc::to_string(child_->id())}}});
  if (!noted) {
    return noted;
  }
  if (auto added = context_.loop.add(child_->pidfd(), EPOLLIN, [this](std::uint32_t) { daemon_exited(); });
      !added) {
    return added;
  }
  tell_process(true, std::nullopt);
  open_link();
  return {};
}

void Node::open_link() {
  daemons::LinkEvents events;
  events.ready = [this] {
    ready_ = true;
    context_.world.set_snapshot(sys::monotonic_now(), name_, link_->snapshot());
    context_.changed();
  };
  events.changed = [this](const observe::Store&) {
    context_.world.set_snapshot(sys::monotonic_now(), name_, link_->snapshot());
    context_.changed();
  };
  events.note = [this](std::string_view, std::string_view text) {
    context_.world.add_event({sys::monotonic_now(), name_, std::string(text)});
  };
  link_ = adapter_->link(context_.loop, paths_, std::move(events));
  context_.world.set_polled(name_, !adapter_->capabilities().event_stream);
  link_->set_interest(interest_);
  link_->start();
}

bool Node::ready() const {
  return adapter_ == nullptr || ready_;
}

std::optional<Error> Node::failure() const {
  if (!exit_status_ || stopping_) {
    return std::nullopt;
  }
  // It has told so itself, but among other lines; asked again, it says where the mistake is.
  if (const auto checked = adapter_->check_config(program_, paths_); !checked && checked.error().where) {
    return Error(checked.error()).context("node " + name_);
  }
  const std::string tail = log_tail();
  std::string message = "node " + name_ + ": " + std::string(adapter_->name()) + " ended with " +
                        sys::proc::to_string(*exit_status_) + (tail.empty() ? "" : ":\n  " + tail);
  return Error{Errc::io, std::move(message)};
}

void Node::daemon_exited() {
  const auto status = child_->try_reap();
  if (!status) {
    return;
  }
  context_.loop.remove(child_->pidfd());
  const auto noted = context_.dir.journal().append(
      {"undid", name_ + "/daemon", {{"process", sys::proc::to_string(child_->id())}}});
  (void)noted;  // a full disk must not keep us from noticing the exit; recovery checks that the process lives
  link_.reset();
  child_.reset();
  exit_status_ = *status;
  context_.world.forget_daemon(sys::monotonic_now(), name_);
  tell_process(false, *status);
  context_.changed();
}

void Node::tell_process(bool running, std::optional<sys::proc::ExitStatus> status) {
  observe::ProcessView view;
  view.running = running;
  view.pid = daemon_pid();
  if (status && status->signaled) {
    view.signal = status->value;
  } else if (status) {
    view.exit_code = status->value;
  }
  view.log_tail = running ? "" : log_tail();
  const Instant now = sys::monotonic_now();
  context_.world.set_process(now, name_, std::move(view));
  context_.world.add_event(
      {now, name_, running ? "speaker started" : "speaker ended: " + sys::proc::to_string(*status)});
}

std::string Node::log_tail() const {
  const auto text = sys::read_file(log_file_, kLogOctetsMax);
  if (!text) {
    return "";
  }
  std::string tail = text->size() > kLogTailOctets ? text->substr(text->size() - kLogTailOctets) : *text;
  while (!tail.empty() && tail.back() == '\n') {
    tail.pop_back();
  }
  std::size_t start = tail.size();
  for (std::size_t i = 0; i < kLogTailLines && start != 0 && start != std::string::npos; ++i) {
    start = start == 0 ? 0 : tail.rfind('\n', start - 1);
  }
  return start == std::string::npos || start == 0 ? tail : tail.substr(start + 1);
}

Status Node::stop_daemon(std::chrono::milliseconds grace) {
  if (!child_) {
    return {};
  }
  stopping_ = true;
  const auto stopped = child_->stop(grace);
  if (!stopped) {
    return fail(Error(stopped.error()).context("node " + name_ + ": stop the speaker"));
  }
  context_.loop.remove(child_->pidfd());
  const auto noted = context_.dir.journal().append(
      {"undid", name_ + "/daemon", {{"process", sys::proc::to_string(child_->id())}}});
  (void)noted;  // as in daemon_exited()
  link_.reset();
  child_.reset();
  exit_status_ = *stopped;
  context_.world.forget_daemon(sys::monotonic_now(), name_);
  tell_process(false, *stopped);
  context_.changed();
  return {};
}

Status Node::signal_daemon(int number) {
  if (!child_) {
    return fail(Errc::not_found, "node " + name_ + " has no speaker that runs");
  }
  stopping_ = stopping_ || number == SIGKILL || number == SIGTERM;
  Status sent = with_context(child_->signal(number), "node " + name_);
  if (sent && (number == SIGSTOP || number == SIGCONT)) {
    context_.world.set_paused(sys::monotonic_now(), name_, number == SIGSTOP);
  }
  return sent;
}

void Node::set_interest(daemons::Interest interest) {
  interest_ = interest;
  if (link_ != nullptr) {
    link_->set_interest(interest);
  }
}

void Node::command(std::string text, std::function<void(Result<birdc::Reply>)> done) {
  if (link_ == nullptr) {
    return done(fail(Errc::not_found, "node " + name_ + " has no speaker that runs"));
  }
  link_->command(std::move(text), std::move(done));
}

Status Node::set_link(const std::string& interface, bool up) {
  netlink::LinkChange change;
  change.up = up;
  return with_context(net_.netlink->set_link(interface, change), "node " + name_);
}

}  // namespace catflap::lab
