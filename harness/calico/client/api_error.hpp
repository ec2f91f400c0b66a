#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/resource.hpp"

/// What goes wrong between a client and the store, in Calico's words (libcalico-go's lib/errors): scripts
/// read them. The code of each error says what happened, for callers that forgive it (`--skip-exists`).
namespace catflap::calico {

/// What names one resource.
struct ResourceId {
  const KindInfo* kind = nullptr;  ///< never null where an id is used
  std::string name_space{};        ///< "" for kinds without a namespace
  std::string name{};
};
ResourceId id_of(const Resource& resource);
/// "Node(n1)", "NetworkPolicy(default/allow)".
std::string to_string(const ResourceId& id);

/// Errc::not_found: "resource does not exist: Node(n1) with error: <nil>".
Error not_existing(const ResourceId& id);
/// Errc::exists: "resource already exists: Node(n1) with error: <nil>".
Error already_existing(const ResourceId& id);
/// Errc::conflict: "update conflict: Node(n1)".
Error update_conflict(const ResourceId& id);
/// Errc::unsupported: "operation delete is not supported on default: Cannot delete default tier"; without the
/// colon where there is no reason.
Error unsupported_operation(std::string_view operation, std::string_view subject, std::string_view reason);

/// A field that keeps a resource from being written.
struct FieldError {
  std::string name;                    ///< as Calico's client names it: "IPPool.Spec.CIDR"
  std::optional<std::string> value{};  ///< as Go prints it; nothing is not printed
  std::string reason;
};
/// Errc::invalid: "error with field X = 'v' (reason)", or the list of several. Precondition: not empty.
Error invalid_fields(std::span<const FieldError> fields);
Error invalid_field(FieldError field);

}  // namespace catflap::calico
