#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/speaker/speaker.hpp"
#include "intent/router.hpp"
#include "runtime/mrt_dump.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// What a daemon writes as MRT: the file of `mrtdump "FILE"` (BGP4MP_ET), and the periodic table dumps of
/// `protocol mrt`. Belongs to the loop's thread.
class MrtService {
 public:
  using Tell = std::function<void(const Error&)>;

  /// `tell` gets what goes wrong with files, once for each.
  MrtService(sys::EventLoop& loop, Tell tell) : loop_(loop), tell_(std::move(tell)) {}
  ~MrtService();
  MrtService(const MrtService&) = delete;
  MrtService& operator=(const MrtService&) = delete;

  /// Opens and closes the file, starts and stops timers; those that stay the same go on.
  void configure(const intent::RouterIntent& intent);
  void message(const bgp::act::MrtMessage& message);
  void state(const bgp::act::MrtState& change);
  /// After each round of the loop: writes what message() and state() collected, a step of the dumps that are
  /// due, and wakes the loop if more is to do. A dump of a protocol that is not up is left out.
  void round(const bgp::Speaker& speaker);

 private:
  struct Periodic {
    intent::MrtIntent intent;
    sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
    bool due = false;
    std::unique_ptr<MrtTableDump> dump;
  };
  void arm(Periodic& periodic);
  void flush();
  void step(const std::string& name, Periodic& periodic, const bgp::Speaker& speaker);

  sys::EventLoop& loop_;
  Tell tell_;
  std::string file_name_;
  sys::UniqueFd file_;
  ByteSink out_;
  std::map<std::string, std::unique_ptr<Periodic>> periodic_;  ///< by protocol
};

}  // namespace catflap::runtime
