#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bgp/speaker/kernel_route_bodies.hpp"
#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol kernel`: best routes of its table in a table of the kernel, and with `learn` the reverse.
///
/// Nothing is written before the driver has told what the kernel has (KernelScanDone): then leftovers of ours
/// that nobody wants are removed, and those that are wanted as they are stay untouched. All changes of a
/// round are one action for each prefix. A round makes no more of them than Core::kernel_changes_left: who is
/// faster than the kernel waits here, where a change of mind costs nothing, not in a queue before the kernel.
///
/// Costs 9 octets for each prefix of the table (10^6), beside what routes have in common.
class KernelProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::kernel; }
  void route_changed(Channel& channel, const rib::Change& change) override;
  bool preexport(const Channel& channel, const rib::Path& path) const override;
  std::string_view why_not(const Channel& channel, const rib::Path& path) const override;
  std::size_t merges(const Channel&) const override {
    return body().merge_paths ? body().merge_paths_limit : 1;
  }
  void flush() override;

  /// True if the kernel has this route because we want it: no leftover, and nobody else's.
  bool holds(const KernelRouteSpec& route) const;
  /// A route of this table in the kernel came or went; Core::kernel_routes knows.
  void kernel_route(const KernelRouteSpec& route, bool added);
  void scan_done();
  void result(const net::Prefix& prefix, int sys_errno);
  /// The peers have told their routes after a restart of ours: now leftovers may go.
  void recovery_done() { scan_done(); }
  std::uint32_t kernel_table() const { return body().kernel_table; }

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;

 private:
  const intent::KernelIntent& body() const { return std::get<intent::KernelIntent>(intent_.body); }
  std::uint32_t metric() const;
  /// These make spec_ what the kernel is to have, but for the prefix; false: no route.
  bool describe(net::Family family, const policy::RouteAttrs& attrs, const policy::Forwarding& forwarding);
  bool wanted_for(Channel& channel, const rib::Change& change);
  /// A kernel protocol has one channel.
  rib::Table& table() const { return channels_.front()->table_state().table; }
  /// Compares what is wanted with what the kernel has.
  void reconcile();
  void remove_leftovers();
  bool is_leftover(const KernelRouteSpec& route) const;
  void learn(const net::Prefix& prefix);
  bool learnable(const KernelRouteSpec& route) const;

  using Body = KernelRouteBodies::Id;
  /// What is wanted for a prefix and what the kernel has: as last asked of it, or found there.
  struct Slot {
    Body wanted = KernelRouteBodies::kNone;
    Body installed = KernelRouteBodies::kNone;
  };
  bool in_use(rib::PrefixId id) const;
  Slot slot(rib::PrefixId id) const { return id < slots_.size() ? slots_[id] : Slot(); }
  /// Both take over a reference to `body`.
  void set_wanted(rib::PrefixId id, Body body);
  void set_installed(rib::PrefixId id, Body body);
  /// Has flush() look at it.
  void mark(rib::PrefixId id);
  /// Lets the table use the number again if nothing is known of it here.
  void settle(rib::PrefixId id);
  void grow(rib::PrefixId id);
  /// Asks the kernel for what has to be asked for this prefix.
  void write(rib::PrefixId id);
  void ask(const net::Prefix& prefix, Body body, bool present);
  /// Takes a wanted route as installed if the kernel has it already, as after a restart.
  bool claim(const net::Prefix& prefix, Body body);

  KernelRouteBodies bodies_;
  KernelRouteSpec spec_;              ///< for one route at a time
  std::vector<Slot> slots_;           ///< by number of the prefix, which is pinned while in_use()
  std::vector<bool> marked_;          ///< the same
  std::vector<rib::PrefixId> dirty_;  ///< marked ones from next_ on, in the order in which they changed
  std::size_t next_ = 0;
  bool reconcile_ = false;
  /// While leftovers are being removed: those from this prefix and metric on are to be looked at.
  std::optional<std::pair<net::Prefix, std::uint32_t>> leftovers_from_;
};

}  // namespace catflap::bgp::internal
