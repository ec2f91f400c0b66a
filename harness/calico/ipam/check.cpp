#include "calico/ipam/check.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ipam/codec.hpp"
#include "calico/ipam/pools.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;

constexpr std::size_t kNodesShown = 20;

/// The value at a JSON pointer if it is a text, else "".
std::string text_at(const json& document, const char* pointer) {
  const json::json_pointer at(pointer);
  return document.contains(at) && document[at].is_string() ? document[at].get<std::string>() : "";
}

std::string joined(const Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  }
  return text;
}

std::string attribute_text(const Attribute* attribute, Edition edition) {
  if (attribute == nullptr) {
    return "<missing>";
  }
  std::string text =
      fmt::format("Main:{} Extra:{}", attribute->handle.value_or("<none>"), joined(attribute->secondary));
  if (edition != Edition::v3_31 && !attribute->alternate.empty()) {
    text += " Alternate:" + joined(attribute->alternate);
  }
  return text;
}

std::string value_of(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second;
}

class Checker {
 public:
  Checker(Datastore& store, const CheckOptions& options) : store_(store), options_(options) {
    options_.show_problems = options.show_problems || options.show_all;
  }

  Result<CheckResult> run() {
    line("Checking IPAM for inconsistencies...\n");
    for (const auto step :
         {&Checker::load_cluster, &Checker::load_blocks, &Checker::load_pools, &Checker::load_nodes,
          &Checker::load_services, &Checker::load_workloads, &Checker::load_handles}) {
      if (auto done = (this->*step)(); !done) {
        return fail(std::move(done.error()));
      }
    }
    rank_nodes();
    scan_leaks();
    scan_in_use();
    scan_handles();
    show_invalid();
    line("Check complete; found {} problems.", report_.problems());
    return CheckResult{std::move(report_), std::move(text_)};
  }

 private:
  template <class... Arguments>
  void line(const char* format, const Arguments&... arguments) {
    text_ += fmt::vformat(format, fmt::make_format_args(arguments...)) + "\n";
  }

  /// Calls `each(document)` for every resource of a kind.
  template <class F>
  Status for_each(std::string_view plural, F&& each) {
    const auto listing = store_.list(resource_prefix(plural));
    if (!listing) {
      return fail(listing.error());
    }
    for (const Entry& entry : listing->entries) {
      const auto resource = decode_resource(entry);
      if (!resource) {
        return fail(resource.error());
      }
      if (auto done = each(*resource); !done) {
        return done;
      }
    }
    return {};
  }

  Status load_cluster() {
    return for_each("clusterinformations", [this](const json& cluster) -> Status {
      if (text_at(cluster, "/metadata/name") == "default") {
        report_.cluster_guid = text_at(cluster, "/spec/clusterGUID");
        report_.cluster_type = text_at(cluster, "/spec/clusterType");
        report_.cluster_revision = text_at(cluster, "/metadata/resourceVersion");
        report_.locked = cluster.value("/spec/datastoreReady"_json_pointer, json()) == false;
      }
      return {};
    });
  }

  Status load_blocks() {
    line("Loading all IPAM blocks...");
    const auto listing = store_.list(kBlockPrefix);
    if (!listing) {
      return with_context<void>(fail(listing.error()), "failed to list IPAM blocks");
    }
    std::vector<std::pair<Block, std::optional<Error>>> blocks;
    for (const Entry& entry : listing->entries) {
      const auto cidr = parse_block_key(entry.key);
      if (!cidr) {
        continue;
      }
      auto block = decode_block(entry);
      if (block) {
        blocks.emplace_back(std::move(*block), std::nullopt);
      } else {
        blocks.emplace_back(Block{*cidr}, block.error());
      }
    }
    line("Found {} IPAM blocks.", blocks.size());
    std::size_t count = 0;
    for (const auto& [block, error] : blocks) {
      const std::string cidr = net::to_string(block.cidr);
      line(" IPAM block {} affinity={}:", cidr, block.affinity.value_or("<none>"));
      if (error) {
        report_.invalid_blocks.push_back(cidr + ": " + error->message);
      }
      for (const std::string& defect : error ? std::vector<std::string>() : block.defects()) {
        report_.invalid_blocks.push_back(cidr + ": " + defect);
        break;  // a block counts once
      }
      for (std::uint32_t n = 0; n < block.allocations.size(); ++n) {
        if (block.allocations[n]) {
          ++count;
          record(block, n);
        }
      }
    }
    line("IPAM blocks record {} allocations.\n", count);
    return {};
  }

  void record(const Block& block, std::uint32_t ordinal) {
    Allocation allocation{block.address(ordinal)};
    const Attribute* attribute = block.attribute(ordinal);
    const auto owner = block.owner();
    const std::string home = owner && owner->type == AffinityType::host ? owner->node : "";
    allocation.node = home;
    allocation.attributes = attribute_text(attribute, options_.edition);
    allocation.cooling = block.is_cooling(ordinal);
    if (const auto number = block.allocation_sequence.find(ordinal);
        number != block.allocation_sequence.end()) {
      allocation.sequence = number->second;
    }
    bool windows = false;
    if (attribute != nullptr) {
      windows = attribute->handle == kWindowsHandle;
      if (attribute->handle && !windows) {
        allocation.handle = *attribute->handle;
      }
      const Attributes& values = attribute->secondary;
      const std::string node = value_of(values, "node");
      allocation.node = node.empty() ? home : node;
      allocation.pod = value_of(values, "pod");
      allocation.name_space = value_of(values, "namespace");
      allocation.type = value_of(values, "type");
      allocation.created = value_of(values, "timestamp");
    }
    allocation.borrowed = allocation.node != home;
    if (!allocation.cooling) {
      ++by_node_[allocation.node];
      if (!allocation.handle.empty()) {
        handles_in_use_.insert(allocation.handle);
      }
    }
    const net::IpAddr address = allocation.address;
    if (options_.show_all) {
      line("  {} allocated; attrs {}", net::to_string(address), allocation.attributes);
    }
    report_.allocations[address].push_back(std::move(allocation));
    if (windows) {
      use(address, "Reserved for Windows");
    }
  }

  void use(const net::IpAddr& address, const std::string& who) {
    if (options_.show_all) {
      line("  {} belongs to {}", net::to_string(address), who);
    }
    report_.in_use[address].push_back(who);
    const auto found = report_.allocations.find(address);
    if (found != report_.allocations.end()) {
      for (Allocation& each : found->second) {
        each.in_use = true;
        each.owners.push_back(who);
      }
    }
  }

  /// An address with or without a length; false if it is none.
  bool use_text(const std::string& text, const std::string& who) {
    const auto address = net::InterfaceAddress::parse(text);
    if (address) {
      use(address->addr, who);
    }
    return address.has_value();
  }

  Status load_pools() {
    line("Loading all IPAM pools...");
    const auto pools = list_pools(store_);
    if (!pools) {
      return with_context<void>(fail(pools.error()), "failed to load IP pools");
    }
    for (const Pool& pool : *pools) {
      if (!pool.disabled) {
        line("  {}", net::to_string(pool.cidr));
        pools_.push_back(pool);
      }
    }
    line("Found {} active IP pools.\n", pools_.size());
    return {};
  }

  Status load_nodes() {
    line("Loading all nodes.");
    std::size_t count = 0;
    const auto done = for_each("nodes", [&](const json& node) -> Status {
      const std::string name = text_at(node, "/metadata/name");
      for (const char* field :
           {"/spec/ipv4VXLANTunnelAddr", "/spec/ipv6VXLANTunnelAddr", "/spec/wireguard/interfaceIPv4Address",
            "/spec/wireguard/interfaceIPv6Address", "/spec/bgp/ipv4IPIPTunnelAddr"}) {
        const std::string address = text_at(node, field);
        if (address.empty()) {
          continue;
        }
        if (!use_text(address, "Node(" + name + ")")) {
          return fail(Errc::invalid, fmt::format("failed to parse {} ({}) of node {}", field, address, name));
        }
        ++count;
      }
      return {};
    });
    line("Found {} node tunnel IPs.\n", count);
    return done;
  }

  Status load_services() {
    line("Loading all service load balancer IPs.");
    std::optional<std::string> assign;
    auto done = for_each("kubecontrollersconfigurations", [&](const json& config) -> Status {
      if (text_at(config, "/metadata/name") == "default" &&
          config.contains("/spec/controllers/loadBalancer"_json_pointer)) {
        assign = text_at(config, "/spec/controllers/loadBalancer/assignIPs");
      }
      return {};
    });
    if (!done) {
      return done;
    }
    if (!assign) {
      line("No configuration for LoadBalancer kubecontroller found, skipping service check\n");
      return {};
    }
    std::size_t count = 0;
    done = for_each("services", [&](const json& service) -> Status {
      if (!is_load_balancer(service, *assign)) {
        return {};
      }
      ++count;
      const json ingress = service.value("/status/loadBalancer/ingress"_json_pointer, json::array());
      for (const json& each : ingress.is_array() ? ingress : json::array()) {
        use_text(text_at(each, "/ip"), text_at(service, "/metadata/name"));
      }
      return {};
    });
    line("Found {} service load balancer(s).\n", count);
    return done;
  }

  /// A Service whose addresses Calico assigns.
  static bool is_load_balancer(const json& service, const std::string& assign) {
    if (text_at(service, "/spec/type") != "LoadBalancer") {
      return false;
    }
    const std::string of = text_at(service, "/spec/loadBalancerClass");
    if (!of.empty()) {
      return of == "calico";
    }
    if (assign != "RequestedServicesOnly") {
      return true;
    }
    const json annotations = service.value("/metadata/annotations"_json_pointer, json::object());
    for (const char* name : {"projectcalico.org/ipv4pools", "projectcalico.org/ipv6pools",
                             "projectcalico.org/loadBalancerIPs"}) {
      if (annotations.is_object() && annotations.contains(name)) {
        return true;
      }
    }
    return false;
  }

  Status load_workloads() {
    line("Loading all workload endpoints.");
    std::size_t count = 0;
    auto done = for_each("workloadendpoints", [&](const json& workload) -> Status {
      const std::string name =
          text_at(workload, "/metadata/namespace") + "/" + text_at(workload, "/metadata/name");
      const json networks = workload.value("/spec/ipNetworks"_json_pointer, json::array());
      for (const json& each : networks.is_array() ? networks : json::array()) {
        const std::string address = each.is_string() ? each.get<std::string>() : each.dump();
        if (!use_text(address, "Workload(" + name + ")")) {
          return fail(Errc::invalid, fmt::format("failed to parse IP ({}) of workload {}", address, name));
        }
        ++count;
      }
      return {};
    });
    line("Found {} workload IPs.", count);
    line("Workloads and nodes are using {} IPs.\n", report_.in_use.size());
    return done;
  }

  Status load_handles() {
    line("Loading all handles");
    const auto listing = store_.list(kHandlePrefix);
    if (!listing) {
      return with_context<void>(fail(listing.error()), "failed to list handles");
    }
    for (const Entry& entry : listing->entries) {
      if (const auto id = parse_handle_key(entry.key)) {
        handles_.push_back({*id, std::to_string(entry.modified)});
      }
    }
    std::sort(handles_.begin(), handles_.end(),
              [](const HandleInfo& a, const HandleInfo& b) { return a.id < b.id; });
    return {};
  }

  void rank_nodes() {
    line("Looking for top (up to {}) nodes by allocations...", kNodesShown);
    std::vector<std::pair<std::string, std::size_t>> nodes(by_node_.begin(), by_node_.end());
    std::stable_sort(nodes.begin(), nodes.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (std::size_t n = 0; n < std::min(nodes.size(), kNodesShown); ++n) {
      line("  {} has {} allocations", nodes[n].first, nodes[n].second);
    }
    if (!nodes.empty()) {
      line("Node with most allocations has {}; median is {}", nodes.front().second,
           nodes[nodes.size() / 2].second);
    }
    line("");
  }

  void scan_leaks() {
    line("Scanning for IPs that are allocated but not actually in use...");
    for (const auto& [address, allocations] : report_.allocations) {
      const bool cooling = std::all_of(allocations.begin(), allocations.end(),
                                       [](const Allocation& each) { return each.cooling; });
      if (cooling || report_.in_use.count(address) != 0) {
        continue;
      }
      for (const Allocation& each : options_.show_problems ? allocations : std::vector<Allocation>()) {
        line("  {} leaked; attrs {}", net::to_string(address), each.attributes);
      }
      report_.leaked.push_back(address);
    }
    line("Found {} IPs that are allocated in IPAM but not actually in use.", report_.leaked.size());
  }

  void scan_in_use() {
    line("Scanning for IPs that are in use by a workload or node but not allocated in IPAM...");
    for (const auto& [address, owners] : report_.in_use) {
      const std::string name = net::to_string(address);
      if (options_.show_problems && owners.size() > 1) {
        line("  {} has multiple owners.", name);
      }
      if (report_.allocations.count(address) != 0) {
        continue;
      }
      const bool inside = pool_of(pools_, address) != nullptr;
      for (const std::string& owner : options_.show_problems ? owners : std::vector<std::string>()) {
        if (inside) {
          line("  {} in use by {} and in active IPAM pool but has no IPAM allocation.", name, owner);
        } else {
          line("  {} in use by {} is not in any active IP pool.", name, owner);
        }
      }
      (inside ? report_.unallocated : report_.outside).push_back(address);
    }
    line("Found {} in-use IPs that are not in active IP pools.", report_.outside.size());
    line("Found {} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.\n",
         report_.unallocated.size());
  }

  void scan_handles() {
    line("Scanning for IPAM handles with no matching IPs...");
    std::set<std::string> stored;
    for (const HandleInfo& each : handles_) {
      stored.insert(each.id);
      if (handles_in_use_.count(each.id) != 0) {
        continue;
      }
      if (options_.show_all) {
        line("  {} doesn't have any active IPs.", each.id);
      }
      report_.idle_handles.push_back(each);
    }
    line("Found {} handles with no matching IPs (and {} handles with matches).", report_.idle_handles.size(),
         handles_.size() - report_.idle_handles.size());
    line("Scanning for IPs with missing handle...");
    for (const std::string& each : handles_in_use_) {
      if (stored.count(each) != 0) {
        continue;
      }
      if (options_.show_problems) {
        line("  {} is in use in a block but doesn't exist.", each);
      }
      report_.missing_handles.push_back(each);
    }
    line("Found {} handles mentioned in blocks with no matching handle resource.",
         report_.missing_handles.size());
  }

  void show_invalid() {
    line("Validating IPAMBlock structures...");
    for (const std::string& each :
         options_.show_problems ? report_.invalid_blocks : std::vector<std::string>()) {
      line("  {}", each);
    }
    line("Found {} invalid IPAMBlocks.", report_.invalid_blocks.size());
  }

  Datastore& store_;
  CheckOptions options_;
  CheckReport report_{};
  std::string text_{};
  std::vector<Pool> pools_{};  ///< the enabled ones
  std::vector<HandleInfo> handles_{};
  std::set<std::string> handles_in_use_{};
  std::map<std::string, std::size_t> by_node_{};
};

}  // namespace

Result<CheckResult> check(Datastore& store, const CheckOptions& options) {
  return Checker(store, options).run();
}

}  // namespace catflap::calico::ipam
