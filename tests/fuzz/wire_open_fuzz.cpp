// Any body of an OPEN: the decoder is total, and what it understood survives encoding.
#include <algorithm>
#include <variant>

#include "bgp/wire/codec.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using namespace catflap::bgp::wire;

std::vector<fuzz::Seed> make_seeds() {
  Open open{4, 65001, 90, 0x0A000001, {}, {}};
  Capabilities& all = open.capabilities;
  all.multiprotocol = {kIpv4Unicast, kIpv6Unicast};
  all.route_refresh = all.enhanced_refresh = all.extended_message = all.llgr_aware = true;
  all.extended_next_hop = {{kIpv4Unicast, 2}};
  all.role = 3;
  all.graceful_restart = Capabilities::GracefulRestart{true, true, 120, {{kIpv4Unicast, true}}};
  all.as4 = 70000;
  all.add_path = {{kIpv4Unicast, true, true}};
  all.llgr = {{kIpv4Unicast, true, 3600}};
  all.host_name = "n1.example";
  all.software_version = "v1";
  all.unknown = {{200, {1, 2, 3}}};
  std::vector<fuzz::Seed> seeds;
  for (const std::size_t padding :
       {std::size_t{0}, std::size_t{250}}) {  // the second in the form of RFC 9072
    all.unknown[0].value.resize(3 + padding);
    ByteSink out;
    if (encode(open, {}, out)) {
      fuzz::Seed seed;
      for (const std::byte octet : out.view().subspan(kHeaderOctets)) {
        seed.push_back(std::to_integer<std::uint8_t>(octet));
      }
      seeds.push_back(std::move(seed));
    }
  }
  return seeds;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteSink in;
  in.u64(~std::uint64_t{0});
  in.u64(~std::uint64_t{0});
  size = std::min<std::size_t>(size, kMessageOctetsMax - kHeaderOctets);
  in.u16(static_cast<std::uint16_t>(kHeaderOctets + size));
  in.u8(message_type::kOpen);
  in.bytes(std::as_bytes(std::span(data, size)));
  auto message = decode(in.view(), {});
  if (!message) {
    return 0;
  }
  Open& open = std::get<Open>(*message);
  ByteSink out;
  if (!encode(open, {}, out)) {
    fuzz::finding("an OPEN that came in one message does not fit one");
  }
  const auto again = decode(out.view(), {});
  if (!again) {
    fuzz::finding("an encoded OPEN is refused");
  }
  if (!std::get<Open>(*again).warnings.empty()) {
    fuzz::finding("an encoded OPEN has warnings");
  }
  open.warnings.clear();
  if (std::get<Open>(*again) != open) {
    fuzz::finding("an OPEN changed");
  }
  return 0;
}
