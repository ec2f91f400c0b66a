#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "calico/model/selector.hpp"

namespace catflap::calico {

struct KindInfo;

/// Where the values of a document stand in the file that it was read from, by JSON pointer ("/spec/cidr").
using Positions = std::map<std::string, SourcePos, std::less<>>;

/// One resource: a whole document ("apiVersion", "kind", "metadata", "spec", ...) in canonical form, with the
/// table of its kind. Canonical means: numbers are numbers, an AS number is one number, durations are as Go
/// writes them, fields that are empty and mean nothing are absent. A value: copies are deep.
class Resource {
 public:
  /// An empty resource of `kind`: apiVersion, kind and an empty metadata. `kind` outlives all resources.
  explicit Resource(const KindInfo& kind);
  /// Precondition: `document` is an object.
  Resource(const KindInfo& kind, nlohmann::json document, Positions positions = {});
  Resource(const Resource& other);
  Resource(Resource&& other) noexcept;
  Resource& operator=(const Resource& other);
  Resource& operator=(Resource&& other) noexcept;
  ~Resource();

  const KindInfo& kind() const { return *kind_; }
  const nlohmann::json& document() const { return *document_; }
  nlohmann::json& document() { return *document_; }

  /// An empty object where there is none.
  const nlohmann::json& metadata() const;
  const nlohmann::json& spec() const;
  const nlohmann::json& status() const;
  nlohmann::json& metadata();
  nlohmann::json& spec();
  /// The value at a JSON pointer ("/spec/bgp/asNumber"), or nullptr.
  const nlohmann::json* find(std::string_view pointer) const;
  /// The text at a JSON pointer, "" if there is none.
  std::string text_at(std::string_view pointer) const;

  std::string name() const { return text_at("/metadata/name"); }
  /// "" for kinds without a namespace.
  std::string name_space() const { return text_at("/metadata/namespace"); }
  std::string uid() const { return text_at("/metadata/uid"); }
  std::string resource_version() const { return text_at("/metadata/resourceVersion"); }
  Labels labels() const;
  Labels annotations() const;

  void set_name(std::string_view name);
  void set_name_space(std::string_view name_space);
  /// "" removes it.
  void set_resource_version(std::string_view version);

  /// Where the value at `pointer` stands, or the nearest value around it; an empty position if not known.
  SourcePos where(std::string_view pointer) const;
  const Positions& positions() const { return positions_; }

  /// JSON in one line, keys sorted: how the store keeps it.
  std::string to_json() const;

  /// Same kind and same document; positions do not count.
  friend bool operator==(const Resource& a, const Resource& b);

 private:
  const KindInfo* kind_;
  std::unique_ptr<nlohmann::json> document_;
  Positions positions_;
};

}  // namespace catflap::calico
