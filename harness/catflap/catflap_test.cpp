#include <array>

#include <gtest/gtest.h>

#include "catflap/lab.hpp"

namespace catflap {
namespace {

// The literals must agree with the parsers that run.
constexpr std::array kAddresses = {
    "0.0.0.0",
    "10.0.0.1",
    "255.255.255.255",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "",
    "1.2.3.",
    ".1.2.3",
    "::",
    "::1",
    "1::",
    "fd00::1",
    "2001:DB8::Ff",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "::ffff:10.0.0.1",
    "::10.0.0.1:1",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "1:::2",
    "::1.2.3",
    "1.2.3.4::",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1234.1.1.1",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
};

TEST(Literals, ReadAddressesLikeTheParser) {
  for (const char* text : kAddresses) {
    const auto parsed = net::IpAddr::parse(text);
    const auto read = detail::read_address(text);
    ASSERT_EQ(parsed.has_value(), read.has_value()) << text;
    if (parsed) {
      EXPECT_EQ(*parsed, *read) << text;
    }
  }
}

TEST(Literals, ReadPrefixesLikeTheParser) {
  for (const char* text : {"10.0.0.0/8", "10.0.0.1/8", "0.0.0.0/0", "1.2.3.4/32", "1.2.3.4/33", "1.2.3.4",
                           "1.2.3.4/", "fd00::/8", "fd00::1/127", "fd00::2/127", "::/0", "::1/128", "::/129",
                           "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0/-1", "/8"}) {
    const auto parsed = net::Prefix::parse(text);
    const auto read = detail::read_prefix(text);
    ASSERT_EQ(parsed.has_value(), read.has_value()) << text;
    if (parsed) {
      EXPECT_EQ(*parsed, net::Prefix(read->addr, read->length)) << text;
    }
  }
}

TEST(Literals, AreValues) {
  static_assert("10.0.0.1"_ip == net::IpAddr::v4(0x0A000001));
  static_assert("fd00::1"_ip == net::IpAddr::v6(0xfd00'0000'0000'0000, 1));
  EXPECT_EQ("203.0.113.0/24"_pfx, *net::Prefix::parse("203.0.113.0/24"));
}

TEST(Load, TellsEveryMistakeWithItsPlace) {
  try {
    load_text("lab: x\nnodes:\n  r1: { anounce: [] }\n  r2: { bgp: no }\n", "x.yaml");
    FAIL() << "no error";
  } catch (const LabError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.rfind("x.yaml:3:9: ", 0), 0U) << text;
    EXPECT_NE(text.find("\nx.yaml:4:"), std::string::npos) << text;
    EXPECT_EQ(error.error().where->line, 3U);
    EXPECT_FALSE(error.is_missing_capability());
  }
}

TEST(Load, NamesAFileThatIsNotThere) {
  try {
    load("/nonexistent/x.yaml");
    FAIL() << "no error";
  } catch (const LabError& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/x.yaml"), std::string::npos) << error.what();
    EXPECT_EQ(error.error().code, Errc::invalid);
  }
}

TEST(ParseLink, TakesLinksInterfacesAndNodes) {
  const auto link = parse_link("r1:eth0 -- r2");
  EXPECT_EQ(link.node, "r1");
  EXPECT_EQ(link.interface, "eth0");
  EXPECT_EQ(link.peer, "r2");
  EXPECT_EQ(link.peer_interface, "");
  EXPECT_EQ(parse_link("r1").peer, "");
  EXPECT_EQ(parse_link("r1:eth1").interface, "eth1");
  EXPECT_THROW(parse_link("r1 -- "), LabError);
}

}  // namespace
}  // namespace catflap
