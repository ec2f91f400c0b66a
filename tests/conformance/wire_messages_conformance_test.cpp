// The codec against messages with a known meaning.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"
#include "bgp/wire/framer.hpp"
#include "wire_samples.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace samples;

struct Session {
  DecodeContext decode;
  EncodeContext encode;
};

Session session_of(const json& session) {
  Session out;
  out.decode.as4 = session.at("as4");
  out.decode.extended_message = true;
  out.decode.families = {kIpv4Unicast, kIpv6Unicast};
  out.decode.internal = !session.contains("local_as") || session.at("local_as") == session.at("peer_as");
  for (const json& name : session.at("add_path")) {
    if (const auto family = family_of(name)) {
      out.decode.add_path.push_back(*family);
    }
  }
  for (const json& name : session.at("extended_next_hop")) {
    if (name.get<std::string>().rfind("ipv4 unicast", 0) == 0) {
      out.decode.extended_next_hop.push_back(kIpv4Unicast);
    }
  }
  out.encode.as4 = out.decode.as4;
  out.encode.extended_message = true;
  out.encode.internal = out.decode.internal;
  out.encode.add_path = out.decode.add_path;
  out.encode.extended_next_hop = out.decode.extended_next_hop;
  return out;
}

/// The prefixes of the unicast families in `field` ("announced", "withdrawn").
std::vector<std::string> prefixes(const json& message, const std::string& field) {
  std::vector<std::string> out;
  if (!message.contains(field)) {
    return out;
  }
  for (const auto& [family, list] : message.at(field).items()) {
    if (!family_of(family)) {
      continue;
    }
    for (const json& each : list) {
      const std::uint32_t id = each.is_object() ? each.at("path_id").get<std::uint32_t>() : 0;
      const std::string prefix = each.is_object() ? each.at("prefix") : each;
      out.push_back(prefix + (id == 0 ? "" : "#" + std::to_string(id)));
    }
  }
  return out;
}

std::uint32_t dotted(const std::string& text) {
  return net::IpAddr::parse(text).value().v4_value();
}

/// The attributes as the samples spell them, of the session's own families.
class ExpectedAttributes {
 public:
  ExpectedAttributes(const json& list, bool internal) : internal_(internal) {
    for (const json& each : list) {
      read(each);
    }
    std::sort(out_.unknown.begin(), out_.unknown.end());
  }
  const Attributes& get() const { return out_; }

 private:
  void read(const json& attribute) {
    const int type = attribute.at("type");
    const auto number = [&attribute] { return attribute.at("value").get<std::uint32_t>(); };
    if (type == attr_type::kOrigin) {
      const std::string name = attribute.at("origin");
      out_.origin = name == "igp" ? Origin::igp : name == "egp" ? Origin::egp : Origin::incomplete;
    } else if (type == attr_type::kAsPath) {
      out_.as_path = path_of(attribute.at("as_path"));
    } else if (type == attr_type::kNextHop) {
      if (!mp_) {
        out_.next_hop = net::IpAddr::parse(attribute.at("next_hop").get<std::string>()).value();
      }
    } else if (type == attr_type::kMed) {
      out_.med = number();
    } else if (type == attr_type::kLocalPref) {
      out_.local_pref = internal_ ? std::optional(number()) : std::nullopt;
    } else if (type == attr_type::kAtomicAggregate) {
      out_.atomic_aggregate = true;
    } else if (type == attr_type::kAggregator) {
      out_.aggregator = Aggregator{attribute.at("as"), dotted(attribute.at("address"))};
    } else if (type == attr_type::kMpReach) {
      read_mp_reach(attribute);
    } else if (type != attr_type::kMpUnreach) {
      read_lists(type, attribute);
    }
  }

  void read_mp_reach(const json& attribute) {
    if (!family_of(attribute.at("family"))) {
      return;
    }
    mp_ = true;
    const json& hops = attribute.at("next_hop");
    out_.next_hop = net::IpAddr::parse((hops.is_array() ? hops.at(0) : hops).get<std::string>()).value();
    if (hops.is_array() && hops.size() > 1) {
      out_.link_local_next_hop = net::IpAddr::parse(hops.at(1).get<std::string>()).value();
    }
  }

  void read_lists(int type, const json& attribute) {
    if (type == attr_type::kCommunity) {
      for (const std::string text : attribute.at("communities")) {
        const std::size_t colon = text.find(':');
        out_.communities.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(0, colon)) << 16U |
                                                              std::stoul(text.substr(colon + 1))));
      }
    } else if (type == attr_type::kExtCommunity) {
      for (const std::string text : attribute.at("ext_communities")) {
        out_.ext_communities.push_back(std::stoull(text, nullptr, 16));
      }
    } else if (type == attr_type::kLargeCommunity) {
      for (const std::string text : attribute.at("large_communities")) {
        net::LargeCommunity community;
        ASSERT_EQ(
            std::sscanf(text.c_str(), "%u:%u:%u", &community.global, &community.local1, &community.local2),
            3);
        out_.large_communities.push_back(community);
      }
    } else if (type == attr_type::kOriginatorId) {
      out_.originator_id = internal_ ? std::optional(dotted(attribute.at("originator_id"))) : std::nullopt;
    } else if (type == attr_type::kClusterList) {
      for (const std::string text : attribute.at("cluster_list")) {
        if (internal_) {
          out_.cluster_list.push_back(dotted(text));
        }
      }
    } else if ((std::stoul(attribute.at("flags").get<std::string>(), nullptr, 16) & detail::kTransitive) !=
               0) {
      UnknownAttribute unknown{0xE0, static_cast<std::uint8_t>(type), {}};
      for (const std::byte octet : hex(attribute.at("value_hex"))) {
        unknown.value.push_back(std::to_integer<std::uint8_t>(octet));
      }
      out_.unknown.push_back(std::move(unknown));
    }
  }

  bool internal_;
  bool mp_ = false;
  Attributes out_;
};

void expect_update(const Update& update, const json& expected, bool internal) {
  if (expected.contains("end_of_rib")) {
    EXPECT_EQ(update.end_of_rib, family_of(expected.at("end_of_rib")));
    EXPECT_TRUE(update.announced.empty());
    EXPECT_TRUE(update.withdrawn.empty());
    return;
  }
  EXPECT_FALSE(update.end_of_rib);
  EXPECT_EQ(texts(update.announced), prefixes(expected, "announced"));
  EXPECT_EQ(texts(update.withdrawn), prefixes(expected, "withdrawn"));
  const Attributes attributes =
      ExpectedAttributes(expected.value("attributes", json::array()), internal).get();
  EXPECT_EQ(update.attributes.origin, attributes.origin);
  EXPECT_EQ(update.attributes.as_path, attributes.as_path);
  EXPECT_EQ(update.attributes.next_hop, attributes.next_hop);
  EXPECT_EQ(update.attributes.communities, attributes.communities);
  EXPECT_EQ(update.attributes.unknown, attributes.unknown);
  EXPECT_TRUE(update.attributes == attributes) << "another attribute differs";
}

/// What an OPEN's capabilities come to when they are encoded again: code to values, in order.
std::multimap<int, std::string> capability_map(const json& capabilities) {
  std::multimap<int, std::string> out;
  for (const json& each : capabilities) {
    out.emplace(each.at("code").get<int>(), each.at("value_hex").get<std::string>());
  }
  return out;
}
std::multimap<int, std::string> capability_map(const Capabilities& capabilities) {
  std::multimap<int, std::string> out;
  ByteSink sink;
  detail::encode_capabilities(capabilities, sink);
  BytesView left = sink.view();
  left = left.subspan(std::min<std::size_t>(left.size(), left[0] == std::byte{255} ? 7 : 3));
  while (left.size() >= 2) {
    const auto size = std::to_integer<std::size_t>(left[1]);
    out.emplace(std::to_integer<int>(left[0]), to_hex(left.subspan(2, size)));
    left = left.subspan(2 + size);
  }
  return out;
}

void expect_open(const Open& open, const json& expected) {
  EXPECT_EQ(open.version, expected.at("version").get<int>());
  EXPECT_EQ(open.as2, expected.at("as").get<int>());
  EXPECT_EQ(open.hold_time_s, expected.at("hold_time").get<int>());
  EXPECT_EQ(net::router_id_to_string(open.router_id), expected.at("id").get<std::string>());
  EXPECT_TRUE(open.warnings.empty()) << open.warnings.front();
  auto theirs = capability_map(expected.at("capabilities"));
  auto ours = capability_map(open.capabilities);
  const auto names = theirs.equal_range(detail::capability::kHostName);  // the dot may be in another place
  theirs.erase(names.first, names.second);
  ours.erase(detail::capability::kHostName);
  EXPECT_EQ(ours, theirs);
}

/// Encodes and decodes; an UPDATE that became several messages is put together again.
Message again(const Message& message, const Session& session) {
  ByteSink out;
  EXPECT_TRUE(encode(message, session.encode, out));
  std::optional<Message> all;
  Framer framer;
  framer.set_extended(true);
  framer.push(out.view());
  while (true) {
    const auto next = framer.next();
    if (!next || !*next) {
      EXPECT_TRUE(next);
      break;
    }
    auto part = decode(**next, session.decode);
    if (!part) {
      ADD_FAILURE() << part.error().what;
      break;
    }
    if (!all) {
      all = std::move(*part);
    } else if (auto* update = std::get_if<Update>(&*all)) {
      const Update& more = std::get<Update>(*part);
      update->announced.insert(update->announced.end(), more.announced.begin(), more.announced.end());
      update->attributes = more.attributes;
    }
  }
  EXPECT_EQ(framer.buffered(), 0U);
  return all.value_or(Message(Update{}));
}

void expect_message(const json& sample, const Session& session) {
  const auto message = decode(hex(sample.at("hex")), session.decode);
  ASSERT_TRUE(message) << message.error().what;
  const Message repeated = again(*message, session);
  ASSERT_TRUE(repeated.index() == message->index());
  const json expected = sample.value("message", json::object());
  if (const auto* update = std::get_if<Update>(&*message)) {
    EXPECT_TRUE(update->errors.empty()) << update->errors.front().what;
    expect_update(*update, expected, session.decode.internal);
    const Update& second = std::get<Update>(repeated);
    EXPECT_EQ(texts(second.announced), texts(update->announced));
    EXPECT_EQ(texts(second.withdrawn), texts(update->withdrawn));
    EXPECT_EQ(second.end_of_rib, update->end_of_rib);
    EXPECT_TRUE(update->announced.empty() || second.attributes == update->attributes);
  } else if (const auto* open = std::get_if<Open>(&*message)) {
    expect_open(*open, expected);
    EXPECT_EQ(std::get<Open>(repeated), *open);
  } else if (const auto* notification = std::get_if<Notification>(&*message)) {
    EXPECT_EQ(notification->code, expected.at("code").get<int>());
    EXPECT_EQ(notification->subcode, expected.at("subcode").get<int>());
    EXPECT_EQ(to_hex(notification->data), expected.at("data_hex").get<std::string>());
    EXPECT_EQ(std::get<Notification>(repeated), *notification);
  } else if (const auto* refresh = std::get_if<RouteRefresh>(&*message)) {
    EXPECT_EQ(refresh->family, family_of(expected.at("family")));
    EXPECT_EQ(refresh->subtype, expected.at("subtype").get<int>());
    EXPECT_EQ(std::get<RouteRefresh>(repeated), *refresh);
  }
}

/// The code and subcode that we answer a sample with which ExaBGP takes and we do not; "" for all others.
std::string refusal(const json& sample) {
  const auto& hops = sample.at("session").at("extended_next_hop");
  if (sample.at("kind") == "ipv6 unicast announce" &&
      std::count(hops.begin(), hops.end(), "ipv6 unicast ipv4") != 0) {
    return "reset 3/9";  // IPv4 next hops of IPv6 prefixes are no part of RFC 8950
  }
  for (const json& attribute : sample.at("message").value("attributes", json::array())) {
    const auto flags = std::stoul(attribute.at("flags").get<std::string>(), nullptr, 16);
    if (attribute.contains("value_hex") && (flags & detail::kOptional) == 0) {
      return "reset 3/2";  // an unknown attribute that claims to be well-known
    }
  }
  return "";
}

TEST(ExabgpMessages, MeanWhatTheySay) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/exabgp_messages.json");
  for (const json& sample : data.at("messages")) {
    SCOPED_TRACE(sample.at("id").get<std::string>() + " " + sample.at("kind").get<std::string>());
    const Session session = session_of(sample.at("session"));
    if (const std::string expected = refusal(sample); !expected.empty()) {
      EXPECT_EQ(verdict(decode(hex(sample.at("hex")), session.decode)), expected);
    } else {
      expect_message(sample, session);
    }
  }
}

TEST(ExabgpMessages, BodiesOfOtherFamiliesAreSkipped) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/exabgp_messages.json");
  DecodeContext context;
  context.as4 = true;
  context.internal = true;
  for (const json& sample : data.at("bodies")) {
    SCOPED_TRACE(sample.at("id").get<std::string>());
    const std::string form = sample.at("form");
    if (form == "NLRI") {
      continue;
    }
    const Bytes octets = hex(sample.at("hex"));
    const auto message =
        decode(form == "message with header" ? octets : frame(message_type::kUpdate, octets), context);
    ASSERT_TRUE(message) << message.error().what;
    const bool unicast = sample.at("kind") == "update ipv4 unicast";
    EXPECT_EQ(std::get<Update>(*message).announced.empty(), !unicast);
  }
}

TEST(ExabgpFragments, NeverDoHarm) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/exabgp_fragments.json");
  std::size_t refused = 0;
  for (const json& sample : data.at("fragments")) {
    for (const json& fragment : sample.at("fragments")) {
      const Bytes octets = hex(fragment);
      refused += decode(octets, {}) ? 0 : 1;
      for (std::uint8_t type = 0; type <= 6; ++type) {
        refused += decode(frame(type, octets), {}) ? 0 : 1;
      }
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(FirstMessages, OfSixDaemons) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/first_messages.json");
  for (const json& sample : data.at("sessions")) {
    std::map<std::string, Open> opens;
    for (const json& message : sample.at("messages")) {
      const std::string from = message.at("from");
      SCOPED_TRACE(sample.at("id").get<std::string>() + " " + from + " " +
                   message.at("hex").get<std::string>());
      Session session;
      session.decode.as4 = session.encode.as4 = true;
      session.decode.families = {kIpv4Unicast, kIpv6Unicast};
      session.decode.internal = session.encode.internal = sample.at("peer") == "ibgp";
      const Open& sender = opens[from];
      const Open& receiver = opens[from == "daemon" ? "peer" : "daemon"];
      for (const auto& sends : sender.capabilities.add_path) {
        for (const auto& takes : receiver.capabilities.add_path) {
          if (sends.family == takes.family && sends.send && takes.receive) {
            session.decode.add_path.push_back(sends.family);
          }
        }
      }
      session.encode.add_path = session.decode.add_path;
      expect_message(message, session);
      const auto decoded = decode(hex(message.at("hex")), session.decode);
      if (decoded && std::holds_alternative<Open>(*decoded)) {
        opens[from] = std::get<Open>(*decoded);
      }
    }
  }
}

}  // namespace
}  // namespace catflap::bgp::wire
