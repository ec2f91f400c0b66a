#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "net/addr.hpp"
#include "sys/event_loop.hpp"
#include "sys/netns.hpp"

/// Is it there? ICMP echo, TCP connect and UDP echo from inside namespaces, without `ping` processes.
namespace catflap::probe {

enum class Kind : std::uint8_t { icmp_echo, tcp_connect, udp_echo };
/// "ping", "tcp", "udp".
std::string_view to_string(Kind kind);

struct ProbeSpec {
  std::string from, to_label;                    ///< for reports; not interpreted
  std::shared_ptr<const sys::netns::Handle> ns;  ///< where it starts
  Kind kind = Kind::icmp_echo;
  net::Endpoint to;                   ///< port: TCP and UDP only
  std::optional<net::IpAddr> source;  ///< nullopt: the kernel's choice
  std::string interface;              ///< SO_BINDTODEVICE; "": the routing decides
  Duration timeout = std::chrono::seconds(1);
  std::uint8_t ttl = 0;               ///< 0: the system's
  std::uint16_t payload_octets = 56;  ///< ICMP: 16..65000
};

enum class Verdict : std::uint8_t { reached, refused, unreachable, timed_out, not_sent };
/// "reached", "refused", "unreachable", "timed out", "not sent".
std::string_view to_string(Verdict verdict);

struct ProbeResult {
  ProbeSpec spec;
  Verdict verdict = Verdict::not_sent;
  Duration rtt{};                       ///< until the answer, a refusal included; of the other verdicts 0
  std::optional<net::IpAddr> answered;  ///< who answered or complained
  int sys_errno = 0;
  /// In words: "Destination net unreachable from 10.0.0.1", "Connection refused", "no answer within 1000 ms".
  std::string detail;
};

/// Thousands of probes at once on one loop; belongs to the loop's thread. At most kInFlightMax have a socket
/// at a time, the rest waits for its turn (its timeout starts then). ICMP probes share one raw socket per
/// namespace, family, source and interface.
class Engine {
 public:
  using Done = std::function<void(std::vector<ProbeResult>)>;
  enum class BatchId : std::uint64_t {};
  static constexpr std::size_t kInFlightMax = 4096;

  Engine(sys::EventLoop& loop, sys::netns::Executor& executor);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Calls `done` on the loop with the results in the order of `batch`; never before submit() returns.
  BatchId submit(std::vector<ProbeSpec> batch, Done done);
  /// Its `done` will not be called. Fine if it was already.
  void cancel(BatchId batch);
  std::size_t in_flight() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Submits, runs `loop` until all are done, and returns the results. For callers that have nothing else to
/// do.
std::vector<ProbeResult> probe_all(sys::EventLoop& loop, Engine& engine, std::vector<ProbeSpec> batch);

}  // namespace catflap::probe
