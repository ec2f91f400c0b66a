#include "lab/wire_error.hpp"

#include <nlohmann/json.hpp>

namespace catflap::lab {

nlohmann::json error_to_json(const Error& error) {
  nlohmann::json value = {{"ok", false}, {"code", to_string(error.code)}, {"message", error.message}};
  if (error.where) {
    value["file"] = error.where->file;
    value["line"] = error.where->line;
    value["column"] = error.where->column;
  }
  return value;
}

Error error_from_json(const nlohmann::json& value) {
  Error error;
  const std::string code = value.value("code", "io");
  for (const Errc candidate : {Errc::invalid, Errc::not_found, Errc::exists, Errc::denied, Errc::timeout,
                               Errc::protocol, Errc::io, Errc::conflict, Errc::unsupported}) {
    if (to_string(candidate) == code) {
      error.code = candidate;
    }
  }
  error.message = value.value("message", "the supervisor reported an error");
  if (value.contains("file")) {
    error.where = SourcePos{value.value("file", ""), value.value("line", 0U), value.value("column", 0U)};
  }
  return error;
}

}  // namespace catflap::lab
