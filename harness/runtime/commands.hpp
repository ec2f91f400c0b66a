#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bgp/speaker/speaker.hpp"
#include "birdc/command.hpp"
#include "birdc/reply.hpp"
#include "runtime/driver.hpp"

namespace catflap::runtime {

/// What the commands of the control socket need of the daemon.
class DaemonControl {
 public:
  virtual ~DaemonControl() = default;
  DaemonControl() = default;
  DaemonControl(const DaemonControl&) = delete;
  DaemonControl& operator=(const DaemonControl&) = delete;

  virtual SpeakerDriver& driver() = 0;
  virtual Instant started() const = 0;
  virtual Instant configured() const = 0;  ///< of the last configure
  virtual std::string config_file() const = 0;
  virtual bool shutting_down() const = 0;
  /// Reads a configuration; the error is BIRD's text behind 8002.
  virtual Result<std::shared_ptr<const intent::RouterIntent>> read_config(const std::string& file) = 0;
  /// Puts it in force. With `timeout_s` the one before comes back unless confirm() is called in time.
  virtual void apply(std::shared_ptr<const intent::RouterIntent> intent, bool soft,
                     std::optional<std::uint32_t> timeout_s) = 0;
  /// False if nothing waits to be confirmed.
  virtual bool confirm() = 0;
  /// False if there is nothing to go back to.
  virtual bool undo() = 0;
  /// When the configuration will be undone unless it is confirmed; nullopt: nothing waits.
  virtual std::optional<Instant> undo_at() const = 0;
  virtual void shut_down(bool graceful_restart) = 0;
  /// A line for the log, and for those who asked for it by `echo`.
  virtual void log(bgp::act::NoteLevel level, std::string_view text) = 0;
  /// Which of BIRD's debug classes of a protocol are logged from now on: "states" and "events" are; the
  /// speaker tells nothing of the others.
  virtual void set_debug(const std::string& protocol, std::vector<std::string> classes) = 0;
  /// What of these protocols goes to the file of `mrtdump "FILE"` until the next configuration: "states",
  /// "messages". Of neighbours from a prefix: of those that come from now on.
  virtual void set_mrtdump(const std::vector<std::string>& protocols,
                           const std::vector<std::string>& what) = 0;
};

/// What a control socket shows and how: everything, or one address family as the daemons `bird` and `bird6`
/// of BIRD 1.6 do.
struct ControlView {
  birdc::Format format = birdc::Format::bird2;
  std::optional<net::Family> family;

  bool shows(net::Family other) const { return !family || *family == other; }
};

/// The rest of a reply that is too long to be made at once: each call appends a next piece of about
/// CommandRunner::kPieceOctets, or nothing after a share of work. False: that was the last one. Between two
/// calls the client has read the piece and the speaker has gone on, so nothing may be kept that its tables
/// own: a prefix to go on behind (RouteWalk), not a reference.
using ReplyRest = std::function<bool(std::string& out)>;

/// One connection's commands: parses a line, acts, writes the reply.
class CommandRunner {
 public:
  /// How long a piece of a long reply is, more or less: what a client that does not read costs.
  static constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;
  /// Networks that one piece looks at: some milliseconds of the speaker's time.
  static constexpr std::size_t kPrefixesPerPiece = 256;

  CommandRunner(DaemonControl& daemon, ControlView view)
      : daemon_(daemon), view_(view), format_(view.format) {}

  /// Appends the reply to `out`, or its beginning: more() then brings the rest. False: the client asked to
  /// end the connection. Precondition: the reply before is complete.
  bool run(std::string_view line, std::string& out);
  /// Goes on with the reply; may append nothing. False: there is nothing to do, the reply is complete.
  bool more(std::string& out);
  /// True while a reply is not complete.
  bool busy() const { return rest_ != nullptr; }
  void restrict() { restricted_ = true; }

  /// What this client asked for by `echo`.
  struct EchoState {
    unsigned levels = 0;  ///< a bit for each NoteLevel
    std::size_t octets_max = birdc::kEchoOctetsDefault;
  };
  const EchoState& echo_state() const { return echo_; }

 private:
  // commands.cpp
  birdc::Clock clock() const;
  birdc::SymbolKind symbol(std::string_view name) const;
  /// The protocols that this socket shows, as its format has them.
  std::vector<observe::ProtocolView> protocols() const;
  void show_status(birdc::ReplyWriter& out);
  void show_protocols(birdc::ReplyWriter& out, const birdc::ShowProtocols& command);
  void configure(birdc::ReplyWriter& out, const birdc::Configure& command);
  void act(birdc::ReplyWriter& out, const birdc::Act& command);
  void eval(birdc::ReplyWriter& out, const birdc::Eval& command);
  void echo(birdc::ReplyWriter& out, const birdc::Echo& command);
  void debug(birdc::ReplyWriter& out, const birdc::Debug& command);
  void mrt_flags(birdc::ReplyWriter& out, const birdc::MrtDumpFlags& command);
  void mrt_dump(birdc::ReplyWriter& out, const birdc::MrtDumpTable& command);
  // commands_route.cpp
  void show_route(birdc::ReplyWriter& out, const birdc::ShowRoute& command);
  // commands_show.cpp
  void show_interfaces(birdc::ReplyWriter& out, bool summary);
  void show_symbols(birdc::ReplyWriter& out, const birdc::ShowSymbols& command);
  void show_static(birdc::ReplyWriter& out, const birdc::ShowStatic& command);
  void show_roa(birdc::ReplyWriter& out, const birdc::ShowRoa& command);
  void show_bfd(birdc::ReplyWriter& out, const birdc::ShowBfdSessions& command);
  void show_memory(birdc::ReplyWriter& out);
  std::vector<birdc::InterfaceView> interfaces() const;
  std::vector<birdc::MemoryRow> memory() const;
  void dump(birdc::ReplyWriter& out, const birdc::Dump& command);
  void dump_text(const std::string& text);
  void dump_routes();
  /// Makes more() call `rest`.
  void go_on_with(ReplyRest rest) { rest_ = std::move(rest); }

  DaemonControl& daemon_;
  ControlView view_;
  birdc::Format format_;
  bool restricted_ = false;
  EchoState echo_;
  ReplyRest rest_;
};

/// The name of a table in the output: a socket of one family calls the default tables "master".
std::string shown_table(const ControlView& view, const std::string& name);

}  // namespace catflap::runtime
