#include <sys/resource.h>

#include <cstdio>

#include "load/load.hpp"

namespace {

constexpr const char* kUsage =
    R"(Usage: catflap-bgp-load < COMMANDS

Many BGP sessions at once, to load a daemon and to see what it sends on. Commands, one a line:

  synthetic N SEED      the feed: N prefixes, N/8 attribute sets
  mrt FILE              the feed: the IPv4 routes of a TABLE_DUMP_V2 file
  peer NAME local=IP remote=IP as=N remote-as=N [port=179] [hold=240] [feed] [sentinel] [sink]
                        feed: announces the feed; sentinel: and a prefix of its own at its end;
                        sink: keeps account of what it is told
  prepare               encodes what will be announced
  start dial|listen     all peers connect at once and again until they succeed, or wait to be connected to
  send [GOAL]           feeders announce; "reached" tells when every sink holds GOAL prefixes
  goal GOAL             the same for a load that others send to
  drop NAME|feeders [GOAL]
                        closes these sessions
  stats                 sums over the sinks
  quit

Events, one JSON object a line, t in nanoseconds of CLOCK_MONOTONIC: prepared, started, all-established,
all-end-of-rib, sending, goal, all-sent, reached, dropped, closed, stats, error.
)";

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);  // if not, there are fewer sessions, and epoll says so
  }
  return catflap::bench::Load().run();
}
