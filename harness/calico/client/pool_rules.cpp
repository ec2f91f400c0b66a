#include "calico/client/pool_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "calico/client/api_error.hpp"
#include "calico/model/decode.hpp"
#include "calico/store/keys.hpp"
#include "net/addr.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr const char* kCidrField = "IPPool.Spec.CIDR";
constexpr const char* kBlockSizeField = "IPPool.Spec.BlockSize";

/// "10.0.0.1/24": a CIDR with a length, host bits allowed.
std::optional<net::InterfaceAddress> parse_cidr(const std::string& text) {
  if (text.find('/') == std::string::npos) {
    return std::nullopt;
  }
  const Result<net::InterfaceAddress> cidr = net::InterfaceAddress::parse(text);
  return cidr ? std::optional(*cidr) : std::nullopt;
}

bool overlap(const net::Prefix& a, const net::Prefix& b) {
  return a.covers(b) || b.covers(a);
}

std::int64_t block_size(const Resource& pool) {
  const json* size = pool.find("/spec/blockSize");
  return size != nullptr && size->is_number_integer() ? size->get<std::int64_t>() : 0;
}

std::vector<std::string> allowed_uses(const Resource& pool) {
  std::vector<std::string> uses;
  if (const json* list = pool.find("/spec/allowedUses"); list != nullptr && list->is_array()) {
    for (const json& use : *list) {
      uses.push_back(use.is_string() ? use.get<std::string>() : use.dump());
    }
  }
  return uses;
}

/// Everything that a pool's checks look at.
struct PoolCheck {
  const Resource& pool;
  const Resource* old;
  net::InterfaceAddress written;  ///< with the host bits that the user wrote
  net::Prefix cidr;
  std::vector<FieldError> errors{};

  void add(const char* field, std::string value, std::string reason) {
    errors.push_back({field, std::move(value), std::move(reason)});
  }
  std::string cidr_text() const { return net::to_string(cidr); }
};

void set_pool_defaults(Resource& pool, const net::Prefix& cidr) {
  json& spec = pool.spec();
  const auto fill = [&spec](const char* field, json value) {
    const auto found = spec.find(field);
    if (found == spec.end() || found->is_null() || *found == "" || (found->is_array() && found->empty()) ||
        *found == 0) {
      spec[field] = std::move(value);
    }
  };
  spec["cidr"] = net::to_string(cidr);
  fill("nodeSelector", "all()");
  fill("blockSize", cidr.addr().is_v4() ? 26 : 122);
  fill("allowedUses", json::array({"Workload", "Tunnel"}));
  fill("assignmentMode", "Automatic");
  fill("ipipMode", "Never");
  fill("vxlanMode", "Never");
}

Status check_use_change(const Resource& pool, const Resource& old) {
  const auto is_load_balancer = [](const std::string& use) { return use == "LoadBalancer"; };
  const std::vector<std::string> before = allowed_uses(old);
  const std::vector<std::string> after = allowed_uses(pool);
  const bool was = std::any_of(before.begin(), before.end(), is_load_balancer);
  const bool is = std::any_of(after.begin(), after.end(), is_load_balancer);
  if (was == is) {
    return {};
  }
  return fail(
      invalid_field({"IPPool.Spec.AllowedUses", fmt::format("[{}]", fmt::join(after, " ")),
                     was ? "IPPool allowed use cannot be changed from LoadBalancer to Workload or Tunnel"
                         : "IPPool allowed use cannot be changed from Workload or Tunnel to "
                           "LoadBalancer"}));
}

void check_immutable(PoolCheck& check) {
  if (check.old == nullptr) {
    return;
  }
  const auto before = parse_cidr(check.old->text_at("/spec/cidr"));
  if (!before || before->network() != check.cidr) {
    check.add(kCidrField, check.cidr_text(), "IPPool CIDR cannot be modified");
  }
  if (block_size(*check.old) != block_size(check.pool)) {
    check.add(kBlockSizeField, std::to_string(block_size(check.pool)), "IPPool BlockSize cannot be modified");
  }
}

void check_size(PoolCheck& check) {
  const bool v4 = check.cidr.addr().is_v4();
  const std::int64_t size = block_size(check.pool);
  const std::int64_t lowest = v4 ? 20 : 116;
  const std::int64_t highest = v4 ? 32 : 128;
  if (size < lowest || size > highest) {
    check.add(kBlockSizeField, std::to_string(size),
              fmt::format("{} block size must be between {} and {}", v4 ? "IPv4" : "IPv6", lowest, highest));
  }
  const json* disabled = check.pool.find("/spec/disabled");
  if ((disabled == nullptr || *disabled != true) && check.cidr.length() > size) {
    check.add(kCidrField, check.cidr_text(),
              "IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the "
              "block size.");
  }
}

Status check_overlap(const Records& records, PoolCheck& check) {
  if (check.old != nullptr) {
    return {};
  }
  const Result<RecordList> pools = records.list(check.pool.kind());
  if (!pools) {
    return fail(pools.error());
  }
  for (const Record& other : pools->records) {
    const std::string name = other.resource.name();
    const auto cidr = parse_cidr(other.resource.text_at("/spec/cidr"));
    // Its own name is left to the store, which says that it exists.
    if (name != check.pool.name() && cidr && overlap(cidr->network(), check.cidr)) {
      check.add(kCidrField, check.cidr_text(),
                fmt::format("IPPool({}) CIDR overlaps with IPPool({}) CIDR {}", check.pool.name(), name,
                            other.resource.text_at("/spec/cidr")));
    }
  }
  return {};
}

void check_encapsulation(PoolCheck& check) {
  const std::string ipip = check.pool.text_at("/spec/ipipMode");
  const std::string vxlan = check.pool.text_at("/spec/vxlanMode");
  if (vxlan != "Never" && ipip != "Never") {
    check.add("IPPool.Spec.VXLANMode", vxlan, "Cannot enable both VXLAN and IPIP on the same IPPool");
  }
  if (check.cidr.addr().is_v6() && ipip != "Never") {
    check.add("IPPool.Spec.IPIPMode", ipip, "IPIP is not supported on an IPv6 IP pool");
  }
}

void check_range(PoolCheck& check) {
  if (check.written.addr != check.cidr.addr()) {
    check.add(kCidrField, net::to_string(check.written), "IPPool CIDR is not strictly masked");
  }
  static const net::Prefix v4_link_local(net::IpAddr::v4(0xA9FE0000), 16);
  static const net::Prefix v6_link_local(net::IpAddr::v6(0xFE80'0000'0000'0000U, 0), 10);
  if (overlap(check.cidr, v4_link_local)) {
    check.add(kCidrField, check.cidr_text(),
              "IPPool CIDR overlaps with IPv4 Link Local range 169.254.0.0/16");
  }
  if (overlap(check.cidr, v6_link_local)) {
    check.add(kCidrField, check.cidr_text(), "IPPool CIDR overlaps with IPv6 Link Local range fe80::/10");
  }
}

}  // namespace

Status prepare_pool(const Records& records, Resource& pool, const Resource* old) {
  const std::string text = pool.text_at("/spec/cidr");
  if (text.empty()) {
    return fail(invalid_field({kCidrField, std::nullopt, "IPPool CIDR must be specified"}));
  }
  const auto written = parse_cidr(text);
  if (!written) {
    return fail(invalid_field({kCidrField, text, "IPPool CIDR must be a valid subnet"}));
  }
  set_pool_defaults(pool, written->network());
  if (old != nullptr) {
    if (Status same_use = check_use_change(pool, *old); !same_use) {
      return same_use;
    }
  }
  PoolCheck check{pool, old, *written, written->network()};
  check_immutable(check);
  check_size(check);
  if (Status checked = check_overlap(records, check); !checked) {
    return checked;
  }
  check_encapsulation(check);
  check_range(check);
  if (!check.errors.empty()) {
    return fail(invalid_fields(check.errors));
  }
  return {};
}

Status check_block_size(const Records& records, const Resource& pool) {
  const auto cidr = parse_cidr(pool.text_at("/spec/cidr"));
  if (!cidr) {
    return {};  // refused before
  }
  const Result<Listing> blocks = records.store().list(kBlockPrefix);
  if (!blocks) {
    return fail(blocks.error());
  }
  const std::int64_t size = block_size(pool);
  for (const Entry& entry : blocks->entries) {
    const auto block = parse_block_key(entry.key);
    if (block && block->length() != size && overlap(*block, cidr->network())) {
      return fail(invalid_field(
          {kBlockSizeField, std::to_string(size),
           "IPPool blocksSize conflicts with existing allocations that use a different blockSize"}));
    }
  }
  return {};
}

}  // namespace catflap::calico
