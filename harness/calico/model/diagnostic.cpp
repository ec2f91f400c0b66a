#include "calico/model/diagnostic.hpp"

#include "base/assert.hpp"

namespace catflap::calico {

namespace {

std::string field_text(const Diagnostic& diagnostic) {
  const std::string& name = diagnostic.field.empty() ? diagnostic.path : diagnostic.field;
  std::string text = name + " = '" + diagnostic.value + "'";
  return diagnostic.message.empty() ? text : text + " (" + diagnostic.message + ")";
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  const std::string where = to_string(diagnostic.where);
  return where + (where.empty() ? "" : ": ") + diagnostic.path + (diagnostic.path.empty() ? "" : ": ") +
         diagnostic.message + (diagnostic.hint.empty() ? "" : "; " + diagnostic.hint);
}

std::string calico_text(std::span<const Diagnostic> diagnostics) {
  CATFLAP_ASSERT(!diagnostics.empty());
  if (diagnostics.size() == 1) {
    return "error with field " + field_text(diagnostics.front());
  }
  std::string text = "error with the following fields:\n";
  for (const Diagnostic& diagnostic : diagnostics) {
    text += "-  " + field_text(diagnostic) + "\n";
  }
  return text;
}

}  // namespace catflap::calico
