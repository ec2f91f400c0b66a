#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "topology/load.hpp"

/// Any text gives a report. What is accepted can be wired, made into routers, printed and read back as the
/// same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace catflap::topology;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadReport report = load(text, "fuzz.yaml");
  if (!report.ok()) {
    if (report.diagnostics.empty()) {
      std::abort();
    }
    return 0;
  }
  const Topology& topology = *report.topology;
  (void)wire(topology);
  for (const Node& node : topology.nodes) {
    if (router_intent(topology, node.name).has_value() != node.bgp.has_value()) {
      std::abort();
    }
  }
  (void)combinations(topology);
  const LoadReport again = load(to_yaml(topology), "again.yaml");
  if (!again.ok() || !(*again.topology == topology)) {
    std::abort();
  }
  return 0;
}
