#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "calico/print/box_table.hpp"
#include "calico/print/numbers.hpp"
#include "calico/print/tabwriter.hpp"

namespace catflap::calico::print {
namespace {

TEST(Numbers, AreAsGoPrintsThem) {
  const std::vector<std::pair<double, std::string>> cases{{0, "0"},
                                                          {1, "1"},
                                                          {100, "100"},
                                                          {0.5, "0.5"},
                                                          {1000000, "1e+06"},
                                                          {100000, "100000"},
                                                          {1234567, "1.234567e+06"},
                                                          {-20.25, "-20.25"},
                                                          {0.0001, "0.0001"},
                                                          {0.00001, "1e-05"},
                                                          {1e100, "1e+100"},
                                                          {123456.5, "123456.5"}};
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(go_float(value), text);
  }
  EXPECT_EQ(go_json_float(1000000), "1000000");
  EXPECT_EQ(go_json_float(0.000001), "0.000001");
  EXPECT_EQ(go_json_float(0.0000001), "1e-7");
  EXPECT_EQ(go_json_float(1e21), "1e+21");
  EXPECT_EQ(go_json_float(1e20), "100000000000000000000");
}

TEST(Numbers, OfIpamTables) {
  EXPECT_EQ(go_general(65536, 5), "65536");
  EXPECT_EQ(go_general(131072, 5), "1.3107e+05");
  EXPECT_EQ(go_general(64, 5), "64");
  EXPECT_EQ(go_general(1.8446744073709552e19, 5), "1.8447e+19");
  EXPECT_EQ(go_percent(7.8125), "8%");
  EXPECT_EQ(go_percent(0.5), "0%");
  EXPECT_EQ(go_percent(1.5), "2%");
  EXPECT_EQ(go_percent(2.5), "2%");
  EXPECT_EQ(go_percent(99.99), "100%");
}

TEST(Tabs, EveryCellIsPaddedTheLastToo) {
  EXPECT_EQ(tab_table({{"NAME", "CIDR", "SELECTOR"}, {"ippool-name1", "10.0.1.0/24", "foo == 'bar'"}}),
            "NAME           CIDR          SELECTOR       \n"
            "ippool-name1   10.0.1.0/24   foo == 'bar'   \n");
  EXPECT_EQ(tab_table({{"N"}, {"a"}}), "N    \na    \n") << "at least five columns";
  EXPECT_EQ(tab_table({{"NAME"}}), "NAME   \n");
  EXPECT_EQ(tab_table({{"N", "ASN"}, {"", ""}}), "N    ASN   \n           \n") << "cells may be empty";
  EXPECT_EQ(tab_table({{"N"}, {"\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F"}}),
            "N      \n\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F   \n");
}

TEST(Tabs, AColumnIsARunOfLines) {
  EXPECT_EQ(tabwrite("a\tb\n"
                     "long cell\tc\n"
                     "no cell\n"
                     "x\ty\tz\n"),
            "a           b\n"
            "long cell   c\n"
            "no cell\n"
            "x    y    z\n");
  EXPECT_EQ(tabwrite(""), "");
  EXPECT_EQ(tabwrite("\n\n"), "\n\n");
  EXPECT_EQ(tabwrite("a\tbbbb\tc\nd\te\n", {0, 1}), "a bbbb c\nd e\n");
}

TEST(Boxes, OfNodeStatus) {
  const BoxTable table{{"Peer address", "Peer type", "State", "Since", "Info"},
                       {{"172.17.8.102", "node-to-node mesh", "up", "2016-11-21", "Established"},
                        {"10.0.0.9", "global", "start", "12:00:01", "Active Socket: Connection refused"}}};
  EXPECT_EQ(box_table(table, BoxStyle::classic),
            "+--------------+-------------------+-------+------------+--------------------------------+\n"
            "| PEER ADDRESS |     PEER TYPE     | STATE |   SINCE    |              INFO              |\n"
            "+--------------+-------------------+-------+------------+--------------------------------+\n"
            "| 172.17.8.102 | node-to-node mesh | up    | 2016-11-21 | Established                    |\n"
            "| 10.0.0.9     | global            | start | 12:00:01   | Active Socket: Connection      |\n"
            "|              |                   |       |            | refused                        |\n"
            "+--------------+-------------------+-------+------------+--------------------------------+\n");
  EXPECT_EQ(
      box_table(table, BoxStyle::plain),
      "+--------------+-------------------+-------+------------+-----------------------------------+\n"
      "| PEER ADDRESS | PEER TYPE         | STATE | SINCE      | INFO                              |\n"
      "+--------------+-------------------+-------+------------+-----------------------------------+\n"
      "| 172.17.8.102 | node-to-node mesh | up    | 2016-11-21 | Established                       |\n"
      "| 10.0.0.9     | global            | start | 12:00:01   | Active Socket: Connection refused |\n"
      "+--------------+-------------------+-------+------------+-----------------------------------+\n");
}

TEST(Boxes, OfIpamShow) {
  EXPECT_EQ(box_table({{"Grouping", "CIDR", "IPs total", "IPs in use", "IPs free"},
                       {{"IP Pool", "192.168.0.0/16", "65536", "5 (0%)", "65531 (100%)"},
                        {"Block", "192.168.71.0/26", "64", "5 (8%)", "59 (92%)"}}},
                      BoxStyle::classic),
            "+----------+-----------------+-----------+------------+--------------+\n"
            "| GROUPING |      CIDR       | IPS TOTAL | IPS IN USE |   IPS FREE   |\n"
            "+----------+-----------------+-----------+------------+--------------+\n"
            "| IP Pool  | 192.168.0.0/16  |     65536 | 5 (0%)     | 65531 (100%) |\n"
            "| Block    | 192.168.71.0/26 |        64 | 5 (8%)     | 59 (92%)     |\n"
            "+----------+-----------------+-----------+------------+--------------+\n");
  EXPECT_EQ(box_table({{"Grouping", "CIDR", "IPs total", "IPs in use", "IPs reserved", "IPs free"},
                       {{"IP Pool", "192.168.0.0/16", "65536", "5 (0%)", "0 (0%)", "65531 (100%)"},
                        {"Block", "192.168.71.0/26", "64", "5 (8%)", "0 (0%)", "59 (92%)"}},
                       {2, 3, 4, 5}},
                      BoxStyle::plain),
            "+----------+-----------------+-----------+------------+--------------+--------------+\n"
            "| GROUPING | CIDR            | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE     |\n"
            "+----------+-----------------+-----------+------------+--------------+--------------+\n"
            "| IP Pool  | 192.168.0.0/16  |     65536 |     5 (0%) |       0 (0%) | 65531 (100%) |\n"
            "| Block    | 192.168.71.0/26 |        64 |     5 (8%) |       0 (0%) |     59 (92%) |\n"
            "+----------+-----------------+-----------+------------+--------------+--------------+\n");
}

TEST(Boxes, NumbersStandRightUnlessTheyHaveAnExponent) {
  EXPECT_EQ(box_table({{"A number"}, {{"1"}, {"-1,234.5"}, {"1.3107e+05"}, {"1,23"}}}, BoxStyle::classic),
            "+------------+\n"
            "|  A NUMBER  |\n"
            "+------------+\n"
            "|          1 |\n"
            "|   -1,234.5 |\n"
            "| 1.3107e+05 |\n"
            "| 1,23       |\n"
            "+------------+\n");
}

TEST(Boxes, WordsLongerThanTheLimitWidenTheColumn) {
  EXPECT_EQ(box_table({{"x"}, {{"a word-of-more-than-thirty-characters b"}}}, BoxStyle::classic),
            "+-------------------------------------+\n"
            "|                  X                  |\n"
            "+-------------------------------------+\n"
            "| a                                   |\n"
            "| word-of-more-than-thirty-characters |\n"
            "| b                                   |\n"
            "+-------------------------------------+\n");
}

TEST(Boxes, WithoutRows) {
  EXPECT_EQ(box_table({{"IP"}, {}}, BoxStyle::classic), "+----+\n| IP |\n+----+\n+----+\n");
}

TEST(PrettyTable, OfPeersAndStatus) {
  EXPECT_EQ(
      pretty_table({{"Global IPv4 BGP Peer", "AS Num"}, {{"172.17.42.40", "65100"}}}, PrettyAlign::left),
      "+----------------------+--------+\n"
      "| Global IPv4 BGP Peer | AS Num |\n"
      "+----------------------+--------+\n"
      "| 172.17.42.40         | 65100  |\n"
      "+----------------------+--------+\n");
  EXPECT_EQ(pretty_table({{"Peer address", "State"}, {{"10.0.0.1", "up"}, {"10.0.0.22", "start"}}},
                         PrettyAlign::centre),
            "+--------------+-------+\n"
            "| Peer address | State |\n"
            "+--------------+-------+\n"
            "|   10.0.0.1   |   up  |\n"
            "|  10.0.0.22   | start |\n"
            "+--------------+-------+\n");
}

}  // namespace
}  // namespace catflap::calico::print
