#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "bgp/policy/route.hpp"
#include "intent/filter.hpp"
#include "intent/router.hpp"
#include "net/addr.hpp"

/// Runs BIRD's filter language over routes, with the semantics of BIRD 2.0.12, or of 1.6.8 where the filter
/// is of that dialect (bird1.cpp says what differs). Pure and total: whatever a filter does, the run ends
/// with a verdict (bounded steps and depth); an error rejects the route, as in BIRD.
namespace catflap::bgp::policy {

/// What a filter asks about interfaces (`ifname`, `ifindex`, setting `gw`). rib::Interfaces implements it.
class InterfaceLookup {
 public:
  virtual ~InterfaceLookup() = default;
  /// "" if there is none.
  virtual std::string_view name_of(IfIndex index) const = 0;
  virtual std::optional<IfIndex> index_of(std::string_view name) const = 0;
  /// The interface through which `address` is a neighbour (not one of our own addresses); `only` restricts it
  /// to one.
  virtual std::optional<IfIndex> neighbour_interface(const net::IpAddr& address,
                                                     std::optional<IfIndex> only) const = 0;
};

/// How often a statement ran, over as many routes as one likes.
struct StatementHits {
  std::uint64_t reached = 0;
  std::uint64_t taken = 0;  ///< of `if` and `case`: the condition held, or a label fitted
};
/// By the statements of the filters that ran and of their functions; these must live as long.
using FilterHits = std::map<const intent::Stmt*, StatementHits>;

/// What surrounds a run. All pointers may be nullptr and must outlive the call only.
struct FilterEnvironment {
  const std::map<std::string, intent::RoaTable>* roa_tables = nullptr;
  const InterfaceLookup* interfaces = nullptr;
  bool positions = true;                ///< false: Verdict::where stays empty unless there is an error
  bool exporting = false;               ///< dialect 1.6 only: the filter is one of export, or of a query
  FilterHits* hits = nullptr;           ///< counts statements for one who asks
  std::uint32_t steps_max = 1'000'000;  ///< statements and expressions of one run
  std::uint32_t depth_max = 2200;       ///< nesting of expressions, statements and calls
};

/// A route that a filter looks at. Refers to things of the caller; for one call only.
struct RouteRef {
  net::Prefix net;
  const RouteAttrs& attrs;
  const Forwarding* resolved =
      nullptr;                ///< the resolver's answer for a recursive route; nullptr: unreachable then
  std::string_view protocol;  ///< name of the protocol that brought it: `proto`
};

/// What a filter made of a route: a copy of the attributes from the first change on.
class RouteEdit {
 public:
  /// True if anything was assigned; the result may still equal the original.
  bool changed() const { return changed_.has_value(); }
  /// The attributes as changed, or `original`.
  const RouteAttrs& attrs(const RouteAttrs& original) const { return changed_ ? *changed_ : original; }
  /// For writing; copies `original` at the first call.
  RouteAttrs& edit(const RouteAttrs& original) {
    if (!changed_) {
      changed_.emplace(original);
    }
    return *changed_;
  }
  /// True if the filter set this attribute, be it to the value that it had (BIRD's "fresh" attributes: a MED
  /// that an export filter sets is told to another AS). Unset is not set.
  bool assigned(intent::RouteAttribute attribute) const {
    return (assigned_ >> static_cast<unsigned>(attribute) & 1U) != 0;
  }
  void set_assigned(intent::RouteAttribute attribute, bool on) {
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(attribute);
    assigned_ = on ? assigned_ | bit : assigned_ & ~bit;
  }
  /// Precondition: changed().
  RouteAttrs take() { return std::move(*changed_); }
  void clear() {
    changed_.reset();
    assigned_ = 0;
  }

 private:
  std::optional<RouteAttrs> changed_;
  std::uint64_t assigned_ = 0;  ///< a bit for each intent::RouteAttribute
};

struct Verdict {
  bool accepted = false;
  bool failed = false;               ///< an error stopped the filter; then accepted is false
  std::string message;               ///< of the error: "filters, line 12: division by zero"
  SourcePos where;                   ///< the accept or reject that decided, or the place of the error
  std::vector<std::string> printed;  ///< what `print` wrote, a line each
};

/// Runs `filter` over `in`. Changes go to `out`, which starts as "nothing changed" or carries on from an
/// earlier filter; they are there even if the verdict is reject.
Verdict apply(const intent::Filter& filter, const RouteRef& in, RouteEdit& out,
              const FilterEnvironment& environment);
/// `all` accepts, `none` rejects, a filter runs.
Verdict apply(const intent::FilterRef& filter, const RouteRef& in, RouteEdit& out,
              const FilterEnvironment& environment);

/// Runs the body of a static route, `route P via A { bgp_med = 5; }`: what it decides does not count, as in
/// BIRD. `printed` (may be nullptr) receives what it prints. The error is Errc::invalid with a position; what
/// was done until then stays.
Status run_body(const intent::Filter& body, const RouteRef& in, RouteEdit& out,
                const FilterEnvironment& environment, std::vector<std::string>* printed = nullptr);

/// The value of an expression without a route (`birdc eval`); one that needs a route is Errc::invalid.
Result<intent::Value> evaluate(
    const intent::Expr& expression,
    const std::map<std::string, std::shared_ptr<const intent::Function>>& functions,
    const FilterEnvironment& environment, intent::Dialect dialect = intent::Dialect::bird2);

/// The name that BIRD shows for what a channel does: "ACCEPT", "REJECT", the filter's name, "(unnamed)".
std::string describe(const intent::FilterRef& filter);

}  // namespace catflap::bgp::policy
