#include "expect/wiring.hpp"

#include <algorithm>

#include "expect/pattern.hpp"

namespace catflap::expect {

std::string_view to_string(SpeakerKind kind) {
  return kSpeakerWords.at(static_cast<std::size_t>(kind));
}

std::optional<SpeakerKind> parse_speaker_kind(std::string_view text) {
  for (const SpeakerKind kind : kSpeakerKinds) {
    if (text == to_string(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

const WiredNode* Wiring::node(std::string_view name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const WiredNode& n) { return n.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

const WiredInterface* Wiring::interface(std::string_view node_name, std::string_view name) const {
  for (const WiredLink& link : links) {
    for (const WiredInterface& end : link.ends) {
      if (end.node == node_name && end.name == name) {
        return &end;
      }
    }
  }
  return nullptr;
}

std::string Wiring::owner(const net::IpAddr& addr) const {
  for (const WiredLink& link : links) {
    for (const WiredInterface& end : link.ends) {
      for (const net::InterfaceAddress& address : end.addresses) {
        if (address.addr == addr) {
          return end.node;
        }
      }
    }
  }
  for (const WiredNode& candidate : nodes) {
    for (const net::InterfaceAddress& address : candidate.lo) {
      if (address.addr == addr) {
        return candidate.name;
      }
    }
  }
  return "";
}

std::vector<std::string> Wiring::match(const std::vector<std::string>& patterns) const {
  std::vector<std::string> names;
  for (const WiredNode& candidate : nodes) {
    const auto fits = [&](const std::string& pattern) { return pattern_match(pattern, candidate.name); };
    if (std::any_of(patterns.begin(), patterns.end(), fits)) {
      names.push_back(candidate.name);
    }
  }
  return names;
}

std::vector<net::InterfaceAddress> Wiring::addresses(std::string_view node_name) const {
  std::vector<net::InterfaceAddress> all;
  if (const WiredNode* found = node(node_name)) {
    all = found->lo;
  }
  for (const WiredLink& link : links) {
    for (const WiredInterface& end : link.ends) {
      if (end.node == node_name) {
        all.insert(all.end(), end.addresses.begin(), end.addresses.end());
      }
    }
  }
  return all;
}

}  // namespace catflap::expect
