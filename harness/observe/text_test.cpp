#include "observe/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace catflap::observe {
namespace {

using namespace std::chrono_literals;

const Instant kNow(1000s);

net::IpAddr addr(const char* text) {
  return *net::IpAddr::parse(text);
}

RouteView route(const char* protocol, bool best) {
  RouteView route;
  route.prefix = *net::Prefix::parse("10.2.0.0/24");
  route.protocol = protocol;
  route.since = Instant(995s);
  route.preference = 100;
  route.best = best;
  route.next_hops = {{addr("192.168.12.2"), "eth2", 1, false}};
  route.bgp.emplace();
  route.bgp->origin = "IGP";
  route.bgp->as_path.prepend(64513);
  route.bgp->local_pref = 100;
  return route;
}

TEST(ExplainText, SaysWhoLostWhereAndWhoIsTold) {
  ExplainView view;
  view.table = "master4";
  view.prefix = route("to_r2", true).prefix;
  CandidateView best;
  best.route = route("to_r2", true);
  best.next_hop = "192.168.12.2 through 192.168.12.0/24";
  best.import = FilterVerdictView{"imp", true, true, "r1.conf:12:3", ""};
  CandidateView other;
  other.route = route("to_r3", false);
  other.lost_at = "AS path length";
  other.why = "longer AS path (2 against 1)";
  view.candidates = {best, other};
  view.refused = {{"to_r4", *view.prefix, "AS path loop: our AS", Instant(999s)}};
  ExportView told;
  told.protocol = "to_r3";
  told.verdict = "told";
  told.sent = route("to_r2", true);
  told.sent->bgp->next_hop = {addr("192.168.13.1")};
  ExportView refused;
  refused.protocol = "to_r2";
  refused.verdict = "refused";
  refused.why = "split horizon";
  view.exports = {told, refused};
  EXPECT_EQ(explain_text({view}, kNow),
            "master4: 10.2.0.0/24\n"
            "  * to_r2        unicast via 192.168.12.2 on eth2, 5.0 s old\n"
            "      preference 100, local-pref 100, AS path 64513, origin IGP\n"
            "      next hop 192.168.12.2 through 192.168.12.0/24\n"
            "      import: accepted by imp at r1.conf:12:3, attributes changed\n"
            "    to_r3        unicast via 192.168.12.2 on eth2, 5.0 s old\n"
            "      preference 100, local-pref 100, AS path 64513, origin IGP\n"
            "      lost at AS path length: longer AS path (2 against 1)\n"
            "    to_r4        not taken 1.0 s ago: AS path loop: our AS\n"
            "  told to\n"
            "    to_r3        told with next hop 192.168.13.1, AS path 64513\n"
            "    to_r2        refused: split horizon\n");
}

TEST(ExplainText, NamesATableWithoutARoute) {
  ExplainView view;
  view.table = "master4";
  EXPECT_EQ(explain_text({view}, kNow), "master4: no route\n");
}

TEST(MalformedText, HasCountersErrorsAndOctets) {
  MalformedView view;
  view.protocol = "p";
  view.peer = addr("10.0.0.2");
  view.total = 1;
  view.counts = {{1, "ORIGIN", MalformedAction::treat_as_withdraw, 1}};
  MalformedMessage message;
  message.at = Instant(880s);
  message.number = 1;
  message.errors = {{1, "ORIGIN", MalformedAction::treat_as_withdraw, 3, 5, "ORIGIN has length 2, expected 1",
                     "40 01 02 00 00"}};
  message.hex = "ff ff";
  view.messages = {message};
  const std::string text = malformed_text({view}, kNow);
  EXPECT_EQ(text.substr(0, text.find('\n')), "p (10.0.0.2): 1 malformed message");
  EXPECT_NE(text.find("  #1 2 min ago\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ORIGIN has length 2, expected 1 [40 01 02 00 00]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    ff ff\n"), std::string::npos) << text;
}

struct DownCase {
  const char* name;
  ProtocolState state;
  SessionState session;
  const char* last_error;
  const char* why;     ///< part of a reason
  const char* advice;  ///< part of the advice; "" for none
};

class Down : public testing::TestWithParam<DownCase> {};

TEST_P(Down, SaysWhyAndWhatToDo) {
  ProtocolView protocol;
  protocol.name = "p";
  protocol.kind = ProtocolKind::bgp;
  protocol.state = GetParam().state;
  protocol.session.emplace();
  protocol.session->peer = addr("10.0.0.2");
  protocol.session->state = GetParam().session;
  protocol.session->last_error = GetParam().last_error;
  const Diagnosis found = diagnose(protocol, kNow);
  const auto any = [](const std::vector<std::string>& lines, std::string_view part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(any(found.why, GetParam().why)) << testing::PrintToString(found.why);
  if (GetParam().advice[0] == '\0') {
    EXPECT_TRUE(found.advice.empty()) << testing::PrintToString(found.advice);
  } else {
    EXPECT_TRUE(any(found.advice, GetParam().advice)) << testing::PrintToString(found.advice);
  }
  EXPECT_NE(peers_text({protocol}, true, kNow).find(GetParam().why), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Down,
    testing::Values(
        DownCase{"disabled", ProtocolState::down, SessionState::down, "", "it is disabled", "birdc enable p"},
        DownCase{"refused", ProtocolState::start, SessionState::active, "Socket: Connection refused",
                 "Connection refused", "nothing listens"},
        DownCase{"no_route", ProtocolState::start, SessionState::active, "Socket: No route to host",
                 "no TCP connection", "there is no way"},
        DownCase{"passive", ProtocolState::start, SessionState::passive, "", "waits for the peer",
                 "be active"},
        DownCase{"link", ProtocolState::start, SessionState::idle, "Neighbor lost", "Neighbor lost",
                 "interface"},
        DownCase{"open", ProtocolState::start, SessionState::open_sent, "", "peer's OPEN",
                 "may not speak BGP"},
        DownCase{"confirm", ProtocolState::start, SessionState::open_confirm, "", "KEEPALIVE", ""}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Diagnosis, AnEstablishedSessionNeedsNoReason) {
  ProtocolView protocol;
  protocol.session.emplace();
  protocol.session->state = SessionState::established;
  EXPECT_EQ(diagnose(protocol, kNow), Diagnosis{});
}

}  // namespace
}  // namespace catflap::observe
