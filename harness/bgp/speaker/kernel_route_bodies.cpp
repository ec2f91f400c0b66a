#include "bgp/speaker/kernel_route_bodies.hpp"

#include <utility>

namespace catflap::bgp::internal {
namespace {

class Hash {
 public:
  void add(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15U;
    hash_ ^= hash_ >> 32U;
  }
  void add(const std::optional<net::IpAddr>& addr) {
    add(addr ? addr->high() : 1);
    add(addr ? addr->low() : 1);
  }
  std::uint32_t value() const { return static_cast<std::uint32_t>(hash_ * 0xBF58476D1CE4E5B9U >> 32U); }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

std::uint32_t hash_of(const KernelRouteSpec& spec) {
  Hash hash;
  hash.add(std::uint64_t{spec.table} << 32U | spec.metric);
  hash.add(static_cast<std::uint64_t>(spec.type));
  for (const KernelRouteSpec::NextHop& hop : spec.next_hops) {
    hash.add(hop.via);
    hash.add(std::uint64_t{hop.interface} << 32U | hop.weight << 1U | (hop.onlink ? 1U : 0U));
  }
  hash.add(spec.prefsrc);
  hash.add(std::uint64_t{spec.realm.value_or(0)} << 32U | spec.mtu.value_or(0));
  return hash.value();
}

}  // namespace

KernelRouteBodies::Id KernelRouteBodies::take(const KernelRouteSpec& spec) {
  if (last_ == kNone || !(*bodies_[last_].spec == spec)) {
    const std::uint32_t hash = hash_of(spec);
    last_ = index_.find(hash, [&](Id id) { return *bodies_[id].spec == spec; });
    if (last_ == rib::HashIndex::kNone) {
      if (free_.empty()) {
        free_.push_back(static_cast<Id>(bodies_.size()));
        bodies_.emplace_back();
      }
      last_ = free_.back();
      free_.pop_back();
      bodies_[last_].spec = std::make_shared<const KernelRouteSpec>(spec);
      index_.insert(
          hash, last_, [this](Id id) { return hash_of(*bodies_[id].spec); },
          [this](Id id) { __builtin_prefetch(bodies_[id].spec.get()); });
    }
  }
  ++bodies_[last_].uses;
  return last_;
}

void KernelRouteBodies::release(Id id) {
  if (id == kNone || --bodies_[id].uses > 0) {
    return;
  }
  index_.erase(hash_of(*bodies_[id].spec), id);
  bodies_[id].spec.reset();
  free_.push_back(id);
  if (last_ == id) {
    last_ = kNone;
  }
}

}  // namespace catflap::bgp::internal
