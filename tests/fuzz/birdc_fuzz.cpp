// Commands, replies and the event stream from arbitrary octets: nothing crashes, and what was understood can
// be written and read again.
#include <string>

#include "birdc/command.hpp"
#include "birdc/parse.hpp"
#include "birdc/reply.hpp"
#include "fuzz_seeds.hpp"
#include "observe/stream.hpp"

namespace {

using namespace catflap;
using birdc::Format;

constexpr birdc::Clock kClock{Instant(std::chrono::hours(100)), 1'795'176'000'000'000'000, 3600};

void check_protocols(const std::vector<observe::ProtocolView>& protocols) {
  for (const Format format : {Format::bird2, Format::bird1}) {
    std::string text;
    birdc::ReplyWriter writer(text);
    birdc::write_protocols(writer, format, kClock, protocols, true);
    if (!birdc::parse_replies(text)) {
      fuzz::finding("our own reply is not framed");
    }
  }
}

void check_routes(const std::vector<observe::RouteView>& routes) {
  std::string text;
  birdc::ReplyWriter writer(text);
  birdc::RouteWriter route_writer(Format::bird2, kClock, true);
  for (const auto& route : routes) {
    route_writer.table(route.table);
    route_writer.route(writer, route);
  }
  route_writer.end(writer);
  const auto replies = birdc::parse_replies(text);
  if (!replies || replies->size() != 1) {
    fuzz::finding("our own reply is not framed");
  }
}

void read_reply(std::string_view octets) {
  birdc::ReplyReader reader(4096);
  birdc::ProtocolParser protocols(kClock);
  birdc::RouteParser routes(kClock);
  if (!reader.feed(octets)) {
    return;
  }
  while (true) {
    const auto line = reader.next();
    if (!line || !*line) {
      break;
    }
    static_cast<void>(protocols.line((*line)->code, (*line)->text));
    static_cast<void>(routes.line((*line)->code, (*line)->text));
  }
  check_protocols(protocols.take());
  check_routes(routes.take());
  if (const auto replies = birdc::parse_replies(octets)) {
    for (const auto& reply : *replies) {
      static_cast<void>(birdc::parse_status(kClock, reply));
      static_cast<void>(birdc::parse_interfaces(reply));
      static_cast<void>(birdc::parse_symbols(reply));
    }
  }
}

void read_stream(std::string_view octets) {
  const auto message = observe::decode_stream_line(octets);
  if (!message) {
    return;
  }
  const auto again = observe::decode_stream_line(observe::encode_stream_line(*message));
  if (!again || !(*again == *message)) {
    fuzz::finding("a message of the stream changes when it is written again");
  }
  if (const auto* change = std::get_if<observe::ProtocolChanged>(&*message)) {
    check_protocols({change->protocol});
  } else if (const auto* routes = std::get_if<observe::RoutesChanged>(&*message)) {
    check_routes(routes->routes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      static_cast<void>(birdc::parse_command(octets, Format::bird2));
      break;
    case 1:
      static_cast<void>(birdc::parse_command(octets, Format::bird1, [](std::string_view name) {
        return name.size() % 2 == 0 ? birdc::SymbolKind::protocol : birdc::SymbolKind::undefined;
      }));
      break;
    case 2:
      read_reply(octets);
      break;
    default:
      read_stream(octets);
  }
  return 0;
}
