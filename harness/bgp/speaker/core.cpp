#include "bgp/speaker/core.hpp"

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

TableState* Core::table(const std::string& name) {
  const auto it = tables.find(name);
  return it == tables.end() ? nullptr : it->second.get();
}

policy::FilterEnvironment Core::environment() const {
  policy::FilterEnvironment environment;
  environment.roa_tables = intent == nullptr ? nullptr : &intent->roa_tables;
  environment.interfaces = &interfaces;
  return environment;
}

void Core::note(act::NoteLevel level, const std::string& protocol, std::string text) {
  actions.emplace_back(act::Note{level, protocol, std::move(text)});
}

void Core::request_bfd(rib::ProtocolId id, std::vector<BfdRequest> requests) {
  const auto known = bfd_requests.find(id);
  if (requests.empty() ? known == bfd_requests.end()
                       : known != bfd_requests.end() && known->second == requests) {
    return;
  }
  bfd_dirty = true;
  if (requests.empty()) {
    bfd_requests.erase(known);
  } else {
    bfd_requests[id] = std::move(requests);
  }
}

const Protocol* Core::protocol(rib::ProtocolId id) const {
  const auto it = by_id.find(id);
  return it == by_id.end() ? nullptr : it->second;
}

std::uint32_t Core::path_number(const rib::Path& path) {
  const auto next = static_cast<std::uint32_t>(path_numbers.size() + 1);
  return path_numbers.try_emplace({path.protocol, path.path_id}, next).first->second;
}

const Protocol* Core::source_of(const rib::Path& path) const {
  const Protocol* brought_by = protocol(path.protocol);
  return brought_by == nullptr ? nullptr : brought_by->origin_of(path);
}

}  // namespace catflap::bgp::internal
