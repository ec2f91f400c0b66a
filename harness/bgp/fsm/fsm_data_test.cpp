#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bgp/fsm/test_support.hpp"

/// Samples of the shared data (its README says what is what): what real daemons send first, and wrong OPENs.
namespace catflap::bgp::fsm {
namespace {

using namespace test;
using nlohmann::json;

std::optional<json> load(const std::string& name) {
  const char* configured = std::getenv("CATFLAP_DATA");
  const std::string folder =
      configured != nullptr ? configured : std::string(CATFLAP_SOURCE_DIR) + "/../shared/data";
  std::ifstream file(folder + "/bgp/" + name);
  return file ? std::optional(json::parse(file)) : std::nullopt;
}

PeerConfig receiver() {
  PeerConfig config = basic_config();
  config.local_as = 64512;
  config.local_id = 0x0A4F0002;
  config.peer_as = 65001;
  config.passive = true;
  return config;
}

/// Sends `octets` as the peer's first, answers KEEPALIVEs, and names the reaction in the words of the data.
std::string reaction(const Bytes& octets) {
  Bench bench(receiver());
  bench.start().opened(1).bytes(1, octets);
  if (bench.peer.state() == State::open_confirm) {
    bench.message(1, wire::Keepalive{});
  }
  if (bench.peer.state() == State::established) {
    return "established";
  }
  for (const auto& send : all<out::Send>(bench.out)) {
    if (std::to_integer<int>(send.bytes->at(18)) == wire::message_type::kNotification) {
      return "reset " + message_name(*send.bytes);
    }
  }
  return all<out::Close>(bench.out).empty() ? "none" : "close";
}

TEST(Data, MalformedOpens) {
  const auto data = load("malformed_open.json");
  if (!data) {
    GTEST_SKIP() << "skipped: no data";
  }
  ASSERT_FALSE(data->at("cases").empty());
  for (const json& each : data->at("cases")) {
    const auto demand = each.at("demand").get<std::vector<std::string>>();
    const auto octets = from_hex(each.at("hex").get<std::string>());
    ASSERT_TRUE(octets.has_value());
    const std::string actual = reaction(*octets);
    EXPECT_NE(std::find(demand.begin(), demand.end(), actual), demand.end())
        << each.at("id") << ": " << actual << ", wanted one of " << each.at("demand").dump() << " ("
        << each.at("basis") << ")";
  }
}

TEST(Data, VersionErrorNamesOurVersion) {
  const auto data = load("malformed_open.json");
  if (!data) {
    GTEST_SKIP() << "skipped: no data";
  }
  for (const json& each : data->at("cases")) {
    if (each.at("demand") != json::array({"reset 2/1"})) {
      continue;
    }
    Bench bench(receiver());
    bench.start().opened(1).bytes(1, *from_hex(each.at("hex").get<std::string>()));
    EXPECT_EQ(to_hex(bench.peer.last_error().data), "0004") << each.at("id");
  }
}

/// The capabilities of the first OPEN that `from` sent in the recording.
wire::Capabilities capabilities_of(const json& session, const std::string& from) {
  for (const json& message : session.at("messages")) {
    if (message.at("from") == from && message.at("type") == "OPEN") {
      const auto open = wire::decode(*from_hex(message.at("hex").get<std::string>()), {});
      return std::get<wire::Open>(open.value()).capabilities;
    }
  }
  return {};
}

/// Replays what a daemon sent, octet by octet, to a peer that offers what the peer of the recording did.
void replay(const json& session) {
  PeerConfig config = receiver();
  config.local_id = 0x0A4F0001;
  config.local_as = session.at("peer") == "ibgp" ? 64512 : 65001;
  config.peer_as = 64512;
  config.capabilities = capabilities_of(session, "peer");
  Bench bench(config);
  bench.start().opened(1);
  std::size_t updates = 0, received = 0, damaged = 0;
  for (const json& message : session.at("messages")) {
    if (message.at("from") != "daemon") {
      continue;
    }
    const Bytes octets = *from_hex(message.at("hex").get<std::string>());
    for (const std::byte octet : octets) {
      bench.bytes(1, BytesView(&octet, 1));
      for (const auto& update : all<out::Received>(bench.out)) {
        ++received;
        damaged += update.update.errors.size();
      }
    }
    updates += message.at("type") == "UPDATE" ? 1 : 0;
  }
  EXPECT_EQ(bench.peer.state(), State::established) << session.at("id") << bench.peer.last_error().text;
  EXPECT_EQ(received, updates) << session.at("id");
  EXPECT_EQ(damaged, 0U) << session.at("id");
}

TEST(Data, FirstMessagesOfSixDaemons) {
  const auto data = load("first_messages.json");
  if (!data) {
    GTEST_SKIP() << "skipped: no data";
  }
  ASSERT_FALSE(data->at("sessions").empty());
  for (const json& session : data->at("sessions")) {
    replay(session);
  }
}

}  // namespace
}  // namespace catflap::bgp::fsm
