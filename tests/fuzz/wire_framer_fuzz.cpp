// A stream cut into pieces of any size gives the same messages, and the same error, as the stream at once.
// The first octet chooses the bound of the length and seeds the sizes of the pieces.
#include <algorithm>

#include "bgp/wire/framer.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using namespace catflap::bgp::wire;

struct Outcome {
  std::vector<Bytes> messages;
  std::optional<Notification> error;
  bool operator==(const Outcome&) const = default;
};

/// Takes out what is complete. False after an error.
bool drain(Framer& framer, Outcome& out) {
  while (true) {
    const auto next = framer.next();
    if (!next) {
      out.error = next.error().notification;
      return false;
    }
    if (!*next) {
      return true;
    }
    if ((*next)->size() < kHeaderOctets) {
      fuzz::finding("a message shorter than its header");
    }
    out.messages.emplace_back((*next)->begin(), (*next)->end());
  }
}

Outcome run(BytesView stream, bool extended, std::size_t piece) {
  Framer framer;
  framer.set_extended(extended);
  Outcome out;
  while (!stream.empty()) {
    const std::size_t size = std::min(stream.size(), piece);
    framer.push(stream.first(size));
    stream = stream.subspan(size);
    if (!drain(framer, out)) {
      return out;
    }
  }
  return out;
}

std::vector<fuzz::Seed> make_seeds() {
  ByteSink out;
  for (int i = 0; i < 3; ++i) {
    (void)encode(Keepalive{}, {}, out);
    (void)encode(Notification{6, 2, Bytes(40)}, {}, out);
    (void)encode(RouteRefresh{kIpv4Unicast, 0}, {}, out);
  }
  fuzz::Seed seed{6};
  for (const std::byte octet : out.view()) {
    seed.push_back(std::to_integer<std::uint8_t>(octet));
  }
  return {seed};
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const bool extended = (data[0] & 1U) != 0;
  const BytesView stream = std::as_bytes(std::span(data + 1, size - 1));
  const Outcome whole = run(stream, extended, std::max<std::size_t>(stream.size(), 1));
  if (run(stream, extended, data[0] / 2U + 1U) != whole || run(stream, extended, 1) != whole) {
    fuzz::finding("the pieces matter");
  }
  return 0;
}
