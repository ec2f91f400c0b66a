// Transcripts of real daemons, where they are at hand: parsed to the model, written again, compared octet by
// octet.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "birdc/command.hpp"
#include "birdc/parse.hpp"
#include "birdc/reply.hpp"

namespace catflap::birdc {
namespace {

namespace fs = std::filesystem;

struct Exchange {
  std::string command;
  std::string reply;  ///< octets
};

fs::path transcripts() {
  const char* data = std::getenv("CATFLAP_DATA");
  return data == nullptr ? fs::path() : fs::path(data) / ".." / "specs" / "birdc";
}

std::vector<Exchange> read_exchanges(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<Exchange> exchanges;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(">>> ")) {
      exchanges.push_back({line.substr(4), ""});
    } else if (!exchanges.empty() && !line.starts_with("+")) {
      exchanges.back().reply += line + "\n";
    }
  }
  return exchanges;
}

/// The transcripts were taken on one day; all times of day lie before this moment.
Clock clock() {
  constexpr std::int64_t kNoonUtc = 1'795'176'000;  // 2026-11-20 12:00:00
  return {Instant(std::chrono::hours(100)), kNoonUtc * 1'000'000'000, 0};
}

class Transcripts : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = transcripts() / GetParam();
    if (transcripts().empty() || !fs::exists(folder_)) {
      GTEST_SKIP() << "no data: set CATFLAP_DATA to the folder with the samples";
    }
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ".raw") {
        for (Exchange& exchange : read_exchanges(entry.path())) {
          exchanges_.push_back(std::move(exchange));
        }
      }
    }
    ASSERT_GT(exchanges_.size(), 4U);
  }
  Format format() const { return GetParam() == "2.0.12" ? Format::bird2 : Format::bird1; }
  /// The reply of an exchange, if there was one without an error.
  std::optional<Reply> reply_of(const Exchange& exchange) {
    const auto replies = parse_replies(exchange.reply);
    EXPECT_TRUE(replies) << exchange.command;
    return replies && replies->size() == 1 && replies->front().ok() ? std::optional(replies->front())
                                                                    : std::nullopt;
  }

  fs::path folder_;
  std::vector<Exchange> exchanges_;
};

TEST_P(Transcripts, ProtocolsGoBothWays) {
  int compared = 0;
  for (const Exchange& exchange : exchanges_) {
    const auto reply = exchange.command.starts_with("show protocols") ? reply_of(exchange) : std::nullopt;
    if (!reply) {
      continue;
    }
    const auto protocols = parse_protocols(clock(), *reply);
    ASSERT_TRUE(protocols) << exchange.command << to_string(protocols.error());
    std::string text;
    ReplyWriter writer(text);
    const bool all = exchange.command.starts_with("show protocols all");
    write_protocols(writer, format(), clock(), *protocols, all);
    EXPECT_EQ(text, exchange.reply) << exchange.command;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(Transcripts, RoutesGoBothWays) {
  int compared = 0;
  for (const Exchange& exchange : exchanges_) {
    const bool count = exchange.command.ends_with(" count") || exchange.command.ends_with(" stats");
    const auto reply =
        exchange.command.starts_with("show route") && !count ? reply_of(exchange) : std::nullopt;
    if (!reply || exchange.reply.find("Table r4") != std::string::npos) {
      continue;
    }
    const auto routes = parse_routes(clock(), *reply);
    ASSERT_TRUE(routes) << exchange.command << to_string(routes.error());
    std::string text;
    ReplyWriter writer(text);
    RouteWriter route_writer(format(), clock(), exchange.command.ends_with(" all"));
    std::string table;
    for (const auto& route : *routes) {
      if (table != route.table) {
        table = route.table;
        route_writer.table(table);
      }
      route_writer.route(writer, route);
    }
    route_writer.end(writer);
    EXPECT_EQ(text, exchange.reply) << exchange.command;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(Transcripts, AllTablesAreReadAndForeignNetworksCounted) {
  if (format() == Format::bird1) {
    return;
  }
  for (const Exchange& exchange : exchanges_) {
    if (exchange.command != "show route all" && exchange.command != "show route stats") {
      continue;
    }
    const auto reply = reply_of(exchange);
    ASSERT_TRUE(reply);
    RouteParser parser(clock());
    for (std::size_t i = 0; i + 1 < reply->lines.size(); ++i) {
      ASSERT_TRUE(parser.line(reply->lines[i].code, reply->lines[i].text)) << reply->lines[i].text;
    }
    EXPECT_EQ(parser.take().size(), 27U);
    EXPECT_EQ(parser.skipped(), 1U);
  }
}

TEST_P(Transcripts, StatusAndInterfacesAndSymbolsGoBothWays) {
  int compared = 0;
  for (const Exchange& exchange : exchanges_) {
    const auto reply = reply_of(exchange);
    if (!reply) {
      continue;
    }
    std::string text;
    ReplyWriter writer(text);
    if (exchange.command == "show status") {
      const auto status = parse_status(clock(), *reply);
      ASSERT_TRUE(status) << to_string(status.error());
      write_status(writer, format(), clock(), *status);
    } else if (exchange.command == "show interfaces") {
      const auto interfaces = parse_interfaces(*reply);
      ASSERT_TRUE(interfaces) << to_string(interfaces.error());
      write_interfaces(writer, format(), *interfaces);
    } else if (exchange.command.starts_with("show symbols")) {
      const auto symbols = parse_symbols(*reply);
      ASSERT_TRUE(symbols) << to_string(symbols.error());
      write_symbols(writer, *symbols);
    } else {
      continue;
    }
    EXPECT_EQ(text, exchange.reply) << exchange.command;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(Transcripts, SummaryComesFromTheInterfaces) {
  std::vector<InterfaceView> interfaces;
  for (const Exchange& exchange : exchanges_) {
    if (exchange.command == "show interfaces") {
      interfaces = *parse_interfaces(*reply_of(exchange));
    }
  }
  for (const Exchange& exchange : exchanges_) {
    if (exchange.command == "show interfaces summary") {
      std::string text;
      ReplyWriter writer(text);
      write_interfaces_summary(writer, format(), interfaces);
      EXPECT_EQ(text, exchange.reply);
    }
  }
}

/// What exists in the daemons of the transcripts.
SymbolKind known(std::string_view name) {
  for (const std::string_view protocol : {"device1",
                                          "direct1",
                                          "k4",
                                          "k6",
                                          "s4",
                                          "s6",
                                          "bfd1",
                                          "roas",
                                          "c1",
                                          "c2",
                                          "tor",
                                          "tor6",
                                          "nobody",
                                          "passv",
                                          "wrongas",
                                          "offp",
                                          "c26",
                                          "to_rr",
                                          "Mesh_10_70_2_1",
                                          "Node_10_70_2_77",
                                          "static1",
                                          "kernel1"}) {
    if (name == protocol) {
      return SymbolKind::protocol;
    }
  }
  for (const std::string_view table : {"master", "master4", "master6", "r4"}) {
    if (name == table) {
      return SymbolKind::table;
    }
  }
  return SymbolKind::undefined;
}

TEST_P(Transcripts, CommandsAreTakenAndRefusedInTheSameWords) {
  int refused = 0;
  for (const Exchange& exchange : exchanges_) {
    if (exchange.command.starts_with("show ospf") || exchange.command.starts_with("configure \"")) {
      continue;
    }
    const auto command = parse_command(exchange.command, format(), known);
    const bool syntax_error = exchange.reply.starts_with("9001 ") || exchange.reply.starts_with("9002 ");
    if (syntax_error && !exchange.reply.starts_with("9001 No valid tables")) {
      ASSERT_FALSE(command) << exchange.command;
      EXPECT_EQ(command.error().message + "\n", exchange.reply) << exchange.command;
      ++refused;
    } else {
      EXPECT_TRUE(command) << exchange.command << ": " << command.error().message;
    }
  }
  EXPECT_TRUE(refused > 0 || GetParam() == "1.6.8-bird6");
}

TEST_P(Transcripts, AValueOfEachKind) {
  if (format() != Format::bird2) {
    return;
  }
  for (const Exchange& exchange : exchanges_) {
    if (exchange.command == "show protocols all c1" &&
        exchange.reply.find("Established") != std::string::npos) {
      const auto protocols = parse_protocols(clock(), *reply_of(exchange));
      const observe::ProtocolView& c1 = protocols->front();
      ASSERT_TRUE(c1.session);
      EXPECT_EQ(c1.description, "client one");
      EXPECT_EQ(c1.session->state, observe::SessionState::established);
      EXPECT_EQ(c1.session->peer_as, 64512U);
      EXPECT_EQ(c1.session->hold_timer->total, std::chrono::seconds(240));
      EXPECT_EQ(c1.session->peer_capabilities->restart_time_s, 120);
      EXPECT_EQ(c1.session->peer_capabilities->add_path_rx, std::vector<std::string>{"ipv4"});
      EXPECT_EQ(c1.channels.at(0).export_updates.rejected, 3U);
      EXPECT_EQ(c1.channels.at(1).family, net::Family::ipv6);
    }
    if (exchange.command == "show route for 192.168.9.5 all") {
      const auto routes = parse_routes(clock(), *reply_of(exchange));
      ASSERT_EQ(routes->size(), 2U);
      EXPECT_TRUE(routes->at(0).best);
      EXPECT_EQ(routes->at(0).table, "master4");
      EXPECT_EQ(routes->at(0).bgp->local_pref, 200U);
      EXPECT_EQ(routes->at(1).prefix, routes->at(0).prefix);
      EXPECT_EQ(routes->at(1).next_hops.at(0).interface, "r-c2");
      EXPECT_EQ(routes->at(1).from, *net::IpAddr::parse("10.70.2.2"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Daemons, Transcripts, testing::Values("2.0.12", "1.6.8", "1.6.8-bird6"),
                         [](const auto& daemon) {
                           std::string name = daemon.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace catflap::birdc
