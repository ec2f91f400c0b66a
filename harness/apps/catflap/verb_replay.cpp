#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/input_file.hpp"
#include "apps/catflap/verbs.hpp"
#include "replay/replayer.hpp"
#include "sys/clock.hpp"

namespace catflap::app {
namespace {

double seconds(Instant at) {
  return std::chrono::duration<double>(at.since_origin()).count();
}

void print_result(const Common& common, const replay::Replayer& replayer, double took_s) {
  const auto& divergence = replayer.divergence();
  if (common.json) {
    nlohmann::json value = {{"same", !divergence.has_value()},
                            {"records", replayer.records()},
                            {"events", replayer.events()},
                            {"runs", replayer.runs()},
                            {"hash", fmt::format("{:016x}", replayer.hash())},
                            {"complete", replayer.complete()},
                            {"rest", replayer.rest()},
                            {"took_s", took_s}};
    if (divergence) {
      value["divergence"] = {{"record", divergence->record},
                             {"at_s", seconds(divergence->at)},
                             {"action", divergence->action},
                             {"expected", divergence->expected},
                             {"got", divergence->got}};
    }
    fmt::print("{}\n", value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  if (divergence) {
    fmt::print("✘ differs at record {}, {:.6f} s, action {} of the run\n  expected: {}\n       got: {}\n",
               divergence->record, seconds(divergence->at), divergence->action, divergence->expected,
               divergence->got);
    return;
  }
  fmt::print("✔ the same: {} records, {} events, {} runs, hash {:016x}, {:.3f} s{}\n", replayer.records(),
             replayer.events(), replayer.runs(), replayer.hash(), took_s,
             replayer.complete() || replayer.wants_more() ? "" : ", stopped as asked");
  if (replayer.wants_more()) {
    fmt::print("  the log has no end: the program was killed{}\n",
               replayer.rest() == 0
                   ? std::string()
                   : fmt::format("; its last {} octets are no whole record", replayer.rest()));
  }
}

}  // namespace

int replay(const Common& common, const std::string& file, std::optional<std::uint64_t> until, bool show) {
  auto input = InputFile::open(file);
  if (!input) {
    return report_error(common, input.error());
  }
  replay::Replayer::Options options;
  options.until = until;
  if (show) {
    options.show = [](std::uint64_t record, Instant at, std::string_view line) {
      fmt::print("{:>7} {:>14.6f} {}\n", record, seconds(at), line);
    };
  }
  replay::Replayer replayer(std::move(options));
  const Instant started = sys::monotonic_now();
  while (replayer.wants_more()) {
    auto octets = input->read();
    if (!octets) {
      return report_error(common, octets.error());
    }
    if (octets->empty()) {
      break;
    }
    if (auto done = replayer.push(*octets); !done) {
      return report_error(common, std::move(done.error()).context(file));
    }
  }
  if (!replayer.header()) {
    return report_error(common, {Errc::invalid, file + ": this is no event log"});
  }
  print_result(common, replayer, std::chrono::duration<double>(sys::monotonic_now() - started).count());
  return replayer.divergence() ? kExitCheckFailed : kExitOk;
}

}  // namespace catflap::app
