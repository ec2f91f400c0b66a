#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// IPReservation, IPAMConfiguration, and what IPAM keeps for itself: BlockAffinity, IPAMBlock, IPAMHandle.
namespace catflap::calico::tables {

// --- IPReservation
// ---------------------------------------------------------------------------------------------

namespace {

// DEVIATION: the schema of the CRD wants a length, the Go validator takes an address alone; so do we.
constexpr TypeInfo kNets = list_of(kNet);
constexpr FieldInfo kIpReservationSpecFields[] = {
    {.name = "reservedCIDRs",
     .type = &kNets,
     .schema = &kUnique,
     .doc = "addresses that IPAM does not assign by itself"},
};
constexpr StructInfo kIpReservationSpec{"IPReservationSpec", kIpReservationSpecFields};
constexpr TypeInfo kIpReservationSpecType = object_of(kIpReservationSpec);
constexpr auto kIpReservationFields = document_of(kIpReservationSpecType);
constexpr StructInfo kIpReservationDocument{"IPReservation", kIpReservationFields};
constexpr std::string_view kIpReservationNames[] = {"ipreservation", "ipreservations", "reservation",
                                                    "reservations"};
const Column kIpReservationColumns[] = {
    {"NAME", name_cell},
    {"CIDRS", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/reservedCIDRs"); }},
};
constexpr std::string_view kIpReservationWide[] = {"NAME", "CIDRS"};

}  // namespace

const KindInfo kIpReservation{.kind = "IPReservation",
                              .api_version = kV3,
                              .plural = "ipreservations",
                              .names = kIpReservationNames,
                              .object = &kIpReservationDocument,
                              .columns = kIpReservationColumns,
                              .headings = kNameHeading,
                              .wide_headings = kIpReservationWide};

// --- IPAMConfiguration
// -----------------------------------------------------------------------------------------

namespace {

constexpr Schema kBlocks = between(0, 1000000);
constexpr Schema kCooldown = between(0, 1200);
constexpr FieldInfo kIpamConfigurationSpecFields[] = {
    {.name = "strictAffinity",
     .type = &kBool,
     .required = true,
     .always = true,
     .write_default = "false",
     .doc = "addresses come only from blocks of the own node"},
    {.name = "maxBlocksPerHost",
     .type = &kInt,
     .schema = &kBlocks,
     .default_value = "0",
     .doc = "0: no limit"},
    {.name = "autoAllocateBlocks", .type = &kBool, .required = true, .always = true, .write_default = "true"},
    {.name = "kubeVirtVMAddressPersistence", .type = &kText, .schema = &kEnabledOrDisabled, .pointer = true},
    {.name = "ipCooldownSeconds", .type = &kInt, .schema = &kCooldown, .pointer = true},
};

void ipam_configuration_spec_rules(const Json& spec, Report& report) {
  const Json& blocks = get(spec, "maxBlocksPerHost");
  if (blocks.is_number() && blocks.get<double>() < 0) {
    report.go("maxBlocksPerHost", "MaxBlocksPerHost", blocks, "must be greater than or equal to 0");
  }
  if (get(spec, "strictAffinity") == Json(false) && get(spec, "autoAllocateBlocks") == Json(false)) {
    report.go("autoAllocateBlocks", "AutoAllocateBlocks", Json(false),
              "cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
  }
}

void ipam_configuration_rules(const Json& document, Report& report) {
  const std::string& name = get_text(get(document, "metadata"), "name");
  if (!name.empty() && name != "default") {
    report.go("metadata/name", "metadata.name", Json(name),
              "cannot create an IPAM configuration resource with a name other than \"default\"");
  }
}

constexpr StructInfo kIpamConfigurationSpec{"IPAMConfigurationSpec", kIpamConfigurationSpecFields,
                                            ipam_configuration_spec_rules};
constexpr TypeInfo kIpamConfigurationSpecType = object_of(kIpamConfigurationSpec);
constexpr auto kIpamConfigurationFields = document_of(kIpamConfigurationSpecType);
constexpr StructInfo kIpamConfigurationDocument{"IPAMConfiguration", kIpamConfigurationFields,
                                                ipam_configuration_rules};
constexpr std::string_view kIpamConfigurationNames[] = {"ipamconfiguration", "ipamconfigurations",
                                                        "ipamconfig", "ipamconfigs"};
const Column kIpamConfigurationColumns[] = {
    {"NAME", name_cell},
    {"STRICTAFFINITY",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/strictAffinity", "false"); }},
    {"AUTOALLOCATEBLOCKS",
     [](const Resource& r, const CellContext&) {
       return value_cell(r, "/spec/autoAllocateBlocks", "false");
     }},
    {"MAXBLOCKSPERHOST",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/maxBlocksPerHost", "0"); }},
};
constexpr std::string_view kIpamConfigurationHeadings[] = {"NAME", "STRICTAFFINITY", "AUTOALLOCATEBLOCKS"};
constexpr std::string_view kIpamConfigurationWide[] = {"NAME", "STRICTAFFINITY", "AUTOALLOCATEBLOCKS",
                                                       "MAXBLOCKSPERHOST"};

}  // namespace

const KindInfo kIpamConfiguration{.kind = "IPAMConfiguration",
                                  .api_version = kV3,
                                  .plural = "ipamconfigurations",
                                  .names = kIpamConfigurationNames,
                                  .kube_names = {},
                                  .object = &kIpamConfigurationDocument,
                                  .columns = kIpamConfigurationColumns,
                                  .headings = kIpamConfigurationHeadings,
                                  .wide_headings = kIpamConfigurationWide};

// --- BlockAffinity
// ---------------------------------------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 4> kAffinityStates = {"", "confirmed", "pending", "pendingDeletion"};
constexpr Schema kAffinityState = one_of(kAffinityStates);
constexpr std::array<std::string_view, 2> kAffinityTypes = {"host", "virtual"};
constexpr Schema kAffinityType = one_of(kAffinityTypes);
constexpr FieldInfo kBlockAffinitySpecFields[] = {
    {.name = "state", .type = &kText, .schema = &kAffinityState, .required = true, .always = true},
    {.name = "node", .type = &kText, .required = true, .always = true},
    {.name = "type", .type = &kText, .schema = &kAffinityType},
    {.name = "cidr",
     .go_name = "CIDR",
     .type = &kText,
     .schema = &kCidrFormat,
     .required = true,
     .always = true},
    {.name = "deleted", .type = &kBool, .required = true, .always = true, .write_default = "false"},
};

void block_affinity_spec_rules(const Json& spec, Report& report) {
  const Json& deleted = get(spec, "deleted");
  if (deleted == Json(true) || deleted == Json("true")) {
    report.go("deleted", "Spec.Deleted", deleted, "spec.Deleted cannot be set to \"true\"");
  }
}

constexpr StructInfo kBlockAffinitySpec{"BlockAffinitySpec", kBlockAffinitySpecFields,
                                        block_affinity_spec_rules};
constexpr TypeInfo kBlockAffinitySpecType = object_of(kBlockAffinitySpec);
constexpr auto kBlockAffinityFields = document_of(kBlockAffinitySpecType);
constexpr StructInfo kBlockAffinityDocument{"BlockAffinity", kBlockAffinityFields};
constexpr std::string_view kBlockAffinityKubeNames[] = {"affinity", "affinities"};
const Column kNameColumns[] = {{"NAME", name_cell}};

}  // namespace

const KindInfo kBlockAffinity{.kind = "BlockAffinity",
                              .api_version = kV3,
                              .plural = "blockaffinities",
                              .kube_names = kBlockAffinityKubeNames,
                              .in_calicoctl = false,
                              .object = &kBlockAffinityDocument,
                              .columns = kNameColumns,
                              .headings = kNameHeading,
                              .wide_headings = kNameHeading};

// --- IPAMBlock and IPAMHandle
// ----------------------------------------------------------------------------------

namespace {

/// ^(host|virtual):[a-zA-Z0-9\.\-_]+$
bool is_affinity(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view type = text.substr(0, colon);
  if (colon == std::string_view::npos || (type != "host" && type != "virtual") || colon + 1 == text.size()) {
    return false;
  }
  for (const char c : text.substr(colon + 1)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
    if (!good) {
      return false;
    }
  }
  return true;
}

constexpr Schema kAffinityPattern{.pattern = "^(host|virtual):[a-zA-Z0-9\\.\\-_]+$", .matches = is_affinity};
constexpr TypeInfo kOrdinals = list_of(kInt);
constexpr TypeInfo kSequenceNumbers = map_of(kInt);
constexpr FieldInfo kAttributeFields[] = {
    {.name = "handle_id", .go_name = "AttrPrimary", .type = &kText, .pointer = true},
    {.name = "secondary", .go_name = "AttrSecondary", .type = &kTextMap},
};
constexpr StructInfo kAttribute{"AllocationAttribute", kAttributeFields};
constexpr TypeInfo kAttributeType = object_of(kAttribute);
constexpr TypeInfo kAttributes = list_of(kAttributeType);
constexpr FieldInfo kIpamBlockSpecFields[] = {
    {.name = "cidr",
     .go_name = "CIDR",
     .type = &kText,
     .schema = &kCidrFormat,
     .required = true,
     .always = true},
    {.name = "affinity", .type = &kText, .schema = &kAffinityPattern, .pointer = true},
    {.name = "affinityClaimTime", .type = &kTime, .pointer = true},
    {.name = "allocations",
     .type = &kAnyList,
     .required = true,
     .pointer = true,
     .always = true,
     .doc = "for each ordinal the index of its attributes, or null"},
    {.name = "unallocated", .type = &kOrdinals, .required = true, .pointer = true, .always = true},
    {.name = "attributes", .type = &kAttributes, .required = true, .pointer = true, .always = true},
    {.name = "sequenceNumber", .type = &kInt, .always = true, .write_default = "0"},
    {.name = "sequenceNumberForAllocation", .type = &kSequenceNumbers},
    {.name = "strictAffinity", .type = &kBool, .required = true, .always = true},
    {.name = "deleted", .type = &kBool},
};
constexpr StructInfo kIpamBlockSpec{"IPAMBlockSpec", kIpamBlockSpecFields};
constexpr TypeInfo kIpamBlockSpecType = object_of(kIpamBlockSpec);
constexpr auto kIpamBlockFields = document_of(kIpamBlockSpecType);
constexpr StructInfo kIpamBlockDocument{"IPAMBlock", kIpamBlockFields};

constexpr TypeInfo kCounts = map_of(kInt);
constexpr FieldInfo kIpamHandleSpecFields[] = {
    {.name = "handleID", .type = &kText, .required = true, .always = true},
    {.name = "block", .type = &kCounts, .required = true, .pointer = true, .always = true},
    {.name = "deleted", .type = &kBool},
};
constexpr StructInfo kIpamHandleSpec{"IPAMHandleSpec", kIpamHandleSpecFields};
constexpr TypeInfo kIpamHandleSpecType = object_of(kIpamHandleSpec);
constexpr auto kIpamHandleFields = document_of(kIpamHandleSpecType);
constexpr StructInfo kIpamHandleDocument{"IPAMHandle", kIpamHandleFields};

}  // namespace

const KindInfo kIpamBlock{.kind = "IPAMBlock",
                          .api_version = kV3,
                          .plural = "ipamblocks",
                          .in_calicoctl = false,
                          .object = &kIpamBlockDocument,
                          .columns = kNameColumns,
                          .headings = kNameHeading,
                          .wide_headings = kNameHeading};
const KindInfo kIpamHandle{.kind = "IPAMHandle",
                           .api_version = kV3,
                           .plural = "ipamhandles",
                           .in_calicoctl = false,
                           .object = &kIpamHandleDocument,
                           .columns = kNameColumns,
                           .headings = kNameHeading,
                           .wide_headings = kNameHeading};

}  // namespace catflap::calico::tables
