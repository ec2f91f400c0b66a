#include "calico/ipam/block_order.hpp"

#include <algorithm>
#include <utility>

#include "calico/ipam/go_rand.hpp"

namespace catflap::calico::ipam {
namespace {

constexpr unsigned kBits = 128;

U128 from_top(const net::IpAddr& address) {
  return {address.high(), address.low()};
}

net::IpAddr address_of(net::Family family, U128 bits) {
  return family == net::Family::ipv4 ? net::IpAddr::v4(static_cast<std::uint32_t>(bits.high >> 32U))
                                     : net::IpAddr::v6(bits.high, bits.low);
}

/// Calico's determineSeed and the first number drawn, for 2^bits blocks.
U128 start_index(unsigned bits, std::int64_t seed) {
  std::vector<std::uint64_t> limit(bits / 64 + 1);
  limit.back() = std::uint64_t{1} << bits % 64;
  const auto index = GoRand(seed).below(limit);
  return {index.size() > 1 ? index[1] : 0, index[0]};
}

}  // namespace

BlockOrder::BlockOrder(const Pool& pool, std::string_view host, UnixNanos now)
    : pool_(pool.cidr),
      block_size_(pool.block_size),
      mask_(low_bits(kBits - pool.cidr.length())),
      step_(U128{0, 1} << (kBits - pool.block_size)) {
  const bool single = block_size_ == net::address_bits(pool_.family());
  const std::int64_t seed = single ? now : std::int64_t{fnv1_32(host)};
  start_ = start_index(block_size_ - pool_.length(), seed) << (kBits - block_size_);
}

net::Prefix BlockOrder::block_at(U128 offset) const {
  return {address_of(pool_.family(), from_top(pool_.addr()) + (offset & mask_)), block_size_};
}

std::vector<net::Prefix> BlockOrder::sorted(const std::vector<net::Prefix>& blocks) const {
  std::vector<std::pair<U128, net::Prefix>> inside;
  for (const net::Prefix& block : blocks) {
    if (block.length() == block_size_ && pool_.covers(block)) {
      inside.emplace_back((from_top(block.addr()) - from_top(pool_.addr()) - start_) & mask_, block);
    }
  }
  std::sort(inside.begin(), inside.end());
  std::vector<net::Prefix> result;
  for (const auto& [distance, block] : inside) {
    result.push_back(block);
  }
  return result;
}

std::optional<net::Prefix> BlockOrder::find(const Reservations& reserved,
                                            const std::function<bool(const net::Prefix&)>& visit) const {
  U128 distance;
  for (;;) {
    const net::Prefix block = block_at(start_ + distance);
    U128 next = distance + step_;
    if (const net::Prefix* cover = reserved.cover(block)) {
      if (cover->covers(pool_)) {
        return std::nullopt;
      }
      const U128 end = from_top(cover->addr()) + (U128{0, 1} << (kBits - cover->length()));
      next = distance + (end - from_top(block.addr()));
    } else if (visit(block)) {
      return block;
    }
    // Once round; all addresses of a family are 2^128, where it wraps.
    if (next <= distance || (next & mask_) != next) {
      return std::nullopt;
    }
    distance = next;
  }
}

}  // namespace catflap::calico::ipam
