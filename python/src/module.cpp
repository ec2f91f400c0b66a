#include "bind.hpp"

namespace catflap::python {
namespace {

/// Raises catflap.Error(code, message, where); the class is Python's, so that Python code can raise it too.
void raise_error(const Error& error) {
  const py::module_ errors = py::module_::import("catflap.errors");
  py::object where = py::none();
  if (error.where && (!error.where->file.empty() || error.where->line != 0)) {
    where = errors.attr("Place")(error.where->file, error.where->line, error.where->column);
  }
  const py::object type = errors.attr("Error");
  PyErr_SetObject(type.ptr(), type(std::string(to_string(error.code)), error.message, where).ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  } catch (const LabError& error) {
    raise_error(error.error());
  }
}

}  // namespace
}  // namespace catflap::python

PYBIND11_MODULE(_catflap, module) {
  namespace python = catflap::python;
  module.doc() = "The engine of catflap. Use the package catflap, which is made of this.";
  pybind11::register_exception_translator(&python::translate);
  module.attr("__version__") = CATFLAP_VERSION;
  python::bind_topology(module);
  python::bind_checks(module);
  python::bind_views(module);
  python::bind_lab(module);
}
