#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/bgp_protocol.hpp"
#include "bgp/speaker/core.hpp"
#include "bgp/speaker/kernel_protocol.hpp"
#include "bgp/speaker/protocol.hpp"
#include "bgp/speaker/speaker.hpp"

namespace catflap::bgp {

class Speaker::Impl {
 public:
  explicit Impl(std::uint64_t seed) { core.seed = seed; }
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void ingest(const Event& event);
  void run();
  /// Work is left that the last run did not do, so that others are not held up.
  bool unfinished() const { return unfinished_; }

  internal::Core core;
  std::vector<std::unique_ptr<internal::Protocol>>
      protocols;  ///< in the order of the configuration, then spawned ones
  std::vector<internal::Protocol*> in_order() const;
  internal::Protocol* find(std::string_view name);

 private:
  struct Spawned {
    rib::ProtocolId child = 0, parent = 0;
  };

  // speaker.cpp
  void on(const ev::TcpOpened& event);
  void on(const ev::TcpBytes& event);
  void on(const ev::TcpWritable& event);
  void on(const ev::TcpClosed& event);
  void on(const ev::Interface& event);
  void on(const ev::KernelRoute& event);
  void on(const ev::KernelScanDone& event);
  void on(const ev::KernelRouteResult& event);
  void on(const ev::Admin& event);
  void on(const ev::ShutDown& event);
  void on(const ev::Datagram& event);
  void update_bfd();
  void converge();
  /// Decides some of what changed. False if there is nothing.
  bool decide(std::size_t limit);
  bool flush_protocols();
  void tell_listeners(internal::TableState& state, const rib::Change& change);
  void finish_recovery();
  template <class F>
  void for_each_bgp(F&& visit) {
    for (const auto& protocol : protocols) {
      if (protocol->kind() == observe::ProtocolKind::bgp) {
        visit(static_cast<internal::BgpProtocol&>(*protocol));
      }
    }
  }
  template <class F>
  void for_each_kernel(F&& visit) {
    for (const auto& protocol : protocols) {
      if (protocol->kind() == observe::ProtocolKind::kernel) {
        visit(static_cast<internal::KernelProtocol&>(*protocol));
      }
    }
  }

  // configure.cpp
  void on(const ev::Configure& event);
  void make_tables(const intent::RouterIntent& intent);
  void drop_tables(const intent::RouterIntent& intent);
  void stop_and_erase(std::unique_ptr<internal::Protocol>& protocol, internal::StopReason reason);
  std::unique_ptr<internal::Protocol> adopt(std::unique_ptr<internal::Protocol> old,
                                            const intent::ProtocolIntent& next);
  void set_router_id();
  void begin_recovery(const intent::RouterIntent& intent);

  // listen.cpp
  void accept(const ev::TcpOpened& event);
  void reject(const ev::TcpOpened& event, std::string_view why);
  internal::BgpProtocol* spawn(const internal::BgpProtocol& parent, const net::Endpoint& remote);
  void erase_finished();
  void update_listeners();

  bool unfinished_ = false;
  rib::ProtocolId next_id_ = 1;
  std::uint32_t next_dynamic_ = 1;
  std::vector<Spawned> spawned_;
  std::vector<act::Listen::Socket> listening_;
  std::set<act::UdpListen::Socket> udp_sockets_;
};

}  // namespace catflap::bgp
