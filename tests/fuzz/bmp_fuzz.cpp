// Any octets from a router: the reader of BMP is total, and what it understood survives encoding.
#include "fuzz_seeds.hpp"
#include "trace/bmp.hpp"

namespace {

using namespace catflap;
using namespace catflap::trace;

std::vector<fuzz::Seed> make_seeds() {
  const Bytes bgp = *from_hex("ffffffffffffffffffffffffffffffff001304");
  const bmp::Peer peer{false, true, false, net::IpAddr::v6(1, 2), 65001, 7, 1, 2};
  const std::vector<bmp::Message> messages = {
      bmp::Initiation{"r1", "catflap"}, bmp::PeerUp{peer, net::IpAddr::v6(3, 4), 179, 4000, bgp, bgp},
      bmp::RouteMonitoring{peer, bgp},  bmp::Statistics{peer, {{0, 5}, {7, 9}}},
      bmp::PeerDown{peer, 3, bgp},      bmp::Termination{1}};
  std::vector<fuzz::Seed> seeds;
  for (const bmp::Message& message : messages) {
    ByteSink out;
    bmp::encode(message, out);
    fuzz::Seed seed;
    for (const std::byte octet : out.view()) {
      seed.push_back(std::to_integer<std::uint8_t>(octet));
    }
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bmp::Reader reader;
  reader.push(std::as_bytes(std::span(data, size)));
  while (true) {
    const auto message = reader.next();
    if (!message || !*message) {
      return 0;
    }
    ByteSink once, twice;
    bmp::encode(**message, once);
    bmp::Reader again;
    again.push(once.view());
    const auto back = again.next();
    if (!back || !*back) {
      fuzz::finding("a message that was read and written is not read again");
    }
    bmp::encode(**back, twice);
    if (to_hex(once.view()) != to_hex(twice.view())) {
      fuzz::finding("a message changed");
    }
  }
}
