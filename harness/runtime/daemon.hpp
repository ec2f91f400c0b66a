#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "birdc/format.hpp"
#include "birdlang/birdlang.hpp"
#include "runtime/commands.hpp"
#include "runtime/control_server.hpp"
#include "runtime/driver.hpp"
#include "runtime/event_server.hpp"
#include "runtime/log_targets.hpp"
#include "runtime/mrt_service.hpp"
#include "runtime/query_server.hpp"
#include "sys/event_loop.hpp"
#include "sys/files.hpp"

namespace catflap::runtime {

struct DaemonOptions {
  std::filesystem::path config_file;
  std::filesystem::path control_socket;
  std::filesystem::path events_socket;  ///< empty: none; questions are answered at the same path + ".query"
  std::filesystem::path pid_file;       ///< empty: none
  birdlang::Dialect dialect = birdlang::Dialect::bird2;
  net::Family family = net::Family::ipv4;  ///< dialect 1.6 only
  birdc::Format format = birdc::Format::bird2;
  /// If not empty: bird.ctl and bird6.ctl in this folder speak for one family each in the format of BIRD 1.6,
  /// as Calico's tools want it.
  std::filesystem::path bird1_sockets;
  std::string version;                     ///< "catflap-bgpd 0.1.0"
  bool debug = false;                      ///< `-d`: log everything to standard error
  bool graceful_restart_recovery = false;  ///< `-R`: keep the kernel's routes while peers come back
  std::optional<std::uint64_t> seed;       ///< nullopt: the kernel's randomness
  std::filesystem::path record;            ///< event log to write; empty: none
};

/// catflap-bgpd: one speaker with its sockets, in the namespace of the process. SIGHUP configures again,
/// SIGTERM and SIGINT shut down in order.
class Daemon final : public DaemonControl {
 public:
  /// Opens everything; errors leave nothing behind. Call it in the thread that calls run(), before other
  /// threads start.
  static Result<std::unique_ptr<Daemon>> create(const DaemonOptions& options,
                                                std::shared_ptr<const intent::RouterIntent> intent);
  ~Daemon() override;

  /// Until it is shut down.
  Status run();

  SpeakerDriver& driver() override { return *driver_; }
  Instant started() const override { return started_; }
  Instant configured() const override { return configured_; }
  std::string config_file() const override { return options_.config_file.string(); }
  bool shutting_down() const override { return shutting_down_; }
  Result<std::shared_ptr<const intent::RouterIntent>> read_config(const std::string& file) override;
  void apply(std::shared_ptr<const intent::RouterIntent> intent, bool soft,
             std::optional<std::uint32_t> timeout_s) override;
  bool confirm() override;
  bool undo() override;
  std::optional<Instant> undo_at() const override { return undo_at_; }
  void shut_down(bool graceful_restart) override;
  void log(bgp::act::NoteLevel level, std::string_view text) override;
  void set_debug(const std::string& protocol, std::vector<std::string> classes) override;
  void set_mrtdump(const std::vector<std::string>& protocols, const std::vector<std::string>& what) override;

 private:
  /// An orderly end that takes longer is cut off.
  static constexpr Duration kShutDownTime = std::chrono::seconds(3);

  explicit Daemon(DaemonOptions options) : options_(std::move(options)), log_(options_.debug) {}
  Status open(std::shared_ptr<const intent::RouterIntent> intent);
  SpeakerDriver::Hooks hooks();
  void signalled();

  Status listen_control(const std::filesystem::path& path, ControlView view);
  /// True if lines of this class (BIRD's `debug`) are wanted of a protocol.
  bool debugs(const std::string& protocol, std::string_view what) const;
  void trace_change(const bgp::act::ProtocolChanged& changed);

  DaemonOptions options_;
  LogTargets log_;
  std::unique_ptr<sys::EventLoop> loop_;
  sys::UniqueFd signals_;
  std::optional<sys::PidFile> pid_file_;
  std::unique_ptr<MrtService> mrt_;
  std::unique_ptr<SpeakerDriver> driver_;
  std::vector<std::unique_ptr<ControlServer>> controls_;
  std::unique_ptr<EventServer> events_;
  std::unique_ptr<QueryServer> queries_;
  std::shared_ptr<const intent::RouterIntent> current_, previous_;
  sys::EventLoop::TimerId undo_timer_ = sys::EventLoop::TimerId::none;
  std::optional<Instant> undo_at_;
  std::map<std::string, std::vector<std::string>> debug_;    ///< by `debug`, until the next configure
  std::map<std::string, std::vector<std::string>> mrtdump_;  ///< as set by set_mrtdump
  Instant started_, configured_, give_up_ = Instant::never();
  bool shutting_down_ = false;
  bool speaker_down_ = false;
};

}  // namespace catflap::runtime
