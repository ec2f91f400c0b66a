#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "birdc/command.hpp"
#include "birdc/parse.hpp"
#include "intent/router.hpp"
#include "observe/store.hpp"
#include "sys/event_loop.hpp"

/// Daemons that can run in a node: how to start them, and what they tell while they run.
namespace catflap::daemons {

/// Where the files of one daemon are. The folder must exist.
struct Paths {
  std::filesystem::path config, control, pid, events;
  std::filesystem::path record{};  ///< event log to write, of daemons that can; empty: none
};
/// bird.conf, bird.ctl, bird.pid and events.sock in `folder`.
Paths paths_in(const std::filesystem::path& folder);

struct Program {
  std::filesystem::path path;
  std::string version;  ///< "2.0.12"
};

/// What a daemon can do, so that tests skip what it cannot.
struct Capabilities {
  bool ipv6 = true;           ///< both families in one process (BIRD 1.6: IPv4 alone)
  bool event_stream = false;  ///< tells changes by itself; otherwise it is polled
  bool config_check = true;
  bool reload = true;
  bool bird_language = true;  ///< runs a configuration in BIRD's language as it is
  bool extended_messages = true, add_path = true, graceful_restart = true, long_lived_graceful_restart = true;
};

struct RenderedFile {
  std::filesystem::path path;
  std::string text;
};
using Rendered = std::vector<RenderedFile>;

/// What a Link tells its owner, always from the loop. A handler may destroy the Link.
struct LinkEvents {
  std::function<void()> ready;                         ///< the first complete state is there
  std::function<void(const observe::Store&)> changed;  ///< something differs
  std::function<void(const Error&)> lost;              ///< the connection broke; it is tried again
  std::function<void(std::string_view level, std::string_view text)> note;
};

/// How soon changes must be seen; matters only for daemons that are polled.
enum class Interest : std::uint8_t {
  idle,     ///< nobody waits: every second
  normal,   ///< every 100 ms
  waiting,  ///< a check waits for a change: every 5 ms
};

/// A connection to a running daemon that keeps an observe::Store up to date.
class Link {
 public:
  virtual ~Link() = default;

  /// Starts connecting; the daemon need not be up yet.
  virtual void start() = 0;
  /// Connected, and the first complete state has been read.
  virtual bool ready() const = 0;
  virtual const observe::Store& store() const = 0;
  /// Everything known, as of now; valid until the next round of the loop.
  virtual const observe::Snapshot& snapshot() = 0;

  virtual void set_interest(Interest interest) = 0;
  /// Reads the state at once (routes too), even if the counters say that nothing has changed.
  virtual void poll_now() = 0;
  /// Tells that the daemon's sockets have appeared: connects without waiting for the next try.
  virtual void connect_now() = 0;

  /// `configure`, `configure soft`, ... over the control socket. A refused file is Errc::invalid with
  /// Error.where.
  virtual void configure(const birdc::Configure& how, std::function<void(Status)> done) = 0;
  /// Any command of the control socket, for tests and tools.
  virtual void command(std::string command, std::function<void(Result<birdc::Reply>)> done) = 0;
};

class Adapter {
 public:
  virtual ~Adapter() = default;

  /// As in adapter_names().
  virtual std::string_view name() const = 0;
  virtual Capabilities capabilities() const = 0;
  /// The program and its version. Errc::not_found says which Debian package has it, or which variable names
  /// it.
  virtual Result<Program> detect() const = 0;
  /// The files that the daemon needs, from a configuration in BIRD's language, or in its own if it reads no
  /// other, taken as it is. Errc::unsupported if it cannot be given one.
  virtual Result<Rendered> render(std::string_view config, const Paths& paths) const = 0;
  /// The same for a plain router. Errc::unsupported names what this daemon cannot be told.
  virtual Result<Rendered> render(const intent::RouterIntent& router, const Paths& paths) const = 0;
  /// What is started: the program itself, or what starts it and becomes it.
  virtual std::filesystem::path executable(const Program& program) const { return program.path; }
  /// Arguments without the program. `recover`: with graceful restart recovery (`-R`).
  virtual std::vector<std::string> argv(const Paths& paths, bool recover = false) const = 0;
  /// Lets the daemon itself check its configuration file. Errc::invalid with Error.where. Blocks for some
  /// milliseconds.
  virtual Status check_config(const Program& program, const Paths& paths) const = 0;
  /// A link on `loop`, which must outlive it. Call start() on it.
  virtual std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const = 0;
};

struct AdapterOptions {
  /// The program to use instead of searching. Otherwise: the environment variable CATFLAP_BGPD, CATFLAP_BIRD,
  /// CATFLAP_BIRD1, CATFLAP_FRR, CATFLAP_GOBGP or CATFLAP_OPENBGPD; for `self` then the folder of the running
  /// program, for `bird1` where ci/install-deps unpacks it beside the build; and the PATH with /usr/sbin.
  std::filesystem::path program;
};

/// Errc::invalid for an unknown name, with a suggestion.
Result<std::unique_ptr<Adapter>> make_adapter(std::string_view name, AdapterOptions options = {});
/// The names that make_adapter knows.
std::vector<std::string_view> adapter_names();

/// "FILE:LINE:COL message" of BIRD, as an error with a position; other text becomes the message.
Error parse_config_error(std::string_view text);

}  // namespace catflap::daemons
