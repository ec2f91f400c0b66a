#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bgp/bfd/session.hpp"
#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol bfd`: the sessions that other protocols ask for (Core::bfd_requests) and those that it names
/// itself (RFC 5882). Which is whose when there are several such protocols: the first one that accepts the
/// kind.
class BfdProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::bfd; }

  /// Makes and ends sessions so that they are what is wanted. `taken`: what earlier protocols serve; gets
  /// what this one does.
  void sync(std::set<BfdTarget>& taken);
  /// True if it was for a session of this protocol.
  bool datagram(const ev::Datagram& datagram);
  /// The ports that its sessions need.
  void add_sockets(std::set<act::UdpListen::Socket>& sockets) const;

  void deadline() override;
  void interfaces_changed() override;
  observe::ProtocolView view() const override;

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;

 private:
  struct Entry {
    BfdTarget target;
    bfd::Session session;
    std::vector<rib::ProtocolId> owners;
  };
  const intent::BfdIntent& bfd() const { return std::get<intent::BfdIntent>(intent_.body); }
  bool accepts(const BfdTarget& target) const;
  std::optional<BfdTarget> target_of(const intent::BfdNeighbor& neighbor) const;
  bfd::SessionConfig config_of(const BfdTarget& target, const intent::BfdOptions& own) const;
  Entry* find(const ev::Datagram& datagram, const bfd::Packet& packet);
  void handle(Entry& entry, bfd::Outputs outputs);
  void end(std::uint32_t discriminator);
  void reschedule();

  std::map<std::uint32_t, Entry> sessions_;  ///< by our discriminator
  std::map<BfdTarget, std::uint32_t> by_target_;
};

}  // namespace catflap::bgp::internal
