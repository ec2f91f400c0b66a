#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// FelixConfiguration.
namespace catflap::calico::tables {

namespace {

// --- words and limits
// ------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 3> kDropAcceptReturnWords = {"Drop", "Accept", "Return"};
constexpr std::array<std::string_view, 2> kAcceptReturnWords = {"Accept", "Return"};
constexpr std::array<std::string_view, 2> kDropRejectWords = {"Drop", "Reject"};
constexpr std::array<std::string_view, 6> kSeverityWords = {"Trace",   "Debug", "Info",
                                                            "Warning", "Error", "Fatal"};
constexpr std::array<std::string_view, 2> kInsertAppendWords = {"Insert", "Append"};
constexpr std::array<std::string_view, 2> kRouteSourceWords = {"WorkloadIPs", "CalicoIPAM"};
constexpr std::array<std::string_view, 3> kRpfModeWords = {"Disabled", "Strict", "Loose"};
constexpr std::array<std::string_view, 2> kServiceModeWords = {"Tunnel", "DSR"};
constexpr std::array<std::string_view, 3> kBpfLogWords = {"Off", "Info", "Debug"};
constexpr std::array<std::string_view, 2> kScalingWords = {"Disabled", "DoubleIfFull"};
constexpr std::array<std::string_view, 3> kBackendWords = {"Legacy", "NFT", "Auto"};
constexpr std::array<std::string_view, 2> kExclusions = {"IPPoolsOnly", "IPPoolsAndHostIPs"};
constexpr std::array<std::string_view, 4> kProgramModes = {"Enabled", "Disabled", "EnabledIPIPOnly",
                                                           "EnabledNoEncapOnly"};
constexpr std::array<std::string_view, 3> kNftablesModes = {"Disabled", "Enabled", "Auto"};
constexpr std::array<std::string_view, 2> kJitHardening = {"Auto", "Strict"};
constexpr std::array<std::string_view, 2> kConntrackLogLevels = {"Off", "Debug"};
constexpr std::array<std::string_view, 3> kConntrackModes = {"Auto", "Userspace", "BPFProgram"};
constexpr std::array<std::string_view, 3> kRedirectModes = {"Enabled", "Disabled", "L2Only"};
constexpr std::array<std::string_view, 2> kAttachTypes = {"TC", "TCX"};
constexpr std::array<std::string_view, 2> kEvaluationModes = {"None", "Continuous"};
constexpr std::array<std::string_view, 3> kConnectTimeModes = {"TCP", "Enabled", "Disabled"};
constexpr std::array<std::string_view, 3> kAwsChecks = {"DoNothing", "Enable", "Disable"};
constexpr std::array<std::string_view, 3> kLoopPrevention = {"Drop", "Reject", "Disabled"};
constexpr std::array<std::string_view, 2> kSpoofing = {"Disabled", "Any"};

template <const auto& kWords>
constexpr Schema kWord = one_of(kWords, true);
template <const auto& kWords>
constexpr Schema kExact = one_of(kWords);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// ^([0-9]+(\.[0-9]+)?(ms|s|m|h))*$
bool is_plain_duration(std::string_view text) {
  const auto digits = [&]() {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  while (!text.empty()) {
    if (!digits()) {
      return false;
    }
    if (!text.empty() && text.front() == '.') {
      text.remove_prefix(1);
      if (!digits()) {
        return false;
      }
    }
    const std::size_t unit = text.substr(0, 2) == "ms" ? 2 : 1;
    if (text.empty() || (unit == 1 && text.front() != 's' && text.front() != 'm' && text.front() != 'h')) {
      return false;
    }
    text.remove_prefix(unit);
  }
  return true;
}
constexpr Schema kPlainDuration{.pattern = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$", .matches = is_plain_duration};

bool is_log_prefix(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("%: /_-").find(c) != std::string_view::npos;
  });
}
constexpr Schema kLogPrefix{.pattern = "^([a-zA-Z0-9%: /_-])*$", .matches = is_log_prefix};

/// ^[1-9]\d{0,3}/(?:second|minute|hour|day)$
bool is_rate_limit(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const std::string_view unit = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  return !number.empty() && number.size() <= 4 && number.front() != '0' &&
         std::all_of(number.begin(), number.end(), is_digit) &&
         (unit == "second" || unit == "minute" || unit == "hour" || unit == "day");
}
constexpr Schema kRateLimit{.pattern = "^[1-9]\\d{0,3}/(?:second|minute|hour|day)$",
                            .matches = is_rate_limit};
constexpr Schema kRateLimitBurst = between(0, 9999);
constexpr Schema kUpTo45 = at_most(45);
constexpr Schema kAtLeastOne{.minimum = 1};
constexpr Schema kNodePorts{.max_items = 7};

constexpr Tag kBpfLogFilters{"bpfLogFilters", [](const Json& v) {
                               for (auto filter = v.begin(); v.is_object() && filter != v.end(); ++filter) {
                                 if (!is_interface_name(filter.key())) {
                                   return false;
                                 }
                               }
                               return true;
                             }};

// --- parts
// -----------------------------------------------------------------------------------------------------

constexpr FieldInfo kProtoPortFields[] = {
    {.name = "protocol", .type = &kText, .always = true},
    {.name = "port", .type = &kUint16, .required = true, .pointer = true, .always = true},
    {.name = "net", .type = &kText, .always = true},
};

void proto_port_rules(const Json& port, Report& report) {
  constexpr std::array<std::string_view, 3> kProtocols = {"TCP", "UDP", "SCTP"};
  if (!tag::is_word(get(port, "protocol"), kProtocols)) {
    report.go("protocol", "ProtoPort.Protocol", Json(get_text(port, "protocol")),
              "protocol must be 'TCP' or 'UDP' or 'SCTP'.");
  }
}

constexpr StructInfo kProtoPort{"ProtoPort", kProtoPortFields, proto_port_rules};
constexpr TypeInfo kProtoPortType = object_of(kProtoPort);
constexpr TypeInfo kProtoPorts = list_of(kProtoPortType);

constexpr FieldInfo kHealthOverrideFields[] = {
    {.name = "name", .type = &kText, .required = true, .pointer = true, .always = true},
    {.name = "timeout", .type = &kDuration, .required = true, .pointer = true, .always = true},
};

void health_override_rules(const Json& one, Report& report) {
  const std::string& name = get_text(one, "name");
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ' ' ||
           c == '-';
  });
  if (!good) {
    report.go("name", "HealthTimeoutOverride.Name", one, "name should match regex ^[a-zA-Z0-9_ -]+$");
  }
  const auto timeout = parse_go_duration(get_text(one, "timeout"));
  if (timeout && timeout->count() < 0) {
    report.go("timeout", "HealthTimeoutOverride.Timeout", one, "Timeout should not be negative");
  }
}

constexpr StructInfo kHealthOverride{"HealthTimeoutOverride", kHealthOverrideFields, health_override_rules};
constexpr TypeInfo kHealthOverrideType = object_of(kHealthOverride);
constexpr TypeInfo kHealthOverrides = list_of(kHealthOverrideType);

constexpr FieldInfo kTableRangeFields[] = {
    {.name = "min", .type = &kInt, .required = true, .pointer = true, .always = true},
    {.name = "max", .type = &kInt, .required = true, .pointer = true, .always = true},
};

void table_range_crd(const Json& range, Report& report) {
  const double low = get_number(range, "min");
  const double high = get_number(range, "max");
  if (low < 1 || high < low || high > 250) {
    report.crd("", range, "must be a range of route table indices within 1..250");
  }
}

constexpr double kTableMax = 0xFFFFFFFF;

void table_id_range_crd(const Json& range, Report& report) {
  const double low = get_number(range, "min");
  const double high = get_number(range, "max");
  if (low < 1) {
    report.crd("min", get(range, "min"), "min must be >= 1");
  }
  if (low > high) {
    report.crd("", range, "min must not be greater than max");
  }
  if (high > kTableMax) {
    report.crd("max", get(range, "max"), "max index too high");
  }
}

constexpr StructInfo kTableRange{"RouteTableRange", kTableRangeFields, nullptr, table_range_crd};
constexpr StructInfo kTableIdRange{"RouteTableIDRange", kTableRangeFields, nullptr, table_id_range_crd};
constexpr TypeInfo kTableRangeType = object_of(kTableRange);
constexpr TypeInfo kTableIdRangeType = object_of(kTableIdRange);
constexpr TypeInfo kTableIdRanges = list_of(kTableIdRangeType);

constexpr FieldInfo kConntrackTimeoutFields[] = {
    {.name = "creationGracePeriod", .type = &kText, .pointer = true},
    {.name = "tcpSynSent", .go_name = "TCPSynSent", .type = &kText, .pointer = true},
    {.name = "tcpEstablished", .go_name = "TCPEstablished", .type = &kText, .pointer = true},
    {.name = "tcpFinsSeen", .go_name = "TCPFinsSeen", .type = &kText, .pointer = true},
    {.name = "tcpResetSeen", .go_name = "TCPResetSeen", .type = &kText, .pointer = true},
    {.name = "udpTimeout", .go_name = "UDPTimeout", .type = &kText, .pointer = true},
    {.name = "genericTimeout", .type = &kText, .pointer = true},
    {.name = "icmpTimeout", .go_name = "ICMPTimeout", .type = &kText, .pointer = true},
};
constexpr StructInfo kConntrackTimeouts{"BPFConntrackTimeouts", kConntrackTimeoutFields};
constexpr TypeInfo kConntrackTimeoutsType = object_of(kConntrackTimeouts);

// --- the spec
// --------------------------------------------------------------------------------------------------

constexpr FieldInfo kFelixSpecFields[] = {
    {.name = "useInternalDataplaneDriver", .type = &kBool, .pointer = true},
    {.name = "dataplaneDriver", .type = &kText},
    {.name = "dataplaneWatchdogTimeout", .type = &kDuration, .pointer = true},
    {.name = "ipv6Support",
     .go_name = "IPv6Support",
     .type = &kBool,
     .pointer = true,
     .default_value = "true"},
    {.name = "routeRefreshInterval",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true,
     .default_value = "\"1m30s\""},
    {.name = "interfaceRefreshInterval",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true,
     .default_value = "\"1m30s\""},
    {.name = "iptablesRefreshInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "iptablesPostWriteCheckInterval",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true,
     .default_value = "\"1s\""},
    {.name = "iptablesLockFilePath", .type = &kText},
    {.name = "iptablesLockTimeout", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "iptablesLockProbeInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "featureDetectOverride", .type = &kText, .tag = &tag::kKeyValueList},
    {.name = "featureGates", .type = &kText, .tag = &tag::kKeyValueList},
    {.name = "ipsetsRefreshInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "maxIpsetSize", .type = &kInt, .pointer = true},
    {.name = "iptablesBackend", .type = &kText, .schema = &kWord<kBackendWords>, .pointer = true},
    {.name = "xdpRefreshInterval",
     .go_name = "XDPRefreshInterval",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "netlinkTimeout", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "metadataAddr", .type = &kText},
    {.name = "metadataPort", .type = &kInt, .pointer = true},
    {.name = "openstackRegion", .type = &kText},
    {.name = "interfacePrefix", .type = &kText, .default_value = "\"cali\""},
    {.name = "interfaceExclude", .type = &kText},
    {.name = "chainInsertMode",
     .type = &kText,
     .schema = &kWord<kInsertAppendWords>,
     .default_value = "\"Insert\""},
    {.name = "defaultEndpointToHostAction",
     .type = &kText,
     .schema = &kWord<kDropAcceptReturnWords>,
     .default_value = "\"Drop\""},
    {.name = "iptablesFilterAllowAction", .type = &kText, .schema = &kWord<kAcceptReturnWords>},
    {.name = "iptablesMangleAllowAction", .type = &kText, .schema = &kWord<kAcceptReturnWords>},
    {.name = "iptablesFilterDenyAction", .type = &kText, .schema = &kWord<kDropRejectWords>},
    {.name = "logPrefix", .type = &kText, .schema = &kLogPrefix},
    {.name = "logActionRateLimit", .type = &kText, .schema = &kRateLimit, .pointer = true},
    {.name = "logActionRateLimitBurst", .type = &kInt, .schema = &kRateLimitBurst, .pointer = true},
    {.name = "logFilePath", .type = &kText},
    {.name = "logSeverityFile", .type = &kText, .schema = &kWord<kSeverityWords>},
    {.name = "logSeverityScreen",
     .type = &kText,
     .schema = &kWord<kSeverityWords>,
     .default_value = "\"Info\""},
    {.name = "logSeveritySys", .type = &kText, .schema = &kWord<kSeverityWords>},
    {.name = "logDebugFilenameRegex", .type = &kText, .tag = &tag::kRegexp},
    {.name = "ipipEnabled", .go_name = "IPIPEnabled", .type = &kBool, .pointer = true},
    {.name = "ipipMTU", .go_name = "IPIPMTU", .type = &kInt, .pointer = true},
    {.name = "vxlanEnabled", .go_name = "VXLANEnabled", .type = &kBool, .pointer = true},
    {.name = "vxlanMTU", .go_name = "VXLANMTU", .type = &kInt, .pointer = true},
    {.name = "vxlanMTUV6", .go_name = "VXLANMTUV6", .type = &kInt, .pointer = true},
    {.name = "vxlanPort", .go_name = "VXLANPort", .type = &kInt, .pointer = true, .default_value = "4789"},
    {.name = "vxlanVNI", .go_name = "VXLANVNI", .type = &kInt, .pointer = true, .default_value = "4096"},
    {.name = "allowVXLANPacketsFromWorkloads", .type = &kBool, .pointer = true},
    {.name = "allowIPIPPacketsFromWorkloads", .type = &kBool, .pointer = true},
    {.name = "reportingInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "reportingTTL", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "endpointReportingEnabled", .type = &kBool, .pointer = true},
    {.name = "endpointReportingDelay", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "endpointStatusPathPrefix", .type = &kText},
    {.name = "iptablesMarkMask", .type = &kUint32, .pointer = true},
    {.name = "disableConntrackInvalidCheck", .type = &kBool, .pointer = true},
    {.name = "healthEnabled", .type = &kBool, .pointer = true},
    {.name = "healthHost", .type = &kText, .pointer = true},
    {.name = "healthPort", .type = &kInt, .pointer = true},
    {.name = "healthTimeoutOverrides", .type = &kHealthOverrides},
    {.name = "prometheusMetricsEnabled", .type = &kBool, .pointer = true},
    {.name = "prometheusMetricsHost", .type = &kText, .tag = &tag::kPrometheusHost},
    {.name = "prometheusMetricsPort", .type = &kInt, .pointer = true},
    {.name = "prometheusGoMetricsEnabled", .type = &kBool, .pointer = true},
    {.name = "prometheusProcessMetricsEnabled", .type = &kBool, .pointer = true},
    {.name = "prometheusWireGuardMetricsEnabled", .type = &kBool, .pointer = true},
    {.name = "prometheusMetricsCAFile", .type = &kText},
    {.name = "prometheusMetricsCertFile", .type = &kText},
    {.name = "prometheusMetricsKeyFile", .type = &kText},
    {.name = "prometheusMetricsClientAuth", .type = &kText},
    {.name = "failsafeInboundHostPorts", .type = &kProtoPorts, .pointer = true},
    {.name = "failsafeOutboundHostPorts", .type = &kProtoPorts, .pointer = true},
    {.name = "kubeNodePortRanges", .type = &kPortList, .schema = &kNodePorts, .pointer = true},
    {.name = "policySyncPathPrefix", .type = &kText},
    {.name = "usageReportingEnabled", .type = &kBool, .pointer = true},
    {.name = "usageReportingInitialDelay", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "usageReportingInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "natPortRange", .go_name = "NATPortRange", .type = &kPort, .pointer = true},
    {.name = "natOutgoingAddress", .go_name = "NATOutgoingAddress", .type = &kText, .schema = &kUpTo45},
    {.name = "natOutgoingExclusions",
     .go_name = "NATOutgoingExclusions",
     .type = &kText,
     .schema = &kExact<kExclusions>,
     .pointer = true,
     .default_value = "\"IPPoolsOnly\""},
    {.name = "deviceRouteSourceAddress", .type = &kText, .schema = &kUpTo45},
    {.name = "deviceRouteSourceAddressIPv6", .type = &kText, .schema = &kUpTo45},
    {.name = "deviceRouteProtocol", .type = &kInt, .pointer = true},
    {.name = "removeExternalRoutes", .type = &kBool, .pointer = true, .default_value = "true"},
    {.name = "ipForwarding",
     .go_name = "IPForwarding",
     .type = &kText,
     .schema = &kEnabledOrDisabled,
     .default_value = "\"Enabled\""},
    {.name = "programClusterRoutes",
     .type = &kText,
     .schema = &kExact<kProgramModes>,
     .pointer = true,
     .default_value = "\"EnabledIPIPOnly\""},
    {.name = "ipv4NormalRoutePriority",
     .go_name = "IPv4NormalRoutePriority",
     .type = &kInt,
     .tag = &tag::kRange<1, 2147483646>,
     .pointer = true,
     .default_value = "1024"},
    {.name = "ipv4ElevatedRoutePriority",
     .go_name = "IPv4ElevatedRoutePriority",
     .type = &kInt,
     .tag = &tag::kRange<1, 2147483646>,
     .pointer = true,
     .default_value = "512"},
    {.name = "ipv6NormalRoutePriority",
     .go_name = "IPv6NormalRoutePriority",
     .type = &kInt,
     .tag = &tag::kRange<1, 2147483646>,
     .pointer = true,
     .default_value = "1024"},
    {.name = "ipv6ElevatedRoutePriority",
     .go_name = "IPv6ElevatedRoutePriority",
     .type = &kInt,
     .tag = &tag::kRange<1, 2147483646>,
     .pointer = true,
     .default_value = "512"},
    {.name = "externalNodesList", .go_name = "ExternalNodesCIDRList", .type = &kTextList, .pointer = true},
    {.name = "debugMemoryProfilePath", .type = &kText},
    {.name = "debugDisableLogDropping", .type = &kBool, .pointer = true},
    {.name = "debugSimulateCalcGraphHangAfter",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "debugSimulateDataplaneHangAfter",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "debugSimulateDataplaneApplyDelay",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "debugHost", .type = &kText, .pointer = true},
    {.name = "debugPort", .type = &kInt, .tag = &tag::kRange<0, 65535>, .pointer = true},
    {.name = "iptablesNATOutgoingInterfaceFilter", .type = &kText, .tag = &tag::kIfaceFilter},
    {.name = "sidecarAccelerationEnabled", .type = &kBool, .pointer = true},
    {.name = "xdpEnabled", .go_name = "XDPEnabled", .type = &kBool, .pointer = true},
    {.name = "genericXDPEnabled", .type = &kBool, .pointer = true},
    {.name = "nftablesMode",
     .go_name = "NFTablesMode",
     .type = &kText,
     .schema = &kExact<kNftablesModes>,
     .pointer = true,
     .default_value = "\"Auto\""},
    {.name = "nftablesRefreshInterval", .type = &kDuration, .pointer = true},
    {.name = "nftablesFilterAllowAction", .type = &kText, .schema = &kWord<kAcceptReturnWords>},
    {.name = "nftablesMangleAllowAction", .type = &kText, .schema = &kWord<kAcceptReturnWords>},
    {.name = "nftablesFilterDenyAction", .type = &kText, .schema = &kWord<kDropRejectWords>},
    {.name = "nftablesMarkMask", .type = &kUint32, .pointer = true},
    {.name = "bpfEnabled", .go_name = "BPFEnabled", .type = &kBool, .pointer = true},
    {.name = "bpfDisableUnprivileged", .go_name = "BPFDisableUnprivileged", .type = &kBool, .pointer = true},
    {.name = "bpfJITHardening",
     .go_name = "BPFJITHardening",
     .type = &kText,
     .schema = &kExact<kJitHardening>,
     .pointer = true},
    {.name = "bpfLogLevel", .go_name = "BPFLogLevel", .type = &kText, .schema = &kWord<kBpfLogWords>},
    {.name = "bpfConntrackLogLevel",
     .go_name = "BPFConntrackLogLevel",
     .type = &kText,
     .schema = &kExact<kConntrackLogLevels>},
    {.name = "bpfLogFilters",
     .go_name = "BPFLogFilters",
     .type = &kTextMap,
     .tag = &kBpfLogFilters,
     .pointer = true},
    {.name = "bpfCTLBLogFilter", .go_name = "BPFCTLBLogFilter", .type = &kText},
    {.name = "bpfDataIfacePattern", .go_name = "BPFDataIfacePattern", .type = &kText, .tag = &tag::kRegexp},
    {.name = "bpfL3IfacePattern", .go_name = "BPFL3IfacePattern", .type = &kText, .tag = &tag::kRegexp},
    {.name = "bpfConnectTimeLoadBalancingEnabled",
     .go_name = "BPFConnectTimeLoadBalancingEnabled",
     .type = &kBool,
     .pointer = true},
    {.name = "bpfConnectTimeLoadBalancing",
     .go_name = "BPFConnectTimeLoadBalancing",
     .type = &kText,
     .tag = &tag::kOneOf<kConnectTimeModes>,
     .pointer = true},
    {.name = "bpfHostNetworkedNATWithoutCTLB",
     .go_name = "BPFHostNetworkedNATWithoutCTLB",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>,
     .pointer = true},
    {.name = "bpfExternalServiceMode",
     .go_name = "BPFExternalServiceMode",
     .type = &kText,
     .schema = &kWord<kServiceModeWords>},
    {.name = "bpfDSROptoutCIDRs",
     .go_name = "BPFDSROptoutCIDRs",
     .type = &kTextList,
     .tag = &tag::kCidrs,
     .pointer = true},
    {.name = "bpfExtToServiceConnmark",
     .go_name = "BPFExtToServiceConnmark",
     .type = &kInt,
     .tag = &tag::kRange<0, 4294967295>,
     .pointer = true},
    {.name = "bpfKubeProxyIptablesCleanupEnabled",
     .go_name = "BPFKubeProxyIptablesCleanupEnabled",
     .type = &kBool,
     .pointer = true},
    {.name = "bpfKubeProxyMinSyncPeriod",
     .go_name = "BPFKubeProxyMinSyncPeriod",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "bpfKubeProxyHealthzPort", .go_name = "BPFKubeProxyHealthzPort", .type = &kInt, .pointer = true},
    {.name = "bpfKubeProxyEndpointSlicesEnabled",
     .go_name = "BPFKubeProxyEndpointSlicesEnabled",
     .type = &kBool,
     .pointer = true},
    {.name = "bpfPSNATPorts", .go_name = "BPFPSNATPorts", .type = &kPort, .pointer = true},
    {.name = "bpfMapSizeNATFrontend", .go_name = "BPFMapSizeNATFrontend", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizeNATBackend", .go_name = "BPFMapSizeNATBackend", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizeNATAffinity", .go_name = "BPFMapSizeNATAffinity", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizeRoute", .go_name = "BPFMapSizeRoute", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizeConntrack", .go_name = "BPFMapSizeConntrack", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizePerCpuConntrack",
     .go_name = "BPFMapSizePerCPUConntrack",
     .type = &kInt,
     .pointer = true},
    {.name = "bpfMapSizeConntrackScaling",
     .go_name = "BPFMapSizeConntrackScaling",
     .type = &kText,
     .schema = &kWord<kScalingWords>},
    {.name = "bpfMapSizeConntrackCleanupQueue",
     .go_name = "BPFMapSizeConntrackCleanupQueue",
     .type = &kInt,
     .schema = &kAtLeastOne,
     .pointer = true},
    {.name = "bpfMapSizeIPSets", .go_name = "BPFMapSizeIPSets", .type = &kInt, .pointer = true},
    {.name = "bpfMapSizeIfState", .go_name = "BPFMapSizeIfState", .type = &kInt, .pointer = true},
    {.name = "bpfHostConntrackBypass", .go_name = "BPFHostConntrackBypass", .type = &kBool, .pointer = true},
    {.name = "bpfEnforceRPF", .go_name = "BPFEnforceRPF", .type = &kText, .schema = &kWord<kRpfModeWords>},
    {.name = "bpfPolicyDebugEnabled", .go_name = "BPFPolicyDebugEnabled", .type = &kBool, .pointer = true},
    {.name = "bpfForceTrackPacketsFromIfaces",
     .go_name = "BPFForceTrackPacketsFromIfaces",
     .type = &kTextList,
     .tag = &tag::kIfaceFilters,
     .pointer = true},
    {.name = "bpfDisableGROForIfaces",
     .go_name = "BPFDisableGROForIfaces",
     .type = &kText,
     .tag = &tag::kRegexp},
    {.name = "bpfExcludeCIDRsFromNAT",
     .go_name = "BPFExcludeCIDRsFromNAT",
     .type = &kTextList,
     .tag = &tag::kCidrs,
     .pointer = true},
    {.name = "bpfRedirectToPeer",
     .go_name = "BPFRedirectToPeer",
     .type = &kText,
     .schema = &kExact<kRedirectModes>},
    {.name = "bpfAttachType",
     .go_name = "BPFAttachType",
     .type = &kText,
     .schema = &kExact<kAttachTypes>,
     .pointer = true},
    {.name = "bpfProfiling", .go_name = "BPFProfiling", .type = &kText, .schema = &kEnabledOrDisabled},
    {.name = "bpfExportBufferSizeMB", .go_name = "BPFExportBufferSizeMB", .type = &kInt, .pointer = true},
    {.name = "bpfConntrackMode",
     .go_name = "BPFConntrackMode",
     .type = &kText,
     .schema = &kExact<kConntrackModes>,
     .pointer = true},
    {.name = "bpfConntrackTimeouts",
     .go_name = "BPFConntrackTimeouts",
     .type = &kConntrackTimeoutsType,
     .pointer = true},
    {.name = "bpfMaglevMaxEndpointsPerService",
     .go_name = "BPFMaglevMaxEndpointsPerService",
     .type = &kInt,
     .pointer = true},
    {.name = "bpfMaglevMaxServices", .go_name = "BPFMaglevMaxServices", .type = &kInt, .pointer = true},
    {.name = "flowLogsCollectorDebugTrace", .type = &kBool, .pointer = true},
    {.name = "flowLogsFlushInterval", .type = &kDuration, .schema = &kPlainDuration, .pointer = true},
    {.name = "flowLogsGoldmaneServer", .type = &kText, .pointer = true},
    {.name = "flowLogsLocalReporter", .type = &kText, .schema = &kEnabledOrDisabled, .pointer = true},
    {.name = "flowLogsPolicyEvaluationMode",
     .type = &kText,
     .schema = &kExact<kEvaluationModes>,
     .pointer = true},
    {.name = "routeSource",
     .type = &kText,
     .schema = &kWord<kRouteSourceWords>,
     .default_value = "\"CalicoIPAM\""},
    {.name = "routeTableRanges", .type = &kTableIdRanges, .pointer = true},
    {.name = "routeTableRange", .type = &kTableRangeType, .pointer = true},
    {.name = "routeSyncDisabled", .type = &kBool, .pointer = true},
    {.name = "wireguardEnabled", .type = &kBool, .pointer = true},
    {.name = "wireguardEnabledV6", .type = &kBool, .pointer = true},
    {.name = "wireguardThreadingEnabled", .type = &kBool, .pointer = true},
    {.name = "wireguardListeningPort",
     .type = &kInt,
     .tag = &tag::kAboveUpTo<0, 65535>,
     .pointer = true,
     .default_value = "51820"},
    {.name = "wireguardListeningPortV6",
     .type = &kInt,
     .tag = &tag::kAboveUpTo<0, 65535>,
     .pointer = true,
     .default_value = "51821"},
    {.name = "wireguardRoutingRulePriority",
     .type = &kInt,
     .tag = &tag::kAboveUpTo<0, 32765>,
     .pointer = true},
    {.name = "wireguardInterfaceName", .type = &kText, .tag = &tag::kInterface},
    {.name = "wireguardInterfaceNameV6", .type = &kText, .tag = &tag::kInterface},
    {.name = "wireguardMTU", .type = &kInt, .pointer = true},
    {.name = "wireguardMTUV6", .type = &kInt, .pointer = true},
    {.name = "wireguardHostEncryptionEnabled", .type = &kBool, .pointer = true},
    {.name = "wireguardKeepAlive",
     .go_name = "WireguardPersistentKeepAlive",
     .type = &kDuration,
     .schema = &kPlainDuration,
     .pointer = true},
    {.name = "awsSrcDstCheck",
     .go_name = "AWSSrcDstCheck",
     .type = &kText,
     .tag = &tag::kOneOf<kAwsChecks>,
     .pointer = true},
    {.name = "serviceLoopPrevention", .type = &kText, .tag = &tag::kOneOf<kLoopPrevention>},
    {.name = "workloadSourceSpoofing", .type = &kText, .tag = &tag::kOneOf<kSpoofing>},
    {.name = "mtuIfacePattern", .go_name = "MTUIfacePattern", .type = &kText, .tag = &tag::kRegexp},
    {.name = "floatingIPs", .type = &kText, .schema = &kEnabledOrDisabled, .pointer = true},
    {.name = "windowsManageFirewallRules",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>,
     .pointer = true},
    {.name = "goGCThreshold", .type = &kInt, .tag = &tag::kNotBelow<-1>, .pointer = true},
    {.name = "goMemoryLimitMB", .type = &kInt, .tag = &tag::kNotBelow<-1>, .pointer = true},
    {.name = "goMaxProcs", .type = &kInt, .tag = &tag::kNotBelow<-1>, .pointer = true},
    {.name = "requireMTUFile", .type = &kBool, .pointer = true},
    {.name = "nodeSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "istioAmbientMode", .type = &kText, .schema = &kEnabledOrDisabled, .pointer = true},
    {.name = "istioDSCPMark", .type = &kIntOrText, .pointer = true},
};

void check_external_nodes(const Json& spec, Report& report) {
  const Json& nodes = get_list(spec, "externalNodesList");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto cidr = parse_cidr_or_ip(nodes[i].is_string() ? nodes[i].get<std::string>() : std::string());
    const std::string member = "externalNodesList/" + std::to_string(i);
    if (!cidr) {
      report.go(member, "ExternalNodesCIDRList", nodes[i], "has invalid CIDR(s)");
    } else if (cidr->family() != net::Family::ipv4) {
      report.go(member, "ExternalNodesCIDRList", nodes[i], "has invalid IPv6 CIDR");
    }
  }
}

void felix_spec_rules(const Json& spec, Report& report) {
  constexpr std::size_t kRegionMax = 63 - std::string_view("openstack-region-").size();
  constexpr double kTablesMax = 0xFFFF;
  const Json& node_ports = get_list(spec, "kubeNodePortRanges");
  for (const Json& port : node_ports) {
    const auto range = parse_port(port.is_string() ? port.get<std::string>() : std::string("1"));
    if (range && !range->name.empty()) {
      report.go("kubeNodePortRanges", "KubeNodePortRanges", node_ports,
                "node port ranges should not contain named ports");
    }
  }
  check_external_nodes(spec, report);
  const std::string& region = get_text(spec, "openstackRegion");
  if (region.size() > kRegionMax) {
    report.go("openstackRegion", "OpenstackRegion", Json(region), "is too long");
  } else if (!region.empty() && !is_dns_label(region)) {
    report.go("openstackRegion", "OpenstackRegion", Json(region), "must be a valid DNS label");
  }
  double tables = 0;
  for (const Json& range : get_list(spec, "routeTableRanges")) {
    tables += get_number(range, "max") - get_number(range, "min") + 1;
  }
  if (tables > kTablesMax) {
    report.go("routeTableRanges", "RouteTableRanges", get(spec, "routeTableRanges"),
              "targets too many tables");
  }
}

void check_family(const Json& spec, const char* field, net::Family family, Report& report) {
  const std::string& text = get_text(spec, field);
  const auto addr = parse_go_ip(text);
  if (!text.empty() && (!addr || addr->family() != family)) {
    report.crd("", "",
               std::string(field) + " must be a valid " + (family == net::Family::ipv4 ? "IPv4" : "IPv6") +
                   " address");
  }
}

void felix_spec_crd(const Json& spec, Report& report) {
  if (has(spec, "routeTableRange") && has(spec, "routeTableRanges")) {
    report.crd("", "", "routeTableRange and routeTableRanges cannot both be set");
  }
  check_family(spec, "natOutgoingAddress", net::Family::ipv4, report);
  check_family(spec, "deviceRouteSourceAddress", net::Family::ipv4, report);
  check_family(spec, "deviceRouteSourceAddressIPv6", net::Family::ipv6, report);
}

void felix_crd(const Json& document, Report& report) {
  const std::string& name = get_text(get(document, "metadata"), "name");
  const bool classic = name == "default" || name.compare(0, 5, "node.") == 0;
  if (classic && !get_text(get(document, "spec"), "nodeSelector").empty()) {
    report.crd("spec/nodeSelector", get(get(document, "spec"), "nodeSelector"),
               "nodeSelector must not be set on the 'default' or per-node ('node.*') FelixConfiguration");
  }
}

constexpr StructInfo kFelixSpec{"FelixConfigurationSpec", kFelixSpecFields, felix_spec_rules, felix_spec_crd};
constexpr TypeInfo kFelixSpecType = object_of(kFelixSpec);
constexpr auto kFelixFields = document_of(kFelixSpecType);
constexpr StructInfo kFelixDocument{"FelixConfiguration", kFelixFields, nullptr, felix_crd};
constexpr std::string_view kFelixNames[] = {"felixconfiguration", "felixconfigurations", "felixconfig",
                                            "felixconfigs"};
const Column kFelixColumns[] = {{"NAME", name_cell}};

}  // namespace

const KindInfo kFelixConfiguration{.kind = "FelixConfiguration",
                                   .api_version = kV3,
                                   .plural = "felixconfigurations",
                                   .names = kFelixNames,
                                   .object = &kFelixDocument,
                                   .columns = kFelixColumns,
                                   .headings = kNameHeading,
                                   .wide_headings = kNameHeading};

}  // namespace catflap::calico::tables
