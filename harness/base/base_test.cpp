#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/glob.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/suggest.hpp"

namespace catflap {
namespace {

TEST(Error, ContextGrowsOutwards) {
  Error error{Errc::exists, "file exists", 17};
  EXPECT_EQ(to_string(std::move(error).context("link eth0").context("node r1")),
            "node r1: link eth0: file exists");
}

TEST(Error, PositionComesFirst) {
  EXPECT_EQ(to_string(Error{Errc::invalid, "unknown key", 0, SourcePos{"a.yaml", 4, 9}}),
            "a.yaml:4:9: unknown key");
  EXPECT_EQ(to_string(SourcePos{"a.yaml", 0, 0}), "a.yaml");
}

TEST(Glob, MatchesAsInAShell) {
  EXPECT_TRUE(glob_match("c*", "c1"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a*b*c", "aXbXbYc"));
  EXPECT_TRUE(glob_match("c?", "c1"));
  EXPECT_FALSE(glob_match("c?", "c"));
  EXPECT_FALSE(glob_match("a*b", "aXbX"));
  EXPECT_TRUE(glob_match("cali*", "cali123"));
  EXPECT_FALSE(glob_match("cali*", "eth0"));
  EXPECT_TRUE(glob_match("e?h*0", "eth10"));
  EXPECT_TRUE(glob_match("*a*b", "xaxab"));
  EXPECT_FALSE(glob_match("*a*b", "xaxabc"));
  EXPECT_TRUE(glob_match("a\\*", "a*"));
  EXPECT_FALSE(glob_match("a\\*", "ab"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_TRUE(glob_match("a\\*b", "a*b"));
  EXPECT_FALSE(glob_match("a\\*b", "aXb"));
  EXPECT_TRUE(glob_match("a\\", "a\\"));
}

TEST(ByteReader, StopsAtTheEnd) {
  const auto bytes = from_hex("0102030405060708ff");
  ASSERT_TRUE(bytes);
  ByteReader reader(*bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u32(), 0x03040506U);
  EXPECT_FALSE(reader.u32());
  EXPECT_EQ(reader.offset(), 6U) << "a read that fails moves nothing";
  EXPECT_EQ(reader.take(3)->size(), 3U);
  EXPECT_FALSE(reader.u8());
}

TEST(ByteSink, WritesBigEndianAndPatches) {
  ByteSink sink;
  sink.u16(0);
  sink.u64(0x0102030405060708ULL);
  sink.patch_u16(0, 0xBEEF);
  EXPECT_EQ(to_hex(sink.view()), "beef0102030405060708");
}

TEST(Hex, RefusesWhatIsNotHex) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
  EXPECT_TRUE(from_hex("")->empty());
}

TEST(Digest, Sha224IsThatOfTheStandard) {
  EXPECT_EQ(to_hex(sha224(as_bytes(""))), "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f");
  EXPECT_EQ(to_hex(sha224(as_bytes("abc"))), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  EXPECT_EQ(to_hex(sha224(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525");
}

TEST(Rng, IsTheSameEverywhere) {
  Rng rng(0);
  EXPECT_EQ(rng.next(), 0xE220A8397B1DCDAFULL) << "first value of splitmix64 with seed 0";
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LT(rng.below(7), 7U);
  }
  EXPECT_EQ(rng.below(0), 0U);
}

TEST(Instant, AdditionSaturates) {
  EXPECT_TRUE((Instant::never() + std::chrono::seconds(1)).is_never());
  EXPECT_TRUE((Instant(std::chrono::seconds(1)) + Duration::max()).is_never());
}

TEST(Suggest, FindsTypingMistakesOnly) {
  static constexpr std::array<std::string_view, 3> kWords = {"announce", "bgp", "speaker"};
  EXPECT_EQ(did_you_mean("anounce", kWords), "; did you mean 'announce'?");
  EXPECT_EQ(did_you_mean("gbp", kWords), "; did you mean 'bgp'?");
  EXPECT_EQ(did_you_mean("completely-else", kWords), "");
}

}  // namespace
}  // namespace catflap
