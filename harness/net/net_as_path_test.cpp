#include <gtest/gtest.h>

#include "net/as_path.hpp"

namespace catflap::net {
namespace {

constexpr AsSegmentType kSet = AsSegmentType::set;
constexpr AsSegmentType kSequence = AsSegmentType::sequence;
constexpr AsSegmentType kConfedSequence = AsSegmentType::confed_sequence;
constexpr AsSegmentType kConfedSet = AsSegmentType::confed_set;

struct PathCase {
  const char* name;
  AsPath path;
  std::size_t length;
  std::optional<std::uint32_t> first;
  std::optional<std::uint32_t> last;
  const char* text;
};
class Path : public testing::TestWithParam<PathCase> {};

TEST_P(Path, IsMeasuredAndPrinted) {
  const PathCase& each = GetParam();
  EXPECT_EQ(each.path.length(), each.length);
  EXPECT_EQ(each.path.first(), each.first);
  EXPECT_EQ(each.path.last(), each.last);
  EXPECT_EQ(to_string(each.path), each.text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Path,
    testing::Values(
        PathCase{"empty", {}, 0, std::nullopt, std::nullopt, ""},
        PathCase{"sequence", {{{kSequence, {1, 2, 3}}}}, 3, 1, 3, "1 2 3"},
        PathCase{"four_octets", {{{kSequence, {4200000000U}}}}, 1, 4200000000U, 4200000000U, "4200000000"},
        PathCase{"set", {{{kSet, {1, 2}}}}, 1, std::nullopt, std::nullopt, "{1 2}"},
        PathCase{"sequence_set", {{{kSequence, {1, 2}}, {kSet, {3, 4}}}}, 3, 1, std::nullopt, "1 2 {3 4}"},
        PathCase{"set_sequence", {{{kSet, {3, 4}}, {kSequence, {1}}}}, 2, std::nullopt, 1, "{3 4} 1"},
        PathCase{"two_sequences", {{{kSequence, {1}}, {kSequence, {2}}}}, 2, 1, 2, "1 2"},
        PathCase{"confederation", {{{kConfedSequence, {9}}, {kSequence, {1}}}}, 1, 1, 1, "(9) 1"},
        PathCase{"confederation_alone", {{{kConfedSequence, {9, 8}}}}, 0, std::nullopt, 8, "(9 8)"},
        PathCase{"confederation_set", {{{kConfedSet, {9, 8}}, {kSequence, {1}}}}, 1, 1, 1, "({9 8}) 1"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(PathCount, LooksIntoSegmentsOfAnyType) {
  const AsPath path{{{kConfedSequence, {5}}, {kSequence, {5, 1, 5}}, {kSet, {5, 2}}}};
  EXPECT_EQ(path.count(5), 4U);
  EXPECT_EQ(path.count(2), 1U);
  EXPECT_EQ(path.count(3), 0U);
}

TEST(PathPrepend, GoesIntoTheLeadingSequence) {
  AsPath path{{{kSequence, {2}}}};
  path.prepend(1, 3);
  EXPECT_EQ(path, (AsPath{{{kSequence, {1, 1, 1, 2}}}}));
  path.prepend(7, 0);
  EXPECT_EQ(path.length(), 4U);
}

TEST(PathPrepend, StartsASequenceBeforeAnythingElse) {
  AsPath empty;
  empty.prepend(1);
  EXPECT_EQ(empty, (AsPath{{{kSequence, {1}}}}));
  AsPath set{{{kSet, {2, 3}}}};
  set.prepend(1, 2);
  EXPECT_EQ(set, (AsPath{{{kSequence, {1, 1}}, {kSet, {2, 3}}}}));
}

TEST(PathPrepend, StartsASequenceWhereTheFirstIsFull) {
  AsPath path;
  path.prepend(1, 255);
  EXPECT_EQ(path.segments.size(), 1U);
  path.prepend(2);
  ASSERT_EQ(path.segments.size(), 2U);
  EXPECT_EQ(path.segments[0].asns, std::vector<std::uint32_t>{2});
  EXPECT_EQ(path.length(), 256U);
  AsPath far;
  far.prepend(1, 600);
  EXPECT_EQ(far.length(), 600U);
  EXPECT_EQ(far.segments.size(), 3U);
}

}  // namespace
}  // namespace catflap::net
