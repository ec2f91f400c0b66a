#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"
#include "sample_data.hpp"

/// Reading the samples of BGP messages.
namespace catflap::bgp::wire::samples {

using nlohmann::json;

inline Bytes hex(const std::string& text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != ' '; });
  return from_hex(digits).value_or(Bytes{});
}

inline Bytes frame(std::uint8_t type, BytesView body) {
  ByteSink out;
  const std::size_t begin = detail::begin_message(type, out);
  out.bytes(body);
  detail::finish_message(begin, out);
  return out.release();
}

inline std::optional<AfiSafi> family_of(const std::string& name) {
  static const std::map<std::string, AfiSafi> kNames{{"ipv4 unicast", kIpv4Unicast},
                                                     {"ipv6 unicast", kIpv6Unicast}};
  const auto found = kNames.find(name);
  return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

inline std::string text(const Nlri& nlri) {
  return net::to_string(nlri.prefix) + (nlri.path_id == 0 ? "" : "#" + std::to_string(nlri.path_id));
}
inline std::vector<std::string> texts(const std::vector<Nlri>& list) {
  std::vector<std::string> out;
  std::transform(list.begin(), list.end(), std::back_inserter(out),
                 [](const Nlri& each) { return text(each); });
  return out;
}

inline net::AsPath path_of(const json& segments) {
  static const std::map<std::string, net::AsSegmentType> kTypes{
      {"set", net::AsSegmentType::set},
      {"sequence", net::AsSegmentType::sequence},
      {"confed-sequence", net::AsSegmentType::confed_sequence},
      {"confed-set", net::AsSegmentType::confed_set}};
  net::AsPath path;
  for (const json& segment : segments) {
    for (const auto& [type, asns] : segment.items()) {
      path.segments.push_back({kTypes.at(type), asns.get<std::vector<std::uint32_t>>()});
    }
  }
  return path;
}

/// The verdict in the words of the samples.
inline std::string verdict(const tl::expected<Message, DecodeError>& result) {
  if (!result) {
    const Notification& notification = result.error().notification;
    return result.error().silent ? "close"
                                 : fmt::format("reset {}/{}", notification.code, notification.subcode);
  }
  const auto* update = std::get_if<Update>(&*result);
  if (update == nullptr || (update->announced.empty() && update->errors.empty())) {
    return "ignore";
  }
  if (update->has_error(Severity::treat_as_withdraw)) {
    return "withdraw";
  }
  return update->has_error(Severity::attribute_discard) ? "discard" : "accept";
}

}  // namespace catflap::bgp::wire::samples
