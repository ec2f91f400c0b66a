#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "fuzz_seeds.hpp"

/// Any text of YAML or JSON gives resources or reasons. What was read is canonical: written and read again,
/// strictly or not, with defaults or without, it is the same, and the rules say the same of it.
namespace {

using namespace catflap::calico;
using catflap::fuzz::finding;
using catflap::fuzz::Seed;

std::vector<Seed> make_seeds() {
  const std::vector<std::string_view> texts = {
      R"(apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a, labels: {x: 1.0}}
spec: {peerIP: "10.0.0.1:179", asNumber: 1.10, maxRestartTime: 90s}
)",
      R"(- apiVersion: projectcalico.org/v3
  kind: NetworkPolicy
  metadata: {name: p, namespace: default}
  spec: {order: 1e6, ingress: [{action: Allow, protocol: "6", source: {ports: [80, "90:91", web]}}]}
- {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {volumes: [{a: {b: 1}}]}}
)",
      R"({"apiVersion":"projectcalico.org/v3","kind":"IPPoolList","items":[{"spec":{"cidr":"10.0.0.0/8"}}]})",
      R"(apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {routeTableRanges: [{min: 1, max: 2}], failsafeInboundHostPorts: [], bpfDataIfacePattern: "a(b|c)*"}
---
apiVersion: projectcalico.org/v3
kind: Node
spec: {bgp: {}}
)"};
  std::vector<Seed> seeds;
  for (const std::string_view text : texts) {
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

void check(const Resource& resource) {
  const std::string json = resource.to_json();
  const ReadReport again = read_resources(json, "again.json");
  if (!again.ok() || again.resources.size() != 1 || again.resources[0].to_json() != json) {
    finding("written and read again");
  }
  const auto stored = decode_text(json);
  if (!stored || stored->to_json() != json) {
    finding("stored and read again");
  }
  const std::vector<Diagnostic> found = validate(resource);
  const std::vector<Diagnostic> found_again = validate(*stored);
  if (found.size() != found_again.size()) {
    finding("the rules say something else");
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].path != found_again[i].path || found[i].message != found_again[i].message) {
      finding("the rules say something else");
    }
  }
  if (!found.empty()) {
    (void)calico_text(found);
  }
  Resource defaulted = *stored;
  set_defaults(defaulted);
  const std::string once = defaulted.to_json();
  set_defaults(defaulted);
  if (defaulted.to_json() != once) {
    finding("defaults of defaults");
  }
  for (const std::string_view heading : resource.kind().wide_headings) {
    (void)resource.kind().column(heading)->cell(resource, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ReadReport report = read_resources(text, "fuzz.yaml");
  for (const Resource& resource : report.resources) {
    check(resource);
  }
  ReadOptions lenient;
  lenient.strict = false;
  if (report.ok() && read_resources(text, "fuzz.yaml", lenient).resources.size() != report.resources.size()) {
    finding("less is read leniently than strictly");
  }
  return 0;
}

CATFLAP_FUZZ_SEEDS(make_seeds)
