#include "calico/ctl/resource_action.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "calico/ctl/files.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico::ctl {

namespace {

std::string_view prefix_of_file_error(Action action) {
  return action == Action::create || action == Action::apply || action == Action::replace ||
                 action == Action::remove || action == Action::get || action == Action::validate
             ? "failed to execute command: "
             : "";
}

/// KIND and NAMEs; without a name one resource without a name.
Result<std::vector<Resource>> named_resources(const Arguments& arguments, Action action) {
  const std::vector<std::string>& words = arguments.positional;
  const KindInfo* kind = find_kind(words.front());
  if (kind == nullptr || !kind->in_calicoctl) {
    return refuse(unknown_kind_text(words.front()));
  }
  std::vector<std::string> names(words.begin() + 1, words.end());
  if (action == Action::patch) {
    names.resize(1);
  }
  if (names.empty()) {
    names.emplace_back();
  } else if (std::find(names.begin(), names.end(), "") != names.end()) {
    return refuse("resource name may not be empty");
  }
  std::vector<Resource> out;
  for (const std::string& name : names) {
    out.emplace_back(*kind);
    out.back().set_name(name);
    if (kind->namespaced) {
      out.back().set_name_space(arguments.text("namespace"));
    }
  }
  return out;
}

Result<Loaded> resources_of(Call& call, Action action) {
  const Arguments& arguments = call.arguments;
  const std::optional<std::string> file = arguments.value("filename");
  if (!file) {
    Loaded out;
    Result<std::vector<Resource>> named = named_resources(arguments, action);
    if (!named) {
      return fail(named.error());
    }
    out.resources = std::move(*named);
    for (const Resource& resource : out.resources) {
      out.kinds.emplace_back(resource.kind().kind);
    }
    return out;
  }
  Loaded loaded =
      load_resources(call.world, {*file, arguments.flag("recursive"), arguments.flag("skip-empty")});
  if (loaded.error) {
    const std::string& message = loaded.error->message;
    // calicoctl leaves the prefix away where it rewords the error.
    const bool reworded = message.rfind("field in document is not recognized", 0) == 0;
    return refuse((loaded.error->in_file && !reworded ? std::string(prefix_of_file_error(action)) : "") +
                  message);
  }
  return loaded;
}

Result<GetResult> get_or_list(Client& client, const Resource& wanted) {
  GetResult out;
  out.kind = &wanted.kind();
  if (wanted.name().empty()) {
    Result<ResourceList> list = client.list(wanted.kind(), wanted.name_space());
    if (!list) {
      return fail(list.error());
    }
    out.is_list = true;
    out.resources = std::move(list->items);
    out.revision = std::to_string(list->revision);
    return out;
  }
  if (wanted.kind().namespaced && wanted.name_space().empty()) {
    return refuse("cannot use --all-namespace flag for getting a single resource");
  }
  Result<Resource> resource = client.get(id_of(wanted));
  if (!resource) {
    return fail(resource.error());
  }
  out.resources.push_back(std::move(*resource));
  return out;
}

/// Where in the file the values are that the rules refuse: nothing for resources without positions.
std::string places(const Resource& resource) {
  if (resource.positions().empty()) {
    return "";
  }
  Resource copy = resource;
  set_defaults(copy);
  std::string out;
  for (const Diagnostic& diagnostic : validate(copy)) {
    if (diagnostic.where.line > 0) {
      out += "\n  " + to_string(diagnostic);
    }
  }
  return out;
}

Result<GetResult> single(Result<Resource> resource) {
  if (!resource) {
    return fail(resource.error());
  }
  GetResult out;
  out.kind = &resource->kind();
  out.resources.push_back(std::move(*resource));
  return out;
}

Result<GetResult> act(Client* client, const Resource& resource, Action action, const Arguments& arguments) {
  switch (action) {
    case Action::create:
      return single(client->create(resource));
    case Action::apply:
      return single(client->apply(resource));
    case Action::replace:
      return single(client->replace(resource));
    case Action::remove:
      return single(client->remove(id_of(resource), resource.resource_version()));
    case Action::patch:
      return single(client->patch(id_of(resource), arguments.text("patch")));
    case Action::get:
      return get_or_list(*client, resource);
    case Action::validate: {
      Resource copy = resource;
      set_defaults(copy);
      if (Status valid = check_valid(copy); !valid) {
        return fail(valid.error());
      }
      return single(std::move(copy));
    }
  }
  return refuse("unknown action");
}

bool is_forgiven(const Error& error, const Arguments& arguments) {
  return (error.code == Errc::exists && arguments.flag("skip-exists")) ||
         (error.code == Errc::not_found && arguments.flag("skip-not-exists"));
}

/// Those that stop at the first error.
bool stops(Action action) {
  return action == Action::replace || action == Action::patch;
}

bool writes(Action action) {
  return action == Action::create || action == Action::apply || action == Action::replace;
}

}  // namespace

Status settle_namespace(Resource& resource, const Arguments& arguments) {
  const bool all = arguments.flag("all-namespaces");
  const std::string given = arguments.text("namespace");
  const std::string own = resource.name_space();
  const std::string_view kind = resource.kind().kind;
  if (!resource.kind().namespaced) {
    if (!own.empty()) {
      return refuse(fmt::format(
          "namespace should not be specified for a non-namespaced resource. {} is not a namespaced resource",
          kind));
    }
    return all || !given.empty() ? Status(refuse(fmt::format("{} is not namespaced", kind))) : Status();
  }
  if (all && !given.empty()) {
    return refuse("cannot use both --namespace and --all-namespaces flags at the same time");
  }
  if (all) {
    resource.set_name_space("");
  } else if (own.empty()) {
    resource.set_name_space(given.empty() ? "default" : given);
  } else if (!given.empty() && own != given) {
    return refuse(fmt::format("resource namespace does not match client namespace. {} != {}", own, given));
  }
  return {};
}

Status check_versions(Client& client, const Call& call) {
  if (call.arguments.flag("allow-version-mismatch")) {
    return {};
  }
  const Result<std::optional<Resource>> information = client.cluster_information();
  if (!information) {
    return refuse(
        fmt::format("unable to get Cluster Information to verify version mismatch: {}\n"
                    "Use --allow-version-mismatch to override.",
                    information.error().message));
  }
  const std::string cluster = *information ? (*information)->text_at("/spec/calicoVersion") : "";
  const auto plain = [](std::string_view version) {
    if (!version.empty() && version.front() == 'v') {
      version.remove_prefix(1);
    }
    return version.substr(0, version.find('-'));
  };
  const std::string_view own = client_version(call.world.style.release);
  if (cluster.empty() || plain(cluster) == plain(own)) {
    return {};
  }
  return refuse(
      fmt::format("version mismatch.\nClient Version:   {}\nCluster Version:  {}\n"
                  "Use --allow-version-mismatch to override.",
                  own, cluster));
}

Result<Outcome> run_action(Call& call, Action action) {
  const Arguments& arguments = call.arguments;
  Result<Session> session = Session();
  if (action != Action::validate) {
    session = open_session(call.world, arguments.text("config"));
    if (session) {
      if (Status same = check_versions(*session->client, call); !same) {
        return fail(same.error());
      }
    }
  }
  Result<Loaded> loaded = resources_of(call, action);
  if (!loaded) {
    return fail(loaded.error());
  }
  if (!session) {
    // One of calicoctl's old exits: on standard output.
    call.world.say("Failed to create Calico API client: " + session.error().message);
    return refuse("");
  }
  Outcome out;
  const std::set<std::string_view> kinds(loaded->kinds.begin(), loaded->kinds.end());
  out.asked = loaded->resources.size();
  out.kind = kinds.size() == 1 ? *kinds.begin() : "";
  if (writes(action) && out.asked > 0) {
    // As calicoctl: a store that refuses this may still take the resources.
    (void)session->client->ensure_initialized();
  }
  for (Resource& resource : loaded->resources) {
    Status settled = action == Action::validate ? Status() : settle_namespace(resource, arguments);
    Result<GetResult> result =
        settled ? act(session->client.get(), resource, action, arguments) : fail(settled.error());
    if (!result && is_forgiven(result.error(), arguments)) {
      result = single(resource);
    }
    if (result) {
      ++out.done;
      out.results.push_back(std::move(*result));
      continue;
    }
    out.errors.push_back(result.error().message +
                         (result.error().code == Errc::invalid ? places(resource) : std::string()));
    if (stops(action)) {
      break;
    }
  }
  out.session = std::move(*session);
  return out;
}

}  // namespace catflap::calico::ctl
