#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "runtime/config_file.hpp"
#include "runtime/daemon.hpp"

namespace {

using catflap::runtime::DaemonOptions;

constexpr int kExitInput = 1;  ///< as BIRD: any error
constexpr const char* kVersion = "catflap-bgpd " CATFLAP_VERSION;

constexpr const char* kUsage =
    R"(Usage: catflap-bgpd [-c FILE] [-s SOCKET] [-P FILE] [-f | -d | -p] [OPTION...]

A BGP daemon that reads BIRD's configuration, answers birdc and writes kernel routes.

  -c FILE               configuration (default /etc/bird/bird.conf)
  -s SOCKET             control socket for birdc (default /run/bird/bird.ctl)
  -P FILE               write the process id to FILE, locked while it runs
  -f                    stay in the foreground
  -d                    stay in the foreground and log debug messages to standard error
  -D FILE               log to FILE
  -p                    check the configuration and exit: 0 if it is fine
  -R                    graceful restart: keep the kernel's routes while peers come back
  -l                    configuration and control socket in the current folder
      --events SOCKET   stream of sessions and routes as JSON lines, and queries of `catflap bgp`
      --dialect 2|1.6   language of the configuration (default 2)
      --family 4|6      with --dialect 1.6: be bird or bird6 (default 4)
      --format 2|1.6    output format of the control socket (default: as --dialect)
      --bird1-sockets DIR
                        also listen at DIR/bird.ctl (IPv4) and DIR/bird6.ctl (IPv6) in the format of BIRD 1.6,
                        as calicoctl and Calico's probes want it
      --seed N          seed of the timers' jitter, for repeatable runs
      --record FILE     write an event log, which 'catflap replay FILE' runs again (it holds the passwords)
      --version, --help

Examples:
  catflap-bgpd -p -c bird.conf
  catflap-bgpd -f -c bird.conf -s /tmp/bird.ctl      then: birdc -s /tmp/bird.ctl show protocols
)";

struct Arguments {
  DaemonOptions options;
  bool check_only = false, foreground = false;
  std::string log_file;
};

[[noreturn]] void usage_error(const std::string& message) {
  fmt::print(stderr, "catflap-bgpd: {}\nTry 'catflap-bgpd --help'.\n", message);
  std::exit(kExitInput);
}

Arguments parse_arguments(int argc, char** argv) {
  enum Long : int { kEvents = 1000, kDialect, kFamily, kFormat, kBird1Sockets, kSeed, kRecord, kVersionFlag };
  static const option kLong[] = {{"events", required_argument, nullptr, kEvents},
                                 {"dialect", required_argument, nullptr, kDialect},
                                 {"family", required_argument, nullptr, kFamily},
                                 {"format", required_argument, nullptr, kFormat},
                                 {"bird1-sockets", required_argument, nullptr, kBird1Sockets},
                                 {"seed", required_argument, nullptr, kSeed},
                                 {"record", required_argument, nullptr, kRecord},
                                 {"version", no_argument, nullptr, kVersionFlag},
                                 {"help", no_argument, nullptr, 'h'},
                                 {nullptr, 0, nullptr, 0}};
  Arguments arguments;
  DaemonOptions& options = arguments.options;
  options.config_file = "/etc/bird/bird.conf";
  options.control_socket = "/run/bird/bird.ctl";
  options.version = kVersion;
  bool format_given = false;
  const auto one_of = [](const char* name, const std::string& value, const char* first, const char* second) {
    if (value != first && value != second) {
      usage_error(fmt::format("{} takes {} or {}, not '{}'", name, first, second, value));
    }
    return value == second;
  };
  for (int c = 0; (c = getopt_long(argc, argv, "c:s:P:D:fdpRlh", kLong, nullptr)) != -1;) {
    switch (c) {
      case 'c':
        options.config_file = optarg;
        break;
      case 's':
        options.control_socket = optarg;
        break;
      case 'P':
        options.pid_file = optarg;
        break;
      case 'D':
        arguments.log_file = optarg;
        break;
      case 'f':
        arguments.foreground = true;
        break;
      case 'd':
        arguments.foreground = options.debug = true;
        break;
      case 'p':
        arguments.check_only = true;
        break;
      case 'R':
        options.graceful_restart_recovery = true;
        break;
      case 'l':
        options.config_file = "bird.conf";
        options.control_socket = "bird.ctl";
        break;
      case kEvents:
        options.events_socket = optarg;
        break;
      case kDialect:
        options.dialect = one_of("--dialect", optarg, "2", "1.6") ? catflap::birdlang::Dialect::bird1
                                                                  : catflap::birdlang::Dialect::bird2;
        break;
      case kFamily:
        options.family =
            one_of("--family", optarg, "4", "6") ? catflap::net::Family::ipv6 : catflap::net::Family::ipv4;
        break;
      case kFormat:
        format_given = true;
        options.format = one_of("--format", optarg, "2", "1.6") ? catflap::birdc::Format::bird1
                                                                : catflap::birdc::Format::bird2;
        break;
      case kBird1Sockets:
        options.bird1_sockets = optarg;
        break;
      case kSeed: {
        char* end = nullptr;
        options.seed = std::strtoull(optarg, &end, 0);
        if (*optarg == '\0' || *end != '\0') {
          usage_error(fmt::format("--seed takes a number, not '{}'", optarg));
        }
        break;
      }
      case kRecord:
        options.record = optarg;
        break;
      case kVersionFlag:
        fmt::print("{}\n", kVersion);
        std::exit(0);
      case 'h':
        fmt::print("{}", kUsage);
        std::exit(0);
      default:
        std::fputs("Try 'catflap-bgpd --help'.\n", stderr);
        std::exit(kExitInput);
    }
  }
  if (optind < argc) {
    usage_error(fmt::format("unexpected argument '{}'", argv[optind]));
  }
  if (!format_given && options.dialect == catflap::birdlang::Dialect::bird1) {
    options.format = catflap::birdc::Format::bird1;
  }
  return arguments;
}

int fail_with(const catflap::Error& error) {
  fmt::print(stderr, "catflap-bgpd: {}\n", to_string(error));
  return kExitInput;
}

/// Forks. The parent waits until the child says that it runs, so that errors reach the caller; returns, in
/// the child, where to say it.
int go_to_background() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    std::exit(fail_with({catflap::Errc::io, "cannot open a pipe"}));
  }
  const pid_t child = ::fork();
  if (child < 0) {
    std::exit(fail_with({catflap::Errc::io, "cannot go to the background"}));
  }
  if (child > 0) {
    ::close(ends[1]);
    char byte = 0;
    ::_exit(::read(ends[0], &byte, 1) == 1 ? 0 : kExitInput);
  }
  ::close(ends[0]);
  ::setsid();
  return ends[1];
}

/// Lets the parent go, and the terminal.
void detach(int ready, bool drop_stderr) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, 0);
  ::dup2(null, 1);
  if (drop_stderr) {
    ::dup2(null, 2);
  }
  const char byte = 1;
  if (::write(ready, &byte, 1) == 1) {
    ::close(ready);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  auto intent = catflap::runtime::load_config(arguments.options.config_file, arguments.options.dialect,
                                              arguments.options.family);
  if (!intent) {
    return fail_with(intent.error());
  }
  if (arguments.check_only) {
    return 0;
  }
  if (!arguments.log_file.empty() && std::freopen(arguments.log_file.c_str(), "a", stderr) == nullptr) {
    return fail_with({catflap::Errc::io, "cannot write " + arguments.log_file});
  }
  const int ready = arguments.foreground ? -1 : go_to_background();
  auto daemon = catflap::runtime::Daemon::create(arguments.options, std::move(*intent));
  if (!daemon) {
    return fail_with(daemon.error());
  }
  if (ready >= 0) {
    detach(ready, arguments.log_file.empty());
  }
  if (auto done = (*daemon)->run(); !done) {
    return fail_with(done.error());
  }
  return 0;
}
