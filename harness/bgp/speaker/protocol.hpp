#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/channel.hpp"
#include "bgp/speaker/core.hpp"
#include "intent/router.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// Why a protocol is stopped; decides what a BGP peer is told (RFC 4486).
enum class StopReason : std::uint8_t { disabled, restart, deconfigured, reconfigured, shutdown };

/// A protocol instance: one block of the configuration. Created for a configuration, started, stopped, and
/// destroyed when the configuration has it no more.
class Protocol {
 public:
  Protocol(Core& core, rib::ProtocolId id, intent::ProtocolIntent intent);
  virtual ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  virtual observe::ProtocolKind kind() const = 0;
  void start();
  /// `text`: shutdown communication. Withdraws what the protocol brought.
  void stop(StopReason reason, const std::string& text);
  /// Takes over `next` without a restart if that is possible; false if not, and nothing was changed then.
  bool reconfigure(const intent::ProtocolIntent& next);

  /// Interfaces or addresses changed.
  virtual void interfaces_changed() {}
  /// A BFD session that it asked for changed; `lost`: the path was up and is broken.
  virtual void bfd_changed(const BfdTarget& target, bool lost) {
    (void)target;
    (void)lost;
  }
  /// The router id changed while running.
  virtual void router_id_changed() {}
  /// What was set in Core::deadlines is due.
  virtual void deadline() {}
  /// End of a round: send what is pending.
  virtual void flush() { obey_limit(); }
  /// A prefix of a table that `channel` exports from changed.
  virtual void route_changed(Channel& channel, const rib::Change& change) {
    (void)channel;  // most protocols take no routes
    (void)change;
  }
  /// False keeps a route away from the export filter (BIRD's preexport).
  virtual bool preexport(const Channel& channel, const rib::Path& path) const {
    (void)channel;
    (void)path;
    return true;
  }
  /// For people, if preexport() is false: "the peer itself brought it".
  virtual std::string_view why_not(const Channel& channel, const rib::Path& path) const {
    (void)channel;
    (void)path;
    return "the protocol takes no such routes";
  }
  /// True if all routes of a prefix go out, not the best alone: ADD-PATH, pipes.
  virtual bool exports_all(const Channel& channel) const {
    (void)channel;
    return false;
  }
  /// How many equal routes go out as one (`merge paths`); 1: none are merged.
  virtual std::size_t merges(const Channel& channel) const {
    (void)channel;
    return 1;
  }
  /// The attributes that a peer is told of an exported route; nullopt if it cannot be told.
  virtual std::optional<policy::RouteAttrs> as_sent(const Channel& channel, const rib::Path& path,
                                                    const policy::RouteEdit& edit) const {
    (void)channel;
    return edit.attrs(*path.attrs);
  }
  /// Runs import (again) over what it knows, or export over the tables.
  virtual bool reload(bool in, bool out);
  /// A limit with action restart or disable was passed; acted upon at the end of the round.
  void limit_passed(Channel& channel, bool restart);
  void obey_limit();
  virtual observe::ProtocolView view() const;
  /// For a route that this protocol brought from another table.
  virtual const Protocol* origin_of(const rib::Path& path) const {
    (void)path;
    return this;
  }

  rib::ProtocolId id() const { return id_; }
  const std::string& name() const { return intent_.name; }
  const intent::ProtocolIntent& intent() const { return intent_; }
  observe::ProtocolState state() const { return state_; }
  bool enabled() const { return enabled_; }
  void set_enabled(bool on) { enabled_ = on; }
  const std::vector<std::unique_ptr<Channel>>& channels() const { return channels_; }

 protected:
  virtual void on_start() = 0;
  virtual void on_stop(StopReason reason, const std::string& text) = 0;
  /// The body changed (channels are handled by Channel): true if it was taken over.
  virtual bool on_reconfigure(const intent::ProtocolIntent& next) = 0;
  virtual void on_limit(bool restart_it);
  /// What `intent` says of each of channels_, in their order.
  virtual std::vector<intent::ChannelIntent> channels_of(const intent::ProtocolIntent& intent) const {
    return intent.channels;
  }
  void set_state(observe::ProtocolState state);
  /// Begins the export of a channel with all there is.
  void bring_up(Channel& channel);
  /// Tells a channel all routes of its table again.
  virtual void refeed(Channel& channel);
  /// The export rules of a channel changed, but what was told by the old ones
  /// shall stand (`configure soft`).
  virtual void keep_export(Channel& channel) {
    (void)channel;  // those who remember what they told go on from there
  }
  /// ProtocolChanged with what a BGP session adds.
  virtual void announce_state();

  Core& core_;
  intent::ProtocolIntent intent_;
  std::vector<std::unique_ptr<Channel>> channels_;

 private:
  rib::ProtocolId id_;
  enum class LimitAction : std::uint8_t { none, restart, disable };
  LimitAction limit_action_ = LimitAction::none;
  bool enabled_ = true;
  observe::ProtocolState state_ = observe::ProtocolState::down;
  Instant since_;
};

std::unique_ptr<Protocol> make_protocol(Core& core, rib::ProtocolId id, const intent::ProtocolIntent& intent);

}  // namespace catflap::bgp::internal
