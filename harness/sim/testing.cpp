#include "sim/testing.hpp"

#include <utility>

namespace catflap::bgp::testing {

net::IpAddr addr(const std::string& text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(const std::string& text) {
  return *net::Prefix::parse(text);
}

namespace {

intent::ChannelIntent channel(net::Family family) {
  intent::ChannelIntent result;
  result.family = family;
  result.table = family == net::Family::ipv4 ? "master4" : "master6";
  return result;
}

}  // namespace

intent::RouterIntent router(std::uint32_t router_id) {
  intent::RouterIntent intent;
  intent.router_id = router_id;
  intent.tables = {{"master4", net::Family::ipv4}, {"master6", net::Family::ipv6}};
  return intent;
}

intent::ProtocolIntent device() {
  intent::ProtocolIntent protocol;
  protocol.name = "device1";
  protocol.body = intent::DeviceIntent{};
  return protocol;
}

intent::ProtocolIntent direct(const std::vector<std::string>& globs, std::vector<net::Family> families) {
  intent::ProtocolIntent protocol;
  protocol.name = "direct1";
  intent::DirectIntent body;
  for (const std::string& glob : globs) {
    intent::InterfacePattern pattern;
    pattern.negated = glob.front() == '-';
    pattern.glob = pattern.negated ? glob.substr(1) : glob;
    body.interfaces.push_back(pattern);
  }
  protocol.body = body;
  for (const net::Family family : families) {
    protocol.channels.push_back(channel(family));
  }
  return protocol;
}

intent::ProtocolIntent kernel(net::Family family, bool learn) {
  intent::ProtocolIntent protocol;
  protocol.name = family == net::Family::ipv4 ? "kernel1" : "kernel2";
  intent::KernelIntent body;
  body.learn = learn;
  protocol.body = body;
  protocol.channels = {channel(family)};
  protocol.channels.front().export_filter = intent::FilterRef::all();
  return protocol;
}

intent::ProtocolIntent bgp(const std::string& name, std::uint32_t local_as, const std::string& neighbor,
                           std::uint32_t remote_as, const std::string& local) {
  intent::ProtocolIntent protocol;
  protocol.name = name;
  intent::BgpIntent body;
  body.local_as = local_as;
  body.remote_as = remote_as;
  body.neighbor = addr(neighbor);
  if (!local.empty()) {
    body.local_address = addr(local);
  }
  protocol.channels = {channel(body.neighbor->family())};
  protocol.channels.front().export_filter = intent::FilterRef::all();
  protocol.body = body;
  return protocol;
}

intent::ProtocolIntent blackholes(const std::string& name, const std::vector<std::string>& prefixes) {
  intent::ProtocolIntent protocol;
  protocol.name = name;
  intent::StaticIntent body;
  for (const std::string& text : prefixes) {
    intent::StaticRoute route;
    route.prefix = prefix(text);
    body.routes.push_back(route);
  }
  protocol.body = body;
  protocol.channels = {channel(net::Family::ipv4)};
  return protocol;
}

intent::FilterRef where_net(const std::string& text, bool negated) {
  const auto expr = [](intent::Op op, intent::ValueType type) {
    auto result = std::make_shared<intent::Expr>();
    result->op = op;
    result->type = type;
    return result;
  };
  auto net_attribute = expr(intent::Op::attribute, intent::ValueType::prefix);
  net_attribute->attribute = intent::RouteAttribute::net;
  auto constant = expr(intent::Op::constant, intent::ValueType::prefix);
  constant->value = prefix(text);
  auto condition = expr(negated ? intent::Op::not_equal : intent::Op::equal, intent::ValueType::boolean);
  condition->operands = {net_attribute, constant};
  const auto statement = [](intent::Verb verb) {
    auto result = std::make_shared<intent::Stmt>();
    result->verb = verb;
    return result;
  };
  auto choose = statement(intent::Verb::if_);
  choose->expr = condition;
  choose->body = {statement(intent::Verb::accept)};
  choose->otherwise = {statement(intent::Verb::reject)};
  auto filter = std::make_shared<intent::Filter>();
  filter->body = {choose};
  return {intent::FilterRef::Kind::filter, filter};
}

}  // namespace catflap::bgp::testing
