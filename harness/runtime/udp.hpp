#pragma once

#include <functional>
#include <map>
#include <tuple>

#include "bgp/speaker/event.hpp"
#include "runtime/tcp.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// The UDP half of a speaker's driver, for BFD: carries out UdpListen and UdpSend, and tells what arrives as
/// events. Belongs to the loop's thread.
///
/// Bounds: kSourcesMax sockets to send from; kReadsPerRound datagrams of a socket in one round.
class Udp {
 public:
  using Sink = std::function<void(bgp::Event)>;
  static constexpr std::size_t kSourcesMax = 4096;
  static constexpr int kReadsPerRound = 256;

  Udp(sys::EventLoop& loop, SocketFactory sockets, Sink sink);
  ~Udp();
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  /// Opens what is new and closes what is gone. The first error is returned after all were tried.
  Status listen(const bgp::act::UdpListen& wanted);
  /// A datagram that cannot be sent now is lost, as one on the wire may be. Errors: no socket could be
  /// opened.
  Status send(const bgp::act::UdpSend& send);

 private:
  using Source = std::tuple<net::IpAddr, bgp::IfIndex, std::uint8_t>;  ///< local address, interface, TTL

  Status open_listener(const bgp::act::UdpListen::Socket& wanted);
  void readable(const bgp::act::UdpListen::Socket& socket);
  Result<int> source(const bgp::act::UdpSend& send);

  sys::EventLoop& loop_;
  SocketFactory sockets_;
  Sink sink_;
  std::map<bgp::act::UdpListen::Socket, sys::UniqueFd> listeners_;
  std::map<Source, sys::UniqueFd> sources_;
};

}  // namespace catflap::runtime
