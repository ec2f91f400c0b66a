#include "calico/client/client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "calico/client/client_fixture.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr const char* kPeerKey = "/calico/resources/v3/projectcalico.org/bgppeers/p1";

TEST_F(ClientTest, CreateStampsAndStores) {
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":64512})");
  peer.metadata()["labels"] = {{"a", "b"}};
  peer.metadata()["uid"] = "mine";
  peer.metadata()["generation"] = 7;
  const Result<Resource> made = client_.create(peer);
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->uid(), uid(1));
  EXPECT_EQ(made->resource_version(), "2");
  EXPECT_EQ(made->labels().at("a"), "b");
  EXPECT_FALSE(made->metadata().contains("generation"));
  const auto entry = store_.get(kPeerKey);
  ASSERT_TRUE(entry && *entry);
  const json stored = json::parse((*entry)->value);
  EXPECT_EQ(stored["metadata"]["creationTimestamp"], "2026-11-20T20:00:00Z");
  EXPECT_FALSE(stored["metadata"].contains("resourceVersion"));
  EXPECT_EQ(stored["spec"]["asNumber"], 64512);
}

TEST_F(ClientTest, CreateOfExisting) {
  const Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  ASSERT_TRUE(client_.create(peer));
  const Result<Resource> again = client_.create(peer);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(error_of(again), "resource already exists: BGPPeer(p1) with error: <nil>");
}

TEST_F(ClientTest, CreateRefusesAVersionAndAMissingName) {
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  peer.set_resource_version("12");
  EXPECT_EQ(error_of(client_.create(peer)),
            "error with field Metadata.ResourceVersion = '12' (field must not be set for a Create request)");
}

TEST_F(ClientTest, CreateValidates) {
  const Result<Resource> bad = client_.create(resource("bgppeer", "p1", R"({"peerIP":"no address"})"));
  EXPECT_EQ(bad.error().code, Errc::invalid);
  EXPECT_TRUE(store_.list("/")->entries.empty());
}

TEST_F(ClientTest, GetAndRemoveOfMissing) {
  const char* text = "resource does not exist: BGPPeer(p1) with error: <nil>";
  EXPECT_EQ(error_of(client_.get(id("bgppeer", "p1"))), text);
  EXPECT_EQ(error_of(client_.remove(id("bgppeer", "p1"))), text);
  EXPECT_EQ(error_of(client_.replace(resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1"})"))), text);
  EXPECT_EQ(client_.get(id("bgppeer", "p1")).error().code, Errc::not_found);
}

TEST_F(ClientTest, ApplyCreatesThenUpdates) {
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  peer.metadata()["labels"] = {{"a", "1"}, {"b", "2"}};
  const Result<Resource> first = client_.apply(peer);
  ASSERT_TRUE(first) << error_of(first);
  peer.metadata()["labels"] = {{"c", "3"}};
  peer.metadata()["uid"] = "mine";
  peer.spec()["asNumber"] = 2;
  const Result<Resource> second = client_.apply(peer);
  ASSERT_TRUE(second) << error_of(second);
  EXPECT_EQ(second->uid(), first->uid());
  EXPECT_EQ(second->metadata()["creationTimestamp"], first->metadata()["creationTimestamp"]);
  EXPECT_EQ(second->labels(), (Labels{{"c", "3"}}));
  EXPECT_EQ(second->spec()["asNumber"], 2);
  EXPECT_NE(second->resource_version(), first->resource_version());
}

TEST_F(ClientTest, ApplyWithAVersionUpdatesOnlyThat) {
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  const Result<Resource> first = client_.apply(peer);
  ASSERT_TRUE(first);
  Resource newer = *first;
  newer.spec()["asNumber"] = 2;
  ASSERT_TRUE(client_.apply(newer));
  const Result<Resource> stale = client_.apply(newer);
  EXPECT_EQ(stale.error().code, Errc::conflict);
  EXPECT_EQ(error_of(stale), "update conflict: BGPPeer(p1)");
  EXPECT_EQ(error_of(client_.replace(newer)), "update conflict: BGPPeer(p1)");
  EXPECT_TRUE(pauses_.empty());
}

/// Somebody writes between the client's read and its write.
class RacingStore final : public Datastore {
 public:
  explicit RacingStore(MemoryStore& store, int races) : store_(store), races_(races) {}
  Result<std::optional<Entry>> get(std::string_view key) override { return store_.get(key); }
  Result<Listing> list(std::string_view prefix) override { return store_.list(prefix); }
  Result<Entry> create(std::string_view key, std::string_view value) override {
    return store_.create(key, value);
  }
  Result<Entry> update(std::string_view key, std::string_view value, Revision expected) override {
    if (races_-- > 0) {
      const auto now = store_.get(key);
      EXPECT_TRUE(store_.put(key, (*now)->value));
    }
    return store_.update(key, value, expected);
  }
  Result<Entry> put(std::string_view key, std::string_view value) override { return store_.put(key, value); }
  Result<Entry> erase(std::string_view key, std::optional<Revision> expected) override {
    return store_.erase(key, expected);
  }
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) override {
    return store_.watch(prefix, after);
  }

 private:
  MemoryStore& store_;
  int races_;
};

TEST_F(ClientTest, ApplyTriesAgainAfterAConflict) {
  const Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  ASSERT_TRUE(client_.apply(peer));
  RacingStore racing(store_, 4);
  Client client(racing, client_.world());
  EXPECT_TRUE(client.apply(peer));
  EXPECT_EQ(pauses_, std::vector<Duration>(4, std::chrono::seconds(1)));
}

TEST_F(ClientTest, ApplyGivesUpAfterFiveConflicts) {
  const Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  ASSERT_TRUE(client_.apply(peer));
  RacingStore racing(store_, 5);
  Client client(racing, client_.world());
  const Result<Resource> lost = client.apply(peer);
  EXPECT_EQ(lost.error().code, Errc::conflict);
  EXPECT_EQ(error_of(lost), "failed to update the resource: update conflict: BGPPeer(p1)");
}

TEST_F(ClientTest, RemoveHonoursTheVersion) {
  const Result<Resource> peer =
      client_.create(resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})"));
  ASSERT_TRUE(peer);
  EXPECT_EQ(error_of(client_.remove(id("bgppeer", "p1"), "1")), "update conflict: BGPPeer(p1)");
  EXPECT_EQ(error_of(client_.remove(id("bgppeer", "p1"), "x")), "update conflict: BGPPeer(p1)");
  const Result<Resource> gone = client_.remove(id("bgppeer", "p1"), peer->resource_version());
  ASSERT_TRUE(gone) << error_of(gone);
  EXPECT_EQ(gone->spec()["peerIP"], "192.0.2.1");
  EXPECT_FALSE(*store_.get(kPeerKey));
}

TEST_F(ClientTest, ListIsByNameAndNamesWhatIsBroken) {
  ASSERT_TRUE(client_.create(resource("bgppeer", "b", R"({"peerIP":"192.0.2.1","asNumber":1})")));
  ASSERT_TRUE(client_.create(resource("bgppeer", "a", R"({"peerIP":"192.0.2.2","asNumber":1})")));
  ASSERT_TRUE(store_.put("/calico/resources/v3/projectcalico.org/bgppeers/c", "no JSON"));
  const Result<ResourceList> list = client_.list(*find_kind("bgppeer"));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->items[0].name(), "a");
  EXPECT_EQ(list->items[1].name(), "b");
  EXPECT_EQ(list->revision, store_.revision());
  ASSERT_EQ(list->broken.size(), 1U);
  EXPECT_EQ(list->broken[0].key, "/calico/resources/v3/projectcalico.org/bgppeers/c");
  EXPECT_EQ(client_.get(id("bgppeer", "c")).error().code, Errc::protocol);
}

TEST_F(ClientTest, WatchTellsChanges) {
  const Result<ResourceList> list = client_.list(*find_kind("bgppeer"));
  Result<RecordWatch> watch = client_.watch(*find_kind("bgppeer"), "", list->revision);
  ASSERT_TRUE(watch);
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  ASSERT_TRUE(client_.apply(peer));
  peer.spec()["asNumber"] = 2;
  ASSERT_TRUE(client_.apply(peer));
  ASSERT_TRUE(client_.remove(id("bgppeer", "p1")));
  const auto changes = watch->next(Duration(0));
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ((*changes)[0].kind, RecordChange::Kind::added);
  EXPECT_EQ((*changes)[1].kind, RecordChange::Kind::modified);
  EXPECT_EQ((*changes)[1].resource.spec()["asNumber"], 2);
  EXPECT_EQ((*changes)[2].kind, RecordChange::Kind::erased);
  EXPECT_EQ((*changes)[2].resource.name(), "p1");
}

TEST_F(ClientTest, PatchMergesStrategically) {
  Resource peer = resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})");
  peer.metadata()["labels"] = {{"a", "1"}};
  ASSERT_TRUE(client_.create(peer));
  const Result<Resource> patched =
      client_.patch(id("bgppeer", "p1"),
                    R"({"metadata":{"labels":{"b":"2"}},"spec":{"asNumber":"1.10","maxRestartTime":"90s"}})");
  ASSERT_TRUE(patched) << error_of(patched);
  EXPECT_EQ(patched->labels(), (Labels{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(patched->spec()["asNumber"], 65546);
  EXPECT_EQ(patched->spec()["maxRestartTime"], "1m30s");
  EXPECT_EQ(patched->spec()["peerIP"], "192.0.2.1");
}

TEST_F(ClientTest, PatchErrors) {
  ASSERT_TRUE(client_.create(resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})")));
  const auto patch = [this](const char* text) { return error_of(client_.patch(id("bgppeer", "p1"), text)); };
  EXPECT_EQ(patch("{"), "performing strategic merge patch: invalid JSON document");
  EXPECT_EQ(patch("[]"), "performing strategic merge patch: invalid JSON document");
  EXPECT_EQ(patch(R"({"spec":{"x":1}})").substr(0, 37), "creating resource from patched data: ");
  EXPECT_EQ(patch(R"({"spec":{"peerIP":"no"}})").substr(0, 28), "updating existing resource: ");
  EXPECT_EQ(patch(R"({"metadata":{"name":"p2"}})"),
            "updating existing resource: the name and the namespace cannot be patched");
  EXPECT_EQ(patch(R"({"metadata":{"resourceVersion":"1"}})"),
            "updating existing resource: update conflict: BGPPeer(p1)");
  EXPECT_EQ(error_of(client_.patch(id("bgppeer", "p2"), "{}")),
            "resource does not exist: BGPPeer(p2) with error: <nil>");
}

TEST_F(ClientTest, LabelSetsUpdatesAndRemoves) {
  ASSERT_TRUE(client_.create(resource("bgppeer", "p1", R"({"peerIP":"192.0.2.1","asNumber":1})")));
  const auto label = [this](LabelChange change) {
    change.kind_text = "bgppeers";
    return client_.label(id("bgppeer", "p1"), change);
  };
  EXPECT_EQ(label({"rack", "1"}).value(), LabelOutcome::set);
  EXPECT_EQ(label({"rack", "1"}).value(), LabelOutcome::updated) << "the same value is no conflict";
  EXPECT_EQ(error_of(label({"rack", "2"})),
            "failed to update label of bgppeers p1, key rack is already present. please use '--overwrite' to "
            "set a new "
            "value");
  EXPECT_EQ(label({"rack", "2", true}).value(), LabelOutcome::updated);
  EXPECT_EQ(client_.get(id("bgppeer", "p1"))->labels().at("rack"), "2");
  EXPECT_EQ(label({"rack"}).value(), LabelOutcome::removed);
  EXPECT_EQ(error_of(label({"rack"})), "cannot remove label of bgppeers p1, key rack does not exist");
  EXPECT_TRUE(client_.get(id("bgppeer", "p1"))->labels().empty());
}

TEST_F(ClientTest, ClusterAsNumber) {
  EXPECT_EQ(client_.cluster_as_number(), 64512U);
  ASSERT_TRUE(client_.create(resource("bgpconfig", "default", R"({"asNumber":4200000000})")));
  EXPECT_EQ(client_.cluster_as_number(), 4200000000U);
}

TEST_F(ClientTest, OnlyTheDefaultConfigurationSpeaksForAll) {
  EXPECT_EQ(error_of(client_.create(resource("bgpconfig", "node.n1", R"({"asNumber":1})"))),
            "error with field BGPConfiguration.Spec.ASNumber (Cannot set ASNumber on a non default BGP "
            "Configuration.)");
  EXPECT_EQ(
      error_of(client_.create(
          resource("bgpconfig", "node.n1", R"({"asNumber":1,"nodeToNodeMeshEnabled":false})"))),
      "error with the following fields:\n"
      "-  BGPConfiguration.Spec.NodeToNodeMeshEnabled (Cannot set nodeToNodeMeshEnabled on a non default BGP "
      "Configuration.)\n"
      "-  BGPConfiguration.Spec.ASNumber (Cannot set ASNumber on a non default BGP Configuration.)\n");
}

}  // namespace
}  // namespace catflap::calico
