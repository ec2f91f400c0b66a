#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "calico/etcd/base64.hpp"
#include "calico/etcd/gateway.hpp"
#include "calico/etcd/messages.hpp"

namespace catflap::calico::etcd {
namespace {

using nlohmann::json;

struct Base64Case {
  const char* name;
  std::string octets;
  const char* text;
};
class Base64 : public testing::TestWithParam<Base64Case> {};

TEST_P(Base64, GoesThereAndBack) {
  EXPECT_EQ(to_base64(GetParam().octets), GetParam().text);
  EXPECT_EQ(from_base64(GetParam().text), GetParam().octets);
}

INSTANTIATE_TEST_SUITE_P(Rfc4648, Base64,
                         testing::Values(Base64Case{"empty", "", ""}, Base64Case{"one", "f", "Zg=="},
                                         Base64Case{"two", "fo", "Zm8="}, Base64Case{"three", "foo", "Zm9v"},
                                         Base64Case{"four", "foob", "Zm9vYg=="},
                                         Base64Case{"high", "\xff\xfe\xfd", "//79"},
                                         Base64Case{"zero", std::string(2, '\0'), "AAA="}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Base64Text, ThatIsNone) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm 9v", "Zm9-", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(RangeMessages, AskForAKeyOrARange) {
  EXPECT_EQ(write_range({.key = "/a"}), R"({"key":"L2E="})");
  EXPECT_EQ(json::parse(write_range({.key = "/a", .range_end = "/b", .revision = 7, .limit = 2})),
            (json{{"key", "L2E="}, {"range_end", "L2I="}, {"revision", "7"}, {"limit", "2"}}));
  EXPECT_EQ(range_end_of("/a"), "/b");
  EXPECT_EQ(range_end_of(""), std::string(1, '\0'));
}

TEST(RangeMessages, BringEntries) {
  const auto answer = read_range(
      R"({"header":{"revision":"9"},"kvs":[{"key":"L2E=","create_revision":"2","mod_revision":"3","version":"2",)"
      R"("value":"dg=="},{"key":"L2I=","create_revision":"4","mod_revision":"4"}],"more":true,"count":"5"})");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->revision, 9);
  EXPECT_TRUE(answer->more);
  EXPECT_EQ(answer->entries, (std::vector<Entry>{{"/a", "v", 2, 3}, {"/b", "", 4, 4}}));
  const auto nothing = read_range(R"({"header":{"revision":"1"}})");
  ASSERT_TRUE(nothing.has_value());
  EXPECT_TRUE(nothing->entries.empty());
  EXPECT_FALSE(nothing->more);
}

TEST(TxnMessages, CompareWhatMustBeThere) {
  const json create = json::parse(write_txn({.key = "/a", .value = "v", .absent = true}));
  EXPECT_EQ(create["compare"],
            json::parse(R"([{"key":"L2E=","target":"VERSION","result":"EQUAL","version":"0"}])"));
  EXPECT_EQ(create["success"],
            json::parse(R"([{"request_put":{"key":"L2E=","value":"dg==","prev_kv":true}}])"));
  EXPECT_EQ(create["failure"], json::parse(R"([{"request_range":{"key":"L2E="}}])"));
  const json erase = json::parse(write_txn({.key = "/a", .expected = 5}));
  EXPECT_EQ(erase["compare"],
            json::parse(R"([{"key":"L2E=","target":"VERSION","result":"GREATER","version":"0"},)"
                        R"({"key":"L2E=","target":"MOD","result":"EQUAL","mod_revision":"5"}])"));
  EXPECT_EQ(erase["success"], json::parse(R"([{"request_delete_range":{"key":"L2E=","prev_kv":true}}])"));
}

TEST(TxnMessages, BringWhatWasThere) {
  const auto put =
      read_txn(R"({"header":{"revision":"9"},"succeeded":true,"responses":[{"response_put":{"prev_kv":)"
               R"({"key":"L2E=","create_revision":"2","mod_revision":"3","value":"dg=="}}}]})");
  ASSERT_TRUE(put.has_value());
  EXPECT_TRUE(put->succeeded);
  EXPECT_EQ(put->entry, (Entry{"/a", "v", 2, 3}));
  const auto created = read_txn(
      R"({"header":{"revision":"9"},"succeeded":true,"responses":[{"response_put":{"header":{"revision":"9"}}}]})");
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->entry, std::nullopt);
  const auto refused =
      read_txn(R"({"header":{"revision":"9"},"responses":[{"response_range":{"count":"0"}}]})");
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->succeeded);
  EXPECT_EQ(refused->entry, std::nullopt);
}

TEST(WatchMessages, BeginAtARevision) {
  EXPECT_EQ(json::parse(write_watch("/a/", 7))["create_request"],
            (json{{"key", "L2Ev"}, {"range_end", "L2Ew"}, {"start_revision", "7"}, {"prev_kv", true}}));
  EXPECT_EQ(json::parse(write_watch("", 1))["create_request"]["key"], "AA==");
}

TEST(WatchMessages, BringChanges) {
  const auto answer = read_watch(
      R"({"result":{"header":{"revision":"9"},"events":[)"
      R"({"kv":{"key":"L2E=","create_revision":"7","mod_revision":"7","version":"1","value":"dg=="}},)"
      R"({"kv":{"key":"L2E=","create_revision":"7","mod_revision":"8","version":"2"},)"
      R"("prev_kv":{"key":"L2E=","create_revision":"7","mod_revision":"7","value":"dg=="}},)"
      R"({"type":"DELETE","kv":{"key":"L2E=","mod_revision":"9"},)"
      R"("prev_kv":{"key":"L2E=","create_revision":"7","mod_revision":"8"}}]}})");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->revision, 9);
  EXPECT_EQ(answer->changes, (std::vector<Change>{{Change::Kind::put, {"/a", "v", 7, 7}, std::nullopt},
                                                  {Change::Kind::put, {"/a", "", 7, 8}, "v"},
                                                  {Change::Kind::erased, {"/a", "", 0, 9}, ""}}));
}

TEST(WatchMessages, SayWhyTheyEnd) {
  const auto compacted = read_watch(R"({"result":{"header":{},"canceled":true,"compact_revision":"3"}})");
  EXPECT_TRUE(compacted->canceled);
  EXPECT_EQ(compacted->compacted, 3);
  const auto denied =
      read_watch(R"({"result":{"header":{},"canceled":true,"created":true,"cancel_reason":"no leader"}})");
  EXPECT_TRUE(denied->canceled);
  EXPECT_EQ(denied->reason, "no leader");
  const auto error =
      read_watch(R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}})");
  EXPECT_TRUE(error->canceled);
  EXPECT_EQ(error->reason, "etcdserver: no leader");
}

TEST(Messages, ThatAreNoneAreErrors) {
  for (const char* text :
       {"", "{", "[]", "null", "<html>", "\xff", R"({"header":[]})", R"({"header":{"revision":"x"}})",
        R"({"header":{"revision":"1"},"kvs":[7]})", R"({"header":{"revision":"1"},"kvs":[{"key":"%"}]})",
        R"({"header":{"revision":"1"},"kvs":[{"key":7}]})", R"({"header":{"revision":"1"},"responses":[7]})",
        R"({"header":{"revision":"1"},"responses":[]})"}) {
    const bool is_list = std::string_view(text).find("kvs") != std::string_view::npos;
    const bool is_txn = std::string_view(text).find("responses") != std::string_view::npos;
    if (!is_txn) {
      EXPECT_FALSE(read_range(text).has_value()) << text;
    }
    if (!is_list) {
      EXPECT_FALSE(read_txn(text).has_value()) << text;
    }
    EXPECT_FALSE(read_watch(text).has_value()) << text;
    EXPECT_FALSE(read_login(text).has_value()) << text;
  }
  EXPECT_FALSE(read_watch(R"({"result":{"events":[{"kv":7}]}})").has_value());
  EXPECT_FALSE(read_login("{\"token\":\"a\\r\\nHost: x\"}").has_value());
  EXPECT_EQ(read_login(R"({"token":"abc.7"})").value(), "abc.7");
}

TEST(Refusals, HaveACodeAndAMessage) {
  const auto refusal = read_refusal(R"({"error":"a","message":"etcdserver: permission denied","code":7})");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, 7);
  EXPECT_EQ(refusal->message, "etcdserver: permission denied");
  EXPECT_EQ(read_refusal(R"({"error":"a","code":2})")->message, "a");
  EXPECT_FALSE(read_refusal("Client sent an HTTP request to an HTTPS server.").has_value());
  EXPECT_FALSE(read_refusal("{}").has_value());
}

TEST(Endpoints, AreUrlsWithoutAPath) {
  using All = std::vector<std::string>;
  EXPECT_EQ(normalise_endpoints({"http://a:1", " https://[::1]:2379/ ", "c:2"}, false).value(),
            (All{"http://a:1", "https://[::1]:2379", "http://c:2"}));
  EXPECT_EQ(normalise_endpoints({"c:2", ""}, true).value(), (All{"https://c:2"}));
  EXPECT_EQ(normalise_endpoints({}, true).error().message, "no etcd endpoints specified");
  for (const char* bad : {"ftp://a:1", "http://", "http://a/path", "a b:1", "http://user@a:1"}) {
    const auto error = normalise_endpoints({bad}, false);
    ASSERT_FALSE(error.has_value()) << bad;
    EXPECT_EQ(error.error().code, Errc::invalid);
    EXPECT_NE(error.error().message.find(bad), std::string::npos);
  }
}

}  // namespace
}  // namespace catflap::calico::etcd
