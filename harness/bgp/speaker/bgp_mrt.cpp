#include <algorithm>

#include "bgp/speaker/addresses.hpp"
#include "bgp/speaker/bgp_protocol.hpp"

/// `mrtdump` of a BGP protocol: what comes and how its state changes, for the driver to write.
namespace catflap::bgp::internal {

bool BgpProtocol::mrtdumps(std::string_view what) const {
  return std::find(intent_.mrtdump.begin(), intent_.mrtdump.end(), what) != intent_.mrtdump.end();
}

act::MrtSession BgpProtocol::mrt_session(const Connection* connection) const {
  act::MrtSession session;
  session.local_as = bgp().local_as;
  session.peer_as = negotiated_ ? negotiated_->remote.asn() : bgp().remote_as;
  if (connection != nullptr) {
    session.local = connection->local;
    session.peer = connection->remote;
  } else if (bgp().neighbor) {
    session.peer.addr = *bgp().neighbor;
    session.local.addr = bgp().local_address.value_or(net::IpAddr::any(bgp().neighbor->family()));
  }
  return session;
}

void BgpProtocol::mrt_messages(ConnId conn, BytesView bytes) {
  const auto it = connections_.find(conn);
  if (it == connections_.end()) {
    return;
  }
  Connection& connection = it->second;
  const fsm::Negotiated* negotiated = peer_->negotiated();
  // Whether our side takes longer ones is the state machine's affair; what it refuses ends the connection.
  connection.mrt_framer.set_extended(true);
  connection.mrt_framer.push(bytes);
  while (true) {
    const auto message = connection.mrt_framer.next();
    if (!message || !*message) {
      return;
    }
    act::MrtMessage record;
    record.session = mrt_session(&connection);
    if (negotiated != nullptr) {
      record.session.peer_as = negotiated->remote.asn();
      record.as4 = negotiated->as4;
      record.add_path = !negotiated->add_path_receive.empty();
    }
    record.octets.assign((*message)->begin(), (*message)->end());
    core_.act(std::move(record));
  }
}

void BgpProtocol::mrt_state(fsm::State from, fsm::State to) {
  if (from == to || !mrtdumps("states")) {
    return;
  }
  const auto number = [](fsm::State state) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(state) + 1);
  };
  const auto it = connections_.find(conn_);
  const Connection* connection = it != connections_.end() ? &it->second
                                 : !connections_.empty()  ? &connections_.begin()->second
                                                          : nullptr;
  core_.act(act::MrtState{mrt_session(connection), number(from), number(to)});
}

}  // namespace catflap::bgp::internal
