#include <memory>

#include "bind.hpp"
#include "catflap/lab.hpp"

namespace catflap::python {
namespace {

using Released = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<Running> up(const topology::Topology& topology, const std::optional<std::string>& run_dir,
                            const std::optional<std::string>& base_dir, std::optional<double> ready_timeout) {
  lab::Options options;
  if (run_dir) {
    options.run_root = *run_dir;
  }
  if (base_dir) {
    options.base_dir = *base_dir;
  }
  if (ready_timeout) {
    options.ready_timeout = to_duration(*ready_timeout);
  }
  const py::gil_scoped_release released;
  return Running::up(topology, std::move(options));
}

/// Waits without the lock of the interpreter, and lets Ctrl-C end the wait.
std::vector<lab::CheckResult> check_all(Running& self, const std::vector<expect::Check>& checks) {
  const auto interrupted = [] {
    const py::gil_scoped_acquire locked;
    return PyErr_CheckSignals() != 0;
  };
  std::optional<std::vector<lab::CheckResult>> results;
  {
    const py::gil_scoped_release released;
    results = self.check_all(checks, interrupted);
  }
  if (!results) {
    throw py::error_already_set();
  }
  return std::move(*results);
}

topology::Action::Verb to_verb(const std::string& word) {
  using Verb = topology::Action::Verb;
  for (const Verb verb :
       {Verb::down, Verb::up, Verb::kill, Verb::stop, Verb::restart, Verb::pause, Verb::resume}) {
    if (topology::to_string(verb) == word) {
      return verb;
    }
  }
  throw invalid("unknown action '" + word + "'");
}

void perform(Running& self, const std::string& verb, const std::string& subject) {
  topology::Action action = parse_link(subject);
  action.verb = to_verb(verb);
  const py::gil_scoped_release released;
  self.perform(action);
}

std::tuple<int, py::bytes, py::bytes> exec(Running& self, const std::string& node, const std::string& command,
                                           double timeout) {
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(to_duration(timeout));
  Output output;
  {
    const py::gil_scoped_release released;
    output = self.exec(node, command, limit);
  }
  return {output.code, py::bytes(output.out), py::bytes(output.err)};
}

}  // namespace

void bind_lab(py::module_& module) {
  py::class_<Running, std::shared_ptr<Running>>(module, "Running")
      .def_static("up", &up, py::arg("topology"), py::arg("run_dir"), py::arg("base_dir"),
                  py::arg("ready_timeout"))
      .def("check_all", &check_all, py::arg("checks"))
      .def("judge", &Running::judge, py::arg("check"), Released())
      .def("perform", &perform, py::arg("verb"), py::arg("subject"))
      .def("exec", &exec, py::arg("node"), py::arg("command"), py::arg("timeout"))
      .def("reset", &Running::reset, Released())
      .def("down", &Running::down, Released())
      .def("is_up", &Running::is_up, Released())
      .def_property_readonly("instance", &Running::instance)
      .def_property_readonly("topology", [](const Running& self) { return self.topology(); })
      .def(
          "no_such_node",
          [](const Running& self, const std::string& name) { return self.no_such_node(name).message; },
          py::arg("name"))
      .def("sessions", &Running::sessions, py::arg("node"), py::arg("peer"), Released())
      .def("routes", &Running::routes, py::arg("node"), py::arg("kernel"), Released())
      .def("timeline", &Running::timeline, Released())
      .def("status_json", &Running::status_json, Released())
      .def("run_dir", &Running::run_dir, Released());
}

}  // namespace catflap::python
