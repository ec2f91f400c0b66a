#include "calico/ctl/kubectl.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/suggest.hpp"
#include "calico/ctl/arguments.hpp"
#include "calico/ctl/files.hpp"
#include "calico/ctl/output.hpp"
#include "calico/ipam/codec.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/print/tabwriter.hpp"

namespace catflap::calico::ctl {

namespace {

using nlohmann::json;

constexpr std::array kOptions{Option{"help", 'h'},           Option{"filename", 'f', true},
                              Option{"recursive", 'R'},      Option{"namespace", 'n', true},
                              Option{"all-namespaces", 'A'}, Option{"output", 'o', true},
                              Option{"overwrite"},           Option{"ignore-not-found"},
                              Option{"config", '\0', true}};

constexpr std::string_view kHelp = R"(Usage:
  catflap kubectl [--lab LAB] <command> ...

Commands:
  label KIND NAME key=value... key-... [--overwrite]   Labels of a resource; those of nodes are seen by Calico's selectors.
  annotate KIND NAME key=value... key-...              Its annotations.
  apply -f FILE [-R]                                   Create or change resources of Kubernetes and of Calico.
  create -f FILE | create namespace NAME               Create resources.
  get KIND [NAME...] [-o wide|yaml|json] [-A]          Show them.
  delete KIND NAME... | delete -f FILE                 Delete them.

Options:
  -n --namespace=<NS>          [default: default]
  -A --all-namespaces
  -f --filename=<FILE>         "-" is standard input; of a folder its .yaml, .yml and .json files.

Examples:
  catflap kubectl label node k8s-node1 route-reflector=true
  catflap kubectl apply -f mysql.yaml
  catflap kubectl get pods -o wide
  catflap kubectl get svc
)";

/// What a command works with.
struct Kube {
  const World& world;
  Client& client;
  const Arguments& arguments;

  std::string name_space() const { return arguments.value("namespace").value_or("default"); }
};

/// Nodes are Calico's: who selects them looks there.
const KindInfo* kind_called(std::string_view name) {
  const KindInfo* kind = find_kube_kind(name);
  return kind != nullptr && kind->kind == "Node" ? find_kind("node") : kind;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// "node/n1", "networkpolicy.networking.k8s.io/x".
std::string shown(const Resource& resource) {
  const std::string_view version = resource.kind().api_version;
  const std::size_t slash = version.find('/');
  const bool core = slash == std::string_view::npos || resource.kind().kind == "Node";
  return lower(resource.kind().kind) + (core ? "" : "." + std::string(version.substr(0, slash))) + "/" +
         resource.name();
}

Status unknown_type(std::string_view name) {
  return refuse(fmt::format("error: the server doesn't have a resource type \"{}\"", name));
}

struct Target {
  const KindInfo* kind = nullptr;
  std::vector<std::string> names;
  std::vector<std::string> rest;  ///< behind the first name, of label and annotate
};

/// KIND NAME..., or KIND/NAME.
Result<Target> target_of(const Arguments& arguments, bool one_name) {
  const std::vector<std::string>& words = arguments.positional;
  if (words.size() < 2) {
    return refuse("error: you must specify the type of resource");
  }
  Target out;
  std::size_t next = 2;
  std::string type = words[1];
  if (const std::size_t slash = type.find('/'); slash != std::string::npos) {
    out.names.push_back(type.substr(slash + 1));
    type.resize(slash);
  } else if (one_name && words.size() > next) {
    out.names.push_back(words[next++]);
  }
  if (one_name) {
    out.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
  } else {
    out.names.insert(out.names.end(), words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
  }
  out.kind = kind_called(type);
  if (out.kind == nullptr) {
    return fail(unknown_type(type).error());
  }
  return out;
}

ResourceId id_of(const Kube& kube, const KindInfo& kind, const std::string& name) {
  return {&kind, kind.namespaced ? kube.name_space() : "", name};
}

Error not_found(const KindInfo& kind, const std::string& name) {
  const std::string_view version = kind.api_version;
  const std::size_t slash = version.find('/');
  const bool core = slash == std::string_view::npos || kind.kind == "Node";
  return {Errc::not_found, fmt::format("Error from server (NotFound): {}{} \"{}\" not found", kind.plural,
                                       core ? "" : "." + std::string(version.substr(0, slash)), name)};
}

/// `label` and `annotate`: key=value, and key- that removes it.
Status change_metadata(const Kube& kube, const char* member, std::string_view done) {
  const Result<Target> target = target_of(kube.arguments, true);
  if (!target) {
    return fail(target.error());
  }
  if (target->names.empty() || target->rest.empty()) {
    return refuse(
        fmt::format("error: at least one {} update is required", done == "labeled" ? "label" : "annotation"));
  }
  Result<Resource> found = kube.client.get(id_of(kube, *target->kind, target->names.front()));
  if (!found) {
    return found.error().code == Errc::not_found
               ? Status(fail(not_found(*target->kind, target->names.front())))
               : Status(fail(found.error()));
  }
  json& values = found->metadata()[member];
  if (!values.is_object()) {
    values = json::object();
  }
  bool changed = false;
  bool removed = false;
  for (std::size_t i = 0; i < target->rest.size(); ++i) {
    const std::string& word = target->rest[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      if (word.size() < 2 || word.back() != '-') {
        return refuse(fmt::format("error: expected key=value or key-, got \"{}\"", word));
      }
      removed |= values.erase(word.substr(0, word.size() - 1)) > 0;
      continue;
    }
    std::string value = word.substr(equals + 1);
    // "rack= rack-3", as it is often written, is one label.
    const bool split = value.empty() && i + 1 < target->rest.size() &&
                       target->rest[i + 1].find('=') == std::string::npos &&
                       target->rest[i + 1].back() != '-';
    if (split) {
      value = target->rest[++i];
    }
    const std::string key = word.substr(0, equals);
    const auto old = values.find(key);
    if (old != values.end() && *old != value && !kube.arguments.flag("overwrite")) {
      return refuse(fmt::format("error: '{}' already has a value ({}), and --overwrite is false", key,
                                old->get<std::string>()));
    }
    changed |= old == values.end() || *old != value;
    values[key] = value;
  }
  if (changed || removed) {
    if (Result<Resource> stored = kube.client.replace(*found); !stored) {
      return fail(stored.error());
    }
  }
  kube.world.say(fmt::format("{} {}", shown(*found),
                             changed   ? done
                             : removed ? (done == "labeled" ? "unlabeled" : done)
                                       : (done == "labeled" ? "not labeled" : done)));
  return {};
}

Status label(const Kube& kube) {
  return change_metadata(kube, "labels", "labeled");
}
Status annotate(const Kube& kube) {
  return change_metadata(kube, "annotations", "annotated");
}

/// The resources of -f, each in its namespace.
Result<std::vector<Resource>> read_files(const Kube& kube) {
  const auto name = kube.arguments.value("filename");
  if (!name) {
    return refuse("error: must specify one of -f");
  }
  const Result<std::vector<InputFile>> files =
      read_input_files(kube.world, *name, kube.arguments.flag("recursive"));
  if (!files) {
    return refuse("error: " + files.error().message);
  }
  std::vector<Resource> out;
  for (const InputFile& file : *files) {
    ReadReport report = read_resources(file.text, file.name, {nullptr, false});
    if (!report.ok()) {
      return refuse("error: " + to_string(report.diagnostics.front()));
    }
    for (Resource& resource : report.resources) {
      if (resource.kind().namespaced && resource.name_space().empty()) {
        resource.set_name_space(kube.name_space());
      }
      out.push_back(std::move(resource));
    }
  }
  return out;
}

Status apply_one(const Kube& kube, const Resource& resource) {
  const Result<Resource> before = kube.client.get(calico::id_of(resource));
  const Result<Resource> after = kube.client.apply(resource);
  if (!after) {
    return refuse(fmt::format("error: {}: {}", shown(resource), after.error().message));
  }
  Resource old = before ? *before : Resource(resource.kind());
  Resource now = *after;
  old.set_resource_version("");
  now.set_resource_version("");
  kube.world.say(fmt::format("{} {}", shown(resource),
                             !before      ? "created"
                             : old == now ? "unchanged"
                                          : "configured"));
  return {};
}

Status for_each(const Kube& kube, Status (*body)(const Kube&, const Resource&)) {
  const Result<std::vector<Resource>> resources = read_files(kube);
  if (!resources) {
    return fail(resources.error());
  }
  Status out;
  for (const Resource& resource : *resources) {
    if (Status done = body(kube, resource); !done) {
      // The others are done all the same.
      kube.world.err(done.error().message + "\n");
      out = refuse("");
    }
  }
  return out;
}

Status apply(const Kube& kube) {
  return for_each(kube, apply_one);
}

Status create_one(const Kube& kube, const Resource& resource) {
  const Result<Resource> stored = kube.client.create(resource);
  if (stored) {
    kube.world.say(shown(resource) + " created");
    return {};
  }
  return stored.error().code == Errc::exists
             ? Status(refuse(fmt::format("Error from server (AlreadyExists): {} \"{}\" already exists",
                                         resource.kind().plural, resource.name())))
             : Status(refuse(fmt::format("error: {}: {}", shown(resource), stored.error().message)));
}

Status create(const Kube& kube) {
  const std::vector<std::string>& words = kube.arguments.positional;
  if (words.size() == 3 && (words[1] == "ns" || words[1] == "namespace")) {
    Resource resource(*find_kube_kind("namespace"));
    resource.set_name(words[2]);
    return create_one(kube, resource);
  }
  return for_each(kube, create_one);
}

Status delete_one(const Kube& kube, const Resource& resource) {
  const Result<Resource> gone = kube.client.remove(calico::id_of(resource));
  if (gone) {
    const std::string text = shown(resource);
    kube.world.say(fmt::format("{} \"{}\" deleted", text.substr(0, text.find('/')), resource.name()));
    return {};
  }
  if (gone.error().code != Errc::not_found) {
    return fail(gone.error());
  }
  return kube.arguments.flag("ignore-not-found") ? Status()
                                                 : Status(fail(not_found(resource.kind(), resource.name())));
}

Status remove(const Kube& kube) {
  if (kube.arguments.value("filename")) {
    return for_each(kube, delete_one);
  }
  const Result<Target> target = target_of(kube.arguments, false);
  if (!target) {
    return fail(target.error());
  }
  if (target->names.empty()) {
    return refuse("error: resource(s) were provided, but no name was specified");
  }
  Status out;
  for (const std::string& name : target->names) {
    Resource resource(*target->kind);
    resource.set_name(name);
    if (target->kind->namespaced) {
      resource.set_name_space(kube.name_space());
    }
    if (Status done = delete_one(kube, resource); !done) {
      kube.world.err(done.error().message + "\n");
      out = refuse("");
    }
  }
  return out;
}

// -- get
// ---------------------------------------------------------------------------------------------------------

std::string or_none(std::string text) {
  return text.empty() ? "<none>" : text;
}

std::string age_of(const Resource& resource, const std::string& now) {
  const auto made = ipam::parse_rfc3339(resource.text_at("/metadata/creationTimestamp"));
  const auto at = ipam::parse_rfc3339(now);
  return made && at ? kube_age((*at - *made) / ipam::kSecond) : "<unknown>";
}

std::vector<std::string> pod_cells(const Resource& pod, const std::string& age, bool wide) {
  const json* containers = pod.find("/spec/containers");
  const std::size_t count = containers != nullptr ? containers->size() : 0;
  std::string phase = pod.text_at("/status/phase");
  const std::string address = pod.text_at("/status/podIP");
  if (phase.empty()) {
    phase = address.empty() ? "Pending" : "Running";
  }
  std::vector<std::string> out{pod.name(), fmt::format("{}/{}", phase == "Running" ? count : 0, count), phase,
                               "0", age};
  if (wide) {
    out.insert(out.end(), {or_none(address), or_none(pod.text_at("/spec/nodeName")), "<none>", "<none>"});
  }
  return out;
}

std::vector<std::string> service_cells(const Resource& service, const std::string& age, bool wide) {
  const auto text = [&service](const char* pointer, const char* otherwise) {
    const std::string value = service.text_at(pointer);
    return value.empty() ? std::string(otherwise) : value;
  };
  std::string ports;
  if (const json* list = service.find("/spec/ports"); list != nullptr && list->is_array()) {
    for (const json& port : *list) {
      ports += fmt::format("{}{}{}/{}", ports.empty() ? "" : ",", port.value("port", json()).dump(),
                           port.contains("nodePort") ? ":" + port["nodePort"].dump() : "",
                           port.value("protocol", std::string("TCP")));
    }
  }
  std::string external;
  if (const json* list = service.find("/spec/externalIPs"); list != nullptr && list->is_array()) {
    for (const json& address : *list) {
      external +=
          (external.empty() ? "" : ",") + (address.is_string() ? address.get<std::string>() : address.dump());
    }
  }
  std::vector<std::string> out{service.name(),
                               text("/spec/type", "ClusterIP"),
                               text("/spec/clusterIP", "<none>"),
                               or_none(external),
                               or_none(ports),
                               age};
  if (wide) {
    std::string selector;
    if (const json* labels = service.find("/spec/selector"); labels != nullptr && labels->is_object()) {
      for (const auto& [key, value] : labels->items()) {
        selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", key,
                                value.is_string() ? value.get<std::string>() : value.dump());
      }
    }
    out.push_back(or_none(selector));
  }
  return out;
}

/// As kubectl aligns them: nothing behind the last column.
std::string kube_table(const print::Rows& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "\t" : "") + row[i];
    }
    text += "\n";
  }
  return print::tabwrite(text, {6, 3});
}

std::string get_table(const Kube& kube, const KindInfo& kind, const std::vector<Resource>& resources) {
  const bool wide = kube.arguments.text("output") == "wide";
  const bool everywhere = kube.arguments.flag("all-namespaces") && kind.namespaced;
  const std::string now = kube.client.world().now();
  std::vector<std::string> heading{"NAME"};
  if (kind.kind == "Pod") {
    heading = {"NAME", "READY", "STATUS", "RESTARTS", "AGE"};
    if (wide) {
      heading.insert(heading.end(), {"IP", "NODE", "NOMINATED NODE", "READINESS GATES"});
    }
  } else if (kind.kind == "Service") {
    heading = {"NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"};
    if (wide) {
      heading.emplace_back("SELECTOR");
    }
  } else {
    heading.emplace_back("AGE");
  }
  print::Rows rows{heading};
  for (const Resource& resource : resources) {
    const std::string age = age_of(resource, now);
    rows.push_back(kind.kind == "Pod"       ? pod_cells(resource, age, wide)
                   : kind.kind == "Service" ? service_cells(resource, age, wide)
                                            : std::vector<std::string>{resource.name(), age});
    if (everywhere) {
      rows.back().insert(rows.back().begin(), resource.name_space());
    }
  }
  if (everywhere) {
    rows.front().insert(rows.front().begin(), "NAMESPACE");
  }
  return kube_table(rows);
}

Status get(const Kube& kube) {
  const Result<Target> target = target_of(kube.arguments, false);
  if (!target) {
    return fail(target.error());
  }
  const KindInfo& kind = *target->kind;
  const std::string output = kube.arguments.text("output");
  if (!output.empty() && output != "wide" && output != "yaml" && output != "json") {
    return refuse(
        fmt::format("error: unable to match a printer suitable for the output format \"{}\", allowed formats "
                    "are: json,wide,yaml",
                    output));
  }
  std::vector<GetResult> results(1);
  results.front().kind = &kind;
  std::vector<Resource>& resources = results.front().resources;
  Status missing;
  for (const std::string& name : target->names) {
    Result<Resource> found = kube.client.get(id_of(kube, kind, name));
    if (found) {
      resources.push_back(std::move(*found));
    } else {
      kube.world.err((found.error().code == Errc::not_found ? not_found(kind, name) : found.error()).message +
                     "\n");
      missing = refuse("");
    }
  }
  if (target->names.empty()) {
    Result<ResourceList> list = kube.client.list(
        kind, kind.namespaced && !kube.arguments.flag("all-namespaces") ? kube.name_space() : "");
    if (!list) {
      return fail(list.error());
    }
    resources = std::move(list->items);
    results.front().revision = std::to_string(list->revision);
  }
  results.front().is_list = target->names.size() != 1;
  if (output == "yaml" || output == "json") {
    if (resources.empty() && !results.front().is_list) {
      return missing;
    }
    const Result<OutputFormat> format = parse_output_format(output);
    const Result<std::string> text = formatted(results, *format, {});
    if (!text) {
      return fail(text.error());
    }
    kube.world.out(*text);
  } else if (!resources.empty()) {
    kube.world.out(get_table(kube, kind, resources));
  } else if (target->names.empty()) {
    kube.world.err(kind.namespaced && !kube.arguments.flag("all-namespaces")
                       ? fmt::format("No resources found in {} namespace.\n", kube.name_space())
                       : "No resources found\n");
  }
  return missing;
}

struct Verb {
  std::string_view name;
  Status (*run)(const Kube&);
};
constexpr std::array kVerbs{Verb{"label", label},   Verb{"annotate", annotate}, Verb{"apply", apply},
                            Verb{"create", create}, Verb{"get", get},           Verb{"delete", remove}};

}  // namespace

std::string kube_age(std::int64_t seconds) {
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  const auto two = [](std::int64_t major, char unit, std::int64_t minor, char small) {
    return minor == 0 ? fmt::format("{}{}", major, unit) : fmt::format("{}{}{}{}", major, unit, minor, small);
  };
  if (seconds < 0) {
    return "<invalid>";
  }
  return seconds < 120   ? fmt::format("{}s", seconds)
         : minutes < 10  ? two(minutes, 'm', seconds % 60, 's')
         : minutes < 180 ? fmt::format("{}m", minutes)
         : hours < 8     ? two(hours, 'h', minutes % 60, 'm')
         : hours < 48    ? fmt::format("{}h", hours)
         : days < 8      ? two(days, 'd', hours % 24, 'h')
                         : fmt::format("{}d", days);
}

int run_kubectl(std::span<const std::string> words, World& world) {
  const Result<Arguments> arguments = parse_arguments(words, kOptions);
  if (!arguments) {
    world.err("error: " + arguments.error().message + "\n");
    return 1;
  }
  if (arguments->flag("help") || arguments->positional.empty()) {
    (arguments->flag("help") ? world.out : world.err)(kHelp);
    return arguments->flag("help") ? 0 : 1;
  }
  const std::string& name = arguments->positional.front();
  const auto verb =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&name](const Verb& one) { return one.name == name; });
  if (verb == kVerbs.end()) {
    std::vector<std::string_view> names;
    for (const Verb& one : kVerbs) {
      names.push_back(one.name);
    }
    world.err(
        fmt::format("error: unknown command \"{}\" for \"kubectl\"{}\n", name, did_you_mean(name, names)));
    return 1;
  }
  Result<Session> session = open_session(world, arguments->text("config"));
  if (!session) {
    world.err("error: " + session.error().message + "\n");
    return 1;
  }
  const Status done = verb->run({world, *session->client, *arguments});
  if (!done && !done.error().message.empty()) {
    world.err(done.error().message + "\n");
  }
  return done ? 0 : 1;
}

}  // namespace catflap::calico::ctl
