#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "calico/model/field.hpp"

/// The kinds of resources, each one table.
namespace catflap::calico {

class Resource;

/// What cells need beside the resource itself.
struct CellContext {
  /// The cluster's AS number, for "(64512)" of nodes without their own; nothing where it cannot be read.
  std::optional<std::uint32_t> cluster_as_number = 64512;
};

/// A column of `calicoctl get`.
struct Column {
  std::string_view heading;
  std::string (*cell)(const Resource& resource, const CellContext& context) = nullptr;
};

/// Where a kind comes from, which decides how it is named and who may write it.
enum class ApiGroup : std::uint8_t { calico_v3, kubernetes, calico_v1 };

struct KindInfo {
  std::string_view kind = "";         ///< "BGPPeer"
  std::string_view api_version = "";  ///< "projectcalico.org/v3"
  std::string_view plural = "";       ///< "bgppeers": in keys of the store
  ApiGroup group = ApiGroup::calico_v3;
  std::span<const std::string_view> names = {};       ///< accepted by calicoctl, lower case
  std::span<const std::string_view> kube_names = {};  ///< short names that only kubectl knows
  bool namespaced = false;
  bool in_calicoctl = true;            ///< false: known to the store, "not supported" in calicoctl
  bool read_only = false;              ///< nobody may write it through calicoctl
  const StructInfo* object = nullptr;  ///< the whole document
  /// What is stored beside the write defaults of the table where it is absent, and the normal forms of
  /// values.
  void (*defaults)(Json& document) = nullptr;
  std::span<const Column> columns = {};             ///< all that custom-columns may name, without NAMESPACE
  std::span<const std::string_view> headings = {};  ///< of `get`
  std::span<const std::string_view> wide_headings = {};  ///< of `get -o wide`

  /// The column with this heading, or nullptr.
  const Column* column(std::string_view heading) const;
};

/// All kinds of projectcalico.org/v3 and Kubernetes, by name.
std::span<const KindInfo* const> all_kinds();

/// The Calico kind that calicoctl knows by `name`, in any case: "bgppeers", "bgpp", "BGPPeer"; nullptr for
/// others.
const KindInfo* find_kind(std::string_view name);
/// The same for kubectl: short names of the CRDs and Kubernetes' own kinds too. Where a name is both, it is
/// Kubernetes' ("node", "networkpolicy").
const KindInfo* find_kube_kind(std::string_view name);
/// The kind of a document. `kind` as written in `kind:`, exact case; nullptr if unknown.
const KindInfo* find_kind(std::string_view api_version, std::string_view kind);

/// The table of a part of Calico's resources by Go's name of its type ("Rule", "BGPPeerSpec"), or nullptr.
const StructInfo* find_struct(std::string_view go_name);

/// "resource type 'x' is not supported", Calico's words.
std::string unknown_kind_text(std::string_view name);

}  // namespace catflap::calico
