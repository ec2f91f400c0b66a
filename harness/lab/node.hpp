#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemons/adapter.hpp"
#include "expect/world.hpp"
#include "lab/plumbing.hpp"
#include "lab/run_dir.hpp"
#include "sys/event_loop.hpp"
#include "sys/process.hpp"

namespace catflap::lab {

/// A file that the daemon reads where it is, so that its includes are found and `configure` sees what has
/// been changed in it; or text, which is written into the node's folder.
struct NodeConfig {
  std::filesystem::path file;
  std::string text;
  std::optional<intent::RouterIntent> router{};  ///< a plain router, instead of both
  daemons::Program program{};                    ///< that is to read it
};

/// A node of a running lab: its namespace, the watch on its kernel, its daemon and the link to it. Feeds the
/// World. Belongs to the loop's thread.
class Node {
 public:
  struct Context {
    sys::EventLoop& loop;
    expect::World& world;
    RunDir& dir;
    std::function<void()> changed;   ///< the world may differ: evaluate checks
    std::filesystem::path record{};  ///< folder for event logs; "": none
  };

  Node(std::string name, NodeNet net, Context context);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Begins to watch links, addresses and routes.
  Status watch();
  /// Writes the daemon's files and checks what can be checked without starting it. `config` in BIRD's
  /// language.
  Status prepare_daemon(std::unique_ptr<daemons::Adapter> adapter, const NodeConfig& config,
                        const std::map<std::string, std::string>& env);
  Status start_daemon();
  /// True if there is no daemon, or it has told its first complete state.
  bool ready() const;
  /// The daemon has exited and was not asked to; the error has its last words.
  std::optional<Error> failure() const;
  /// SIGTERM, then SIGKILL after `grace`.
  Status stop_daemon(std::chrono::milliseconds grace);
  Status signal_daemon(int number);
  bool has_daemon() const { return adapter_ != nullptr; }
  bool daemon_runs() const { return child_.has_value(); }
  /// It was told to end (a signal or stop_daemon), and may not have done so yet.
  bool daemon_ending() const { return stopping_; }
  void set_interest(daemons::Interest interest);
  /// Hands a command to the daemon's control socket.
  void command(std::string text, std::function<void(Result<birdc::Reply>)> done);

  Status set_link(const std::string& interface, bool up);
  const std::string& name() const { return name_; }
  const NodeNet& net() const { return net_; }
  const daemons::Paths& paths() const { return paths_; }
  /// The event logs that its daemon has written, one for each start.
  const std::vector<std::filesystem::path>& event_logs() const { return event_logs_; }
  const std::filesystem::path& log_file() const { return log_file_; }
  std::string speaker() const { return adapter_ == nullptr ? "none" : std::string(adapter_->name()); }
  int daemon_pid() const { return child_ ? child_->pid() : 0; }

 private:
  void kernel_readable();
  void read_kernel();
  void read_routes();
  std::string link_name(netlink::IfIndex index) const;
  void tell_link(netlink::IfIndex index);
  void daemon_exited();
  void tell_process(bool running, std::optional<sys::proc::ExitStatus> status);
  std::string log_tail() const;
  void open_link();

  std::string name_;
  NodeNet net_;
  Context context_;
  std::optional<netlink::Monitor> monitor_;
  std::map<netlink::IfIndex, netlink::LinkInfo> links_;
  std::map<netlink::IfIndex, std::vector<netlink::AddressInfo>> addresses_;

  std::unique_ptr<daemons::Adapter> adapter_;
  daemons::Program program_;
  daemons::Paths paths_;
  std::filesystem::path log_file_;
  std::vector<std::filesystem::path> event_logs_;
  std::map<std::string, std::string> env_;
  std::optional<sys::proc::Child> child_;
  std::unique_ptr<daemons::Link> link_;
  daemons::Interest interest_ = daemons::Interest::normal;
  bool ready_ = false;
  bool stopping_ = false;
  std::optional<sys::proc::ExitStatus> exit_status_;
};

}  // namespace catflap::lab
