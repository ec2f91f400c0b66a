#include "calico/model/legacy_types.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "calico/model/report.hpp"
#include "calico/model/selector.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico::v1 {
namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::size_t kLabelKeyMax = 512;
constexpr std::size_t kLabelValueMax = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view others, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [others](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_label_value(std::string_view text) {
  if (text.empty()) {
    return true;
  }
  return consists_of(text, "_.-", kLabelValueMax) && is_letter_or_digit(text.front()) &&
         is_letter_or_digit(text.back());
}

const std::string& text_of(const Json& value) {
  static const std::string none;
  return value.is_string() ? value.get_ref<const std::string&>() : none;
}

bool holds_name(const Json& value) {
  return is_name(text_of(value));
}
bool holds_namespaced_name(const Json& value) {
  return consists_of(text_of(value), "_.-/", kNameMax);
}
bool holds_labels(const Json& value) {
  for (auto label = value.begin(); label != value.end(); ++label) {
    if (!consists_of(label.key(), "_./-", kLabelKeyMax) || !is_label_value(text_of(label.value()))) {
      return false;
    }
  }
  return true;
}
bool holds_selector(const Json& value) {
  return Selector::parse(text_of(value)).has_value();
}
bool holds_interface(const Json& value) {
  return text_of(value) == "*" || is_interface_name(text_of(value));
}
bool holds_ip_version(const Json& value) {
  return value == 4 || value == 6;
}
template <int Maximum>
bool holds_up_to(const Json& value) {
  return value.is_number_integer() && value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() <= Maximum;
}
bool holds_positive(const Json& value) {
  return value.is_number_integer() && value.get<std::int64_t>() > 0;
}
bool holds_cidr(const Json& value) {
  return ip_version(value) != 0;
}
bool holds_address(const Json& value) {
  return parse_go_ip(text_of(value)).has_value();
}
bool holds_mac(const Json& value) {
  return is_mac(text_of(value));
}

constexpr Tag kNameTag{"name", holds_name};
constexpr Tag kNamespacedNameTag{"namespacedName", holds_namespaced_name};
constexpr Tag kTagTag{"tag", holds_name};
constexpr Tag kLabelsTag{"labels", holds_labels};
constexpr Tag kSelectorTag{"selector", holds_selector};
constexpr Tag kInterfaceTag{"interface", holds_interface};
constexpr Tag kIpVersionTag{"ipVersion", holds_ip_version};
constexpr Tag kIcmpTypeTag{"lte", holds_up_to<254>};
constexpr Tag kIcmpCodeTag{"lte", holds_up_to<255>};
constexpr Tag kPortNumberTag{"gt", holds_positive};
constexpr Tag kCidrTag{"cidr", holds_cidr, "invalid CIDR address"};
constexpr Tag kAddressTag{"ip", holds_address, "invalid IP address"};
constexpr Tag kMacTag{"mac", holds_mac};

void check_protocol(const Json& protocol, Report& report) {
  static constexpr std::array<const char*, 6> kNames = {"tcp", "udp", "icmp", "icmpv6", "sctp", "udplite"};
  if (protocol.is_number()) {
    const double number = protocol.get<double>();
    if (number < 1 || number > 255) {
      report.go("", "Protocol", protocol, "protocol number invalid");
    }
  } else if (std::find(kNames.begin(), kNames.end(), text_of(protocol)) == kNames.end()) {
    report.go("", "Protocol", protocol, "protocol name invalid");
  }
}

void check_port(const Json& port, Report& report) {
  const auto range = port.is_number() ? parse_port(port.dump()) : parse_port(text_of(port));
  if (!range) {
    report.go("", "Port", port, range.error().message);
  } else if (range->name.empty() && (range->low < 1 || range->high < 1)) {
    report.go("", "Port", port, "port range invalid, port number must be between 0 and 65536");
  }
}

constexpr TypeInfo kPort{.shape = Shape::port, .rules = check_port};

}  // namespace

constexpr TypeInfo kName{.tag = &kNameTag};
constexpr TypeInfo kNamespacedName{.tag = &kNamespacedNameTag};
constexpr TypeInfo kNamespacedNames{.shape = Shape::list, .items = &kNamespacedName};
constexpr TypeInfo kTag{.tag = &kTagTag};
constexpr TypeInfo kTags{.shape = Shape::list, .items = &kTag};
constexpr TypeInfo kLabels{.shape = Shape::map, .items = &tables::kText, .tag = &kLabelsTag};
constexpr TypeInfo kSelector{.tag = &kSelectorTag};
constexpr TypeInfo kInterface{.tag = &kInterfaceTag};
constexpr TypeInfo kIpVersion{.shape = Shape::integer, .tag = &kIpVersionTag};
constexpr TypeInfo kIcmpType{.shape = Shape::integer, .tag = &kIcmpTypeTag};
constexpr TypeInfo kIcmpCode{.shape = Shape::integer, .tag = &kIcmpCodeTag};
constexpr TypeInfo kProtocol{.shape = Shape::protocol, .rules = check_protocol};
constexpr TypeInfo kPorts{.shape = Shape::list, .items = &kPort};
constexpr TypeInfo kPortNumber{
    .shape = Shape::integer, .tag = &kPortNumberTag, .low = 0, .high = 65535, .go_type = "uint16"};
constexpr TypeInfo kCidr{.tag = &kCidrTag};
constexpr TypeInfo kCidrs{.shape = Shape::list, .items = &kCidr};
constexpr TypeInfo kAddress{.tag = &kAddressTag};
constexpr TypeInfo kAddresses{.shape = Shape::list, .items = &kAddress};
constexpr TypeInfo kMac{.tag = &kMacTag};

bool is_name(std::string_view text) {
  return consists_of(text, "_.-", kNameMax);
}

void require_name(const Json& object, std::string_view member, std::string_view go_name, Report& report) {
  if (get_text(object, member).empty()) {
    const std::string field(go_name);
    report.go(member, field, "", "Reason: failed to validate Field: " + field + " because of Tag: name ");
  }
}

int ip_version(const Json& text) {
  const auto cidr = parse_cidr_or_ip(text_of(text));
  if (!cidr) {
    return 0;
  }
  return cidr->address.is_v4() ? 4 : 6;
}

bool has_ports(const Json& protocol) {
  static const std::array<Json, 6> kProtocols = {"tcp", "udp", "sctp", 6, 17, 132};
  return std::find(kProtocols.begin(), kProtocols.end(), protocol) != kProtocols.end();
}

}  // namespace catflap::calico::v1
