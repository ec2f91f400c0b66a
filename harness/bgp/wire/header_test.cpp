#include <gtest/gtest.h>

#include "bgp/wire/framer.hpp"
#include "bgp/wire/notification.hpp"
#include "bgp/wire/testing/support.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace test;

constexpr const char* kMarker = "ffffffffffffffffffffffffffffffff";

struct HeaderCase {
  const char* name;
  std::string header;  ///< behind the marker
  bool extended;
  const char* verdict;  ///< "" if it is good
};

class Header : public testing::TestWithParam<HeaderCase> {};

TEST_P(Header, IsJudgedBeforeTheRestArrives) {
  Framer framer;
  framer.set_extended(GetParam().extended);
  framer.push(hex(kMarker + GetParam().header));
  const auto next = framer.next();
  if (*GetParam().verdict == '\0') {
    EXPECT_TRUE(next) << next.error().what;
    return;
  }
  ASSERT_FALSE(next);
  const Notification& notification = next.error().notification;
  EXPECT_EQ(std::to_string(notification.code) + "/" + std::to_string(notification.subcode) + " " +
                to_hex(notification.data),
            GetParam().verdict);
  EXPECT_FALSE(framer.next()) << "the error must stay";
}

INSTANTIATE_TEST_SUITE_P(
    Table, Header,
    testing::Values(
        HeaderCase{"too_short", "001204", false, "1/2 0012"}, HeaderCase{"zero", "000002", false, "1/2 0000"},
        HeaderCase{"largest", "100002", false, ""}, HeaderCase{"too_long", "100102", false, "1/2 1001"},
        HeaderCase{"extended", "100102", true, ""}, HeaderCase{"largest_extended", "ffff02", true, ""},
        HeaderCase{"largest_not_negotiated", "ffff02", false, "1/2 ffff"},
        HeaderCase{"open_short", "001c01", false, "1/2 001c"}, HeaderCase{"open", "001d01", false, ""},
        HeaderCase{"open_never_extended", "100101", true, "1/2 1001"},
        HeaderCase{"update_short", "001602", false, "1/2 0016"}, HeaderCase{"update", "001702", false, ""},
        HeaderCase{"notification_short", "001403", false, "1/2 0014"},
        HeaderCase{"notification", "001503", false, ""},
        HeaderCase{"keepalive_with_body", "001404", false, "1/2 0014"},
        HeaderCase{"keepalive", "001304", false, ""},
        HeaderCase{"refresh_short", "001605", false, "1/2 0016"}, HeaderCase{"refresh", "001705", false, ""},
        HeaderCase{"type_0", "001300", false, "1/3 00"}, HeaderCase{"type_6", "001306", false, "1/3 06"},
        HeaderCase{"type_255", "0013ff", false, "1/3 ff"},
        HeaderCase{"length_before_type", "0012ff", false, "1/2 0012"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(HeaderMarker, MustBeAllOnesInEveryOctet) {
  for (std::size_t i = 0; i < 16; ++i) {
    Bytes bytes = hex(std::string(kMarker) + "001304");
    bytes[i] = std::byte{0xFE};
    EXPECT_EQ(verdict(bytes, {}), "1/1 ") << "octet " << i;
  }
}

TEST(Decode, RefusesAnythingShorterThanAHeader) {
  const Bytes keepalive = hex(std::string(kMarker) + "001304");
  for (std::size_t size = 0; size < keepalive.size(); ++size) {
    EXPECT_EQ(verdict(BytesView(keepalive).first(size), {}).substr(0, 4), "1/2 ") << size;
  }
  EXPECT_EQ(verdict(keepalive, {}), "accepted");
}

TEST(Decode, RefusesALengthThatIsNotTheMessages) {
  EXPECT_EQ(verdict(hex(std::string(kMarker) + "0018020000000000 00"), {}), "1/2 0018");
}

TEST(Decode, ABadNotificationIsNotAnswered) {
  const auto result = decode(hex(std::string(kMarker) + "00140306"), {});
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().silent);
  const auto other = decode(hex(std::string(kMarker) + "00140406"), {});
  ASSERT_FALSE(other);
  EXPECT_FALSE(other.error().silent);
}

TEST(Framer, CutsAStreamThatComesInPiecesOfAnySize) {
  Bytes stream;
  constexpr std::size_t kMessages = 50;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const Bytes one =
        message(message_type::kNotification, Bytes(2 + i * 37 % 200, static_cast<std::byte>(i)));
    stream.insert(stream.end(), one.begin(), one.end());
  }
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{19}, std::size_t{1000}, stream.size()}) {
    Framer framer;
    Bytes joined;
    std::size_t messages = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      framer.push(BytesView(stream).subspan(at, std::min(piece, stream.size() - at)));
      while (true) {
        const auto next = framer.next();
        ASSERT_TRUE(next) << next.error().what;
        if (!*next) {
          break;
        }
        ++messages;
        joined.insert(joined.end(), (*next)->begin(), (*next)->end());
      }
      EXPECT_LT(framer.buffered(), 300U);
    }
    EXPECT_EQ(messages, kMessages) << "pieces of " << piece;
    EXPECT_EQ(joined, stream) << "pieces of " << piece;
    EXPECT_EQ(framer.buffered(), 0U);
  }
}

TEST(Framer, BoundMayChangeBetweenTwoMessages) {
  Framer framer;
  framer.push(message(message_type::kKeepalive, {}));
  framer.push(message(message_type::kNotification, Bytes(5000)));
  ASSERT_TRUE(framer.next());
  framer.set_extended(true);
  const auto next = framer.next();
  ASSERT_TRUE(next) << next.error().what;
  ASSERT_TRUE(*next);
  EXPECT_EQ((*next)->size(), 5019U);
}

struct RefreshCase {
  const char* name;
  const char* body;
  const char* verdict;
};
class Refresh : public testing::TestWithParam<RefreshCase> {};

TEST_P(Refresh, LengthMattersForSubtypes1And2) {
  const Bytes bytes = message(message_type::kRouteRefresh, hex(GetParam().body));
  std::string expected = GetParam().verdict;
  if (expected == "7/1") {
    expected += " " + to_hex(bytes);  // RFC 7313 §5: the whole message
  }
  EXPECT_EQ(verdict(bytes, {}), expected);
}

INSTANTIATE_TEST_SUITE_P(Table, Refresh,
                         testing::Values(RefreshCase{"plain", "00010001", "accepted"},
                                         RefreshCase{"begin", "00010101", "accepted"},
                                         RefreshCase{"end", "00020201", "accepted"},
                                         RefreshCase{"unknown_subtype", "00010701", "accepted"},
                                         RefreshCase{"orf", "00010001 02 40 0000", "accepted"},
                                         RefreshCase{"begin_long", "00010101 00", "7/1"},
                                         RefreshCase{"end_long", "00010201 0000", "7/1"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Refresh, RoundTrip) {
  const RouteRefresh refresh{kIpv6Unicast, 2};
  ByteSink out;
  EXPECT_TRUE(encode(refresh, {}, out));
  EXPECT_EQ(to_hex(out.view()), std::string(kMarker) + "00170500020201");
  EXPECT_EQ(decode_as<RouteRefresh>(out.view(), {}), refresh);
}

TEST(Keepalive, RoundTrip) {
  ByteSink out;
  EXPECT_TRUE(encode(Keepalive{}, {}, out));
  EXPECT_EQ(to_hex(out.view()), std::string(kMarker) + "001304");
  EXPECT_EQ(decode_as<Keepalive>(out.view(), {}), Keepalive{});
}

}  // namespace
}  // namespace catflap::bgp::wire
