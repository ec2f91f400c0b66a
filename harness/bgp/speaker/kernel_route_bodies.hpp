#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bgp/rib/hash_index.hpp"
#include "bgp/speaker/event.hpp"

namespace catflap::bgp::internal {

/// What kernel routes say beside their prefix, each kept once and named by a number: a full table needs as
/// many as it has next hops, not as it has prefixes. Numbers of bodies that nobody uses any more are used
/// again.
class KernelRouteBodies {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0;

  /// The number of this body, which the caller then uses once more. Precondition: spec.prefix is the default.
  Id take(const KernelRouteSpec& spec);
  /// The caller uses it once less. Precondition: it has taken it; kNone is allowed.
  void release(Id id);
  /// Precondition: in use.
  const std::shared_ptr<const KernelRouteSpec>& get(Id id) const { return bodies_[id].spec; }
  /// How many are in use.
  std::size_t size() const { return bodies_.size() - 1 - free_.size(); }

 private:
  struct Body {
    std::shared_ptr<const KernelRouteSpec> spec;
    std::uint32_t uses = 0;
  };

  std::vector<Body> bodies_{1};  ///< kNone has none
  std::vector<Id> free_;
  rib::HashIndex index_;
  Id last_ = kNone;  ///< that was taken: the next route often wants the same
};

}  // namespace catflap::bgp::internal
