#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "calico/ctl/command.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr std::array kGlobalOptions{
    Option{"help", 'h'},
    Option{"log-level", 'l', true},
    Option{"context", '\0', true},
    Option{"allow-version-mismatch"},
    Option{"style", '\0', true},
    Option{"table-style", '\0', true},
    Option{"version"},
};

constexpr std::string_view kGlobalHelp = R"(
Options:
  -h --help                    Show this screen.
  -l --log-level=<level>       Accepted for calicoctl's sake: one of panic, fatal, error, warn, info, debug.
     --context=<context>       The name of the kubeconfig context to use.
     --allow-version-mismatch  Do not compare the versions of client and cluster.
     --style=<style>           Whose texts and formats: 3.31 (default) or head. Also CATFLAP_CTL_STYLE.
     --table-style=<style>     Tables in boxes: classic (default up to 3.32) or plain.

Examples:
  <P> get nodes -o wide
  <P> apply -f bgppeer.yaml
  <P> patch node n1 -p '{"spec":{"bgp":{"routeReflectorClusterID":"244.0.0.1"}}}'
  <P> ipam show --show-blocks
  <P> node status

Description:
  Manages Calico's resources in a datastore: the embedded one, or etcd where the configuration file
  (/etc/calico/calicoctl.cfg) or the environment names it. See '<P> <command> --help' to read about a command.
)";

std::vector<const Command*> all_commands() {
  std::vector<const Command*> out;
  for (const auto area : {resource_commands(), ipam_commands(), node_commands(), datastore_commands(),
                          legacy_commands(), etcd2_commands()}) {
    for (const Command& command : area) {
      out.push_back(&command);
    }
  }
  return out;
}

std::string with_program(std::string_view text, std::string_view program) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find("<P>", at)) != std::string::npos; at += program.size()) {
    out.replace(at, 3, program);
  }
  const std::size_t list = out.find("<KINDS>");
  if (list != std::string::npos) {
    std::string kinds;
    for (const KindInfo* kind : all_kinds()) {
      if (kind->in_calicoctl && kind->group == ApiGroup::calico_v3) {
        std::string name(kind->kind);
        // bgpPeer, ipPool, felixConfiguration: the capitals at the front are one word.
        std::size_t capitals = 0;
        while (capitals < name.size() && name[capitals] >= 'A' && name[capitals] <= 'Z') {
          ++capitals;
        }
        const std::size_t lower = std::max<std::size_t>(1, capitals > 1 ? capitals - 1 : capitals);
        for (std::size_t i = 0; i < lower && i < name.size(); ++i) {
          name[i] = static_cast<char>(name[i] - 'A' + 'a');
        }
        kinds += fmt::format("    * {}\n", name);
      }
    }
    out.replace(list, 7, kinds);
  }
  return out;
}

std::string usage_of(const Command& command, std::string_view program) {
  std::string out = "Usage:\n";
  std::string_view forms = command.usage;
  while (!forms.empty()) {
    const std::size_t end = std::min(forms.find('\n'), forms.size());
    out += fmt::format("  {} {} {}\n", program, command.path, forms.substr(0, end));
    forms.remove_prefix(std::min(end + 1, forms.size()));
  }
  return out;
}

std::string top_help(std::string_view program, std::string_view below) {
  std::string out = below.empty()
                        ? fmt::format("Usage:\n  {} [options] <command> [<args>...]\n\nCommands:\n", program)
                        : fmt::format("Usage:\n  {} {} <command> [<args>...]\n\nCommands:\n", program, below);
  const std::string prefix = std::string(below) + (below.empty() ? "" : " ");
  for (const Command* command : all_commands()) {
    if (command->path.substr(0, prefix.size()) == prefix) {
      out += fmt::format("  {:<28} {}\n", command->path, command->brief);
    }
  }
  return below.empty() ? out + with_program(kGlobalHelp, program) : out;
}

Status set_style(const Arguments& global, World& world) {
  std::string style = global.text("style");
  if (const auto from = world.environment.find("CATFLAP_CTL_STYLE");
      style.empty() && from != world.environment.end()) {
    style = from->second;
  }
  if (style == "head") {
    world.style = {Release::head, print::BoxStyle::plain};
  } else if (!style.empty() && style != "3.31") {
    return refuse(fmt::format("unknown style '{}', expected 3.31 or head", style));
  }
  const std::string table = global.text("table-style");
  if (table == "plain") {
    world.style.boxes = print::BoxStyle::plain;
  } else if (table == "classic") {
    world.style.boxes = print::BoxStyle::classic;
  } else if (!table.empty()) {
    return refuse(fmt::format("unknown table style '{}', expected classic or plain", table));
  }
  return {};
}

/// The command whose path begins the words, the longest one; nullptr if there is none.
const Command* find_command(std::span<const std::string> words, std::size_t& used) {
  const Command* best = nullptr;
  used = 0;
  for (const Command* command : all_commands()) {
    std::size_t count = 0;
    std::string_view path = command->path;
    bool matches = true;
    while (matches && !path.empty()) {
      const std::size_t end = std::min(path.find(' '), path.size());
      matches = count < words.size() && words[count] == path.substr(0, end);
      ++count;
      path.remove_prefix(std::min(end + 1, path.size()));
    }
    if (matches && count > used) {
      best = command;
      used = count;
    }
  }
  return best;
}

/// True if some command's path begins with these words and goes on.
bool is_area(std::string_view words) {
  const std::vector<const Command*> commands = all_commands();
  return std::any_of(commands.begin(), commands.end(), [words](const Command* command) {
    return command->path.size() > words.size() && command->path.substr(0, words.size()) == words &&
           command->path[words.size()] == ' ';
  });
}

int unknown_command(std::span<const std::string> words, const World& world) {
  std::string area;
  for (const std::string& word : words) {
    const std::string longer = area.empty() ? word : area + " " + word;
    if (!is_area(longer)) {
      break;
    }
    area = longer;
  }
  const std::size_t depth =
      area.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(area.begin(), area.end(), ' '));
  const bool asks = words.size() > depth && (words[depth] == "-h" || words[depth] == "--help");
  if (asks) {
    world.out(top_help(world.program, area));
    return 0;
  }
  if (words.size() == depth) {
    world.err(top_help(world.program, area));
    return 1;
  }
  std::vector<std::string> names;
  const std::string prefix = area.empty() ? "" : area + " ";
  for (const Command* command : all_commands()) {
    if (command->path.substr(0, prefix.size()) == prefix) {
      const std::string_view rest = command->path.substr(prefix.size());
      names.emplace_back(rest.substr(0, rest.find(' ')));
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  world.err(fmt::format("unknown command: \"{}{}\"{}\n{}", prefix, words[depth],
                        did_you_mean(words[depth], views), top_help(world.program, area)));
  return 1;
}

int refuse_words(const Command& command, const std::string& line, std::string_view reason,
                 const World& world) {
  world.err(
      fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                  "{}\n{}",
                  line, reason, usage_of(command, world.program)));
  return 1;
}

}  // namespace

int run(std::span<const std::string> words, World& world) {
  Result<Arguments> global = parse_arguments(words, kGlobalOptions, true);
  if (!global) {
    std::string line;
    for (const std::string& word : words) {
      line += (line.empty() ? "" : " ") + word;
    }
    world.out(
        fmt::format("Invalid option: '{}'. Use flag '--help' to read about a specific subcommand.\n", line));
    world.err(global.error().message + "\n");
    return 1;
  }
  if (global->flag("help") || global->flag("version")) {
    world.out(global->flag("help")
                  ? top_help(world.program, "")
                  : fmt::format("Run '{} version' to see version information.\n", world.program));
    return 0;
  }
  constexpr std::array<std::string_view, 6> kLevels{"panic", "fatal", "error", "warn", "info", "debug"};
  const std::string level = global->text("log-level");
  if (!level.empty() && std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
    world.out(fmt::format(
        "Unknown log level: {}, expected one of: \npanic, fatal, error, warn, info, debug.\n", level));
    return 1;
  }
  const std::vector<std::string>& rest = global->positional;
  std::size_t used = 0;
  const Command* command = find_command(rest, used);
  if (command == nullptr) {
    return unknown_command(rest, world);
  }
  std::string line;
  for (const std::string& word : rest) {
    line += (line.empty() ? "" : " ") + word;
  }
  std::vector<Option> options(command->options.begin(), command->options.end());
  for (const Option& option : kGlobalOptions) {
    // -l and --version are calicoctl's own only before the command.
    if (option.name != "log-level" && option.name != "version") {
      options.push_back(option);
    }
  }
  Result<Arguments> arguments = parse_arguments(std::span(rest).subspan(used), options);
  if (!arguments) {
    return refuse_words(*command, line, arguments.error().message, world);
  }
  if (arguments->flag("help")) {
    world.out(usage_of(*command, world.program) + with_program(command->help, world.program));
    return 0;
  }
  for (const std::string_view name : {"context", "style", "table-style"}) {
    if (global->value(name) && !arguments->value(name)) {
      arguments->values[std::string(name)] = global->text(name);
    }
  }
  if (global->flag("allow-version-mismatch")) {
    arguments->flags.emplace("allow-version-mismatch");
  }
  if (Status styled = set_style(*arguments, world); !styled) {
    world.err(styled.error().message + "\n");
    return 1;
  }
  const std::size_t count = arguments->positional.size();
  if (count < command->least || count > command->most) {
    return refuse_words(*command, line,
                        count < command->least
                            ? "too few arguments"
                            : "too many arguments: " + arguments->positional[command->most],
                        world);
  }
  Call call{std::move(*arguments), world, line};
  const Status done = command->handler(call);
  if (!done && !done.error().message.empty()) {
    world.err(done.error().message + "\n");
  }
  return done ? 0 : 1;
}

Result<Session> open_session(const World& world, const std::string& config) {
  Result<std::unique_ptr<Datastore>> store = world.open_store(config);
  if (!store) {
    return fail(store.error());
  }
  Session out;
  out.store = std::move(*store);
  out.client = std::make_unique<Client>(*out.store, world.client);
  return out;
}

std::string_view client_version(Release release) {
  return release == Release::head ? "v3.34.0" : "v3.31.0";
}

}  // namespace catflap::calico::ctl
