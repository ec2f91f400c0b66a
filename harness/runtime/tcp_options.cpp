#include "runtime/tcp_options.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::runtime {
namespace {

constexpr int kClassSelector6 = 0xC0;

Status set_int(int socket, int level, int name, int value, const char* what) {
  if (::setsockopt(socket, level, name, &value, sizeof value) != 0) {
    return fail(sys::last_error(what));
  }
  return {};
}

}  // namespace

void set_session_defaults(int socket, net::Family family) {
  // Hints: a session works without them.
  (void)set_int(socket, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  (void)set_int(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentOctetsMax, "TCP_NOTSENT_LOWAT");
  if (family == net::Family::ipv4) {
    (void)set_int(socket, IPPROTO_IP, IP_TOS, kClassSelector6, "IP_TOS");
  } else {
    (void)set_int(socket, IPPROTO_IPV6, IPV6_TCLASS, kClassSelector6, "IPV6_TCLASS");
  }
}

Status set_tcp_options(int socket, net::Family family, const bgp::TcpOptions& options) {
  const bool v4 = family == net::Family::ipv4;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (options.ttl != 0) {
    if (auto done = set_int(socket, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, options.ttl, "set TTL"); !done) {
      return done;
    }
  }
  if (options.ttl_min != 0) {
    if (auto done =
            set_int(socket, level, v4 ? IP_MINTTL : IPV6_MINHOPCOUNT, options.ttl_min, "set minimum TTL");
        !done) {
      return done;
    }
  }
  if (!options.bind_interface.empty() &&
      ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, options.bind_interface.data(),
                   static_cast<socklen_t>(options.bind_interface.size())) != 0) {
    return fail(sys::last_error("bind to interface " + options.bind_interface));
  }
  return {};
}

Status set_md5_key(int socket, const net::Prefix& peer, const std::optional<std::string>& password) {
  tcp_md5sig signature{};
  if (password && password->size() > TCP_MD5SIG_MAXKEYLEN) {
    return fail(Errc::invalid,
                "a TCP MD5 password has at most " + std::to_string(TCP_MD5SIG_MAXKEYLEN) + " octets");
  }
  const sys::SocketAddress address = sys::to_sockaddr({peer.addr(), 0, 0});
  std::memcpy(&signature.tcpm_addr, address.get(), address.size);
  if (password) {
    signature.tcpm_keylen = static_cast<__u16>(password->size());
    std::memcpy(signature.tcpm_key, password->data(), password->size());
  }
  int name = TCP_MD5SIG;
  if (!peer.is_host()) {
    name = TCP_MD5SIG_EXT;
    signature.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    signature.tcpm_prefixlen = peer.length();
  }
  if (::setsockopt(socket, IPPROTO_TCP, name, &signature, sizeof signature) != 0 &&
      !(errno == ENOENT && !password)) {  // removing what is not there is fine
    return fail(sys::last_error("set the TCP MD5 key of " + net::to_string(peer)));
  }
  return {};
}

}  // namespace catflap::runtime
