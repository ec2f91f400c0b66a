#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "catflap/running.hpp"
#include "net/addr.hpp"

/// The extension module in parts, one file for each area: templates of pybind11 are slow to compile.
namespace catflap::python {

namespace py = pybind11;

void bind_topology(py::module_& module);
void bind_checks(py::module_& module);
void bind_views(py::module_& module);
void bind_lab(py::module_& module);

/// The value, or LabError (catflap.Error in Python).
template <class T>
T unwrap(Result<T> result) {
  if (!result) {
    throw LabError(std::move(result.error()));
  }
  return std::move(*result);
}
/// Parses each text.
template <class T>
std::vector<T> parse_all(const std::vector<std::string>& texts) {
  std::vector<T> values;
  for (const std::string& text : texts) {
    values.push_back(unwrap(T::parse(text)));
  }
  return values;
}
inline LabError invalid(std::string message) {
  return LabError(Error{Errc::invalid, std::move(message), 0, std::nullopt});
}
/// Seconds as Python counts them. Errc::invalid for what is negative or too long.
inline Duration to_duration(double seconds) {
  constexpr double kSecondsMax = 1e9;
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    throw invalid("a time must be between 0 and 1e9 seconds");
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}
inline std::optional<Duration> to_duration(std::optional<double> seconds) {
  return seconds ? std::optional(to_duration(*seconds)) : std::nullopt;
}
inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace catflap::python
