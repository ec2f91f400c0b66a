#pragma once

#include <string>

#include "net/addr.hpp"
#include "probe/engine.hpp"

/// What the engine asks of sockets and what their errors say of a probe.
namespace catflap::probe {

/// setsockopt() of a number.
int set_option(int fd, int level, int option, int value);
/// Sets the options that all kinds of probes share: interface, hop limit, source. 0 or an errno.
int prepare(int fd, const ProbeSpec& spec);
/// Lets only answers to echo requests and complaints about them in. 0 or an errno.
int prepare_icmp(int fd, net::Family family);

/// The verdict about a probe that the system refused to send, or whose connection failed.
Verdict verdict_of(int sys_errno);
/// The error's text, with what in the routing table makes the system say so.
std::string detail_of(int sys_errno);

}  // namespace catflap::probe
