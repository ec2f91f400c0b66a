#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol pipe`: all routes of a table in another one and the reverse. What came through the pipe does not
/// go back. The channel of the configuration is the primary table's: `export` leads out of it, `import` into
/// it. Routes keep their attributes, preference and origin.
class PipeProtocol final : public Protocol {
 public:
  PipeProtocol(Core& core, rib::ProtocolId id, const intent::ProtocolIntent& intent);
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::pipe; }
  void route_changed(Channel& channel, const rib::Change& change) override;
  bool preexport(const Channel& channel, const rib::Path& path) const override;
  std::string_view why_not(const Channel&, const rib::Path&) const override {
    return "it came through this pipe";
  }
  bool exports_all(const Channel&) const override { return true; }
  const Protocol* origin_of(const rib::Path& path) const override;
  void flush() override;
  observe::ProtocolView view() const override;

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;
  std::vector<intent::ChannelIntent> channels_of(const intent::ProtocolIntent& intent) const override;

 private:
  /// A route of one table in the other: numbered, because several paths of a prefix may come through.
  using Source = std::pair<rib::ProtocolId, rib::PathId>;
  struct Pending {
    bool announce = false;
    rib::AttrRef attrs;
  };
  struct Direction {
    std::map<Source, rib::PathId> ids;
    std::map<rib::PathId, Source> sources;
    std::map<net::Prefix, std::map<rib::PathId, rib::AttrRef>> carried;
    std::map<std::pair<net::Prefix, rib::PathId>, Pending> pending;
    rib::PathId next = 1;
  };
  /// Index of the direction that leaves through `channel`: 0 from the primary table, 1 from the peer's.
  std::size_t direction_of(const Channel& channel) const { return &channel == channels_[0].get() ? 0 : 1; }

  Direction directions_[2];
};

}  // namespace catflap::bgp::internal
