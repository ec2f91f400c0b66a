#include "bgp/wire/notification.hpp"

#include <gtest/gtest.h>

#include "bgp/wire/testing/support.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace test;

TEST(Notification, RoundTripAndCutToOneMessage) {
  ByteSink out;
  const Notification notification{2, 1, hex("0004")};
  EXPECT_TRUE(encode(notification, {}, out));
  EXPECT_EQ(to_hex(out.view()), "ffffffffffffffffffffffffffffffff00170302010004");
  EXPECT_EQ(decode_as<Notification>(out.view(), {}), notification);

  for (const bool extended : {false, true}) {
    ByteSink large;
    EncodeContext context;
    context.extended_message = extended;
    EXPECT_TRUE(encode(Notification{3, 5, Bytes(70000, std::byte{7})}, context, large));
    EXPECT_EQ(large.size(), extended ? kExtendedMessageOctetsMax : kMessageOctetsMax);
    DecodeContext decode_context;
    decode_context.extended_message = extended;
    EXPECT_EQ(decode_as<Notification>(large.view(), decode_context).data.size(), large.size() - 21);
  }
}

struct WordsCase {
  std::uint8_t code, subcode;
  const char* data;
  const char* words;
};
class Words : public testing::TestWithParam<WordsCase> {};

TEST_P(Words, AreThoseOfBird) {
  EXPECT_EQ(describe(Notification{GetParam().code, GetParam().subcode, hex(GetParam().data)}),
            GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Words,
    testing::Values(
        WordsCase{1, 1, "", "Connection not synchronized"}, WordsCase{1, 2, "0012", "Bad message length"},
        WordsCase{2, 2, "", "Bad peer AS"}, WordsCase{2, 11, "", "Role mismatch"},
        WordsCase{3, 11, "", "Malformed AS_PATH"}, WordsCase{4, 0, "", "Hold timer expired"},
        WordsCase{5, 1, "", "Unexpected message in OpenSent state"},
        WordsCase{5, 3, "", "Unexpected message in Established state"}, WordsCase{6, 0, "", "Cease"},
        WordsCase{6, 2, "", "Administrative shutdown"}, WordsCase{6, 8, "", "Out of Resources"},
        WordsCase{6, 9, "0602", "Hard reset: Administrative shutdown"}, WordsCase{6, 9, "06", "Hard reset"},
        WordsCase{7, 1, "", "Invalid ROUTE-REFRESH message length"}, WordsCase{9, 9, "", "Unknown error 9.9"},
        WordsCase{4, 1, "", "Unknown error 4.1"}));

struct ShutdownCase {
  const char* name;
  std::uint8_t code, subcode;
  std::string data;
  const char* text;  ///< nullptr: none
};
class ShutdownText : public testing::TestWithParam<ShutdownCase> {};

TEST_P(ShutdownText, IsReadAndNeverTrusted) {
  const auto text = shutdown_text(Notification{GetParam().code, GetParam().subcode, hex(GetParam().data)});
  if (GetParam().text == nullptr) {
    EXPECT_FALSE(text) << *text;
  } else {
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, GetParam().text);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, ShutdownText,
                         testing::Values(ShutdownCase{"plain", 6, 2, "03616263", "abc"},
                                         ShutdownCase{"reset", 6, 4, "03616263", "abc"},
                                         ShutdownCase{"none", 6, 2, "", nullptr},
                                         ShutdownCase{"empty", 6, 2, "00", nullptr},
                                         ShutdownCase{"cut_off", 6, 2, "046162", nullptr},
                                         ShutdownCase{"more_behind", 6, 2, "01616263", "a"},
                                         ShutdownCase{"other_subcode", 6, 5, "03616263", nullptr},
                                         ShutdownCase{"other_code", 5, 2, "03616263", nullptr},
                                         ShutdownCase{"hard_reset", 6, 9, "060203616263", "abc"},
                                         ShutdownCase{"nested_hard_reset", 6, 9, "0609060203616263", nullptr},
                                         ShutdownCase{"umlaut", 6, 2, "03c3a462",
                                                      "\xC3\xA4"
                                                      "b"},
                                         ShutdownCase{"four_octets", 6, 2, "04f09f9088", "\xF0\x9F\x90\x88"},
                                         ShutdownCase{"control", 6, 2, "030a1b62", "??b"},
                                         ShutdownCase{"c1_control", 6, 2, "03c28562", "??b"},
                                         ShutdownCase{"lone_octet", 6, 2, "02ff62", "?b"},
                                         ShutdownCase{"overlong", 6, 2, "02c080", "??"},
                                         ShutdownCase{"overlong_three", 6, 2, "03e08080", "???"},
                                         ShutdownCase{"surrogate", 6, 2, "03eda080", "???"},
                                         ShutdownCase{"beyond_unicode", 6, 2, "04f4908080", "????"},
                                         ShutdownCase{"truncated_character", 6, 2, "02e282", "??"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(MakeCease, CarriesTextOnlyWhereThereIsAPlaceForIt) {
  EXPECT_EQ(shutdown_text(make_cease(cease::kAdministrativeShutdown, "bye")), "bye");
  EXPECT_EQ(shutdown_text(make_cease(cease::kAdministrativeReset, "bye")), "bye");
  EXPECT_TRUE(make_cease(cease::kConnectionRejected, "bye").data.empty());
  EXPECT_TRUE(make_cease(cease::kAdministrativeShutdown).data.empty());
}

TEST(MakeCease, CutsBetweenTwoCharacters) {
  const std::string fits(255, 'x');
  EXPECT_EQ(shutdown_text(make_cease(2, fits)), fits);
  EXPECT_EQ(shutdown_text(make_cease(2, fits + "y")), fits);
  const std::string before(254, 'x');
  EXPECT_EQ(shutdown_text(make_cease(2, before + "\xC3\xA4")), before);
  const std::string room(253, 'x');
  EXPECT_EQ(shutdown_text(make_cease(2, room + "\xC3\xA4")), room + "\xC3\xA4");
}

}  // namespace
}  // namespace catflap::bgp::wire
