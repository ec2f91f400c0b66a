#include "daemons/adapter.hpp"

#include <array>
#include <cstdlib>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "birdlang/birdlang.hpp"
#include "daemons/find.hpp"
#include "daemons/frr.hpp"
#include "daemons/gobgp.hpp"
#include "daemons/links.hpp"
#include "daemons/openbgpd.hpp"
#include "sys/files.hpp"
#include "sys/process.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

/// What is different from daemon to daemon; all of them take BIRD's command line.
struct Kind {
  std::string_view name;
  Capabilities capabilities;
};

constexpr std::array<Kind, 3> kKinds{{
    {"self", {.event_stream = true}},
    {"bird", {}},
    {"bird1", {.ipv6 = false, .long_lived_graceful_restart = false}},
}};

/// The router without what stands idle in it for IPv6: BIRD 1.6 has a process per family, and labs run the
/// one for IPv4.
Result<intent::RouterIntent> only_ipv4(intent::RouterIntent router) {
  std::vector<intent::ProtocolIntent> kept;
  for (intent::ProtocolIntent& protocol : router.protocols) {
    const bool six = !protocol.channels.empty() && protocol.channels.front().family == net::Family::ipv6;
    if (!six) {
      kept.push_back(std::move(protocol));
    } else if (!std::holds_alternative<intent::KernelIntent>(protocol.body)) {
      return fail(Errc::unsupported,
                  fmt::format("bird1: {}: BIRD 1.6 has IPv6 in a process of its own, which labs do not run",
                              protocol.name));
    }
  }
  router.protocols = std::move(kept);
  router.hostname.clear();
  router.tables = {{"master", net::Family::ipv4}};
  for (intent::ProtocolIntent& protocol : router.protocols) {
    for (intent::ChannelIntent& channel : protocol.channels) {
      channel.table = "master";
    }
  }
  return router;
}

class BirdLikeAdapter final : public Adapter {
 public:
  BirdLikeAdapter(const Kind& kind, AdapterOptions options) : kind_(kind), options_(std::move(options)) {}

  std::string_view name() const override { return kind_.name; }
  Capabilities capabilities() const override { return kind_.capabilities; }

  Result<Program> detect() const override { return find_daemon(kind_.name, options_.program); }

  Result<Rendered> render(std::string_view config, const Paths& paths) const override {
    return Rendered{{paths.config, std::string(config)}};
  }

  Result<Rendered> render(const intent::RouterIntent& router, const Paths& paths) const override {
    if (auto fits = is_bird() ? birdlang::fits_bird(router) : Status{}; !fits) {
      return fail(std::move(fits).error());
    }
    if (kind_.capabilities.ipv6) {
      return render(birdlang::print(router, birdlang::Dialect::bird2), paths);
    }
    auto one_family = only_ipv4(router);
    if (!one_family) {
      return fail(std::move(one_family).error());
    }
    return render(birdlang::print(*one_family, birdlang::Dialect::bird1), paths);
  }

  std::vector<std::string> argv(const Paths& paths, bool recover) const override {
    std::vector<std::string> arguments{"-f", "-c", paths.config, "-s", paths.control, "-P", paths.pid};
    if (kind_.capabilities.event_stream) {
      arguments.insert(arguments.end(), {"--events", paths.events});
    }
    if (kind_.name == "self" && !paths.record.empty()) {
      arguments.insert(arguments.end(), {"--record", paths.record});
    }
    if (recover) {
      arguments.emplace_back("-R");
    }
    return arguments;
  }

  Status check_config(const Program& program, const Paths& paths) const override {
    sys::proc::Spawn spawn;
    spawn.program = program.path;
    spawn.args = {"-p", "-c", paths.config};
    auto result = sys::proc::run(std::move(spawn));
    if (!result) {
      return fail(std::move(result).error());
    }
    if (result->status.ok()) {
      return {};
    }
    std::string text = result->err.empty() ? result->out : result->err;
    while (!text.empty() && text.back() == '\n') {
      text.pop_back();
    }
    // The message is the last line; notes may stand before it.
    text.erase(0, text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
    if (text.empty()) {
      text = fmt::format("{} refused it without a word ({})", program.path.string(),
                         sys::proc::to_string(result->status));
    }
    return fail(with_extension(parse_config_error(text), paths));
  }

  std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const override {
    if (kind_.capabilities.event_stream) {
      return std::make_unique<StreamLink>(loop, paths, std::move(events));
    }
    return std::make_unique<PolledLink>(loop, paths, std::move(events));
  }

 private:
  bool is_bird() const { return !kind_.capabilities.event_stream; }

  /// BIRD says "syntax error" where a file has an option that only our speaker knows: names it.
  Error with_extension(Error error, const Paths& paths) const {
    const auto text = is_bird() ? sys::read_file(paths.config) : Result<std::string>("");
    birdlang::ParseOptions options;
    options.dialect = kind_.capabilities.ipv6 ? birdlang::Dialect::bird2 : birdlang::Dialect::bird1;
    const auto router = birdlang::parse(text ? *text : "", paths.config, options);
    if (router) {  // with includes it would need their files: then BIRD's own words must do
      if (const Status fits = birdlang::fits_bird(*router); !fits) {
        error.message += " (" + fits.error().message + ")";
      }
    }
    return error;
  }

  Kind kind_;
  AdapterOptions options_;
};

}  // namespace

Paths paths_in(const std::filesystem::path& folder) {
  return {folder / "bird.conf", folder / "bird.ctl", folder / "bird.pid", folder / "events.sock"};
}

Result<std::unique_ptr<Adapter>> make_adapter(std::string_view name, AdapterOptions options) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) {
      return std::make_unique<BirdLikeAdapter>(kind, std::move(options));
    }
  }
  if (name == "frr") {
    return make_frr_adapter(std::move(options));
  }
  if (name == "gobgp") {
    return make_gobgp_adapter(std::move(options));
  }
  if (name == "openbgpd") {
    return make_openbgpd_adapter(std::move(options));
  }
  return fail(Errc::invalid,
              fmt::format("unknown speaker '{}'{}", name, did_you_mean(name, adapter_names())));
}

std::vector<std::string_view> adapter_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) {
    names.push_back(kind.name);
  }
  names.insert(names.end(), {"frr", "gobgp", "openbgpd"});
  return names;
}

Error parse_config_error(std::string_view text) {
  Error error{Errc::invalid, std::string(text)};
  // "bird: /etc/bird.conf:4:2 syntax error, ...": the file ends where two numbers follow.
  static const std::regex kPattern(R"(^(?:bird6?: |catflap-bgpd: )?(.+?):(\d{1,9}):(\d{1,9}):? +(.*)$)");
  std::smatch match;
  const std::string owned(text);
  if (std::regex_match(owned, match, kPattern)) {
    error.where = SourcePos{match[1], static_cast<std::uint32_t>(std::stoul(match[2])),
                            static_cast<std::uint32_t>(std::stoul(match[3]))};
    error.message = match[4];
  }
  return error;
}

}  // namespace catflap::daemons
