// Any octets as an event log: the container is total; and with a right checksum, which chance does not find,
// any octets as an event or an action.
#include "fuzz_seeds.hpp"
#include "replay/codec.hpp"
#include "replay/describe.hpp"
#include "replay/recorder.hpp"
#include "trace/event_log.hpp"

namespace {

using namespace catflap;
using namespace catflap::bgp;

void check_event(BytesView octets) {
  ByteReader reader(octets);
  const auto event = replay::decode_event(reader);
  if (!event) {
    return;
  }
  (void)replay::describe(*event);
  ByteSink once, twice;
  replay::encode(*event, once);
  ByteReader second(once.view());
  const auto back = replay::decode_event(second);
  if (!back) {
    fuzz::finding("an event that was read and written is not read again");
  }
  replay::encode(*back, twice);
  if (to_hex(once.view()) != to_hex(twice.view())) {
    fuzz::finding("an event changed");
  }
}

std::vector<fuzz::Seed> make_seeds() {
  KernelRouteSpec route;
  route.prefix = *net::Prefix::parse("10.9.0.0/16");
  route.next_hops = {{net::IpAddr::v4(0xC0A80102), 2, 1, true}};
  const net::Endpoint end{net::IpAddr::v4(1), 179, 0};
  const std::vector<Event> events = {
      ev::TcpOpened{1, end, end, true},
      ev::TcpBytes{1, *from_hex("ffff00")},
      ev::TcpClosed{1, {104, false, "reset"}},
      ev::Configure{std::make_shared<const intent::RouterIntent>(), true, false},
      ev::Interface{2, "eth0", true, false, false, 1500, {{net::IpAddr::v4(5), 24}}},
      ev::KernelRoute{route, true},
      ev::KernelRouteResult{254, route.prefix, -17},
      ev::Admin{ev::Admin::Verb::reload, "peer", "why"},
      ev::ShutDown{"bye", true}};
  std::vector<fuzz::Seed> seeds;
  const auto add = [&](std::uint8_t kind, BytesView octets) {
    fuzz::Seed seed{kind};
    for (const std::byte octet : octets) {
      seed.push_back(std::to_integer<std::uint8_t>(octet));
    }
    seeds.push_back(std::move(seed));
  };
  for (const Event& event : events) {
    ByteSink out;
    replay::encode(event, out);
    add(0, out.view());
  }
  ByteSink action, log;
  replay::encode(Action(act::KernelRoute{route, true}), action);
  add(1, action.view());
  replay::Recorder recorder({"fuzz", "r1", 1, 2}, log);
  recorder.event(Instant(), events[0]);
  recorder.run(Instant(), {});
  add(2, log.view());
  return seeds;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const BytesView octets = std::as_bytes(std::span(data + 1, size - 1));
  if (data[0] % 3 == 0) {
    check_event(octets);
  } else if (data[0] % 3 == 1) {
    ByteReader reader(octets);
    (void)replay::describe_action(reader);
  } else {
    trace::EventLogReader reader;
    reader.push(octets);
    while (true) {
      const auto record = reader.next();
      if (!record || !*record) {
        break;
      }
    }
    (void)reader.rest();
  }
  return 0;
}
