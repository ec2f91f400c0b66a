#include "calico/client/strategic_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 100;
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

/// A list whose elements are merged instead of replaced.
struct MergedList {
  std::string_view path;
  std::string_view key;  ///< of the elements; "" for a set of plain values
};
constexpr std::array<MergedList, 3> kMergedLists{
    {{"/metadata/finalizers", ""}, {"/metadata/ownerReferences", "uid"}, {"/status/conditions", "type"}}};

Status merge_object(json& target, const json& patch, const std::string& path, int depth);

std::optional<std::string> directive(const json& patch) {
  const auto found = patch.find("$patch");
  if (found == patch.end()) {
    return std::nullopt;
  }
  return found->is_string() ? found->get<std::string>() : found->dump();
}

Error unknown_directive(const std::string& word) {
  return {Errc::invalid, fmt::format("invalid value for $patch: {}", word)};
}

/// The patch as a value of its own: without directives.
json without_directives(const json& patch) {
  if (!patch.is_object()) {
    return patch;
  }
  json out = json::object();
  for (const auto& [name, value] : patch.items()) {
    if (name.empty() || name.front() != '$') {
      if (!value.is_null()) {
        out[name] = value;
      }
    }
  }
  return out;
}

void merge_set(json& list, const json& patch) {
  for (const json& value : patch) {
    if (std::find(list.begin(), list.end(), value) == list.end()) {
      list.push_back(value);
    }
  }
}

Status merge_keyed(json& list, const json& patch, const std::string& key, const std::string& path,
                   int depth) {
  for (const json& element : patch) {
    if (!element.is_object() || !element.contains(key)) {
      return fail(Errc::invalid,
                  fmt::format("map: {} does not contain declared merge key: {}",
                              element.dump(-1, ' ', false, json::error_handler_t::replace), key));
    }
    const auto same = std::find_if(list.begin(), list.end(), [&](const json& each) {
      return each.is_object() && each.contains(key) && each.at(key) == element.at(key);
    });
    const auto word = directive(element);
    if (word == "delete") {
      if (same != list.end()) {
        list.erase(same);
      }
    } else if (same == list.end()) {
      list.push_back(without_directives(element));
    } else if (Status merged = merge_object(*same, element, path, depth + 1); !merged) {
      return merged;
    }
  }
  return {};
}

Status merge_list(json& target, const json& patch, const std::string& path, int depth) {
  const auto merged = std::find_if(kMergedLists.begin(), kMergedLists.end(),
                                   [&path](const MergedList& each) { return each.path == path; });
  if (merged == kMergedLists.end() || !target.is_array()) {
    target = patch;
    return {};
  }
  if (merged->key.empty()) {
    merge_set(target, patch);
    return {};
  }
  return merge_keyed(target, patch, std::string(merged->key), path, depth);
}

void delete_from_list(json& target, const std::string& list, const json& values) {
  const auto found = target.find(list);
  if (found == target.end() || !found->is_array() || !values.is_array()) {
    return;
  }
  found->erase(std::remove_if(found->begin(), found->end(),
                              [&values](const json& each) {
                                return std::find(values.begin(), values.end(), each) != values.end();
                              }),
               found->end());
}

void retain_keys(json& target, const json& keys) {
  for (auto each = target.begin(); each != target.end();) {
    each =
        std::find(keys.begin(), keys.end(), each.key()) == keys.end() ? target.erase(each) : std::next(each);
  }
}

Status merge_field(json& target, const std::string& name, const json& value, const std::string& path,
                   int depth) {
  const std::string_view text = name;
  if (text == "$patch" || text == "$retainKeys" || text.starts_with(kElementOrder)) {
    return {};
  }
  if (text.starts_with(kDeleteFromList)) {
    delete_from_list(target, name.substr(kDeleteFromList.size()), value);
    return {};
  }
  if (value.is_null()) {
    target.erase(name);
    return {};
  }
  const auto there = target.find(name);
  const std::string below = path + '/' + name;
  if (value.is_object()) {
    if (there != target.end() && there->is_object()) {
      return merge_object(*there, value, below, depth + 1);
    }
    json fresh = json::object();
    if (Status merged = merge_object(fresh, value, below, depth + 1); !merged) {
      return merged;
    }
    target[name] = std::move(fresh);
    return {};
  }
  if (value.is_array() && there != target.end()) {
    return merge_list(*there, value, below, depth);
  }
  target[name] = value;
  return {};
}

Status merge_object(json& target, const json& patch, const std::string& path, int depth) {
  if (depth > kDepthMax) {
    return fail(Errc::invalid, fmt::format("the patch is nested more than {} deep", kDepthMax));
  }
  if (const auto word = directive(patch)) {
    if (*word == "replace") {
      target = without_directives(patch);
      return {};
    }
    if (*word == "delete") {
      target = json::object();
      return {};
    }
    if (*word != "merge") {
      return fail(unknown_directive(*word));
    }
  }
  for (const auto& [name, value] : patch.items()) {
    if (Status merged = merge_field(target, name, value, path, depth); !merged) {
      return merged;
    }
  }
  if (const auto keys = patch.find("$retainKeys"); keys != patch.end() && keys->is_array()) {
    retain_keys(target, *keys);
  }
  return {};
}

}  // namespace

Result<json> strategic_merge(json original, const json& patch) {
  if (!patch.is_object() || !original.is_object()) {
    return fail(Errc::invalid, "invalid JSON document");
  }
  if (Status merged = merge_object(original, patch, "", 0); !merged) {
    return fail(merged.error());
  }
  return original;
}

Result<json> strategic_merge(json original, std::string_view patch) {
  return strategic_merge(std::move(original), json::parse(patch, nullptr, false));
}

}  // namespace catflap::calico
