#include <pybind11/operators.h>

#include "bind.hpp"
#include "expect/check.hpp"
#include "lab/engine.hpp"
#include "topology/load.hpp"

namespace catflap::python {
namespace {

using expect::Check;
using Texts = std::vector<std::string>;

template <class T>
Check make(T what) {
  Check check;
  check.what = std::move(what);
  return check;
}

Check session_check(const std::vector<std::pair<std::string, std::string>>& pairs, const std::string& state,
                    bool negated, const std::string& reason) {
  expect::SessionCheck what;
  for (const auto& [a, b] : pairs) {
    what.pairs.push_back({a, b});
  }
  const auto known = observe::parse_session_state(state);
  if (!known) {
    throw invalid("unknown state '" + state +
                  "'; states are Idle, Connect, Active, OpenSent, OpenConfirm, "
                  "Established, Down, Passive and Close");
  }
  what.state = *known;
  what.negated = negated;
  what.reason = reason;
  return make(std::move(what));
}

expect::RouteTable to_table(const std::string& word) {
  if (word == "automatic") {
    return expect::RouteTable::automatic;
  }
  if (word == "fib" || word == "rib") {
    return word == "fib" ? expect::RouteTable::fib : expect::RouteTable::rib;
  }
  throw invalid("unknown table '" + word + "'; there are automatic, fib and rib");
}

net::Community to_community(const std::pair<std::uint32_t, std::uint32_t>& halves) {
  constexpr std::uint32_t kHalfMax = 0xFFFF;
  if (halves.first > kHalfMax || halves.second > kHalfMax) {
    throw invalid("the halves of a community are at most 65535");
  }
  return halves.first << 16U | halves.second;
}

Check route_check(const Texts& at, const std::string& to, bool absent, const std::string& in,
                  const Texts& via, const Texts& dev, const std::string& proto,
                  std::optional<std::uint32_t> metric, std::optional<std::uint32_t> next_hops,
                  std::optional<std::uint32_t> table, const std::optional<std::string>& type,
                  const std::optional<std::string>& from_peer,
                  const std::optional<std::vector<std::uint32_t>>& as_path,
                  std::optional<std::uint32_t> local_pref, std::optional<std::uint32_t> med,
                  const std::vector<std::pair<std::uint32_t, std::uint32_t>>& communities) {
  expect::RouteCheck what;
  what.at = at;
  what.to = unwrap(net::Prefix::parse(to));
  what.absent = absent;
  what.in = to_table(in);
  for (const std::string& target : via) {
    what.via.push_back(expect::make_target(target));
  }
  what.dev = dev;
  what.proto = proto;
  what.metric = metric;
  what.next_hops = next_hops;
  what.table = table;
  if (type) {
    what.type = observe::parse_route_type(*type == "prohibit" ? "prohibited" : *type);
    if (!what.type) {
      throw invalid("unknown type '" + *type + "'; there are unicast, blackhole, unreachable and prohibit");
    }
  }
  if (from_peer) {
    what.from_peer = expect::make_target(*from_peer);
  }
  what.as_path = as_path;
  what.local_pref = local_pref;
  what.med = med;
  for (const auto& community : communities) {
    what.communities.push_back(to_community(community));
  }
  return make(std::move(what));
}

Check ping_check(const Texts& from, const std::string& to, const std::optional<std::string>& source,
                 std::uint32_t count, std::uint32_t loss_percent_max, bool blocked) {
  if (count < 1 || count > 100'000 || loss_percent_max > 100) {
    throw invalid("count must be between 1 and 100000, loss between 0 and 100 percent");
  }
  expect::PingCheck what;
  what.from = from;
  what.to = expect::make_target(to);
  if (source) {
    what.source = unwrap(net::IpAddr::parse(*source));
  }
  what.count = count;
  what.loss_percent_max = loss_percent_max;
  what.blocked = blocked;
  return make(std::move(what));
}

Check timed(const Check& self, const std::string& mode, std::optional<double> seconds) {
  Check check = self;
  if (mode != "eventually" && mode != "holds" && mode != "never") {
    throw invalid("unknown mode '" + mode + "'; there are eventually, holds and never");
  }
  check.mode = mode == "eventually" ? expect::Mode::eventually
               : mode == "holds"    ? expect::Mode::holds
                                    : expect::Mode::never;
  check.time = to_duration(seconds);
  return check;
}

}  // namespace

void bind_checks(py::module_& module) {
  py::class_<Check>(module, "Check")
      .def("timed", &timed, py::arg("mode"), py::arg("seconds"))
      .def("__str__", [](const Check& self) { return expect::describe(self); })
      .def(py::self == py::self);
  module.def("session_check", &session_check, py::arg("pairs"), py::arg("state"), py::arg("negated"),
             py::arg("reason"));
  module.def("route_check", &route_check, py::arg("at"), py::arg("to"), py::arg("absent"),
             py::arg("table_kind"), py::arg("via"), py::arg("dev"), py::arg("proto"), py::arg("metric"),
             py::arg("next_hops"), py::arg("table"), py::arg("type"), py::arg("from_peer"),
             py::arg("as_path"), py::arg("local_pref"), py::arg("med"), py::arg("communities"));
  module.def("ping_check", &ping_check, py::arg("origins"), py::arg("to"), py::arg("source"),
             py::arg("count"), py::arg("loss_percent_max"), py::arg("blocked"));
  module.def(
      "alive_check", [](const Texts& at) { return make(expect::AliveCheck{at}); }, py::arg("at"));
  module.def(
      "parse_check", [](const std::string& yaml) { return unwrap(topology::parse_check(yaml)); },
      py::arg("yaml"));

  py::class_<lab::CheckResult>(module, "CheckResult")
      .def_property_readonly("passed", &lab::CheckResult::passed)
      .def_readonly("text", &lab::CheckResult::text)
      .def_readonly("json", &lab::CheckResult::json)
      .def_readonly("check", &lab::CheckResult::check)
      .def_property_readonly("seconds", [](const lab::CheckResult& self) {
        return to_seconds(self.outcome.finished - self.outcome.started);
      });
}

}  // namespace catflap::python
