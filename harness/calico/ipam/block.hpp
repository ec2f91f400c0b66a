#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/reservations.hpp"
#include "calico/store/keys.hpp"
#include "net/addr.hpp"

/// A block of addresses as Calico stores it (libcalico-go's AllocationBlock), and what happens inside of one.
namespace catflap::calico::ipam {

/// Of an assignment: "pod", "namespace", "node", "type", "timestamp", ...
using Attributes = std::map<std::string, std::string>;

/// Nanoseconds since the Unix epoch; the store keeps whole seconds.
using UnixNanos = std::int64_t;
inline constexpr UnixNanos kSecond = 1'000'000'000;

/// Whose a block is: a host's, or (virtual) the load balancers'.
struct Owner {
  AffinityType type = AffinityType::host;
  std::string node;

  bool operator==(const Owner&) const = default;
};
/// "host:node1", "virtual:load-balancer".
std::string to_string(const Owner& owner);
std::optional<Owner> parse_owner(std::string_view text);

/// What addresses were assigned with; those of one assignment share it.
struct Attribute {
  std::optional<std::string> handle{};
  Attributes secondary{};
  Attributes alternate{};               ///< of the second owner, while a virtual machine moves
  std::optional<UnixNanos> released{};  ///< given back then, and kept from new owners until it has cooled

  bool operator==(const Attribute&) const = default;
};

/// A handle without what old importers appended behind a carriage return (Calico's sanitizeHandle).
std::string_view sanitized_handle(std::string_view handle);

/// An address to give back. With a handle or sequence number the assignment must still be that one.
struct ReleaseOption {
  net::IpAddr address;
  std::string handle{};
  std::optional<std::uint64_t> sequence{};
};

/// Reserved on Windows hosts: not in use, and not to be given back.
inline constexpr std::string_view kWindowsHandle = "windows-reserved-ipam-handle";

struct Block {
  /// So many bits may a block leave to its addresses: IPv4 /16, IPv6 /112. Calico's pools have 12 at most.
  static constexpr unsigned kHostBitsMax = 16;

  net::Prefix cidr;
  std::optional<std::string> affinity{};  ///< to_string(Owner)
  std::optional<UnixNanos> claimed{};     ///< when it got its affinity
  /// By ordinal, one for each address: nothing, or an index into `attributes`. May be out of range in a store
  /// that others write; such an address is taken.
  std::vector<std::optional<std::uint32_t>> allocations{};
  std::vector<std::uint32_t> unallocated{};  ///< ordinals, the next one to be assigned first
  std::vector<Attribute> attributes{};
  std::uint64_t sequence = 0;  ///< grows by 1 with each write of the block
  std::map<std::uint32_t, std::uint64_t>
      allocation_sequence{};  ///< the sequence when an ordinal was assigned
  bool deleted = false;
  std::optional<std::string> host_affinity{};  ///< what old versions wrote instead of `affinity`

  bool operator==(const Block&) const = default;

  /// An empty block: ordinals ascending, the time as its first sequence number, so that a block that is made
  /// again never repeats one. Precondition: at most kHostBitsMax.
  static Block make(const net::Prefix& cidr, const Owner& owner, UnixNanos now);

  std::optional<Owner> owner() const;
  bool is_of(const Owner& other) const;
  net::IpAddr address(std::uint32_t ordinal) const;
  /// Errc::invalid if it is not inside.
  Result<std::uint32_t> ordinal(const net::IpAddr& address) const;
  /// The attribute of an assigned address; nullptr if it is free, or the index is out of range.
  const Attribute* attribute(std::uint32_t ordinal) const;
  bool is_cooling(std::uint32_t ordinal) const;
  /// Nobody uses an address of it and none is cooling; those reserved for Windows do not count.
  bool empty() const;
  /// Addresses that could be assigned.
  std::size_t free_count(const Reservations& reserved) const;
  /// The assigned addresses of a handle, ascending.
  std::vector<net::IpAddr> addresses_of(std::string_view handle) const;

  /// Assigns up to `count` addresses from the front of the unallocated, but no reserved ones. With `strict`
  /// the block must be `owner`'s: Errc::denied.
  Result<std::vector<net::IpAddr>> assign_any(std::size_t count, const Attribute& with, const Owner& owner,
                                              bool strict, const Reservations& reserved);
  /// Assigns this very address. Errc::exists "Address already assigned in block", Errc::denied as above.
  Status assign(const net::IpAddr& address, const Attribute& with, const Owner& owner, bool strict);

  struct Released {
    std::vector<net::IpAddr> unallocated{};         ///< that were free before, in the order given
    std::map<std::string, std::int64_t> handles{};  ///< how many addresses each handle lost
    std::size_t count = 0;                          ///< addresses that were given back
  };
  /// All or nothing: Errc::conflict if a handle or sequence number is another. With a `cooldown` the
  /// addresses stay taken until collect_cold().
  Result<Released> release(std::span<const ReleaseOption> options, UnixNanos now, UnixNanos cooldown);
  /// The number of addresses that the handle had.
  std::size_t release_handle(std::string_view handle, UnixNanos now, UnixNanos cooldown);
  /// Frees addresses that were released at least `cooldown` ago. True if there were any.
  bool collect_cold(UnixNanos now, UnixNanos cooldown);

  /// What is wrong with it; empty for a block that was written by the rules.
  std::vector<std::string> defects() const;

 private:
  std::uint32_t attribute_index(const Attribute& attribute);
  void take(std::uint32_t ordinal, std::uint32_t attribute);
  void give_back(const std::vector<std::uint32_t>& ordinals, UnixNanos now, UnixNanos cooldown);
  void free(const std::vector<std::uint32_t>& ordinals);
  void drop_unused_attributes();
  Status check_owner(const Owner& owner, bool strict, bool one) const;
};

/// The number of addresses of a block. Precondition: at most 2^63.
std::uint64_t address_count(const net::Prefix& cidr);

}  // namespace catflap::calico::ipam
