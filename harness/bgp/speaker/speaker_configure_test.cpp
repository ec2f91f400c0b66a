#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sim/testing.hpp"

namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A hub between `a` and `b`, each with a network of its own; two routes and a table behind a pipe at the
/// hub.
enum Index : std::size_t { kDevice, kKernel, kStatic, kToA, kToB, kPipe, kRoas };

intent::ProtocolIntent pipe(const std::string& peer_table) {
  intent::ProtocolIntent protocol;
  protocol.name = "pipe1";
  protocol.body = intent::PipeIntent{peer_table};
  intent::ChannelIntent channel;
  channel.table = "master4";
  channel.import_filter = intent::FilterRef::none();
  channel.export_filter = intent::FilterRef::all();
  protocol.channels = {channel};
  return protocol;
}

intent::TableIntent table(const std::string& name) {
  intent::TableIntent item;
  item.name = name;
  return item;
}

intent::RouterIntent hub() {
  intent::RouterIntent intent = router(0x01010101);
  intent.tables.push_back(table("other"));
  intent.protocols = {device(),
                      kernel(),
                      blackholes("routes", {"10.1.0.0/24", "10.1.1.0/24"}),
                      bgp("to_a", 64512, "192.168.1.2", 64513),
                      bgp("to_b", 64512, "192.168.2.2", 64514),
                      pipe("other")};
  return intent;
}

intent::RouterIntent leaf(int which) {
  intent::RouterIntent intent = router(which == 1 ? 0x02020202 : 0x03030303);
  intent.protocols = {
      device(), blackholes("own", {which == 1 ? "10.2.0.0/24" : "10.3.0.0/24"}),
      bgp("hub", which == 1 ? 64513 : 64514, which == 1 ? "192.168.1.1" : "192.168.2.1", 64512)};
  return intent;
}

VirtualNetwork fabric() {
  VirtualNetwork net;
  for (const char* name : {"hub", "a", "b"}) {
    net.add_node(name, 1);
  }
  net.add_link("hub", "to-a", {"192.168.1.1/24"}, "a", "eth0", {"192.168.1.2/24"});
  net.add_link("hub", "to-b", {"192.168.2.1/24"}, "b", "eth0", {"192.168.2.2/24"});
  net.configure("hub", hub());
  net.configure("a", leaf(1));
  net.configure("b", leaf(2));
  net.run_for(seconds(30));
  return net;
}

/// Routes that the hub told this node, and withdrawals of those that it had.
std::uint64_t told(VirtualNetwork& net, const std::string& node) {
  const auto view = net.protocol(node, "hub");
  return view->channels[0].import_updates.received + view->channels[0].import_withdraws.accepted;
}

std::size_t kernel_changes(VirtualNetwork& net) {
  std::size_t count = 0;
  for (const Action& action : net.drain_log("hub")) {
    count += std::holds_alternative<act::KernelRoute>(action) ? 1U : 0U;
  }
  return count;
}

struct Variant {
  const char* name;
  std::function<void(intent::RouterIntent&)> change;
  std::uint64_t told_a = 0, told_b = 0;  ///< routes and withdrawals that each gets to hear of it
  bool restarts_a = false;
  bool soft = false;
};

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}
intent::ChannelIntent& channel(intent::RouterIntent& intent, std::size_t index) {
  return intent.protocols[index].channels[0];
}

std::vector<Variant> variants() {
  using Router = intent::RouterIntent;
  const auto password = [](Router& r) { body(r.protocols[kToA]).password = "x"; };
  return {
      {"nothing", [](Router&) {}},
      {"description", [](Router& r) { r.protocols[kToA].description = "x"; }},
      {"debug", [](Router& r) { r.protocols[kToA].debug = {"states"}; }},
      {"channel debug", [](Router& r) { channel(r, kToA).debug = {"routes"}; }},
      {"limits",
       [](Router& r) {
         channel(r, kToA).import_limit = intent::Limit{10, intent::LimitAction::restart};
         channel(r, kToA).receive_limit = intent::Limit{10, intent::LimitAction::disable};
         channel(r, kToA).export_limit = intent::Limit{10, intent::LimitAction::block};
       }},
      {"a limit that is passed already, block",
       [](Router& r) {
         channel(r, kToA).export_limit = intent::Limit{1, intent::LimitAction::block};
       }},
      {"kernel scan time",
       [](Router& r) { std::get<intent::KernelIntent>(r.protocols[kKernel].body).scan_time = seconds(5); }},
      {"a table and a protocol more",
       [](Router& r) {
         r.tables.push_back(table("third"));
         auto more = blackholes("more", {"10.9.0.0/24"});
         more.channels[0].table = "third";
         r.protocols.push_back(more);
       }},
      {"the filter of the pipe",
       [](Router& r) { channel(r, kPipe).export_filter = where_net("10.1.0.0/24"); }},
      {"the pipe gone", [](Router& r) { r.protocols.pop_back(); }},
      {"the order of protocols", [](Router& r) { std::swap(r.protocols[kToA], r.protocols[kToB]); }},
      {"router id", [](Router& r) { r.router_id = 0x01010102; }, 4, 4, true},
      {"a route more",
       [](Router& r) {
         r.protocols[kStatic] = blackholes("routes", {"10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24"});
       },
       1, 1},
      {"a route gone", [](Router& r) { r.protocols[kStatic] = blackholes("routes", {"10.1.0.0/24"}); }, 1, 1},
      {"an export filter that refuses one route",
       [](Router& r) { channel(r, kToA).export_filter = where_net("10.1.0.0/24", true); }, 1, 0},
      {"the same, softly", [](Router& r) { channel(r, kToA).export_filter = where_net("10.1.0.0/24", true); },
       0, 0, false, true},
      {"an import filter that refuses a's route",
       [](Router& r) { channel(r, kToA).import_filter = where_net("10.2.0.0/24", true); }, 0, 1},
      {"an import filter that changes nothing",
       [](Router& r) { channel(r, kToA).import_filter = where_net("10.2.0.0/24"); }},
      {"preference", [](Router& r) { channel(r, kToA).preference = 90; }},
      {"keep filtered", [](Router& r) { channel(r, kToA).import_keep_filtered = true; }},
      {"hold time", [](Router& r) { body(r.protocols[kToA]).hold_time = seconds(30); }, 3, 2, true},
      {"ADD-PATH", [](Router& r) { channel(r, kToA).bgp.add_paths_send = true; }, 3, 2, true},
      {"b disabled", [](Router& r) { r.protocols[kToB].disabled = true; }, 1, 0},
      {"b gone", [](Router& r) { r.protocols.erase(r.protocols.begin() + kToB); }, 1, 0},
      {"a third neighbour",
       [](Router& r) { r.protocols.push_back(bgp("to_c", 64512, "192.168.3.2", 64515)); }},
      {"another name of a", [](Router& r) { r.protocols[kToA].name = "to_a_again"; }, 3, 2, true},
      {"password, which only a hears of", password, 3, 2, true},
  };
}

class Configure : public ::testing::TestWithParam<Variant> {};

TEST_P(Configure, TouchesOnlyWhatChanged) {
  const Variant& variant = GetParam();
  VirtualNetwork net = fabric();
  ASSERT_EQ(net.session("hub", "to_a"), SessionState::established);
  ASSERT_EQ(net.session("hub", "to_b"), SessionState::established);
  const std::uint64_t a = told(net, "a");
  const std::uint64_t b = told(net, "b");
  ASSERT_EQ(a, 3U);
  const Instant since_a = net.protocol("a", "hub")->since;
  const Instant since_b = net.protocol("b", "hub")->since;
  net.drain_log("hub");
  intent::RouterIntent next = hub();
  variant.change(next);
  net.configure("hub", next, variant.soft);
  net.run_for(seconds(1));
  const bool touches_kernel = kernel_changes(net) != 0;
  net.run_for(seconds(60));
  const bool gone = std::string(variant.name).rfind("b ", 0) == 0;
  const bool everybody = std::string(variant.name) == "router id";
  if (!variant.restarts_a) {
    EXPECT_EQ(net.protocol("a", "hub")->since, since_a) << "the session to a fell";
    EXPECT_EQ(told(net, "a") - a, variant.told_a);
  } else {
    EXPECT_NE(net.protocol("a", "hub")->since, since_a) << "the session to a should begin anew";
  }
  if (!gone && !everybody) {
    EXPECT_EQ(net.protocol("b", "hub")->since, since_b) << "the session to b fell";
    EXPECT_EQ(told(net, "b") - b, variant.told_b);
  }
  if (variant.told_a == 0 && variant.told_b == 0) {
    EXPECT_FALSE(touches_kernel) << "no route of the kernel changed";
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Configure, ::testing::ValuesIn(variants()), [](const auto& item) {
  std::string name;
  for (const char c : std::string(item.param.name)) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return name;
});

TEST(ConfigureTwice, BackToTheFirstIsAsIfNothingHappened) {
  VirtualNetwork net = fabric();
  const auto routes = net.routes("a");
  for (const Variant& variant : variants()) {
    intent::RouterIntent next = hub();
    variant.change(next);
    net.configure("hub", next, variant.soft);
    net.run_for(seconds(20));
    net.configure("hub", hub());
    net.run_for(seconds(120));
    EXPECT_EQ(net.session("hub", "to_a"), SessionState::established) << variant.name;
    EXPECT_EQ(net.session("hub", "to_b"), SessionState::established) << variant.name;
    EXPECT_EQ(net.routes("a").size(), routes.size()) << variant.name;
    EXPECT_EQ(net.fib("hub").size(), 4U) << variant.name;
  }
}

TEST(ConfigureRoas, OnlyChannelsThatAskReload) {
  VirtualNetwork net = fabric();
  intent::RouterIntent next = hub();
  const auto ask = [](const char* name) {
    auto check = std::make_shared<intent::Expr>();
    check->op = intent::Op::roa_check;
    check->name = name;
    auto valid = std::make_shared<intent::Expr>();
    valid->value = intent::EnumValue{intent::EnumType::roa, 1};
    auto equal = std::make_shared<intent::Expr>();
    equal->op = intent::Op::equal;
    equal->operands = {check, valid};
    auto accept = std::make_shared<intent::Stmt>();
    accept->verb = intent::Verb::accept;
    auto reject = std::make_shared<intent::Stmt>();
    reject->verb = intent::Verb::reject;
    auto choose = std::make_shared<intent::Stmt>();
    choose->verb = intent::Verb::if_;
    choose->expr = equal;
    choose->body = {accept};
    choose->otherwise = {reject};
    auto filter = std::make_shared<intent::Filter>();
    filter->body = {choose};
    return intent::FilterRef{intent::FilterRef::Kind::filter, filter};
  };
  channel(next, kToA).import_filter = ask("r");
  next.roa_families["r"] = net::Family::ipv4;
  next.roa_tables["r"] = {};
  net.configure("hub", next);
  net.run_for(seconds(5));
  EXPECT_TRUE(net.routes("hub", "10.2.0.0/24").empty());
  const std::uint64_t a = told(net, "a");
  next.roa_tables["r"] = intent::RoaTable({{prefix("10.2.0.0/24"), 24, 64513}});
  net.configure("hub", next);
  net.run_for(seconds(5));
  EXPECT_EQ(net.routes("hub", "10.2.0.0/24").size(), 2U) << "valid now, here and behind the pipe";
  EXPECT_EQ(told(net, "a"), a) << "to a nothing changed";
}

}  // namespace
}  // namespace catflap::bgp::testing
