#include "calico/model/convert_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace catflap::calico {
namespace {

constexpr std::size_t kQualifierDigits = 8;
constexpr std::string_view kV1NamespaceProfile = "k8s_ns.";

bool is_joint(char c) {
  return c == '.' || c == '-';
}

/// Names are octets here: one character outside ASCII is a run of foreign octets and becomes one dash too.
char lowered(char c) {
  if (c >= 'A' && c <= 'Z') {
    return static_cast<char>(c - 'A' + 'a');
  }
  return c == '/' ? '.' : c;
}

std::string without_foreign(std::string_view name) {
  std::string out;
  bool foreign_before = false;
  for (const char each : name) {
    const char c = lowered(each);
    const bool foreign = !is_joint(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9');
    if (!foreign) {
      out += c;
    } else if (!foreign_before) {
      out += '-';
    }
    foreign_before = foreign;
  }
  return out;
}

std::string normalized(std::string_view name) {
  const std::string clean = without_foreign(name);
  std::string out;
  for (std::size_t at = 0; at < clean.size();) {
    if (!is_joint(clean[at])) {
      out += clean[at++];
      continue;
    }
    const std::size_t begin = at;
    at = std::min(clean.find_first_not_of(".-", at), clean.size());
    const std::string_view joints = std::string_view(clean).substr(begin, at - begin);
    if (begin != 0 && at != clean.size()) {
      out += joints.find('.') == std::string_view::npos ? joints : ".";
    }
  }
  return out;
}

std::string qualified(std::string_view original, std::string name) {
  if (name != original) {
    name += '-' + to_hex(sha1(as_bytes(original))).substr(0, kQualifierDigits);
  }
  return name;
}

}  // namespace

std::string convert_node_name(std::string_view v1_name) {
  return normalized(v1_name);
}

std::string convert_name(std::string_view v1_name) {
  return qualified(v1_name, normalized(v1_name));
}

std::string convert_name_without_dots(std::string_view v1_name) {
  std::string name = normalized(v1_name);
  std::replace(name.begin(), name.end(), '.', '-');
  return qualified(v1_name, std::move(name));
}

std::string convert_profile_name(std::string_view v1_name) {
  if (v1_name.substr(0, kV1NamespaceProfile.size()) == kV1NamespaceProfile) {
    return convert_name("kns." + std::string(v1_name.substr(kV1NamespaceProfile.size())));
  }
  return convert_name(v1_name);
}

std::string address_name(const net::IpAddr& address) {
  if (address.is_v4()) {
    std::string name = net::to_string(address);
    std::replace(name.begin(), name.end(), '.', '-');
    return name;
  }
  std::string name;
  for (unsigned group = 0; group < 8; ++group) {
    const std::uint64_t half = group < 4 ? address.high() : address.low();
    name += fmt::format("{}{:04x}", group == 0 ? "" : "-", half >> 16U * (3U - group % 4U) & 0xFFFFU);
  }
  return name;
}

std::string cidr_name(const net::Prefix& cidr) {
  std::string name = net::to_string(cidr);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == ':' || c == '/'; }, '-');
  return name;
}

}  // namespace catflap::calico
