#include "calico/model/tables.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico::tables {

namespace {

const std::string& text(const Json& value) {
  static const std::string kEmpty;
  return value.is_string() ? value.get_ref<const std::string&>() : kEmpty;
}

bool all_alnum(std::string_view part, std::string_view others) {
  return std::all_of(part.begin(), part.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_container_id(std::string_view id) {
  return !id.empty() && all_alnum(id, "-") && id.front() != '-' && id.back() != '-';
}

/// An empty text passes: that is what Calico's ParseCIDROrIP does.
bool is_cidr(const Json& value, std::optional<net::Family> family, bool masked) {
  if (text(value).empty()) {
    return true;
  }
  const auto cidr = parse_cidr_or_ip(text(value));
  return cidr && (!family || cidr->family() == *family) && (!masked || cidr->strictly_masked());
}

bool is_address(const Json& value, net::Family family) {
  const auto addr = parse_go_ip(text(value));
  return addr && addr->family() == family;
}

bool is_pattern(const Json& value) {
  const std::string& pattern = text(value);
  return !pattern.empty() && pattern.size() <= 15 && all_alnum(pattern, "_.*-");
}

bool are_labels(const Json& value) {
  for (auto label = value.begin(); value.is_object() && label != value.end(); ++label) {
    if (!qualified_name_error(label.key()).empty() || !label_value_error(text(label.value())).empty()) {
      return false;
    }
  }
  return true;
}

/// 32 octets in base64.
bool is_wireguard_key(const Json& value) {
  const std::string& key = text(value);
  return key.size() == 44 && key.back() == '=' && all_alnum(std::string_view(key).substr(0, 43), "+/");
}

/// Enough of the syntax of Go's regular expressions to tell what regexp.Compile refuses: unbalanced brackets,
/// repetitions of nothing, a backslash at the end.
bool is_regexp(std::string_view pattern) {
  int open = 0;
  bool operand = false;   // something that may be repeated stands before
  bool repeated = false;  // and it is repeated already
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    switch (pattern[i]) {
      case '\\':
        if (++i == pattern.size()) {
          return false;
        }
        operand = true;
        repeated = false;
        break;
      case '[': {
        std::size_t end = i + 1 + (pattern.substr(i + 1, 1) == "^" ? 1 : 0);
        end = pattern.find(']', end + 1);
        if (end == std::string_view::npos) {
          return false;
        }
        i = end;
        operand = true;
        repeated = false;
        break;
      }
      case '(':
        ++open;
        if (pattern.substr(i + 1, 1) == "?") {
          const std::size_t end = pattern.find_first_not_of("?P<imsU-", i + 1);
          if (end == std::string_view::npos) {
            return false;
          }
          i = pattern[end] == ':' ? end : i + 1;
        }
        operand = false;
        repeated = false;
        break;
      case ')':
        if (--open < 0) {
          return false;
        }
        operand = true;
        repeated = false;
        break;
      case '|':
        operand = false;
        repeated = false;
        break;
      case '*':
      case '+':
      case '?': {
        // "a*?" is a lazy repetition, "a**" is refused.
        const bool lazy = pattern[i] == '?' && repeated;
        if (!operand || (repeated && !lazy)) {
          return false;
        }
        operand = !lazy;
        repeated = true;
        break;
      }
      default:
        operand = true;
        repeated = false;
    }
  }
  return open == 0;
}

/// "key=value" joined by commas, blanks before a key, empty parts allowed.
bool is_key_value_list(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    const std::size_t equals = item.find('=');
    if (!item.empty() &&
        (equals == std::string_view::npos || equals == 0 || !all_alnum(item.substr(0, equals), "_"))) {
      return false;
    }
  }
  return true;
}

bool is_host(const Json& value, std::size_t longest) {
  return !text(value).empty() && text(value).size() <= longest && all_alnum(text(value), ":._+-");
}

bool is_selector(const Json& value) {
  return Selector::parse(text(value)).has_value();
}

}  // namespace

namespace tag {

const Tag kName{"name", [](const Json& v) { return is_dns_subdomain(text(v)); }};
const Tag kContainerId{"containerID", [](const Json& v) { return is_container_id(text(v)); }};
const Tag kSelector{"selector", is_selector};
const Tag kLabels{"labels", are_labels};
const Tag kNet{"net", [](const Json& v) { return is_cidr(v, std::nullopt, true); }};
const Tag kNetV4{"netv4", [](const Json& v) { return is_cidr(v, net::Family::ipv4, true); }};
const Tag kNetV6{"netv6", [](const Json& v) { return is_cidr(v, net::Family::ipv6, true); }};
const Tag kCidr{"cidr", [](const Json& v) { return is_cidr(v, std::nullopt, false); }};
const Tag kCidrV4{"cidrv4", [](const Json& v) { return is_cidr(v, net::Family::ipv4, false); }};
const Tag kCidrV6{"cidrv6", [](const Json& v) { return is_cidr(v, net::Family::ipv6, false); }};
const Tag kCidrs{"cidrs", [](const Json& v) {
                   return std::all_of(v.begin(), v.end(),
                                      [](const Json& one) { return is_cidr(one, std::nullopt, false); });
                 }};
const Tag kIpV4{"ipv4", [](const Json& v) { return is_address(v, net::Family::ipv4); }};
const Tag kIpV6{"ipv6", [](const Json& v) { return is_address(v, net::Family::ipv6); }};
const Tag kIpPort{"IP:port", [](const Json& v) { return parse_peer_ip(text(v)).has_value(); }};
const Tag kReachableBy{"reachableBy", [](const Json& v) { return parse_go_ip(text(v)).has_value(); }};
const Tag kMac{"mac", [](const Json& v) { return is_mac(text(v)); }};
const Tag kInterface{"interface", [](const Json& v) { return text(v) == "*" || is_interface_name(text(v)); }};
const Tag kFilterInterface{"bgpFilterInterface", is_pattern};
const Tag kIgnoredInterface{"ignoredInterface",
                            [](const Json& v) { return text(v) != "*" && is_pattern(v); }};
const Tag kPortName{"portName", [](const Json& v) { return is_port_name(text(v)); }};
const Tag kWireguardKey{"wireguardPublicKey", is_wireguard_key};
const Tag kPrometheusHost{"prometheusHost", [](const Json& v) { return is_host(v, 64); }};
const Tag kIfaceFilter{"ifaceFilter", [](const Json& v) { return is_host(v, 15); }};
const Tag kIfaceFilters{"ifaceFilterSlice", [](const Json& v) {
                          return std::all_of(v.begin(), v.end(),
                                             [](const Json& one) { return is_host(one, 15); });
                        }};
const Tag kRegexp{"regexp", [](const Json& v) { return is_regexp(text(v)); }};
const Tag kKeyValueList{"keyValueList", [](const Json& v) { return is_key_value_list(text(v)); }};
const Tag kIp{"ip", [](const Json& v) { return parse_go_ip(text(v)).has_value(); }};
const Tag kUnique{"unique", [](const Json& v) {
                    for (auto item = v.begin(); item != v.end(); ++item) {
                      if (std::find(v.begin(), item, *item) != item) {
                        return false;
                      }
                    }
                    return true;
                  }};

bool at_least(const Json& value, double low) {
  return value.is_number() && value.get<double>() >= low;
}
bool at_most(const Json& value, double high) {
  return value.is_number() && value.get<double>() <= high;
}
bool is_word(const Json& value, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), std::string_view(text(value))) != words.end();
}

const Tag kIpType{"ipType", [](const Json& v) {
                    return text(v) == "CalicoNodeIP" || text(v) == "InternalIP" || text(v) == "ExternalIP";
                  }};
const Tag kMustBeNil{"mustBeNil", [](const Json& v) { return v.is_null(); }};
const Tag kMustBeFalse{"mustBeFalse", [](const Json& v) { return v != Json(true); }};

}  // namespace tag

// --- types
// -----------------------------------------------------------------------------------------------------

namespace {

/// numorstring.Port, a struct of its own in Go.
void port_rules(const Json& value, Report& report) {
  constexpr std::string_view kRange = "port range invalid, port number must be between 1 and 65535";
  if (value.is_number()) {
    if (value == 0U) {
      report.go("", "Port", value, kRange);
    }
    return;
  }
  const auto port = parse_port(text(value));
  if (!port) {
    report.go("", "Port", value, port.error().message);
  } else if (port->name.empty()) {
    if (port->low < 1) {
      report.go("", "Port", Json(port->low), kRange);
    }
  } else if (!is_port_name(port->name)) {
    report.go("", "PortName", value, "Reason: failed to validate Field: PortName because of Tag: portName ");
  }
}

/// numorstring.Protocol: 1-255 or one of the names.
void protocol_rules(const Json& value, Report& report) {
  constexpr std::array<std::string_view, 6> kNames = {"TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"};
  if (value.is_number()) {
    if (value == 0U) {
      report.go("", "Protocol", value, "protocol number invalid");
    }
  } else if (std::find(kNames.begin(), kNames.end(), text(value)) == kNames.end()) {
    report.go("", "Protocol", value, "protocol name invalid");
  }
}

}  // namespace

const TypeInfo kPort{.shape = Shape::port, .rules = port_rules};
const TypeInfo kProtocol{.shape = Shape::protocol, .rules = protocol_rules};
const TypeInfo kNet{.shape = Shape::text, .tag = &tag::kNet};
const TypeInfo kName{.shape = Shape::text, .tag = &tag::kName};

const Schema kCidrFormat{.matches =
                             [](std::string_view text) {
                               const auto cidr = parse_cidr(text);
                               return cidr && cidr->strictly_masked();
                             },
                         .format = "cidr"};

// --- metadata
// --------------------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kAnnotationOctetsMax = 256U << 10U;

constexpr FieldInfo kObjectMetaFields[] = {
    {.name = "name", .type = &kText, .doc = "unique among the resources of the kind, and of the namespace"},
    {.name = "generateName", .type = &kText},
    {.name = "namespace", .type = &kText},
    {.name = "selfLink", .type = &kText},
    {.name = "uid", .go_name = "UID", .type = &kText},
    {.name = "resourceVersion",
     .type = &kText,
     .doc = "changes with every write; given, a write must be of it"},
    {.name = "generation", .type = &kInt},
    {.name = "creationTimestamp", .type = &kTime},
    {.name = "deletionTimestamp", .type = &kTime, .pointer = true},
    {.name = "deletionGracePeriodSeconds", .type = &kInt, .pointer = true},
    {.name = "labels", .type = &kTextMap},
    {.name = "annotations", .type = &kTextMap},
    {.name = "ownerReferences", .type = &kAnyList},
    {.name = "finalizers", .type = &kTextList},
    {.name = "clusterName", .type = &kText},
    {.name = "managedFields", .type = &kAnyList},
};

}  // namespace

void check_annotations(const Json& object, Report& report) {
  const Json& annotations = get(object, "annotations");
  std::size_t octets = 0;
  for (auto entry = annotations.begin(); annotations.is_object() && entry != annotations.end(); ++entry) {
    std::string key = entry.key();
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string error = qualified_name_error(key);
    if (!error.empty()) {
      report.go("annotations", "Metadata.Annotations (key)", Json(entry.key()), error);
    }
    octets += key.size() + text(entry.value()).size();
  }
  if (octets > kAnnotationOctetsMax) {
    report.go("annotations", "Metadata.Annotations (key)", Json(""),
              "total size of annotations is too large by " + std::to_string(octets - kAnnotationOctetsMax) +
                  " bytes");
  }
}

void check_labels(const Json& object, Report& report) {
  const Json& labels = get(object, "labels");
  for (auto label = labels.begin(); labels.is_object() && label != labels.end(); ++label) {
    const std::string key_error = qualified_name_error(label.key());
    if (!key_error.empty()) {
      report.go("labels", "Metadata.Labels (label)", Json(label.key()), key_error);
    }
    const std::string value_error = label_value_error(text(label.value()));
    if (!value_error.empty()) {
      report.go("labels", "Metadata.Labels (value)", label.value(), value_error);
    }
  }
}

void check_name_length(const Json& metadata, std::size_t maximum, Report& report) {
  const std::string& name = get_text(metadata, "name");
  if (name.size() > maximum) {
    report.go("name", "Metadata.Name", Json(name),
              "name is too long by " + std::to_string(name.size() - maximum) + " bytes");
  }
}

namespace {

constexpr std::string_view kLabelNameError =
    "name must consist of lower case alphanumeric characters or '-' (regex: [a-z0-9]([-a-z0-9]*[a-z0-9])?)";

void refuse_name(const Json& metadata, std::string_view reason, Report& report) {
  report.go("name", "Metadata.Name", Json(get_text(metadata, "name")), reason);
}

void object_meta_rules(const Json& metadata, Report& report) {
  check_name_length(metadata, kNameLengthMax, report);
  if (!is_dns_subdomain(get_text(metadata, "name"))) {
    refuse_name(metadata,
                "name must consist of lower case alphanumeric characters, '-' or '.' (regex: "
                "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)",
                report);
  }
  check_annotations(metadata, report);
  check_labels(metadata, report);
}

/// One label, or two joined by a dot.
bool is_policy_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos
             ? is_dns_label(name)
             : is_dns_label(name.substr(0, dot)) && is_dns_label(name.substr(dot + 1));
}

void policy_meta_rules(const Json& metadata, Report& report) {
  const std::string_view name = get_text(metadata, "name");
  check_name_length(metadata, kNameLengthMax, report);
  bool good = is_policy_name(name);
  for (const std::string_view prefix : {"knp.default.", "ossg.default."}) {
    good = good || (name.substr(0, prefix.size()) == prefix && is_dns_subdomain(name.substr(prefix.size())));
  }
  if (!good) {
    refuse_name(metadata, kLabelNameError, report);
  }
  check_annotations(metadata, report);
  check_labels(metadata, report);
}

void global_policy_meta_rules(const Json& metadata, Report& report) {
  check_name_length(metadata, kNameLengthMax, report);
  if (!is_policy_name(get_text(metadata, "name"))) {
    refuse_name(metadata, kLabelNameError, report);
  }
  check_annotations(metadata, report);
  check_labels(metadata, report);
}

void tier_meta_rules(const Json& metadata, Report& report) {
  constexpr std::size_t kLabelLengthMax = 63;
  check_name_length(metadata, kLabelLengthMax, report);
  if (!is_dns_label(get_text(metadata, "name"))) {
    refuse_name(metadata, kLabelNameError, report);
  }
  check_annotations(metadata, report);
  check_labels(metadata, report);
}

constexpr StructInfo kObjectMeta{"ObjectMeta", kObjectMetaFields, object_meta_rules};
constexpr StructInfo kPolicyMeta{"ObjectMeta", kObjectMetaFields, policy_meta_rules};
constexpr StructInfo kGlobalPolicyMeta{"ObjectMeta", kObjectMetaFields, global_policy_meta_rules};
constexpr StructInfo kTierMeta{"ObjectMeta", kObjectMetaFields, tier_meta_rules};
constexpr StructInfo kPlainMeta{"ObjectMeta", kObjectMetaFields};

constexpr std::array<std::string_view, 3> kConditionStates = {"True", "False", "Unknown"};
constexpr Schema kConditionState = one_of(kConditionStates);
constexpr FieldInfo kConditionFields[] = {
    {.name = "type", .type = &kText, .required = true, .always = true},
    {.name = "status", .type = &kText, .schema = &kConditionState, .required = true, .always = true},
    {.name = "observedGeneration", .type = &kInt},
    {.name = "lastTransitionTime", .type = &kTime, .required = true, .always = true},
    {.name = "reason", .type = &kText, .required = true, .always = true},
    {.name = "message", .type = &kText, .required = true, .always = true},
};
constexpr StructInfo kCondition{"Condition", kConditionFields};
constexpr TypeInfo kConditionType = object_of(kCondition);
constexpr FieldInfo kSecretKeyFields[] = {
    {.name = "name",
     .type = &kText,
     .write_default = "\"\"",
     .doc = "of the Secret, in the namespace of calico-node"},
    {.name = "key", .type = &kText, .required = true, .always = true, .doc = "which of its values"},
    {.name = "optional", .type = &kBool, .pointer = true},
};
constexpr StructInfo kSecretKey{"SecretKeySelector", kSecretKeyFields};
constexpr TypeInfo kSecretKeyType = object_of(kSecretKey);
constexpr FieldInfo kPasswordFields[] = {
    {.name = "secretKeyRef", .type = &kSecretKeyType, .pointer = true},
};
constexpr StructInfo kPassword{"BGPPassword", kPasswordFields};

}  // namespace

const TypeInfo kMetadata = object_of(kObjectMeta);
const TypeInfo kPolicyMetadata = object_of(kPolicyMeta);
const TypeInfo kGlobalPolicyMetadata = object_of(kGlobalPolicyMeta);
const TypeInfo kTierMetadata = object_of(kTierMeta);
const TypeInfo kPlainMetadata = object_of(kPlainMeta);
const TypeInfo kConditions = list_of(kConditionType);
const TypeInfo kSecretKeyRef = object_of(kPassword);

// --- columns
// ---------------------------------------------------------------------------------------------------

std::string name_cell(const Resource& resource, const CellContext& /*context*/) {
  return resource.name();
}

std::string join_cell(const std::vector<std::string>& texts) {
  constexpr std::size_t kWidthMax = 80;
  std::string joined;
  for (const std::string& one : texts) {
    joined += (joined.empty() ? "" : ",") + one;
  }
  return joined.size() > kWidthMax ? joined.substr(0, kWidthMax - 3) + "..." : joined;
}

std::string list_cell(const Resource& resource, std::string_view pointer) {
  std::vector<std::string> texts;
  if (const Json* list = resource.find(pointer)) {
    for (const Json& one : *list) {
      texts.push_back(go_value(one));
    }
  }
  return join_cell(texts);
}

std::string value_cell(const Resource& resource, std::string_view pointer, std::string_view absent) {
  const Json* value = resource.find(pointer);
  return value == nullptr || value->is_null() ? std::string(absent) : go_value(*value);
}

}  // namespace catflap::calico::tables
