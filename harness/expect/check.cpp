#include "expect/check.hpp"

#include <utility>

#include "base/overloaded.hpp"

namespace catflap::expect {
namespace {

std::string joined(const std::vector<std::string>& items, std::string_view separator = ",") {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : std::string(separator)) + item;
  }
  return text;
}

std::string describe_one(const SessionCheck& check) {
  std::string who = "every session";
  if (!check.pairs.empty()) {
    std::vector<std::string> names;
    for (const NodePair& pair : check.pairs) {
      names.push_back(pair.a + " ~ " + pair.b);
    }
    who = joined(names, ", ");
  }
  if (check.family) {
    who += " (" + std::string(net::to_string(*check.family)) + ")";
  }
  std::string text = who + (check.negated ? " not " : " ") + std::string(observe::to_string(check.state));
  if (!check.reason.empty()) {
    text += " because of '" + check.reason + "'";
  }
  return text;
}

std::string describe_one(const RouteCheck& check) {
  std::string text = std::string(check.absent ? "no route to " : "route to ") + to_string(check.to) + " at " +
                     joined(check.at);
  if (check.in == RouteTable::rib) {
    text += " in the RIB";
  }
  for (const Target& via : check.via) {
    text += " via " + to_string(via);
  }
  for (const std::string& dev : check.dev) {
    text += " dev " + dev;
  }
  if (!check.proto.empty()) {
    text += " proto " + check.proto;
  }
  if (check.metric) {
    text += " metric " + std::to_string(*check.metric);
  }
  if (check.table) {
    text += " table " + std::to_string(*check.table);
  }
  if (check.type) {
    text += " type " + std::string(observe::to_string(*check.type));
  }
  if (check.next_hops) {
    text +=
        " with " + std::to_string(*check.next_hops) + (*check.next_hops == 1 ? " next hop" : " next hops");
  }
  if (check.as_path) {
    text += " as-path";
    for (const std::uint32_t asn : *check.as_path) {
      text += " " + std::to_string(asn);
    }
    text += check.as_path->empty() ? " empty" : "";
  }
  if (check.from_peer) {
    text += " from peer " + to_string(*check.from_peer);
  }
  if (check.local_pref) {
    text += " local-pref " + std::to_string(*check.local_pref);
  }
  if (check.med) {
    text += " med " + std::to_string(*check.med);
  }
  for (const net::Community community : check.communities) {
    text += " community " + std::to_string(community >> 16U) + ":" + std::to_string(community & 0xFFFFU);
  }
  return text;
}

std::string describe_one(const PingCheck& check) {
  std::string text = "ping " + to_string(check.to) + " from " + joined(check.from);
  if (check.source) {
    text += " source " + to_string(*check.source);
  }
  return text + (check.blocked ? " blocked" : "");
}

std::string describe_one(const AliveCheck& check) {
  return "speaker of " + joined(check.at) + " runs";
}

}  // namespace

Target make_target(std::string text) {
  if (const auto addr = net::IpAddr::parse(text)) {
    return {"", *addr};
  }
  return {std::move(text), std::nullopt};
}

std::string to_string(const Target& target) {
  return target.addr ? net::to_string(*target.addr) : target.node;
}

std::string describe(const Check& check) {
  return std::visit([](const auto& what) { return describe_one(what); }, check.what);
}

}  // namespace catflap::expect
