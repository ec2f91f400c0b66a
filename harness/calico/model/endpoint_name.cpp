#include "calico/model/endpoint_name.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"

namespace catflap::calico {
namespace {

/// One part, its dashes doubled, so that the single ones between the parts can be told.
Result<std::string> name_part(const char* field, const std::string& value) {
  const char* reason = value.empty()          ? "field should be assigned"
                       : value.front() == '-' ? "field must not begin with a '-'"
                       : value.back() == '-'  ? "field must not end with a '-'"
                                              : nullptr;
  if (reason != nullptr) {
    return fail(Errc::invalid, fmt::format("error with field {} = '{}' ({})", field, value, reason));
  }
  std::string part;
  for (const char c : value) {
    part.append(c == '-' ? 2 : 1, c);
  }
  return part;
}

}  // namespace

Result<std::string> workload_endpoint_name(const Resource& endpoint) {
  return workload_endpoint_name(endpoint.spec());
}

Result<std::string> workload_endpoint_name(const nlohmann::json& spec) {
  const auto text = [&spec](const char* field) { return get_text(spec, field); };
  const std::string orchestrator = text("orchestrator");
  std::pair<const char*, std::string> third = {"workload", text("workload")};
  if (orchestrator == "k8s") {
    third = {"pod", text("pod")};
  } else if (orchestrator == "cni") {
    third = {"containerID", text("containerID")};
  } else if (orchestrator == "libnetwork") {
    third = {"orchestrator", orchestrator};
  }
  const std::array<std::pair<const char*, std::string>, 4> parts{
      {{"node", text("node")}, {"orchestrator", orchestrator}, third, {"endpoint", text("endpoint")}}};
  std::string name;
  for (const auto& [field, value] : parts) {
    const Result<std::string> part = name_part(field, value);
    if (!part) {
      return part;
    }
    name += (name.empty() ? "" : "-") + *part;
  }
  return name;
}

}  // namespace catflap::calico
