#include "calico/ipam/block.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"

namespace catflap::calico::ipam {
namespace {

constexpr std::string_view kHostPrefix = "host:";
constexpr std::string_view kVirtualPrefix = "virtual:";

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool is_windows(const Attribute& attribute) {
  std::string handle = attribute.handle.value_or("");
  std::transform(handle.begin(), handle.end(), handle.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return handle == kWindowsHandle;
}

}  // namespace

std::string to_string(const Owner& owner) {
  return std::string(owner.type == AffinityType::host ? kHostPrefix : kVirtualPrefix) + owner.node;
}

std::optional<Owner> parse_owner(std::string_view text) {
  if (starts_with(text, kHostPrefix)) {
    return Owner{AffinityType::host, std::string(text.substr(kHostPrefix.size()))};
  }
  if (starts_with(text, kVirtualPrefix)) {
    return Owner{AffinityType::virtual_, std::string(text.substr(kVirtualPrefix.size()))};
  }
  return std::nullopt;
}

std::string_view sanitized_handle(std::string_view handle) {
  return handle.substr(0, handle.find('\r'));
}

std::uint64_t address_count(const net::Prefix& cidr) {
  const unsigned host_bits = net::address_bits(cidr.family()) - cidr.length();
  CATFLAP_ASSERT(host_bits < 64);
  return std::uint64_t{1} << host_bits;
}

Block Block::make(const net::Prefix& cidr, const Owner& owner, UnixNanos now) {
  CATFLAP_ASSERT(net::address_bits(cidr.family()) - cidr.length() <= static_cast<int>(kHostBitsMax));
  Block block{cidr};
  block.affinity = to_string(owner);
  block.claimed = now;
  block.allocations.resize(address_count(cidr));
  block.unallocated.resize(block.allocations.size());
  std::iota(block.unallocated.begin(), block.unallocated.end(), 0U);
  block.sequence = static_cast<std::uint64_t>(now);
  return block;
}

std::optional<Owner> Block::owner() const {
  return affinity ? parse_owner(*affinity) : std::nullopt;
}

bool Block::is_of(const Owner& other) const {
  return affinity && *affinity == to_string(other);
}

net::IpAddr Block::address(std::uint32_t ordinal) const {
  return cidr.addr().plus(ordinal);
}

Result<std::uint32_t> Block::ordinal(const net::IpAddr& address) const {
  if (!cidr.contains(address)) {
    return fail(Errc::invalid,
                fmt::format("IP {} not in block {}", net::to_string(address), net::to_string(cidr)));
  }
  // Inside of a block, only its lowest bits differ.
  return static_cast<std::uint32_t>(address.is_v4() ? address.v4_value() - cidr.addr().v4_value()
                                                    : address.low() - cidr.addr().low());
}

const Attribute* Block::attribute(std::uint32_t ordinal) const {
  const auto& index = allocations[ordinal];
  return index && *index < attributes.size() ? &attributes[*index] : nullptr;
}

bool Block::is_cooling(std::uint32_t ordinal) const {
  const Attribute* found = attribute(ordinal);
  return found != nullptr && found->released;
}

bool Block::empty() const {
  for (std::uint32_t n = 0; n < allocations.size(); ++n) {
    const Attribute* found = attribute(n);
    if (allocations[n] && (found == nullptr || !is_windows(*found))) {
      return false;
    }
  }
  return true;
}

std::size_t Block::free_count(const Reservations& reserved) const {
  if (!reserved.matches_some(cidr)) {
    return unallocated.size();
  }
  return static_cast<std::size_t>(std::count_if(unallocated.begin(), unallocated.end(), [&](std::uint32_t n) {
    return !reserved.matches(address(n));
  }));
}

std::vector<net::IpAddr> Block::addresses_of(std::string_view handle) const {
  std::vector<net::IpAddr> found;
  for (std::uint32_t n = 0; n < allocations.size(); ++n) {
    const Attribute* each = attribute(n);
    if (each != nullptr && !each->released && each->handle && sanitized_handle(*each->handle) == handle) {
      found.push_back(address(n));
    }
  }
  return found;
}

Status Block::check_owner(const Owner& owner, bool strict, bool one) const {
  if (!strict || is_of(owner)) {
    return {};
  }
  if (!affinity) {
    return fail(Errc::denied,
                fmt::format("Attempt to assign from block {} with no affinity", net::to_string(cidr)));
  }
  return fail(Errc::denied, one ? "Block host affinity does not match"
                                : fmt::format("Block affinity ({}) does not match provided ({}:{})",
                                              *affinity, owner.node, calico::to_string(owner.type)));
}

std::uint32_t Block::attribute_index(const Attribute& attribute) {
  const auto found = std::find(attributes.begin(), attributes.end(), attribute);
  if (found != attributes.end()) {
    return static_cast<std::uint32_t>(found - attributes.begin());
  }
  attributes.push_back(attribute);
  return static_cast<std::uint32_t>(attributes.size() - 1);
}

void Block::take(std::uint32_t ordinal, std::uint32_t attribute) {
  allocations[ordinal] = attribute;
  allocation_sequence[ordinal] = sequence;
}

Result<std::vector<net::IpAddr>> Block::assign_any(std::size_t count, const Attribute& with,
                                                   const Owner& owner, bool strict,
                                                   const Reservations& reserved) {
  if (auto allowed = check_owner(owner, strict, false); !allowed) {
    return fail(std::move(allowed.error()));
  }
  std::vector<net::IpAddr> assigned;
  std::vector<std::uint32_t> rest;
  for (const std::uint32_t n : unallocated) {
    // A broken list of others must not give an address away twice.
    if (n >= allocations.size() || allocations[n]) {
      continue;
    }
    if (assigned.size() == count || reserved.matches(address(n))) {
      rest.push_back(n);
      continue;
    }
    take(n, attribute_index(with));
    assigned.push_back(address(n));
  }
  unallocated = std::move(rest);
  return assigned;
}

Status Block::assign(const net::IpAddr& address, const Attribute& with, const Owner& owner, bool strict) {
  if (auto allowed = check_owner(owner, strict, true); !allowed) {
    return allowed;
  }
  const auto n = ordinal(address);
  if (!n) {
    return fail(n.error());
  }
  if (allocations[*n]) {
    return fail(Errc::exists, "Address already assigned in block");
  }
  take(*n, attribute_index(with));
  unallocated.erase(std::remove(unallocated.begin(), unallocated.end(), *n), unallocated.end());
  return {};
}

Result<Block::Released> Block::release(std::span<const ReleaseOption> options, UnixNanos now,
                                       UnixNanos cooldown) {
  Released result;
  std::vector<std::uint32_t> ordinals;
  for (const ReleaseOption& option : options) {
    const auto n = ordinal(option.address);
    if (!n) {
      return fail(n.error());
    }
    const auto number = allocation_sequence.find(*n);
    const std::uint64_t actual = number == allocation_sequence.end() ? 0 : number->second;
    if (option.sequence && *option.sequence != actual) {
      return fail(Errc::conflict,
                  fmt::format("update conflict: {}: the given sequence number ({}) does not match ({}) when "
                              "attempting to release IP",
                              net::to_string(option.address), *option.sequence, actual));
    }
    if (!allocations[*n] || is_cooling(*n)) {
      result.unallocated.push_back(option.address);
      continue;
    }
    const Attribute* found = attribute(*n);
    const std::string handle(found == nullptr ? "" : sanitized_handle(found->handle.value_or("")));
    if (!option.handle.empty() && option.handle != handle) {
      return fail(
          Errc::conflict,
          fmt::format("update conflict: {}: the given handle ({}) does not match ({}) when attempting "
                      "to release IP",
                      net::to_string(option.address), option.handle, handle));
    }
    if (std::find(ordinals.begin(), ordinals.end(), *n) != ordinals.end()) {
      continue;
    }
    ordinals.push_back(*n);
    if (!handle.empty()) {
      ++result.handles[handle];
    }
  }
  result.count = ordinals.size();
  give_back(ordinals, now, cooldown);
  return result;
}

std::size_t Block::release_handle(std::string_view handle, UnixNanos now, UnixNanos cooldown) {
  std::vector<std::uint32_t> ordinals;
  for (const net::IpAddr& each : addresses_of(handle)) {
    ordinals.push_back(*ordinal(each));
  }
  give_back(ordinals, now, cooldown);
  return ordinals.size();
}

void Block::give_back(const std::vector<std::uint32_t>& ordinals, UnixNanos now, UnixNanos cooldown) {
  if (cooldown <= 0) {
    free(ordinals);
    return;
  }
  for (const std::uint32_t n : ordinals) {
    Attribute released = attribute(n) == nullptr ? Attribute{} : *attribute(n);
    released.released = now - now % kSecond;
    allocations[n] = attribute_index(released);
    allocation_sequence.erase(n);
  }
  drop_unused_attributes();
}

bool Block::collect_cold(UnixNanos now, UnixNanos cooldown) {
  std::vector<std::uint32_t> cold;
  for (std::uint32_t n = 0; n < allocations.size(); ++n) {
    if (is_cooling(n) && now - *attribute(n)->released >= cooldown) {
      cold.push_back(n);
    }
  }
  free(cold);
  return !cold.empty();
}

void Block::free(const std::vector<std::uint32_t>& ordinals) {
  std::vector<std::uint32_t> sorted = ordinals;
  std::sort(sorted.begin(), sorted.end());
  for (const std::uint32_t n : sorted) {
    allocations[n].reset();
    allocation_sequence.erase(n);
    unallocated.push_back(n);
  }
  drop_unused_attributes();
}

void Block::drop_unused_attributes() {
  std::vector<bool> used(attributes.size());
  for (const auto& index : allocations) {
    if (index && *index < used.size()) {
      used[*index] = true;
    }
  }
  std::vector<std::uint32_t> moved(attributes.size());
  std::vector<Attribute> kept;
  for (std::size_t n = 0; n < attributes.size(); ++n) {
    moved[n] = static_cast<std::uint32_t>(kept.size());
    if (used[n]) {
      kept.push_back(std::move(attributes[n]));
    }
  }
  attributes = std::move(kept);
  for (auto& index : allocations) {
    if (index && *index < moved.size()) {
      index = moved[*index];
    }
  }
}

std::vector<std::string> Block::defects() const {
  std::vector<std::string> found;
  std::vector<int> listed(allocations.size());
  for (const std::uint32_t n : unallocated) {
    if (n >= listed.size()) {
      found.push_back(fmt::format("unallocated ordinal {} is outside of the block", n));
    } else if (++listed[n] == 2) {
      found.push_back(fmt::format("{} is unallocated twice", net::to_string(address(n))));
    }
  }
  for (std::uint32_t n = 0; n < allocations.size(); ++n) {
    const std::string name = net::to_string(address(n));
    if (allocations[n] && listed[n] > 0) {
      found.push_back(fmt::format("{} is both allocated and unallocated", name));
    } else if (!allocations[n] && listed[n] == 0) {
      found.push_back(fmt::format("{} is neither allocated nor unallocated", name));
    }
    if (allocations[n] && attribute(n) == nullptr) {
      found.push_back(
          fmt::format("{} refers to attribute {} of {}", name, *allocations[n], attributes.size()));
    }
  }
  if (affinity && !parse_owner(*affinity)) {
    found.push_back(fmt::format("affinity {} is neither a host's nor virtual", *affinity));
  }
  return found;
}

}  // namespace catflap::calico::ipam
