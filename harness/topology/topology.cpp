#include "topology/topology.hpp"

#include <algorithm>
#include <utility>

namespace catflap::topology {
namespace {

std::string end_text(const std::string& node, const std::string& interface) {
  return interface.empty() ? node : node + ":" + interface;
}

}  // namespace

std::string to_string(const Link& link) {
  return end_text(link.ends[0].node, link.ends[0].interface) + " -- " +
         end_text(link.ends[1].node, link.ends[1].interface);
}

std::string_view to_string(Action::Verb verb) {
  switch (verb) {
    case Action::Verb::down:
      return "down";
    case Action::Verb::up:
      return "up";
    case Action::Verb::kill:
      return "kill";
    case Action::Verb::stop:
      return "stop";
    case Action::Verb::restart:
      return "restart";
    case Action::Verb::pause:
      return "pause";
    case Action::Verb::resume:
      return "resume";
    case Action::Verb::exec:
      return "exec";
  }
  return "";
}

std::string to_string(const Action& action) {
  std::string text(to_string(action.verb));
  if (action.verb == Action::Verb::exec) {
    return text + " " + action.node + ": " + action.command;
  }
  text += " " + end_text(action.node, action.interface);
  if (!action.peer.empty()) {
    return text + " -- " + end_text(action.peer, action.peer_interface);
  }
  const bool link_verb = action.verb == Action::Verb::down || action.verb == Action::Verb::up;
  return link_verb ? text : text + "/speaker";
}

bool Topology::operator==(const Topology& other) const {
  return name == other.name && description == other.description && defaults == other.defaults &&
         nodes == other.nodes && links == other.links && tests == other.tests && matrix == other.matrix;
}

const Node* Topology::node(std::string_view name_of) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name_of; });
  return found == nodes.end() ? nullptr : &*found;
}

Node* Topology::node(std::string_view name_of) {
  return const_cast<Node*>(std::as_const(*this).node(name_of));
}

Node& Topology::add_node(std::string name_of) {
  nodes.emplace_back();
  nodes.back().name = std::move(name_of);
  return nodes.back();
}

Node& Topology::add_router(std::string name_of, std::uint32_t as, std::vector<net::Prefix> announced) {
  Node& made = add_node(std::move(name_of));
  made.bgp = as;
  made.announce = std::move(announced);
  return made;
}

Link& Topology::add_link(std::string a, std::string b) {
  links.emplace_back();
  links.back().ends[0].node = std::move(a);
  links.back().ends[1].node = std::move(b);
  return links.back();
}

std::vector<Combination> combinations(const Topology& topology) {
  std::vector<Combination> all{{}};
  for (const Axis& axis : topology.matrix) {
    std::vector<Combination> next;
    for (const Combination& before : all) {
      for (const SpeakerKind speaker : axis.speakers) {
        if (next.size() >= kCombinationsMax) {
          break;
        }
        Combination made = before;
        made.name += (made.name.empty() ? "" : ",") + (axis.node.empty() ? "speaker" : axis.node) + "=" +
                     std::string(to_string(speaker));
        for (const Node& node : topology.nodes) {
          const bool speaks = node.speaker.value_or(topology.defaults.speaker) != SpeakerKind::none;
          if (axis.node.empty() ? speaks : node.name == axis.node) {
            made.speakers[node.name] = speaker;
          }
        }
        next.push_back(std::move(made));
      }
    }
    all = std::move(next);
  }
  return all;
}

Topology with_speakers(Topology topology, const std::map<std::string, SpeakerKind>& speakers) {
  for (Node& node : topology.nodes) {
    const auto found = speakers.find(node.name);
    if (found != speakers.end()) {
      node.speaker = found->second;
    }
  }
  return topology;
}

}  // namespace catflap::topology
