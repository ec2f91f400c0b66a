#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

/// Resources are ten deep or so; what prints and walks JSON does so by recursion.
constexpr int kDepthMax = 100;

bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char each = text[at];
    if (quoted) {
      if (each == '\\') {
        ++at;
      } else if (each == '"') {
        quoted = false;
      }
    } else if (each == '"') {
      quoted = true;
    } else if (each == '{' || each == '[') {
      if (++depth > kDepthMax) {
        return true;
      }
    } else if (each == '}' || each == ']') {
      --depth;
    }
  }
  return false;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string encode_resource(const json& resource) {
  if (!resource.is_object()) {
    return dump(resource);
  }
  // As Go prints its structs; a map of nlohmann's is in alphabetical order.
  std::string text = "{";
  const auto add = [&text](const std::string& name, const json& value) {
    text += text.size() > 1 ? "," : "";
    text += dump(name) + ":" + dump(value);
  };
  constexpr std::string_view kOrder[] = {"kind", "apiVersion", "metadata"};
  for (const std::string_view name : kOrder) {
    const auto found = resource.find(name);
    if (found == resource.end()) {
      continue;
    }
    if (name == "metadata" && found->is_object() && found->contains("resourceVersion")) {
      json metadata = *found;
      metadata.erase("resourceVersion");
      add("metadata", metadata);
    } else {
      add(std::string(name), *found);
    }
  }
  for (const auto& [name, value] : resource.items()) {
    if (name != "kind" && name != "apiVersion" && name != "metadata") {
      add(name, value);
    }
  }
  return text + "}";
}

Result<json> decode_value(std::string_view key, std::string_view value) {
  if (is_too_deep(value)) {
    return fail(Errc::protocol, fmt::format("the value of {} is nested more than {} deep", key, kDepthMax));
  }
  json document = json::parse(value, nullptr, false);
  if (!document.is_object()) {
    return fail(Errc::protocol, fmt::format("the value of {} is not a JSON object", key));
  }
  return document;
}

Result<json> decode_resource(const Entry& entry) {
  Result<json> document = decode_value(entry.key, entry.value);
  if (!document) {
    return document;
  }
  json& metadata = (*document)["metadata"];
  if (metadata.is_null()) {
    metadata = json::object();
  }
  if (!metadata.is_object()) {
    return fail(Errc::protocol,
                fmt::format("the value of {} is no resource: its metadata is not an object", entry.key));
  }
  metadata["resourceVersion"] = std::to_string(entry.modified);
  return document;
}

}  // namespace catflap::calico
