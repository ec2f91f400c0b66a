#include "calico/client/legacy_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "calico/model/types.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr std::uint32_t kDefaultAsNumber = 64512;
constexpr const char* kInherited = " (inherited from global)";

/// v1's word and what v3 calls it. The first is what is meant where nothing is set.
struct Word {
  std::string_view v1;
  json v3;
};

enum class Setting : std::uint8_t { log_level, mesh, as_number, ipip };

/// Where a setting stands in v3.
struct Place {
  std::string_view kind;
  const char* field;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<Place> places(Setting setting) {
  switch (setting) {
    case Setting::log_level:
      return {{"BGPConfiguration", "logSeverityScreen"}, {"FelixConfiguration", "logSeverityScreen"}};
    case Setting::mesh:
      return {{"BGPConfiguration", "nodeToNodeMeshEnabled"}};
    case Setting::as_number:
      return {{"BGPConfiguration", "asNumber"}};
    case Setting::ipip:
      return {{"FelixConfiguration", "ipipEnabled"}};
  }
  return {};
}

std::vector<Word> words(Setting setting) {
  switch (setting) {
    case Setting::log_level:
      // "critical" and "none" have no place of their own on v3's scale.
      return {{"info", "Info"},   {"debug", "Debug"},    {"warning", "Warning"},
              {"error", "Error"}, {"critical", "Fatal"}, {"none", "Fatal"}};
    case Setting::mesh:
      return {{"on", true}, {"off", false}};
    case Setting::ipip:
      return {{"off", false}, {"on", true}};
    case Setting::as_number:
      break;
  }
  return {};
}

Result<Setting> find_setting(const ConfigItem& item) {
  static constexpr std::array<std::pair<std::string_view, Setting>, 4> kSettings{
      {{"loglevel", Setting::log_level},
       {"nodetonodemesh", Setting::mesh},
       {"asnumber", Setting::as_number},
       {"ipip", Setting::ipip}}};
  const std::string name = lower(item.name);
  for (const auto& [known, setting] : kSettings) {
    if (name == known) {
      if (!item.node.empty() && setting != Setting::log_level) {
        return fail(Errc::invalid, "--node should not be specified");
      }
      return setting;
    }
  }
  return fail(Errc::invalid, fmt::format("unrecognised config name '{}'", item.name));
}

/// The key of etcd v2 for a raw setting.
Result<std::string> raw_key(const ConfigItem& item) {
  const std::string host = item.node.empty() ? "" : escape_name(item.node);
  if (item.raw == "bgp") {
    return fmt::format("/calico/bgp/v1/{}/{}", host.empty() ? "global" : "host/" + host,
                       escape_name(item.name));
  }
  if (item.raw == "felix") {
    return fmt::format("/calico/v1/{}config/{}", host.empty() ? "" : "host/" + host + "/",
                       escape_name(item.name));
  }
  return fail(Errc::invalid, fmt::format("unrecognised component '{}'", item.raw));
}

ResourceId configuration_id(std::string_view kind, const std::string& node) {
  return {find_kind("projectcalico.org/v3", kind), "", node.empty() ? "default" : "node." + node};
}

/// What v3 has there; null if it is not set.
Result<json> stored(Client& client, const Place& place, const std::string& node) {
  const Result<Resource> resource = client.get(configuration_id(place.kind, node));
  if (!resource) {
    return resource.error().code == Errc::not_found ? Result<json>(json()) : fail(resource.error());
  }
  const json* value = resource->find(std::string("/spec/") + place.field);
  return value == nullptr ? json() : *value;
}

/// Null removes.
Status store(Client& client, const Place& place, const std::string& node, const json& value) {
  const ResourceId id = configuration_id(place.kind, node);
  Result<Resource> resource = client.get(id);
  if (!resource) {
    if (resource.error().code != Errc::not_found) {
      return fail(resource.error());
    }
    if (value.is_null()) {
      return {};
    }
    Resource fresh(*id.kind);
    fresh.set_name(id.name);
    fresh.spec()[place.field] = value;
    const Result<Resource> applied = client.apply(fresh);
    return applied ? Status() : fail(applied.error());
  }
  if (value.is_null()) {
    resource->spec().erase(place.field);
  } else {
    resource->spec()[place.field] = value;
  }
  const Result<Resource> replaced = client.replace(*resource);
  return replaced ? Status() : fail(replaced.error());
}

Status store_all(Client& client, const ConfigItem& item, Setting setting, const json& value) {
  for (const Place& place : places(setting)) {
    if (Status done = store(client, place, item.node, value); !done) {
      return done;
    }
  }
  return {};
}

std::string word_of(Setting setting, const json& value) {
  for (const Word& word : words(setting)) {
    if (word.v3 == value) {
      return std::string(word.v1);
    }
  }
  return value.is_string() ? lower(value.get<std::string>()) : value.dump();
}

}  // namespace

Result<std::string> get_config(Client& client, const ConfigItem& item) {
  if (!item.raw.empty()) {
    const Result<std::string> key = raw_key(item);
    if (!key) {
      return key;
    }
    const Result<std::optional<Entry>> entry = client.records().store().get(*key);
    if (!entry) {
      return fail(entry.error());
    }
    return *entry ? (*entry)->value : "(unset)";
  }
  const Result<Setting> setting = find_setting(item);
  if (!setting) {
    return fail(setting.error());
  }
  const Place place = places(*setting).front();
  Result<json> value = stored(client, place, item.node);
  if (value && value->is_null() && !item.node.empty()) {
    const Result<std::string> global = get_config(client, {item.name});
    return global ? Result<std::string>(*global + kInherited) : global;
  }
  if (!value) {
    return fail(std::move(value.error()));
  }
  if (*setting == Setting::as_number) {
    return value->is_null() ? std::to_string(kDefaultAsNumber) : value->dump();
  }
  return value->is_null() ? std::string(words(*setting).front().v1) : word_of(*setting, *value);
}

Status set_config(Client& client, const ConfigItem& item, std::string_view value) {
  if (!item.raw.empty()) {
    const Result<std::string> key = raw_key(item);
    if (!key) {
      return fail(key.error());
    }
    const Result<Entry> entry = client.records().store().put(*key, value);
    return entry ? Status() : fail(entry.error());
  }
  const Result<Setting> setting = find_setting(item);
  if (!setting) {
    return fail(setting.error());
  }
  if (*setting == Setting::as_number) {
    const Result<std::uint32_t> number = parse_as_number(value);
    if (!number) {
      return fail(Errc::invalid, "the supplied AS number is not valid");
    }
    return store_all(client, item, *setting, *number);
  }
  for (const Word& word : words(*setting)) {
    if (word.v1 == value) {
      return store_all(client, item, *setting, word.v3);
    }
  }
  return fail(Errc::invalid, fmt::format("invalid value '{}'", value));
}

Status unset_config(Client& client, const ConfigItem& item) {
  if (!item.raw.empty()) {
    const Result<std::string> key = raw_key(item);
    if (!key) {
      return fail(key.error());
    }
    const Result<Entry> entry = client.records().store().erase(*key);
    return entry || entry.error().code == Errc::not_found ? Status() : fail(entry.error());
  }
  const Result<Setting> setting = find_setting(item);
  if (!setting) {
    return fail(setting.error());
  }
  return store_all(client, item, *setting, json());
}

}  // namespace catflap::calico
