#include "bgp/rib/next_hop.hpp"

#include <algorithm>
#include <tuple>

#include "base/assert.hpp"
#include "bgp/rib/table.hpp"

namespace catflap::bgp::rib {
namespace {

/// The network and the broadcast address of an IPv4 subnet with room for hosts belong to nobody.
bool is_subnet_address(const net::IpAddr& address, const net::InterfaceAddress& own) {
  if (!address.is_v4() || own.length + 1 >= net::address_bits(address.family())) {
    return false;
  }
  if (address == own.network().addr()) {
    return true;
  }
  const std::uint32_t hosts = own.length == 0 ? 0xFFFFFFFFU : (1U << (32U - own.length)) - 1U;
  return (address.v4_value() & hosts) == hosts;
}

/// A route of `entry` that is recursive and preferred no less than the best one; the best itself if it is. As
/// in BIRD, whatever else decides between them, and although it was filtered and only kept to be shown.
const Path* recursive_among(const Entry& entry) {
  const std::uint32_t preference = entry.best()->attrs.frame().preference;
  if (entry.best()->attrs.frame().recursive) {
    return entry.best();
  }
  const auto paths = entry.paths();
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const Path& path) {
    return !path.flags.unusable && path.attrs.frame().preference >= preference &&
           path.attrs.frame().recursive;
  });
  return found == paths.end() ? nullptr : &*found;
}

}  // namespace

bool Interfaces::update(InterfaceState state) {
  InterfaceState& slot = interfaces_[state.index];
  if (slot == state) {
    return false;
  }
  slot = std::move(state);
  return true;
}

bool Interfaces::remove(IfIndex index) {
  return interfaces_.erase(index) != 0;
}

const InterfaceState* Interfaces::find(IfIndex index) const {
  const auto found = interfaces_.find(index);
  return found == interfaces_.end() ? nullptr : &found->second;
}

const InterfaceState* Interfaces::find(std::string_view name) const {
  for (const auto& [index, state] : interfaces_) {
    if (state.name == name) {
      return &state;
    }
  }
  return nullptr;
}

bool Interfaces::is_local(const net::IpAddr& address) const {
  return std::any_of(interfaces_.begin(), interfaces_.end(),
                     [&](const auto& item) { return item.second.up && is_local_on(address, item.first); });
}

bool Interfaces::is_local_on(const net::IpAddr& address, IfIndex interface) const {
  const InterfaceState* state = find(interface);
  return state != nullptr &&
         std::any_of(state->addresses.begin(), state->addresses.end(),
                     [&](const net::InterfaceAddress& own) { return own.addr == address; });
}

std::string_view Interfaces::name_of(IfIndex index) const {
  const InterfaceState* state = find(index);
  return state == nullptr ? std::string_view() : std::string_view(state->name);
}

std::optional<IfIndex> Interfaces::index_of(std::string_view name) const {
  const InterfaceState* state = find(name);
  return state == nullptr ? std::nullopt : std::optional(state->index);
}

std::optional<IfIndex> Interfaces::neighbour_interface(const net::IpAddr& address,
                                                       std::optional<IfIndex> only) const {
  if (address.is_v6() && address.is_link_local() && !only) {
    return std::nullopt;  // such an address means something on one link only
  }
  std::optional<IfIndex> best;
  int best_length = -1;
  for (const auto& [index, state] : interfaces_) {
    if (!state.up || (only && *only != index)) {
      continue;
    }
    for (const net::InterfaceAddress& own : state.addresses) {
      if (own.addr == address) {
        return std::nullopt;
      }
      if (own.network().contains(address) && !is_subnet_address(address, own) &&
          int{own.length} > best_length) {
        best = index;
        best_length = own.length;
      }
    }
  }
  // Another interface may own the address although this one's prefix is looked at first.
  return best && !only && is_local(address) ? std::nullopt : best;
}

NextHopRef::~NextHopRef() {
  if (entry_ != nullptr && --entry_->users == 0) {
    entry_->owner->release(entry_);
  }
}

NextHopResolver::~NextHopResolver() {
  CATFLAP_ASSERT(entries_.empty());
}

NextHopRef NextHopResolver::acquire(const net::IpAddr& address,
                                    const std::optional<net::IpAddr>& link_local) {
  const auto [at, added] = entries_.try_emplace(Key(address, link_local));
  NextHopEntry& entry = at->second;
  if (added) {
    entry.address = address;
    entry.link_local = link_local;
    entry.owner = this;
    look_up(entry);
  }
  return NextHopRef(&entry);
}

void NextHopResolver::release(NextHopEntry* entry) noexcept {
  entries_.erase(Key(entry->address, entry->link_local));
}

void NextHopResolver::table_changed(const net::Prefix& prefix) {
  if (entries_.empty()) {
    return;
  }
  for (auto at = entries_.lower_bound(Key(prefix.addr(), std::nullopt));
       at != entries_.end() && prefix.contains(at->first.first); ++at) {
    if (!at->second.dirty) {
      at->second.dirty = true;
      dirty_.push_back(at->first);
    }
  }
}

void NextHopResolver::interfaces_changed() {
  for (auto& [key, entry] : entries_) {
    if (!entry.dirty) {
      entry.dirty = true;
      dirty_.push_back(key);
    }
  }
}

bool NextHopResolver::resolve() {
  bool any = false;
  for (const Key& key : dirty_) {
    const auto at = entries_.find(key);
    if (at == entries_.end() || !at->second.dirty) {
      continue;  // nobody used it any more, or somebody asked for it anew
    }
    NextHopEntry& entry = at->second;
    entry.dirty = false;
    const policy::Forwarding before = entry.forwarding;
    look_up(entry);
    if (entry.forwarding != before) {
      entry.changed = true;
      any = true;
    }
  }
  dirty_.clear();
  return any;
}

void NextHopResolver::add_changed(std::vector<const NextHopEntry*>& out) const {
  for (const auto& [key, entry] : entries_) {
    if (entry.changed) {
      out.push_back(&entry);
    }
  }
}

void NextHopResolver::changes_done() {
  for (auto& [key, entry] : entries_) {
    entry.changed = false;
  }
}

void NextHopResolver::look_up(NextHopEntry& entry) const {
  entry.forwarding = {};
  entry.through.reset();
  entry.problem.clear();
  net::Prefix matched;
  const Entry* found = through_.longest_match(entry.address, &matched);
  if (found == nullptr) {
    entry.problem = "no route to " + to_string(entry.address);
    return;
  }
  entry.through = matched;
  const Path& path = *found->best();
  if (const Path* recursive = recursive_among(*found)) {
    entry.problem = to_string(entry.address) + " is only reached through " + to_string(matched);
    entry.problem += recursive == &path ? ", whose own next hop is recursive"
                                        : ", which has another route of the same preference whose own next "
                                          "hop is recursive";
    return;
  }
  policy::Forwarding answer = path.attrs.frame().forwarding;
  for (policy::NextHop& hop : answer.next_hops) {
    if (hop.via) {
      continue;
    }
    if (interfaces_.is_local_on(entry.address, hop.interface)) {
      entry.problem = to_string(entry.address) + " is an address of our interface " +
                      std::string(interfaces_.name_of(hop.interface));
      return;
    }
    const InterfaceState* interface = interfaces_.find(hop.interface);
    // Nobody is behind the loopback interface, and whoever is at the other end of a tunnel needs no address.
    if (interface == nullptr || !(interface->loopback || interface->point_to_point)) {
      hop.via = entry.link_local ? *entry.link_local : entry.address;
    }
  }
  policy::normalise(answer.next_hops);
  answer.igp_metric = policy::igp_metric_of(path.attrs.frame());
  entry.forwarding = std::move(answer);
}

}  // namespace catflap::bgp::rib
