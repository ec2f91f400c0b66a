// Any datagram at the BFD ports: the decoder is total, and a session takes whatever passes it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "bgp/bfd/session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace catflap;
  const BytesView octets(reinterpret_cast<const std::byte*>(data), size);
  bgp::bfd::SessionConfig config;
  config.discriminator = 0x01020304;
  if (size > 0 && data[0] % 6 != 0) {
    config.password = "p";
    config.authentication = static_cast<bgp::bfd::Authentication>(data[0] % 6);
  }
  Instant now(std::chrono::seconds(1));
  bgp::bfd::Session session(config, 1, now);
  // 32 octets at a time, each with some time in between. A digest that fits is no work for chance: what comes
  // is also signed.
  for (std::size_t at = 0; at < size; at += 32) {
    bgp::bfd::Outputs out;
    const auto packet = bgp::bfd::decode(octets.subspan(at));
    if (packet) {
      const auto again = bgp::bfd::decode(bgp::bfd::encode(*packet));
      if (!again || again->my_discriminator != packet->my_discriminator) {
        std::abort();
      }
      session.receive(now, *packet, out);
      if (bgp::bfd::is_keyed(config.authentication) && config.password) {
        const auto made = bgp::bfd::decode(
            bgp::bfd::encode_signed(*packet, config.authentication, *config.password, data[at]));
        if (!made || !made->signature || !bgp::bfd::verify(*made->signature, *config.password)) {
          std::abort();
        }
        session.receive(now, *made, out);
      }
    }
    now = now + std::chrono::milliseconds(data[at] * 8);
    session.run(now, out);
    if (!session.deadline().is_never() && session.deadline() < now) {
      std::abort();  // the loop of a driver would spin
    }
  }
  return 0;
}
