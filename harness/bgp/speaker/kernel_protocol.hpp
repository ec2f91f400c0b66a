#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol kernel`: best routes of its table in a table of the kernel, and with `learn` the reverse.
///
/// Nothing is written before the driver has told what the kernel has (KernelScanDone): then leftovers of ours
/// that nobody wants are removed, and those that are wanted as they are stay untouched. All changes of a
/// round are one action for each prefix.
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

  /// A route of this table in the kernel came or went; Core::kernel_routes has it already.
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
  std::optional<KernelRouteSpec> spec_of(const net::Prefix& prefix, const policy::RouteAttrs& attrs,
                                         const policy::Forwarding& forwarding) const;
  std::optional<KernelRouteSpec> wanted_for(Channel& channel, const rib::Change& change);
  /// Compares what is wanted with what the kernel has.
  void reconcile();
  bool found_in_kernel(const KernelRouteSpec& want) const;
  void remove_leftovers();
  void learn(const net::Prefix& prefix);
  bool learnable(const KernelRouteSpec& route) const;

  std::map<net::Prefix, KernelRouteSpec> wanted_;
  std::map<net::Prefix, KernelRouteSpec> installed_;  ///< as last asked of the kernel, or found there
  std::set<net::Prefix> dirty_;
  bool reconcile_ = false;
};

}  // namespace catflap::bgp::internal
