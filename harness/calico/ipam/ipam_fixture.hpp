#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "calico/ipam/ipam.hpp"
#include "calico/store/keys.hpp"
#include "calico/store/memory_store.hpp"

/// A cluster in memory for the tests of calico/ipam.
namespace catflap::calico::ipam {

/// 2026-11-20T20:00:00Z
inline constexpr UnixNanos kTestStart = 1'795'204'800 * kSecond;

inline net::Prefix prefix(const std::string& text) {
  const auto parsed = net::Prefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(net::Prefix());
}

inline net::IpAddr address(const std::string& text) {
  const auto parsed = net::IpAddr::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(net::IpAddr());
}

class IpamTest : public testing::Test {
 protected:
  Options options() {
    return {[this] { return now_ += 1000; }};
  }
  Ipam ipam() { return {store_, options()}; }

  void put_resource(const std::string& plural, const std::string& name, const std::string& rest) {
    const auto put = store_.put(to_key(ResourceKey{plural, "", name}),
                                fmt::format(R"({{"metadata":{{"name":"{}"{}}}{}}})", name, labels_, rest));
    ASSERT_TRUE(put) << to_string(put.error());
  }
  /// `more` as in `"blockSize":30,"disabled":true`.
  void add_pool(const std::string& name, const std::string& cidr, const std::string& more = "") {
    put_resource("ippools", name,
                 fmt::format(R"(,"spec":{{"cidr":"{}"{}{}}})", cidr, more.empty() ? "" : ",", more));
  }
  void add_node(const std::string& name, const std::string& labels = "") {
    labels_ = R"(,"labels":{)" + labels + "}";
    put_resource("nodes", name, R"(,"spec":{})");
    labels_.clear();
  }
  void reserve(const std::string& name, const std::string& cidrs) {
    put_resource("ipreservations", name, R"(,"spec":{"reservedCIDRs":[)" + cidrs + "]}");
  }

  static AssignRequest request(const std::string& host, std::size_t count, const std::string& handle = "") {
    AssignRequest request;
    request.host = host;
    request.count4 = count;
    if (!handle.empty()) {
      request.handle = handle;
    }
    request.attributes = {{"node", host}};
    return request;
  }
  /// The addresses, with the length of their block, of a request that must succeed.
  std::vector<std::string> assign(const AssignRequest& request) {
    const AutoAssignment done = ipam().auto_assign(request);
    EXPECT_TRUE(done.status) << to_string(done.status.error());
    return texts(done.v4.addresses);
  }
  std::vector<std::string> assign(const std::string& host, std::size_t count,
                                  const std::string& handle = "") {
    return assign(request(host, count, handle));
  }
  static std::vector<std::string> texts(const std::vector<net::InterfaceAddress>& addresses) {
    std::vector<std::string> all;
    for (const auto& each : addresses) {
      all.push_back(net::to_string(each));
    }
    return all;
  }
  std::string value(const std::string& key) {
    const auto entry = store_.get(key);
    return entry && *entry ? (*entry)->value : "";
  }
  Block block(const std::string& cidr) {
    const auto entry = store_.get(block_key(prefix(cidr)));
    if (!entry || !*entry) {
      ADD_FAILURE() << "no block " << cidr;
      return {};
    }
    const auto decoded = decode_block(**entry);
    EXPECT_TRUE(decoded) << to_string(decoded.error());
    return decoded.value_or(Block{});
  }
  bool has_block(const std::string& cidr) { return !value(block_key(prefix(cidr))).empty(); }
  std::string affinity(const std::string& host, const std::string& cidr) {
    return value(to_key(AffinityKey{AffinityType::host, host, prefix(cidr)}));
  }
  std::string handle(const std::string& id) { return value(handle_key(id)); }
  std::size_t count(std::string_view key_prefix) { return store_.list(key_prefix)->entries.size(); }

  MemoryStore store_;
  UnixNanos now_ = kTestStart;

 private:
  std::string labels_;
};

}  // namespace catflap::calico::ipam
