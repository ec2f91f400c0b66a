#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "calico/model/diagnostic.hpp"
#include "calico/model/field.hpp"
#include "calico/model/resource.hpp"

/// From texts to resources and from resources to rules.
namespace catflap::calico {

/// Finds the kind of a document, nullptr if unknown.
using KindFinder = const KindInfo* (*)(std::string_view api_version, std::string_view kind);

struct ReadOptions {
  KindFinder finder = nullptr;  ///< nullptr: find_kind(api_version, kind)
  /// Refuse fields that the kind does not have, as calicoctl does with files. The store and the wire are read
  /// without it: what is not known is dropped.
  bool strict = true;
};

struct ReadReport {
  std::vector<Resource> resources;      ///< those that could be read, in order; lists are taken apart
  std::vector<Diagnostic> diagnostics;  ///< errors, by position
  bool ok() const { return diagnostics.empty(); }
};

/// The most of one file, in octets: what calicoctl takes of one document.
inline constexpr std::size_t kDocumentBytesMax = 10U << 20U;

/// Reads YAML or JSON: one or more documents, each a resource, a list of them ("kind: List", "BGPPeerList"),
/// or a sequence. Values are made canonical; nothing is defaulted or validated. Total: any text gives a
/// report.
ReadReport read_resources(std::string_view text, std::string_view file, const ReadOptions& options = {});

/// The one resource in a JSON value, as the store or a Kubernetes API gives it: not strict, no positions.
/// Errc::invalid.
Result<Resource> decode(const nlohmann::json& document);
/// The same from JSON text.
Result<Resource> decode_text(std::string_view json);
/// The same for a kind that is known; `apiVersion` and `kind` may be absent.
Result<Resource> decode_as(const KindInfo& kind, const nlohmann::json& document, bool strict = false);

/// A part of a resource in canonical form, strictly read. Errc::invalid.
Result<nlohmann::json> decode_part(const TypeInfo& type, const nlohmann::json& value);

/// Stores what Calico stores where a field is not given (IPPool's blockSize, a policy's types, ...).
void set_defaults(Resource& resource);

struct Rules {
  bool go = true;   ///< what Calico's Go validator asks for
  bool crd = true;  ///< what the schema and the rules of the CRD ask for
};

/// What the rules of its kind find wrong, in the order of the document. Empty: valid.
std::vector<Diagnostic> validate(const Resource& resource, const Rules& rules = {});
/// The same as an error with calico_text().
Status check_valid(const Resource& resource);
/// The rules of a part of a resource, a canonical value of `type`: "" is the path of `value` itself.
std::vector<Diagnostic> validate_part(const nlohmann::json& value, const TypeInfo& type, const Rules& rules,
                                      const Positions* positions = nullptr);

/// Reads a text, sets defaults and validates every resource in it: for `catflap calico validate`.
std::vector<Diagnostic> validate(std::string_view text, std::string_view file);

}  // namespace catflap::calico
