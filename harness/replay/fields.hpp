#pragma once

#include <type_traits>

#include "bgp/speaker/event.hpp"

/// The fields of all events and actions, once for reading and writing: fields(value, f) calls f(field...).
/// Structured bindings, so that a field that is added to a struct and not here does not compile. The order is
/// part of the format (trace/event_log.md): add at the end and raise trace::kEventLogVersion.
namespace catflap::replay {

template <class F>
void fields(net::Endpoint& v, F&& f) {
  auto& [addr, port, scope] = v;
  f(addr, port, scope);
}
template <class F>
void fields(net::InterfaceAddress& v, F&& f) {
  auto& [addr, length, peer] = v;
  f(addr, length, peer);
}
template <class F>
void fields(bgp::CloseReason& v, F&& f) {
  auto& [sys_errno, dial_failed, text] = v;
  f(sys_errno, dial_failed, text);
}
template <class F>
void fields(bgp::TcpOptions& v, F&& f) {
  auto& [md5_password, ttl, ttl_min, bind_interface] = v;
  f(md5_password, ttl, ttl_min, bind_interface);
}
template <class F>
void fields(bgp::KernelRouteSpec::NextHop& v, F&& f) {
  auto& [via, interface, weight, onlink] = v;
  f(via, interface, weight, onlink);
}
template <class F>
void fields(bgp::KernelRouteSpec& v, F&& f) {
  auto& [table, prefix, type, next_hops, metric, protocol, scope, prefsrc, realm, mtu] = v;
  f(table, prefix, type, next_hops, metric, protocol, scope, prefsrc, realm, mtu);
}

// Events.
template <class F>
void fields(bgp::ev::TcpOpened& v, F&& f) {
  auto& [conn, local, remote, inbound] = v;
  f(conn, local, remote, inbound);
}
template <class F>
void fields(bgp::ev::TcpBytes& v, F&& f) {
  auto& [conn, bytes] = v;
  f(conn, bytes);
}
template <class F>
void fields(bgp::ev::TcpWritable& v, F&& f) {
  auto& [conn, bytes_free] = v;
  f(conn, bytes_free);
}
template <class F>
void fields(bgp::ev::TcpClosed& v, F&& f) {
  auto& [conn, reason] = v;
  f(conn, reason);
}
template <class F>
void fields(bgp::ev::Configure& v, F&& f) {
  auto& [intent, soft, recover] = v;
  f(intent, soft, recover);
}
template <class F>
void fields(bgp::ev::Interface& v, F&& f) {
  auto& [index, name, up, loopback, gone, mtu, addresses, point_to_point] = v;
  f(index, name, up, loopback, gone, mtu, addresses, point_to_point);
}
template <class F>
void fields(bgp::ev::KernelRoute& v, F&& f) {
  auto& [route, added] = v;
  f(route, added);
}
template <class F>
void fields(bgp::ev::KernelScanDone&, F&&) {}
template <class F>
void fields(bgp::ev::KernelRouteResult& v, F&& f) {
  auto& [table, prefix, sys_errno] = v;
  f(table, prefix, sys_errno);
}
template <class F>
void fields(bgp::ev::Admin& v, F&& f) {
  auto& [verb, protocol, text] = v;
  f(verb, protocol, text);
}
template <class F>
void fields(bgp::ev::ShutDown& v, F&& f) {
  auto& [text, graceful_restart] = v;
  f(text, graceful_restart);
}
template <class F>
void fields(bgp::ev::Datagram& v, F&& f) {
  auto& [port, local, remote, interface, ttl, bytes] = v;
  f(port, local, remote, interface, ttl, bytes);
}

// Actions.
template <class F>
void fields(bgp::act::TcpConnect& v, F&& f) {
  auto& [conn, local, remote, options] = v;
  f(conn, local, remote, options);
}
template <class F>
void fields(bgp::act::TcpSend& v, F&& f) {
  auto& [conn, bytes] = v;
  f(conn, bytes);
}
template <class F>
void fields(bgp::act::TcpClose& v, F&& f) {
  auto& [conn, graceful] = v;
  f(conn, graceful);
}
template <class F>
void fields(bgp::act::Listen::Socket::Key& v, F&& f) {
  auto& [peer, password] = v;
  f(peer, password);
}
template <class F>
void fields(bgp::act::Listen::Socket& v, F&& f) {
  auto& [local, md5_keys] = v;
  f(local, md5_keys);
}
template <class F>
void fields(bgp::act::Listen& v, F&& f) {
  auto& [sockets] = v;
  f(sockets);
}
template <class F>
void fields(bgp::act::TcpSetOptions& v, F&& f) {
  auto& [conn, options] = v;
  f(conn, options);
}
template <class F>
void fields(bgp::act::UdpListen::Socket& v, F&& f) {
  auto& [port, family] = v;
  f(port, family);
}
template <class F>
void fields(bgp::act::UdpListen& v, F&& f) {
  auto& [sockets] = v;
  f(sockets);
}
template <class F>
void fields(bgp::act::UdpSend& v, F&& f) {
  auto& [local, remote, interface, ttl, bytes] = v;
  f(local, remote, interface, ttl, bytes);
}
template <class F>
void fields(bgp::act::KernelRoute& v, F&& f) {
  bgp::KernelRouteSpec route = v.route();
  f(route, v.present);
  if constexpr (std::remove_cvref_t<F>::kReads) {
    v = bgp::act::KernelRoute(route, v.present);
  }
}
template <class F>
void fields(bgp::act::ProtocolChanged& v, F&& f) {
  auto& [protocol, kind, state, session, reason] = v;
  f(protocol, kind, state, session, reason);
}
template <class F>
void fields(bgp::act::RouteChanged& v, F&& f) {
  auto& [table, prefix] = v;
  f(table, prefix);
}
template <class F>
void fields(bgp::act::Note& v, F&& f) {
  auto& [level, protocol, text] = v;
  f(level, protocol, text);
}
template <class F>
void fields(bgp::act::ShutDownDone&, F&&) {}
template <class F>
void fields(bgp::act::MrtSession& v, F&& f) {
  auto& [peer_as, local_as, peer, local] = v;
  f(peer_as, local_as, peer, local);
}
template <class F>
void fields(bgp::act::MrtMessage& v, F&& f) {
  auto& [session, as4, add_path, octets] = v;
  f(session, as4, add_path, octets);
}
template <class F>
void fields(bgp::act::MrtState& v, F&& f) {
  auto& [session, from, to] = v;
  f(session, from, to);
}

}  // namespace catflap::replay
