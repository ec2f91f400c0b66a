#include "apps/catflap/malformed_mrt.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "bgp/wire/message.hpp"
#include "sys/clock.hpp"
#include "trace/mrt.hpp"

namespace catflap::app {
namespace {

namespace mrt = trace::mrt;

bool is_whole(BytesView message) {
  ByteReader header(message);
  (void)header.take(16);  // the marker, of whatever it is
  return message.size() >= bgp::wire::kHeaderOctets && header.u16() == message.size();
}

mrt::Time time_of(Instant at) {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(sys::to_wall(at).time_since_epoch()).count();
  return {static_cast<std::uint32_t>(us / 1000000), static_cast<std::uint32_t>(us % 1000000)};
}

/// What all messages of a peer have in common.
mrt::Message record_of(const observe::MalformedView& view,
                       const std::vector<observe::ProtocolView>& protocols) {
  mrt::Message record;
  record.session.peer = view.peer;
  record.session.local = net::IpAddr::any(view.peer.family());
  const auto protocol = std::find_if(protocols.begin(), protocols.end(), [&](const auto& each) {
    return each.name == view.protocol && each.session;
  });
  if (protocol == protocols.end()) {
    return record;
  }
  const observe::SessionView& session = *protocol->session;
  record.session.peer_as = session.peer_as;
  record.session.local_as = session.local_as;
  if (session.source_address && session.source_address->family() == view.peer.family()) {
    record.session.local = *session.source_address;
  }
  const auto has = [](const std::optional<observe::CapabilitiesView>& capabilities, auto what) {
    return capabilities && what(*capabilities);
  };
  const auto as4 = [](const auto& capabilities) { return capabilities.as4; };
  record.as4 = !session.peer_capabilities ||
               (has(session.local_capabilities, as4) && has(session.peer_capabilities, as4));
  record.add_path = has(session.local_capabilities, [](const auto& c) { return !c.add_path_rx.empty(); }) &&
                    has(session.peer_capabilities, [](const auto& c) { return !c.add_path_tx.empty(); });
  return record;
}

}  // namespace

MalformedMrt malformed_mrt(const std::vector<observe::MalformedView>& views,
                           const std::vector<observe::ProtocolView>& protocols) {
  struct Entry {
    const observe::MalformedMessage* message;
    mrt::Message record;
  };
  std::vector<Entry> entries;
  for (const observe::MalformedView& view : views) {
    const mrt::Message record = record_of(view, protocols);
    for (const observe::MalformedMessage& message : view.messages) {
      entries.push_back({&message, record});
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.message->at < b.message->at; });
  MalformedMrt result;
  ByteSink out;
  for (Entry& entry : entries) {
    const Bytes octets = from_hex(entry.message->hex).value_or(Bytes());
    entry.record.octets = octets;
    const bool done = is_whole(octets) && mrt::write(time_of(entry.message->at), entry.record, out);
    ++(done ? result.written : result.left_out);
  }
  result.octets = out.release();
  return result;
}

}  // namespace catflap::app
