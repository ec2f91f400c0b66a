#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "calico/model/field.hpp"
#include "calico/model/kind.hpp"

/// Types, tags and columns that the tables of several kinds share. For the .cpp files that hold tables.
namespace catflap::calico::tables {

inline constexpr std::string_view kV3 = "projectcalico.org/v3";

// --- tags of the Go validator
// ----------------------------------------------------------------------------------

namespace tag {

extern const Tag kName;         ///< DNS subdomain
extern const Tag kContainerId;  ///< [a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?
extern const Tag kSelector;
extern const Tag kLabels;
extern const Tag kNet, kNetV4, kNetV6;     ///< a network with no host bits set, or an address
extern const Tag kCidr, kCidrV4, kCidrV6;  ///< host bits may be set
extern const Tag kCidrs;                   ///< a list of them
extern const Tag kIpV4, kIpV6;
extern const Tag kIpPort;
extern const Tag kReachableBy;
extern const Tag kMac;
extern const Tag kInterface, kFilterInterface, kIgnoredInterface;
extern const Tag kPortName;
extern const Tag kWireguardKey;
extern const Tag kIpType;  ///< CalicoNodeIP, InternalIP, ExternalIP
extern const Tag kMustBeNil;
extern const Tag kMustBeFalse;

extern const Tag kPrometheusHost;  ///< [a-zA-Z0-9:._+-]{1,64}
extern const Tag kIfaceFilter;     ///< [a-zA-Z0-9:._+-]{1,15}
extern const Tag kIfaceFilters;    ///< a list of them
extern const Tag kRegexp;          ///< what Go's regexp.Compile takes
extern const Tag kKeyValueList;
extern const Tag kIp;      ///< an address of either family
extern const Tag kUnique;  ///< a list without repetitions

bool at_least(const Json& value, double low);
bool at_most(const Json& value, double high);
bool is_word(const Json& value, std::span<const std::string_view> words);

template <std::int64_t kLow>
inline constexpr Tag kGreater{"gt",
                              +[](const Json& v) { return at_least(v, static_cast<double>(kLow) + 1); }};
template <std::int64_t kLow>
inline constexpr Tag kNotBelow{"gte", +[](const Json& v) { return at_least(v, static_cast<double>(kLow)); }};
template <std::int64_t kHigh>
inline constexpr Tag kNotAbove{"lte", +[](const Json& v) { return at_most(v, static_cast<double>(kHigh)); }};
template <std::int64_t kLow, std::int64_t kHigh>
inline constexpr Tag kRange{"gte", +[](const Json& v) { return at_least(v, static_cast<double>(kLow)); }, "",
                            &kNotAbove<kHigh>};
template <std::int64_t kLow, std::int64_t kHigh>
inline constexpr Tag kAboveUpTo{
    "gt", +[](const Json& v) { return at_least(v, static_cast<double>(kLow) + 1); }, "", &kNotAbove<kHigh>};
template <const auto& kWords>
inline constexpr Tag kOneOf{"oneof", +[](const Json& v) { return is_word(v, kWords); }};

}  // namespace tag

// --- types
// -----------------------------------------------------------------------------------------------------

inline constexpr TypeInfo kText{.shape = Shape::text};
inline constexpr TypeInfo kBool{.shape = Shape::boolean};
inline constexpr TypeInfo kInt{.shape = Shape::integer};
inline constexpr TypeInfo kInt32{
    .shape = Shape::integer, .low = -0x80000000LL, .high = 0x7FFFFFFF, .go_type = "int32"};
inline constexpr TypeInfo kUint8{.shape = Shape::integer, .low = 0, .high = 0xFF, .go_type = "uint8"};
inline constexpr TypeInfo kUint16{.shape = Shape::integer, .low = 0, .high = 0xFFFF, .go_type = "uint16"};
inline constexpr TypeInfo kUint32{.shape = Shape::integer, .low = 0, .high = 0xFFFFFFFF, .go_type = "uint32"};
inline constexpr TypeInfo kNumber{.shape = Shape::number};
inline constexpr TypeInfo kAsNumber{.shape = Shape::as_number};
inline constexpr TypeInfo kDuration{.shape = Shape::duration};
inline constexpr TypeInfo kTime{.shape = Shape::time};
inline constexpr TypeInfo kAny{.shape = Shape::any};
inline constexpr TypeInfo kIntOrText{.shape = Shape::int_or_text};
inline constexpr TypeInfo kTextList{.shape = Shape::list, .items = &kText};
inline constexpr TypeInfo kAnyList{.shape = Shape::list, .items = &kAny};
inline constexpr TypeInfo kTextMap{.shape = Shape::map, .items = &kText};
extern const TypeInfo kPort;      ///< with its rules
extern const TypeInfo kProtocol;  ///< with its rules
extern const TypeInfo kNet;       ///< texts with tag net
extern const TypeInfo kName;      ///< texts with tag name
inline constexpr TypeInfo kNameList{.shape = Shape::list, .items = &kName};
inline constexpr TypeInfo kPortList{.shape = Shape::list, .items = &kPort};

constexpr TypeInfo object_of(const StructInfo& info) {
  return {.shape = Shape::object, .object = &info};
}
constexpr TypeInfo list_of(const TypeInfo& items) {
  return {.shape = Shape::list, .items = &items};
}
constexpr TypeInfo map_of(const TypeInfo& items) {
  return {.shape = Shape::map, .items = &items};
}

extern const TypeInfo kMetadata;              ///< ObjectMeta
extern const TypeInfo kPolicyMetadata;        ///< the same with the names of NetworkPolicies
extern const TypeInfo kGlobalPolicyMetadata;  ///< ... GlobalNetworkPolicies
extern const TypeInfo kTierMetadata;          ///< ... Tiers
extern const TypeInfo kPlainMetadata;         ///< ... with no rules: Kubernetes has its own
extern const TypeInfo kConditions;            ///< status.conditions
extern const TypeInfo kRules;                 ///< []Rule of policies and profiles
extern const TypeInfo kSecretKeyRef;          ///< BGPPassword: {secretKeyRef: {name, key}}

// --- limits of schemas
// -----------------------------------------------------------------------------------------

constexpr Schema at_most(std::uint32_t characters) {
  return {.max_length = characters};
}
constexpr Schema between(std::int64_t low, std::int64_t high) {
  return {.minimum = low, .maximum = high};
}
constexpr Schema one_of(std::span<const std::string_view> words, bool any_case = false) {
  return {.words = words, .any_case = any_case};
}
inline constexpr Schema kUpTo253 = at_most(253);
inline constexpr Schema kUpTo1024 = at_most(1024);
inline constexpr Schema kUnique{.unique = true};
inline constexpr Schema kPortNumber = between(1, 65535);
inline constexpr Schema kRoutePriority = between(1, 2147483646);
/// format: cidr - a network with its length and no host bits.
extern const Schema kCidrFormat;
inline constexpr std::array<std::string_view, 2> kEnabledDisabled = {"Enabled", "Disabled"};
inline constexpr Schema kEnabledOrDisabled = one_of(kEnabledDisabled);

// --- whole documents
// -------------------------------------------------------------------------------------------

inline constexpr FieldInfo kApiVersionField{.name = "apiVersion", .go_name = "APIVersion", .type = &kText};
inline constexpr FieldInfo kKindField{.name = "kind", .type = &kText};
inline constexpr FieldInfo kMetadataField{
    .name = "metadata", .go_name = "ObjectMeta", .type = &kMetadata, .required = true};

/// apiVersion, kind, metadata, spec: the document of a kind whose spec is `spec`.
constexpr std::array<FieldInfo, 4> document_of(const TypeInfo& spec, const TypeInfo& metadata = kMetadata) {
  FieldInfo meta = kMetadataField;
  meta.type = &metadata;
  return {{kKindField, kApiVersionField, meta,
           FieldInfo{.name = "spec", .type = &spec, .required = true, .always = true}}};
}
/// A field "status" that is always written, as Go does with structs.
constexpr FieldInfo status_of(const TypeInfo& status) {
  return {.name = "status", .type = &status, .always = true};
}
/// A field "status" that may be absent.
constexpr FieldInfo optional_status_of(const TypeInfo& status) {
  return {.name = "status", .type = &status, .pointer = true};
}
constexpr std::array<FieldInfo, 5> with(const std::array<FieldInfo, 4>& fields, const FieldInfo& more) {
  return {{fields[0], fields[1], fields[2], fields[3], more}};
}

/// The longest name of a resource.
inline constexpr std::size_t kNameLengthMax = 253;

// What is said of names, labels and annotations; `metadata` and `object` are metadata or have its fields.
void check_name_length(const Json& metadata, std::size_t maximum, Report& report);
void check_annotations(const Json& object, Report& report);
void check_labels(const Json& object, Report& report);

// --- columns
// ---------------------------------------------------------------------------------------------------

inline constexpr std::string_view kNameHeading[] = {"NAME"};
std::string name_cell(const Resource& resource, const CellContext& context);
/// Texts joined by "," and cut at 80 characters with "...", as calicoctl's templates do.
std::string join_cell(const std::vector<std::string>& texts);
/// The list of texts at a JSON pointer of `resource`.
std::string list_cell(const Resource& resource, std::string_view pointer);
/// The scalar at a JSON pointer as Go's %v prints it, `absent` where there is none.
std::string value_cell(const Resource& resource, std::string_view pointer, std::string_view absent = "");

// --- kinds, one .cpp each
// ----------------------------------------------------------------------------------------

extern const KindInfo kBgpConfiguration, kBgpPeer, kBgpFilter, kNode, kIpPool;
extern const KindInfo kIpReservation, kIpamConfiguration, kBlockAffinity, kIpamBlock, kIpamHandle;
extern const KindInfo kWorkloadEndpoint, kHostEndpoint;
extern const KindInfo kNetworkPolicy, kGlobalNetworkPolicy, kTier, kProfile;
extern const KindInfo kStagedNetworkPolicy, kStagedGlobalNetworkPolicy, kStagedKubernetesNetworkPolicy;
extern const KindInfo kNetworkSet, kGlobalNetworkSet, kClusterInformation;
extern const KindInfo kFelixConfiguration, kKubeControllersConfiguration, kCalicoNodeStatus;
extern const KindInfo kKubeNamespace, kKubePod, kKubeService, kKubeEndpointSlice, kKubeNode, kKubeSecret;
extern const KindInfo kKubeNetworkPolicy, kKubeNetworkPolicyBeta;

}  // namespace catflap::calico::tables
