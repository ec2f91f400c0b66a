#include "calico/client/api_error.hpp"

#include <fmt/format.h>

namespace catflap::calico {
namespace {

std::string to_text(const FieldError& field) {
  std::string text = field.name;
  if (field.value) {
    text += fmt::format(" = '{}'", *field.value);
  }
  if (!field.reason.empty()) {
    text += fmt::format(" ({})", field.reason);
  }
  return text;
}

}  // namespace

ResourceId id_of(const Resource& resource) {
  return {&resource.kind(), resource.kind().namespaced ? resource.name_space() : "", resource.name()};
}

std::string to_string(const ResourceId& id) {
  if (id.kind->namespaced) {
    return fmt::format("{}({}/{})", id.kind->kind, id.name_space, id.name);
  }
  return fmt::format("{}({})", id.kind->kind, id.name);
}

Error not_existing(const ResourceId& id) {
  return {Errc::not_found, fmt::format("resource does not exist: {} with error: <nil>", to_string(id))};
}

Error already_existing(const ResourceId& id) {
  return {Errc::exists, fmt::format("resource already exists: {} with error: <nil>", to_string(id))};
}

Error update_conflict(const ResourceId& id) {
  return {Errc::conflict, "update conflict: " + to_string(id)};
}

Error unsupported_operation(std::string_view operation, std::string_view subject, std::string_view reason) {
  return {Errc::unsupported, fmt::format("operation {} is not supported on {}{}{}", operation, subject,
                                         reason.empty() ? "" : ": ", reason)};
}

Error invalid_fields(std::span<const FieldError> fields) {
  if (fields.size() == 1) {
    return {Errc::invalid, "error with field " + to_text(fields.front())};
  }
  std::string text = "error with the following fields:\n";
  for (const FieldError& field : fields) {
    text += fmt::format("-  {}\n", to_text(field));
  }
  return {Errc::invalid, std::move(text)};
}

Error invalid_field(FieldError field) {
  return invalid_fields(std::span<const FieldError>(&field, 1));
}

}  // namespace catflap::calico
