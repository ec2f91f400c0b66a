#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ctl/command.hpp"
#include "calico/ctl/convert_command.hpp"
#include "calico/ctl/resource_action.hpp"
#include "calico/ctl/resource_help.hpp"
#include "calico/model/kind.hpp"
#include "calico/print/documents.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr Option kFilename{"filename", 'f', true};
constexpr Option kRecursive{"recursive", 'R'};
constexpr Option kSkipEmpty{"skip-empty"};
constexpr Option kConfig{"config", 'c', true};
constexpr Option kNamespace{"namespace", 'n', true};

constexpr std::array kFileOptions{kFilename, kRecursive, kSkipEmpty, kConfig, kNamespace};
constexpr std::array kCreateOptions{kFilename, kRecursive, kSkipEmpty,
                                    kConfig,   kNamespace, Option{"skip-exists"}};
constexpr std::array kDeleteOptions{kFilename, kRecursive, kSkipEmpty,
                                    kConfig,   kNamespace, Option{"skip-not-exists", 's'}};
constexpr std::array kGetOptions{kFilename,        kRecursive,
                                 kSkipEmpty,       kConfig,
                                 kNamespace,       Option{"output", 'o', true},
                                 Option{"export"}, Option{"all-namespaces", 'A', false, 'a'}};
constexpr std::array kPatchOptions{kConfig, kNamespace, Option{"patch", 'p', true},
                                   Option{"type", 't', true}};
constexpr std::array kLabelOptions{kConfig, kNamespace, Option{"overwrite"}, Option{"remove"}};
constexpr std::array kValidateOptions{kFilename, kRecursive, kSkipEmpty};
constexpr std::array kConvertOptions{kFilename, Option{"output", 'o', true}, Option{"ignore-validation"}};

std::string quoted_kind(const Outcome& outcome) {
  return outcome.kind.empty() ? "" : "'" + outcome.kind + "' ";
}

/// As Go prints a list of errors.
std::string bracketed(const std::vector<std::string>& errors) {
  std::string out = "[";
  for (const std::string& error : errors) {
    out += (out.size() > 1 ? " " : "") + error;
  }
  return out + "]";
}

Status need_file(const Call& call) {
  return call.arguments.value("filename")
             ? Status()
             : Status(refuse(fmt::format(
                   "invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                   "--filename is required",
                   call.line)));
}

struct Words {
  std::string_view verb;  ///< "apply"
  std::string_view past;  ///< "applied"
  std::string_view hit;   ///< "hit error(s)"
};

/// The messages of create, apply and validate.
Status write_resources(Call& call, Action action, Words words) {
  if (Status named = need_file(call); !named) {
    return named;
  }
  const Result<Outcome> outcome = run_action(call, action);
  if (!outcome) {
    return fail(outcome.error());
  }
  const std::string kind = quoted_kind(*outcome);
  if (outcome->asked == 0) {
    call.world.say("No resources specified");
    return {};
  }
  if (outcome->errors.empty()) {
    call.world.say(fmt::format("Successfully {} {} {}resource(s)", words.past, outcome->done, kind));
    return {};
  }
  if (outcome->done == 0) {
    return refuse(
        outcome->asked == 1
            ? fmt::format("failed to {} {}resource: {}", words.verb, kind, bracketed(outcome->errors))
            : fmt::format("failed to {} any {}resources: {}", words.verb, kind, bracketed(outcome->errors)));
  }
  call.world.say(fmt::format("Partial success: {} the first {} out of {} {}resources:", words.past,
                             outcome->done, outcome->asked, kind));
  return refuse(fmt::format("{}: {}", words.hit, bracketed(outcome->errors)));
}

std::string_view hit_errors(const Call& call) {
  return call.world.style.release == Release::head ? "hit error" : "hit error(s)";
}

Status apply(Call& call) {
  return write_resources(call, Action::apply, {"apply", "applied", hit_errors(call)});
}
Status create(Call& call) {
  return write_resources(call, Action::create, {"create", "created", "hit error"});
}
Status validate_files(Call& call) {
  return write_resources(call, Action::validate, {"validate", "validated", hit_errors(call)});
}

Status replace(Call& call) {
  if (Status named = need_file(call); !named) {
    return named;
  }
  const Result<Outcome> outcome = run_action(call, Action::replace);
  if (!outcome) {
    return fail(outcome.error());
  }
  const std::string kind = quoted_kind(*outcome);
  if (outcome->asked == 0) {
    call.world.say("No resources specified");
    return {};
  }
  if (outcome->errors.empty()) {
    call.world.say(fmt::format("Successfully replaced {} {}resource(s)", outcome->done, kind));
    return {};
  }
  // calicoctl counts the one that failed among those that were handled.
  call.world.say(fmt::format("Partial success: replaced the first {} out of {} {}resources:",
                             outcome->done + 1, outcome->asked, kind));
  return refuse("hit error: " + outcome->errors.front());
}

/// KIND or -f, not both and not neither.
Status need_target(const Call& call) {
  const bool file = call.arguments.value("filename").has_value();
  if (file != call.arguments.positional.empty()) {
    return refuse(fmt::format(
        "invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n{}",
        call.line, file ? "a kind and --filename exclude each other" : "a kind or --filename is required"));
  }
  return {};
}

Status remove(Call& call) {
  if (Status target = need_target(call); !target) {
    return target;
  }
  if (call.arguments.positional.size() == 1) {
    return refuse("resource name may not be empty");
  }
  const Result<Outcome> outcome = run_action(call, Action::remove);
  if (!outcome) {
    return fail(outcome.error());
  }
  const std::string kind = quoted_kind(*outcome);
  if (outcome->asked == 0) {
    call.world.say("No resources specified");
    return {};
  }
  if (outcome->done > 0) {
    call.world.say(fmt::format("Successfully deleted {} {}resource(s)", outcome->done, kind));
  }
  std::string errors;
  for (const std::string& error : outcome->errors) {
    errors += fmt::format("Failed to delete {}resource: {}\n", kind, error);
  }
  return errors.empty() ? Status() : Status(refuse(errors));
}

/// What only this cluster knows of a resource.
void strip(Resource& resource) {
  for (const char* const name :
       {"namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "generation", "managedFields", "selfLink", "ownerReferences"}) {
    resource.metadata().erase(name);
  }
  // Go writes a time that is zero.
  resource.metadata()["creationTimestamp"] = nullptr;
}

Status get(Call& call) {
  Arguments& arguments = call.arguments;
  if (Status target = need_target(call); !target) {
    return target;
  }
  const Result<OutputFormat> format = parse_output_format(arguments.value("output").value_or("ps"));
  if (!format) {
    return fail(format.error());
  }
  Result<Outcome> outcome = run_action(call, Action::get);
  if (!outcome) {
    const std::string& message = outcome.error().message;
    const bool worded = message.empty() || arguments.value("filename").has_value() ||
                        message.rfind("version mismatch", 0) == 0;
    return worded ? Status(fail(outcome.error())) : Status(refuse("failed to get resources: " + message));
  }
  if (arguments.flag("export")) {
    for (GetResult& result : outcome->results) {
      if (!result.is_list) {
        strip(result.resources.front());
      }
    }
  }
  if (arguments.value("filename") && outcome->asked == 0) {
    return {};
  }
  OutputContext context;
  context.show_namespace = arguments.flag("all-namespaces") || !arguments.text("namespace").empty();
  context.release = call.world.style.release;
  context.client = outcome->session.client.get();
  const Result<std::string> text = formatted(outcome->results, *format, context);
  if (!text) {
    return fail(text.error());
  }
  call.world.out(*text);
  std::string errors;
  for (const std::string& error : outcome->errors) {
    errors += (errors.empty() ? "" : "\n") + error;
  }
  return errors.empty() ? Status() : Status(refuse(errors));
}

Status patch(Call& call) {
  if (!call.arguments.value("patch")) {
    return refuse(
        fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific "
                    "subcommand\n--patch is required",
                    call.line));
  }
  const std::string type = call.arguments.value("type").value_or("strategic");
  if (type != "strategic" && type != "json" && type != "merge") {
    return refuse(fmt::format("unknown patch type '{}', expected strategic", type));
  }
  const Result<Outcome> outcome = run_action(call, Action::patch);
  if (!outcome) {
    const std::string& message = outcome.error().message;
    return message.empty() || message.rfind("version mismatch", 0) == 0 ? Status(fail(outcome.error()))
                                                                        : Status(refuse(message));
  }
  if (outcome->errors.empty()) {
    call.world.say(fmt::format("Successfully patched {} '{}' resource", outcome->done, outcome->kind));
    return {};
  }
  return refuse(fmt::format("Failed to patch '{}' resource: {}\n", outcome->kind, outcome->errors.front()));
}

Status label(Call& call) {
  const std::vector<std::string>& words = call.arguments.positional;
  const bool removes = call.arguments.flag("remove");
  LabelChange change;
  change.kind_text = words[0];
  change.overwrite = call.arguments.flag("overwrite");
  if (removes) {
    change.key = words[2];
  } else {
    const std::size_t equals = words[2].find('=');
    if (equals == std::string::npos || words[2].find('=', equals + 1) != std::string::npos) {
      return refuse("invalid label " + words[2]);
    }
    change.key = words[2].substr(0, equals);
    change.value = words[2].substr(equals + 1);
  }
  const KindInfo* kind = find_kind(words[0]);
  if (kind == nullptr || !kind->in_calicoctl) {
    return refuse(
        fmt::format("failed to get {} {}, error {}", words[0], words[1], unknown_kind_text(words[0])));
  }
  Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    call.world.say("Failed to create Calico API client: " + session.error().message);
    return refuse("");
  }
  if (Status same = check_versions(*session->client, call); !same) {
    return same;
  }
  Resource target(*kind);
  target.set_name(words[1]);
  if (Status settled = settle_namespace(target, call.arguments); !settled) {
    return settled;
  }
  const Result<LabelOutcome> outcome = session->client->label(id_of(target), change);
  if (!outcome) {
    return outcome.error().message == not_existing(id_of(target)).message
               ? Status(refuse(fmt::format("{} {} not found", words[0], words[1])))
               : Status(fail(outcome.error()));
  }
  switch (*outcome) {
    case LabelOutcome::set:
      call.world.say(fmt::format("Successfully set label {} on {} {}", change.key, words[0], words[1]));
      break;
    case LabelOutcome::updated:
      call.world.say(fmt::format("Successfully updated label {} on {} {}", change.key, words[0], words[1]));
      break;
    case LabelOutcome::removed:
      call.world.say(fmt::format("Successfully removed label {} from {} {}", change.key, words[0], words[1]));
      break;
  }
  return {};
}

constexpr std::string_view kFileUsage =
    "--filename=<FILENAME> [--recursive] [--skip-empty] [--config=<CONFIG>] [--namespace=<NS>]";

constexpr std::array kCommands{
    Command{"create", "Create a resource by file, directory or stdin.",
            "--filename=<FILENAME> [--recursive] [--skip-empty] [--skip-exists] [--config=<CONFIG>] "
            "[--namespace=<NS>]",
            kCreateHelp, kCreateOptions, 0, 0, create},
    Command{"replace", "Replace a resource by file, directory or stdin.", kFileUsage, kReplaceHelp,
            kFileOptions, 0, 0, replace},
    Command{"apply", "Create a resource, or replace the one that exists.", kFileUsage, kApplyHelp,
            kFileOptions, 0, 0, apply},
    Command{"patch", "Patch a preexisting resource in place.",
            "<KIND> <NAME> --patch=<PATCH> [--type=<TYPE>] [--config=<CONFIG>] [--namespace=<NS>]",
            kPatchHelp, kPatchOptions, 2, 2, patch},
    Command{"delete", "Delete a resource by file, directory, stdin or name.",
            "(<KIND> <NAME>... | --filename=<FILE> [--recursive] [--skip-empty]) [--skip-not-exists] "
            "[--config=<CONFIG>] [--namespace=<NS>]",
            kDeleteHelp, kDeleteOptions, 0, 10000, remove},
    Command{"get", "Get a resource by file, directory, stdin or name.",
            "(<KIND> [<NAME>...] | --filename=<FILENAME> [--recursive] [--skip-empty]) [--output=<OUTPUT>] "
            "[--config=<CONFIG>] [--namespace=<NS>] [--all-namespaces] [--export]",
            kGetHelp, kGetOptions, 0, 10000, get},
    Command{
        "label", "Add or update labels of resources.",
        "<KIND> <NAME> (<key>=<value> [--overwrite] | <key> --remove) [--config=<CONFIG>] [--namespace=<NS>]",
        kLabelHelp, kLabelOptions, 3, 3, label},
    Command{"validate", "Validate a resource by file, directory or stdin without applying it.",
            "--filename=<FILENAME> [--recursive] [--skip-empty]", kValidateHelp, kValidateOptions, 0, 0,
            validate_files},
    Command{"convert", "Convert config files between the v1 and v3 APIs.",
            "--filename=<FILENAME> [--output=<OUTPUT>] [--ignore-validation]", kConvertHelp, kConvertOptions,
            0, 0, convert_files},
};

}  // namespace

std::span<const Command> resource_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
