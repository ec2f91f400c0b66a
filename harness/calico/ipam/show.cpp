#include "calico/ipam/show.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "calico/ipam/block_store.hpp"

namespace catflap::calico::ipam {
namespace {

double size_of(const net::Prefix& cidr) {
  return std::ldexp(1.0, net::address_bits(cidr.family()) - cidr.length());
}

/// The reserved addresses inside of `range`; ranges are nested or disjoint, so the outermost count.
double reserved_in(const Reservations& reserved, const net::Prefix& range) {
  if (reserved.cover(range) != nullptr) {
    return size_of(range);
  }
  std::vector<net::Prefix> sorted = reserved.cidrs;
  std::sort(sorted.begin(), sorted.end());  // an outer range before those inside of it
  double count = 0;
  std::optional<net::Prefix> last;
  for (const net::Prefix& each : sorted) {
    if (range.covers(each) && !(last && last->covers(each))) {
      count += size_of(each);
      last = each;
    }
  }
  return count;
}

Usage usage_of(const Block& block, const Reservations& reserved) {
  Usage usage{block.cidr, static_cast<double>(block.allocations.size())};
  usage.in_use =
      usage.total - static_cast<double>(std::min(block.unallocated.size(), block.allocations.size()));
  usage.reserved = reserved_in(reserved, block.cidr);
  if (usage.reserved > 0) {
    for (std::uint32_t n = 0; n < block.allocations.size(); ++n) {
      usage.in_use_reserved += block.allocations[n] && reserved.matches(block.address(n)) ? 1 : 0;
    }
  }
  return usage;
}

std::string with_percentage(double count, double total) {
  return fmt::format("{:.5g} ({:.0f}%)", count, 100 * count / total);
}

std::vector<std::string> usage_row(const char* grouping, const Usage& usage, Edition edition) {
  std::vector<std::string> row = {grouping, net::to_string(usage.cidr), fmt::format("{:.5g}", usage.total),
                                  with_percentage(usage.in_use, usage.total)};
  if (edition == Edition::head) {
    row.push_back(with_percentage(usage.reserved, usage.total));
    row.push_back(with_percentage(usage.free(), usage.total));
  } else {
    row.push_back(with_percentage(usage.total - usage.in_use, usage.total));
  }
  return row;
}

std::string attribute_lines(const char* title, const Attributes& attributes) {
  std::string text = fmt::format("{}:\n", title);
  for (const auto& [name, value] : attributes) {
    text += fmt::format("  {}: {}\n", name, value);
  }
  return text;
}

const std::string* find(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : &found->second;
}

/// The host of "host:a"; the text where there is no such form.
std::string owner_of(const Block& block) {
  const std::string text = block.affinity.value_or("");
  const std::size_t colon = text.find(':');
  return colon == std::string::npos || text.find(':', colon + 1) != std::string::npos
             ? text.substr(0, colon)
             : text.substr(colon + 1);
}

/// TYPE and ALLOCATED-TO.
std::pair<std::string, std::string> holder_of(const Attributes& attributes, Edition edition) {
  const std::string* space = find(attributes, "namespace");
  const std::string before = (space == nullptr ? "" : *space) + "/";
  if (const std::string* vmi = find(attributes, "vmi"); vmi != nullptr && edition != Edition::v3_31) {
    return {"vmi", before + *vmi};
  }
  if (const std::string* pod = find(attributes, "pod")) {
    return {"pod", before + *pod};
  }
  const std::string* type = find(attributes, "type");
  return {type == nullptr ? "" : *type, ""};
}

/// Go's strconv.ParseBool.
std::optional<bool> parse_bool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) {
      return true;
    }
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) {
      return false;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_number(const std::string& text) {
  constexpr std::size_t kDigitsMax = 10;
  const bool digits = !text.empty() && text.size() <= kDigitsMax &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional<std::int64_t>(std::strtoll(text.c_str(), nullptr, 10)) : std::nullopt;
}

}  // namespace

Result<std::vector<PoolUsage>> read_usage(Datastore& store) {
  const auto pools = list_pools(store);
  const auto reserved = list_reservations(store);
  const auto listing = store.list(kBlockPrefix);
  if (!pools || !reserved || !listing) {
    return fail(!pools ? pools.error() : !reserved ? reserved.error() : listing.error());
  }
  std::vector<PoolUsage> all;
  for (const Pool& pool : *pools) {
    Usage usage{pool.cidr, size_of(pool.cidr)};
    usage.reserved = reserved_in(*reserved, pool.cidr);
    all.push_back({usage});
  }
  all.emplace_back();
  for (const Entry& entry : listing->entries) {
    const auto block = decode_block(entry);
    if (!block) {
      continue;
    }
    const Usage usage = usage_of(*block, *reserved);
    const auto owner = std::find_if(all.begin(), all.end(), [&block](const PoolUsage& each) {
      return !each.pool || each.pool->cidr.covers(block->cidr) || block->cidr.covers(each.pool->cidr);
    });
    owner->blocks.push_back(usage);
    if (owner->pool) {
      owner->pool->in_use += usage.in_use;
      owner->pool->in_use_reserved += usage.in_use_reserved;
    }
  }
  return all;
}

Table usage_table(const std::vector<PoolUsage>& usage, bool show_blocks, Edition edition) {
  Table table{{"GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE"}, {}, {2, 3, 4}};
  if (edition == Edition::head) {
    table.headings.emplace_back("IPS RESERVED");
    table.right.push_back(5);
  }
  table.headings.emplace_back("IPS FREE");
  for (const PoolUsage& each : usage) {
    if (each.pool) {
      table.rows.push_back(usage_row("IP Pool", *each.pool, edition));
    }
    if (show_blocks) {
      for (const Usage& block : each.blocks) {
        table.rows.push_back(usage_row("Block", block, edition));
      }
    }
  }
  return table;
}

Result<Borrowed> read_borrowed(Datastore& store, Edition edition) {
  const auto listing = store.list(kBlockPrefix);
  if (!listing) {
    return fail(listing.error());
  }
  Borrowed borrowed{{{"IP", "BORROWING-NODE", "BLOCK", "BLOCK OWNER", "TYPE", "ALLOCATED-TO"}}};
  std::size_t unknown = 0;
  for (const Entry& entry : listing->entries) {
    const auto block = decode_block(entry);
    if (!block) {
      continue;
    }
    const std::string owner = owner_of(*block);
    for (std::uint32_t n = 0; n < block->allocations.size(); ++n) {
      if (!block->allocations[n] || block->is_cooling(n)) {
        continue;
      }
      const Attribute* attribute = block->attribute(n);
      const std::string* node = attribute == nullptr ? nullptr : find(attribute->secondary, "node");
      if (node == nullptr) {
        ++unknown;
      } else if (*node != owner) {
        auto [type, holder] = holder_of(attribute->secondary, edition);
        borrowed.table.rows.push_back({net::to_string(block->address(n)), *node, net::to_string(block->cidr),
                                       owner, std::move(type), std::move(holder)});
      }
    }
  }
  if (unknown > 0) {
    borrowed.note = fmt::format(
        "Note: found {} IP allocations without an explicit node association. Unable to determine if they are "
        "borrowed.",
        unknown);
  }
  return borrowed;
}

Result<std::string> show_ip(Ipam& ipam, const net::IpAddr& address, Edition edition) {
  const auto attribute = ipam.assignment(address);
  const std::string name = net::to_string(address);
  if (!attribute) {
    if (attribute.error().code == Errc::not_found) {
      return name + " is not assigned\n";
    }
    return fail(attribute.error());
  }
  std::string text = "IP " + name + " is in use\n";
  if (edition == Edition::v3_31) {
    return text + (attribute->secondary.empty() ? "No attributes defined\n"
                                                : attribute_lines("Attributes", attribute->secondary));
  }
  text += "Handle ID: " + attribute->handle.value_or("<none>") + "\n";
  text += attribute->secondary.empty() ? "No Active Owner attributes defined\n"
                                       : attribute_lines("Active Owner Attributes", attribute->secondary);
  if (!attribute->alternate.empty()) {
    text += attribute_lines("Alternate Owner Attributes", attribute->alternate);
  }
  return text;
}

Table configuration_table(const Config& config, Edition edition) {
  Table table{{"PROPERTY", "VALUE"}};
  table.rows = {{"StrictAffinity", fmt::format("{}", config.strict_affinity)},
                {"AutoAllocateBlocks", fmt::format("{}", config.auto_allocate_blocks)},
                {"MaxBlocksPerHost", std::to_string(config.max_blocks_per_host)}};
  if (edition == Edition::head) {
    table.rows.push_back({"KubeVirtVMAddressPersistence", config.vm_address_persistence.value_or("")});
    table.rows.push_back({"IPCooldownSeconds", std::to_string(config.cooldown_s)});
  }
  return table;
}

Result<std::string> release_ip(Ipam& ipam, const net::IpAddr& address) {
  const auto released = ipam.release_ips({{address}});
  if (!released) {
    Error error = released.error();
    return fail(std::move(error).context("error"));
  }
  if (!released->unallocated.empty()) {
    return fail(Errc::not_found, fmt::format("IP address {} is not assigned", net::to_string(address)));
  }
  return fmt::format("Successfully released IP address {}\n", net::to_string(address));
}

Result<std::string> configure(Ipam& ipam, const Configure& options) {
  auto config = ipam.config();
  if (!config) {
    return fail(std::move(config.error()).context("error"));
  }
  std::string text;
  if (options.strict_affinity) {
    const auto value = parse_bool(*options.strict_affinity);
    if (!value) {
      return fail(Errc::invalid, "invalid value. Use true or false to set strictaffinity");
    }
    config->strict_affinity = *value;
    text += fmt::format("Successfully set StrictAffinity to: {}\n", *value);
  }
  if (options.max_blocks_per_host) {
    const auto value = parse_number(*options.max_blocks_per_host);
    if (!value || *value > INT32_MAX) {
      return fail(Errc::invalid, "invalid value for maxblockhost. Use a valid number");
    }
    config->max_blocks_per_host = *value;
    text += fmt::format("Successfully set MaxBlocksPerHost to: {}\n", *value);
  }
  if (options.vm_address_persistence) {
    const std::string& value = *options.vm_address_persistence;
    if (value != "Enabled" && value != "Disabled") {
      return fail(Errc::invalid, "invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled");
    }
    config->vm_address_persistence = value;
    text += fmt::format("Successfully set KubeVirtVMAddressPersistence to: {}\n", value);
  }
  if (options.cooldown_seconds) {
    const auto value = parse_number(*options.cooldown_seconds);
    if (!value || *value > INT32_MAX) {
      return fail(Errc::invalid, "invalid value for --ip-cooldown-seconds. Use a valid number");
    }
    config->cooldown_s = *value;
    text += fmt::format("Successfully set IPCooldownSeconds to: {}\n", *value);
  }
  if (text.empty()) {
    return fail(Errc::invalid, "at least one configuration option must be specified");
  }
  if (auto set = ipam.set_config(*config); !set) {
    return fail(std::move(set.error()).context("error"));
  }
  return text;
}

}  // namespace catflap::calico::ipam
