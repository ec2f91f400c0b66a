// IPAM's values from arbitrary octets, as another writer of the same etcd may leave them: nothing crashes,
// what was read is written and read the same, and no operation on a block gives an address twice.
#include <set>
#include <string>
#include <string_view>

#include "calico/ipam/block.hpp"
#include "calico/ipam/codec.hpp"
#include "calico/store/keys.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using namespace catflap::calico::ipam;
using catflap::fuzz::finding;

constexpr UnixNanos kNow = 1'795'204'800 * kSecond;

calico::Entry entry_of(std::string key, std::string_view value) {
  return {std::move(key), std::string(value), 1, 1};
}

net::Prefix small() {
  return {net::IpAddr::v4(0x0a000000), 29};
}

std::vector<fuzz::Seed> seeds() {
  Block block = Block::make(small(), {calico::AffinityType::host, "a"}, kNow);
  (void)block.assign_any(3, {"h", {{"node", "a"}}}, {}, false, {});
  (void)block.release_handle("h", kNow, kSecond);
  (void)block.assign_any(2, {std::nullopt, {}, {{"pod", "p"}}}, {}, false, {});
  std::vector<fuzz::Seed> all;
  for (const std::string& text :
       {encode(block), encode(Handle{"h", {{"10.0.0.0/29", 3}}}), encode(AffinityState::pending),
        encode(Config{true, true, 3, "Enabled", 60}), to_rfc3339(kNow)}) {
    all.emplace_back(text.begin(), text.end());
  }
  return all;
}

void use(Block block) {
  std::set<net::IpAddr> taken;
  for (std::uint32_t n = 0; n < block.allocations.size(); ++n) {
    if (block.allocations[n]) {
      taken.insert(block.address(n));
    }
  }
  (void)block.defects();
  (void)block.empty();
  const auto assigned = block.assign_any(100, {"new", {}}, {}, false, {});
  if (!assigned) {
    finding("without strict affinity, whoever asks gets what is free");
  }
  for (const net::IpAddr& each : *assigned) {
    if (!taken.insert(each).second) {
      finding("an address is given twice");
    }
    if (block.assign(each, {"other", {}}, {}, false)) {
      finding("an assigned address is assigned again");
    }
  }
  std::vector<ReleaseOption> all;
  for (const net::IpAddr& each : taken) {
    all.push_back({each});
  }
  if (!block.release(all, kNow, 0)) {
    finding("addresses of a block can be released");
  }
  block.collect_cold(kNow, 0);
  (void)block.release_handle("h", kNow, kSecond);
}

}  // namespace

CATFLAP_FUZZ_SEEDS(seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto block = decode_block(entry_of(calico::block_key(small()), text))) {
    const auto again = decode_block(entry_of(calico::block_key(small()), encode(*block)));
    // Whole seconds are kept, and octets that are not UTF-8 are replaced: once.
    const auto third = again ? decode_block(entry_of(calico::block_key(small()), encode(*again))) : again;
    if (!third || *third != *again) {
      finding("a block that was written is read the same");
    }
    use(*block);
  }
  if (const auto handle = decode_handle(entry_of(calico::handle_key("h"), text))) {
    if (decode_handle(entry_of(calico::handle_key("h"), encode(*handle))) != *handle) {
      finding("a handle that was written is read the same");
    }
  }
  if (const auto state = decode_affinity(entry_of("/a", text))) {
    if (decode_affinity(entry_of("/a", encode(*state))) != *state) {
      finding("an affinity that was written is read the same");
    }
  }
  if (const auto config = decode_config(entry_of("/c", text))) {
    if (!decode_config(entry_of("/c", encode(*config)))) {
      finding("a configuration that was written is read");
    }
  }
  if (const auto time = parse_rfc3339(text)) {
    if (parse_rfc3339(to_rfc3339(*time)) != *time - *time % kSecond) {
      finding("a time that was written is read the same");
    }
  }
  (void)calico::parse_block_key(text);
  (void)calico::parse_affinity_key(text);
  (void)calico::parse_handle_key(text);
  return 0;
}
