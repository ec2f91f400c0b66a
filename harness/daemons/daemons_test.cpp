#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "birdlang/birdlang.hpp"
#include "daemons/adapter.hpp"
#include "daemons/control_client.hpp"
#include "daemons/links.hpp"
#include "observe/stream.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"
#include "sys/netns.hpp"
#include "sys/process.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kConfig = R"(router id 10.0.0.1;
protocol device {}
protocol static s4 {
  ipv4;
  route 10.1.0.0/16 blackhole;
  route 10.2.0.0/16 unreachable;
}
protocol static s6 { ipv6; route fd00:1::/64 blackhole; }
protocol bgp peer {
  local 10.0.0.1 as 65001;
  neighbor 10.0.0.2 as 65002;
  multihop;
  passive;
  ipv4 { import all; export all; };
}
)";

/// A folder of its own under /tmp, and a loop.
class Daemons : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/catflap-daemons-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    loop_ = *sys::EventLoop::create();
  }
  void TearDown() override {
    child_.reset();
    loop_.reset();
    static_cast<void>(sys::remove_tree("/tmp", folder_));
  }

  bool wait_for(const std::function<bool()>& done) {
    return loop_->run_until(sys::monotonic_now() + 10s, done);
  }
  /// The adapter and its program, or a reason to skip.
  std::optional<Program> program(const Adapter& adapter, std::string& why) {
    const auto found = adapter.detect();
    if (!found) {
      why = found.error().message;
      return std::nullopt;
    }
    return *found;
  }
  void write(const Adapter& adapter, std::string_view config) {
    const Rendered files = *adapter.render(config, paths());
    for (const auto& file : files) {
      ASSERT_TRUE(sys::write_file_atomic(file.path, file.text));
    }
  }
  Paths paths() const { return paths_in(folder_); }
  /// Starts the daemon in a network namespace of its own.
  Status start(const Adapter& adapter, const Program& program) {
    auto ns = sys::netns::Executor::shared().create();
    if (!ns) {
      return fail(ns.error());
    }
    sys::proc::Spawn spawn;
    spawn.program = program.path;
    spawn.args = adapter.argv(paths());
    spawn.netns = &*ns;
    spawn.log_file = folder_ / "log";
    auto child = sys::proc::Child::start(spawn);
    if (!child) {
      return fail(child.error());
    }
    child_.emplace(std::move(*child));
    return {};
  }

  fs::path folder_;
  std::unique_ptr<sys::EventLoop> loop_;
  std::optional<sys::proc::Child> child_;
};

TEST(ConfigError, HasAPosition) {
  const Error error = parse_config_error("/etc/bird/bad.conf:4:2 syntax error, unexpected CF_SYM_UNDEFINED");
  ASSERT_TRUE(error.where);
  EXPECT_EQ(to_string(*error.where), "/etc/bird/bad.conf:4:2");
  EXPECT_EQ(error.message, "syntax error, unexpected CF_SYM_UNDEFINED");
  EXPECT_EQ(parse_config_error("bird: /a b.conf:14:33 Unknown").where->file, "/a b.conf");
  const Error plain = parse_config_error("/nonexist.conf: No such file or directory");
  EXPECT_FALSE(plain.where);
  EXPECT_EQ(plain.message, "/nonexist.conf: No such file or directory");
}

TEST(Adapters, AreFoundByName) {
  for (const auto name : adapter_names()) {
    EXPECT_EQ((*make_adapter(name))->name(), name);
  }
  EXPECT_EQ(make_adapter("brid").error().message, "unknown speaker 'brid'; did you mean 'bird'?");
}

TEST(Adapters, AMissingProgramTellsWhatToInstall) {
  const auto bird = make_adapter("bird", {"/nonexistent/bird"});
  const auto found = (*bird)->detect();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
  EXPECT_NE(found.error().message.find("bird2"), std::string::npos) << found.error().message;
}

TEST(Adapters, CommandLines) {
  const Paths paths = paths_in("/x");
  EXPECT_EQ((*make_adapter("bird"))->argv(paths),
            (std::vector<std::string>{"-f", "-c", "/x/bird.conf", "-s", "/x/bird.ctl", "-P", "/x/bird.pid"}));
  EXPECT_EQ((*make_adapter("self"))->argv(paths, true),
            (std::vector<std::string>{"-f", "-c", "/x/bird.conf", "-s", "/x/bird.ctl", "-P", "/x/bird.pid",
                                      "--events", "/x/events.sock", "-R"}));
}

TEST(Configure, CommandsAndResults) {
  birdc::Configure how;
  EXPECT_EQ(configure_command(how), "configure");
  how.mode = birdc::Configure::Mode::soft;
  how.file = "/a.conf";
  how.timeout_s = 5;
  EXPECT_EQ(configure_command(how), "configure soft \"/a.conf\" timeout 5");
  birdc::Reply reply;
  reply.lines = {{2, "Reading"}, {3, "Reconfigured"}};
  EXPECT_TRUE(configure_result(reply));
  reply.lines.back() = {8002, "/a.conf:4:2 syntax error"};
  EXPECT_EQ(configure_result(reply).error().where->line, 4U);
  reply.lines.back() = {8007, "Access denied"};
  EXPECT_EQ(configure_result(reply).error().message, "Access denied");
}

/// Accepts one client on `path` and says `text` to it.
sys::UniqueFd accept_and_say(sys::EventLoop& loop, int listener, std::string_view text) {
  sys::UniqueFd client;
  loop.run_until(sys::monotonic_now() + 10s, [&] {
    if (auto accepted = sys::unix_accept(listener)) {
      client = std::move(*accepted);
    }
    return client.valid();
  });
  EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  return client;
}

TEST_F(Daemons, TheStreamBecomesASnapshot) {
  const auto adapter = *make_adapter("self");
  int ready = 0;
  int changed = 0;
  int lost = 0;
  std::string note;
  auto link = adapter->link(
      *loop_, paths(),
      {[&] { ++ready; }, [&](const observe::Store&) { ++changed; }, [&](const Error&) { ++lost; },
       [&](std::string_view, std::string_view text) { note = text; }});
  link->start();  // before there is anything to connect to
  const auto listener = *sys::unix_listen(paths().events, sys::UnixType::stream);
  observe::RouteView route;
  route.prefix = *net::Prefix::parse("10.0.0.0/8");
  route.table = "master4";
  observe::ProtocolView protocol;
  protocol.name = "p";
  const std::string initial =
      observe::encode_stream_line(observe::Hello{"0.1.0", 1, "10.0.0.1"}) +
      observe::encode_stream_line(observe::ProtocolChanged{protocol}) +
      observe::encode_stream_line(observe::RoutesChanged{"master4", route.prefix, {route}}) +
      observe::encode_stream_line(observe::Synced{});
  auto client = accept_and_say(*loop_, listener.get(), initial);
  ASSERT_TRUE(wait_for([&] { return link->ready(); }));
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(changed, 0) << "the first state is `ready`, not a change";
  EXPECT_EQ(link->snapshot().router_id, "10.0.0.1");
  EXPECT_EQ(link->snapshot().routes, std::vector<observe::RouteView>{route});

  const std::string more = observe::encode_stream_line(observe::ProtocolGone{"p"}) +
                           observe::encode_stream_line(observe::Note{"info", "hello"});
  ASSERT_GT(::send(client.get(), more.data(), more.size(), MSG_NOSIGNAL), 0);
  ASSERT_TRUE(wait_for([&] { return changed > 0; }));
  EXPECT_EQ(note, "hello");
  EXPECT_TRUE(link->snapshot().protocols.empty());

  client.reset();
  ASSERT_TRUE(wait_for([&] { return lost == 1; }));
  EXPECT_FALSE(link->ready());
  client = accept_and_say(*loop_, listener.get(), initial);
  ASSERT_TRUE(wait_for([&] { return ready == 2; })) << "it connects again by itself";
  client = sys::UniqueFd();
  client = accept_and_say(*loop_, listener.get(), "nonsense\n");
  ASSERT_TRUE(wait_for([&] { return lost == 3; })) << "a stream that is none is dropped";
}

TEST_F(Daemons, AHandlerMayDestroyTheLink) {
  const auto adapter = *make_adapter("self");
  std::unique_ptr<Link> link;
  link = adapter->link(*loop_, paths(), {[&] { link.reset(); }, {}, {}, {}});
  const auto listener = *sys::unix_listen(paths().events, sys::UnixType::stream);
  link->start();
  const auto client = accept_and_say(*loop_, listener.get(),
                                     observe::encode_stream_line(observe::Synced{}) +
                                         observe::encode_stream_line(observe::Note{"info", "too late"}));
  EXPECT_TRUE(wait_for([&] { return link == nullptr; }));
}

TEST_F(Daemons, ControlClientFramesAndFailsCommands) {
  const auto listener = *sys::unix_listen(paths().control, sys::UnixType::stream);
  ControlClient client(*loop_, paths().control, {});
  client.start();
  std::optional<Result<birdc::Reply>> first;
  std::optional<Result<birdc::Reply>> second;
  client.command("show status", [&](Result<birdc::Reply> reply) { first = std::move(reply); });
  client.command("never answered", [&](Result<birdc::Reply> reply) { second = std::move(reply); });
  auto peer = accept_and_say(*loop_, listener.get(), "0001 BIRD 2.0.12 ready.\n");
  ASSERT_TRUE(wait_for([&] { return client.connected(); }));
  EXPECT_EQ(client.version(), "2.0.12");
  const std::string_view reply = "1000-BIRD 2.0.12\n+async\n one more\n0013 up\n";
  ASSERT_GT(::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL), 0);
  ASSERT_TRUE(wait_for([&] { return first.has_value(); }));
  ASSERT_TRUE(*first);
  ASSERT_EQ((**first).lines.size(), 3U);
  EXPECT_EQ((**first).lines[1].code, 1000);
  EXPECT_EQ((**first).code(), 13);
  peer.reset();
  ASSERT_TRUE(wait_for([&] { return second.has_value(); }));
  EXPECT_FALSE(*second) << "a command whose reply never comes fails with the connection";
}

TEST_F(Daemons, ConfigurationErrorsOfBirdHaveAPosition) {
  const auto adapter = *make_adapter("bird");
  std::string why;
  const auto bird = program(*adapter, why);
  if (!bird) {
    GTEST_SKIP() << why;
  }
  EXPECT_TRUE(bird->version.starts_with("2.")) << bird->version;
  write(*adapter, kConfig);
  EXPECT_TRUE(adapter->check_config(*bird, paths()));
  write(*adapter, "router id 10.0.0.1;\nprotocol device {}\n  bogus;\n");
  const auto checked = adapter->check_config(*bird, paths());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid);
  ASSERT_TRUE(checked.error().where) << checked.error().message;
  EXPECT_EQ(checked.error().where->file, paths().config.string());
  EXPECT_EQ(checked.error().where->line, 3U);
  fs::remove(paths().config);
  EXPECT_FALSE(adapter->check_config(*bird, paths()));
}

TEST_F(Daemons, OptionsOfOurOwnAreNamedWhereBirdIsToRunThem) {
  const auto adapter = *make_adapter("bird");
  std::string why;
  const auto bird = program(*adapter, why);
  if (!bird) {
    GTEST_SKIP() << why;
  }
  const std::string text =
      std::string(kConfig) + "protocol static own { ipv4; route 10.0.0.0/8 blackhole when 11.0.0.0/8; }\n";
  write(*adapter, text);
  const auto checked = adapter->check_config(*bird, paths());
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("protocol own: BIRD has no option 'when'"), std::string::npos)
      << checked.error().message;
  const auto router = birdlang::parse(text, "own.conf", {});
  ASSERT_TRUE(router) << to_string(router.error());
  EXPECT_FALSE(adapter->render(*router, paths()));
  EXPECT_TRUE((*make_adapter("self"))->render(*router, paths()));
}

TEST_F(Daemons, BirdTellsItsStateOverTheControlSocket) {
  const auto adapter = *make_adapter("bird");
  std::string why;
  const auto bird = program(*adapter, why);
  if (!bird || ::geteuid() != 0) {
    GTEST_SKIP() << (bird ? "needs root for a network namespace" : why);
  }
  write(*adapter, kConfig);
  bool ready = false;
  int changed = 0;
  auto link = adapter->link(*loop_, paths(),
                            {[&] { ready = true; }, [&](const observe::Store&) { ++changed; }, {}, {}});
  link->start();
  const auto started = start(*adapter, *bird);
  if (!started && started.error().code == Errc::denied) {
    GTEST_SKIP() << started.error().message;
  }
  ASSERT_TRUE(started) << to_string(started.error());
  ASSERT_TRUE(wait_for([&] { return ready && link->store().protocol("s4") != nullptr; }));
  const net::Prefix blackhole = *net::Prefix::parse("10.1.0.0/16");
  ASSERT_TRUE(wait_for([&] { return !link->store().routes("master4", blackhole).empty(); }));
  const observe::RouteView& route = *link->store().routes("master4", blackhole).front();
  EXPECT_EQ(route.type, observe::RouteType::blackhole);
  EXPECT_EQ(route.protocol, "s4");
  EXPECT_EQ(route.source, "static");
  EXPECT_TRUE(route.best);
  EXPECT_LT(sys::monotonic_now() - route.since, 60s) << "instants of the daemon are on our time line";
  const observe::Snapshot& snapshot = link->snapshot();
  EXPECT_EQ(snapshot.router_id, "10.0.0.1");
  EXPECT_EQ(snapshot.routes.size(), 3U);
  EXPECT_TRUE(snapshot.from.source.starts_with("bird 2.")) << snapshot.from.source;
  const observe::ProtocolView* peer = link->store().protocol("peer");
  ASSERT_TRUE(peer != nullptr && peer->session);
  EXPECT_EQ(peer->session->state, observe::SessionState::passive);
  EXPECT_EQ(peer->session->peer_as, 65002U);

  std::string config = kConfig;
  config.replace(config.find("10.2.0.0/16"), 11, "10.3.0.0/16");
  write(*adapter, config);
  link->set_interest(Interest::waiting);
  std::optional<Status> configured;
  link->configure({}, [&](Status status) { configured = std::move(status); });
  ASSERT_TRUE(wait_for([&] {
    return configured && !link->store().routes("", *net::Prefix::parse("10.3.0.0/16")).empty() &&
           link->store().routes("", *net::Prefix::parse("10.2.0.0/16")).empty();
  }));
  EXPECT_TRUE(*configured);
  EXPECT_GT(changed, 0);

  write(*adapter, "bogus;\n");
  configured.reset();
  link->configure({}, [&](Status status) { configured = std::move(status); });
  ASSERT_TRUE(wait_for([&] { return configured.has_value(); }));
  ASSERT_FALSE(*configured);
  EXPECT_EQ(configured->error().where->line, 1U) << configured->error().message;
}

}  // namespace
}  // namespace catflap::daemons
