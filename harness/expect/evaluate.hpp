#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "expect/check.hpp"
#include "expect/world.hpp"

namespace catflap::expect {

/// impossible: not true now, and waiting does not help (a name that does not exist, a daemon that has
/// exited).
enum class Verdict : std::uint8_t { holds, not_yet, impossible };
std::string_view to_string(Verdict verdict);  ///< "holds", "not yet", "impossible"

/// A step of the fixed ladder that leads to the cause: process, link, address, TCP, OPEN, ...
struct Rung {
  enum class State : std::uint8_t { ok, failed, unknown } state = State::unknown;
  std::string what;  ///< "link r1:eth0 -- r2:eth0 up"
};

/// A line of a file that a cause points at.
struct Quote {
  SourcePos where;
  std::string text;  ///< "r2 expects AS 65010 of r1"
  std::string note;  ///< "declared", "actual"
};

/// Why a check holds or does not: what was expected, what is there, the nearest miss, the nearest reason
/// known.
struct Explanation {
  Verdict verdict = Verdict::not_yet;
  std::string title;  ///< "BGP session r1 ~ r2 (ipv4) is not Established"
  std::string expected;
  std::vector<std::string> found;  ///< what is there, a line each
  std::string why;                 ///< nearest reason: "r2 refuses r1's OPEN: NOTIFICATION 2/2 Bad Peer AS"
  std::string cause;               ///< what leads to it, if known
  std::vector<Quote> quotes;
  std::string fix;
  std::vector<Rung> ladder;
  std::vector<std::string> nearest;  ///< other routes to the destination, a line each
  Place where;                       ///< of the check
};

/// Judges `check` by what is known now.
Explanation evaluate(const Check& check, const World& world);

/// The echo requests that the lab must run (and feed back by World::set_probe) for `check`; empty for other
/// checks. A node as target is its first lo address, else its address on a link with the source, else its
/// first address.
std::vector<ProbeRequest> probes_of(const Check& check, const Wiring& wiring);

enum class Status : std::uint8_t { pending, passed, failed };
std::string_view to_string(Status status);  ///< "pending", "passed", "failed"

struct Outcome {
  Status status = Status::pending;
  Instant started;
  Instant finished;                   ///< if not pending
  std::optional<Instant> first_true;  ///< first time that the condition was seen true
  Instant last_change;                ///< last time that the condition changed its truth; started at first
  std::uint32_t samples = 0;          ///< how often the condition was evaluated
  bool polled = false;  ///< some source was polled: holds and never may have missed short events
  Explanation why;      ///< of the last evaluation, or of the one that decided
};

/// A check over time as a state machine: eventually passes at the first moment that holds; holds fails at the
/// first that does not, and passes at the end; never fails at the first that holds.
///
/// Call update() at the start, after each change of the world, and at deadline(). Costs nothing if the
/// world's generation has not changed. `impossible` ends `eventually` at once only with Options::give_up.
class Evaluator {
 public:
  struct Options {
    Duration time{};       ///< limit or length; Check::time goes first
    bool give_up = false;  ///< let `eventually` fail at once when waiting cannot help
  };
  Evaluator(Check check, Instant start, Options options);

  const Outcome& update(Instant now, const World& world);
  const Outcome& outcome() const { return outcome_; }
  const Check& check() const { return check_; }
  /// When update() must be called at the latest; never() once decided.
  Instant deadline() const;
  bool done() const { return outcome_.status != Status::pending; }

 private:
  void finish(Instant now, Status status);

  Check check_;
  Instant end_;
  bool give_up_ = false;
  std::optional<std::uint64_t> seen_;
  bool last_ = false;
  Outcome outcome_;
};

/// Multi-line text for people, without colour; see UX "failure messages". `timeline`: events to add as the
/// last lines.
std::string to_text(const Outcome& outcome, const Check& check, const World& world);
std::string to_text(const Explanation& explanation);
/// One JSON object in one line.
std::string to_json(const Explanation& explanation);
std::string to_json(const Outcome& outcome, const Check& check, const World& world);

}  // namespace catflap::expect
