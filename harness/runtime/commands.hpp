#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
  virtual void shut_down(bool graceful_restart) = 0;
};

/// The rest of a reply that is too long to be made at once: each call appends a next piece of about
/// CommandRunner::kPieceOctets. False: that was the last one. Between two calls the client has read the piece
/// and the speaker has gone on, so nothing may be kept that its tables own: a prefix to go on behind
/// (RouteQuery::after), not a reference.
using ReplyRest = std::function<bool(std::string& out)>;

/// One connection's commands: parses a line, acts, writes the reply.
class CommandRunner {
 public:
  /// How long a piece of a long reply is, more or less: what a client that does not read costs.
  static constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;

  CommandRunner(DaemonControl& daemon, birdc::Format format) : daemon_(daemon), format_(format) {}

  /// Appends the reply to `out`, or its beginning: more() then brings the rest. False: the client asked to
  /// end the connection. Precondition: the reply before is complete.
  bool run(std::string_view line, std::string& out);
  /// Appends the next piece of the reply. False: there is none, the reply is complete.
  bool more(std::string& out);
  void restrict() { restricted_ = true; }

 private:
  birdc::Clock clock() const;
  void show_status(birdc::ReplyWriter& out);
  void show_protocols(birdc::ReplyWriter& out, const birdc::ShowProtocols& command);
  void show_route(birdc::ReplyWriter& out, const birdc::ShowRoute& command);
  bool takes_no_routes(const std::string& protocol) const;
  void show_interfaces(birdc::ReplyWriter& out, bool summary);
  void show_symbols(birdc::ReplyWriter& out, const birdc::ShowSymbols& command);
  void show_static(birdc::ReplyWriter& out, const birdc::ShowStatic& command);
  void show_memory(birdc::ReplyWriter& out);
  void configure(birdc::ReplyWriter& out, const birdc::Configure& command);
  void act(birdc::ReplyWriter& out, const birdc::Act& command);
  void eval(birdc::ReplyWriter& out, const birdc::Eval& command);
  birdc::SymbolKind symbol(std::string_view name) const;
  /// Makes more() call `rest`.
  void go_on_with(ReplyRest rest) { rest_ = std::move(rest); }

  DaemonControl& daemon_;
  birdc::Format format_;
  bool restricted_ = false;
  ReplyRest rest_;
};

}  // namespace catflap::runtime
