#include "catflap/lab.hpp"

#include <tuple>
#include <utility>

namespace catflap {
namespace {

std::pair<std::string, std::string> split_end(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return {std::string(text), ""};
  }
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace

topology::Action parse_link(std::string_view ends) {
  constexpr std::string_view kBetween = " -- ";
  const std::size_t middle = ends.find(kBetween);
  const bool two = middle != std::string_view::npos;
  topology::Action action;
  std::tie(action.node, action.interface) = split_end(ends.substr(0, middle));
  if (two) {
    std::tie(action.peer, action.peer_interface) = split_end(ends.substr(middle + kBetween.size()));
  }
  if (action.node.empty() || (two && action.peer.empty()) ||
      (action.node + action.peer).find(' ') != std::string::npos) {
    throw LabError(Error{Errc::invalid,
                         "'" + std::string(ends) + "' is no link; write 'r1 -- r2', 'r1:eth0' or 'r1'", 0,
                         std::nullopt});
  }
  return action;
}

RouteExpectation RouteExpectation::via(const Node& node) const {
  return with([&](auto& route) { route.via.push_back({node.name(), std::nullopt}); });
}

RouteExpectation RouteExpectation::from_peer(const Node& node) const {
  return with([&](auto& route) { route.from_peer = expect::Target{node.name(), std::nullopt}; });
}

Expectation Session::expectation(observe::SessionState state, bool negated, std::string reason) const {
  expect::SessionCheck session;
  session.pairs = {{a_, b_}};
  session.state = state;
  session.negated = negated;
  session.reason = std::move(reason);
  return {lab_, {"", std::move(session), expect::Mode::eventually, {}, {}}};
}

Expectation Sessions::all_established() const {
  return {lab_, {"", expect::SessionCheck{}, expect::Mode::eventually, {}, {}}};
}

RouteExpectation RouteTableHandle::expectation(const net::Prefix& to, bool absent) const {
  expect::RouteCheck route;
  route.at = {node_};
  route.to = to;
  route.absent = absent;
  route.in = kernel_ ? expect::RouteTable::automatic : expect::RouteTable::rib;
  return {lab_, std::move(route)};
}

void Link::perform(topology::Action::Verb verb) const {
  topology::Action action = ends_;
  action.verb = verb;
  lab_->perform(action);
}

Expectation Node::alive() const {
  return {lab_, {"", expect::AliveCheck{{name_}}, expect::Mode::eventually, {}, {}}};
}

PingExpectation Node::ping(expect::Target to, bool blocked) const {
  expect::PingCheck ping;
  ping.from = {name_};
  ping.to = std::move(to);
  ping.blocked = blocked;
  return {lab_, std::move(ping)};
}

Link Node::link(const Node& other) const {
  topology::Action ends;
  ends.node = name_;
  ends.peer = other.name_;
  return {lab_, std::move(ends)};
}

void Node::perform(topology::Action::Verb verb) const {
  topology::Action action;
  action.verb = verb;
  action.node = name_;
  lab_->perform(action);
}

Node Lab::operator[](const std::string& name) const {
  if (!running_->has_node(name)) {
    throw LabError(running_->no_such_node(name));
  }
  return {running_, name};
}

Link Lab::link(std::string_view ends) const {
  return {running_, parse_link(ends)};
}

}  // namespace catflap
