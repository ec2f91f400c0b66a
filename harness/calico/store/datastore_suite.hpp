#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calico/store/datastore.hpp"

/// What every Datastore must do, as tests: included by the tests of each implementation, which say how to
/// come by an empty store:
///
///   INSTANTIATE_TEST_SUITE_P(Memory, DatastoreSuite, testing::Values(StoreCase{"memory", make}),
///   store_name);
namespace catflap::calico {

/// An empty store of a test, and what tests do to it that clients cannot. Ends with the object.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  /// A client. The second call gives a second one of the same store, where there can be two.
  virtual Datastore& client(std::size_t number) = 0;
  /// Forgets the changes up to `through`.
  virtual void compact(Revision through) = 0;
};

struct StoreCase {
  const char* name;
  /// nullptr: there can be no such store on this machine.
  std::function<std::unique_ptr<StoreUnderTest>()> make;

  friend std::ostream& operator<<(std::ostream& out, const StoreCase& each) { return out << each.name; }
};

inline std::string store_name(const testing::TestParamInfo<StoreCase>& each) {
  return each.param.name;
}

class DatastoreSuite : public testing::TestWithParam<StoreCase> {
 protected:
  void SetUp() override {
    under_test_ = GetParam().make();
    if (under_test_ == nullptr) {
      GTEST_SKIP() << "no " << GetParam().name << " here";
    }
  }

  Datastore& store() { return under_test_->client(0); }
  Datastore& other() { return under_test_->client(1); }

  template <class T>
  static T must(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << to_string(result.error());
    return result ? std::move(*result) : T{};
  }
  template <class T>
  static std::optional<Errc> error_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional<Errc>(result.error().code);
  }
  /// The next `count` changes, waiting for them; fewer if they do not come.
  static std::vector<Change> take(Watch& watch, std::size_t count) {
    std::vector<Change> all;
    while (all.size() < count) {
      const std::vector<Change> some = must(watch.next(std::chrono::seconds(30)));
      if (some.empty()) {
        break;
      }
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
  static std::vector<std::string> keys(const Listing& listing) {
    std::vector<std::string> names;
    for (const Entry& each : listing.entries) {
      names.push_back(each.key);
    }
    return names;
  }
  static Change put_of(Entry entry, std::optional<std::string> previous) {
    return Change{Change::Kind::put, std::move(entry), std::move(previous)};
  }

  std::unique_ptr<StoreUnderTest> under_test_;
};

TEST_P(DatastoreSuite, GivesWhatWasCreated) {
  const Entry made = must(store().create("/a", "one"));
  EXPECT_EQ(made.key, "/a");
  EXPECT_EQ(made.value, "one");
  EXPECT_GT(made.created, 1);
  EXPECT_EQ(made.modified, made.created);
  EXPECT_EQ(must(store().get("/a")), made);
  EXPECT_EQ(must(other().get("/a")), made);
}

TEST_P(DatastoreSuite, GivesNothingForAKeyThatIsNotThere) {
  EXPECT_EQ(must(store().get("/a")), std::nullopt);
  must(store().create("/ab", "x"));
  EXPECT_EQ(must(store().get("/a")), std::nullopt);
}

TEST_P(DatastoreSuite, CreatesAKeyOnlyOnce) {
  const Entry made = must(store().create("/a", "one"));
  EXPECT_EQ(error_of(other().create("/a", "two")), Errc::exists);
  EXPECT_EQ(must(store().get("/a")), made);
}

TEST_P(DatastoreSuite, CountsEveryWriteByOne) {
  const Entry first = must(store().create("/a", "1"));
  const Entry second = must(other().create("/b", "1"));
  const Entry third = must(store().put("/a", "1"));
  const Entry fourth = must(store().update("/b", "2", second.modified));
  must(store().erase("/a"));
  const Entry sixth = must(store().create("/a", "2"));
  EXPECT_EQ(second.modified, first.modified + 1);
  EXPECT_EQ(third.modified, first.modified + 2);
  EXPECT_EQ(fourth.modified, first.modified + 3);
  EXPECT_EQ(sixth.modified, first.modified + 5);
}

TEST_P(DatastoreSuite, DoesNotCountReadsAndFailures) {
  const Entry first = must(store().create("/a", "1"));
  must(store().get("/a"));
  must(store().list("/"));
  EXPECT_EQ(error_of(store().create("/a", "2")), Errc::exists);
  EXPECT_EQ(error_of(store().update("/a", "2", first.modified + 7)), Errc::conflict);
  EXPECT_EQ(error_of(store().erase("/nothing")), Errc::not_found);
  EXPECT_EQ(must(store().list("/")).revision, first.modified);
  EXPECT_EQ(must(store().create("/b", "1")).modified, first.modified + 1);
}

TEST_P(DatastoreSuite, UpdatesWhatNobodyElseChanged) {
  const Entry made = must(store().create("/a", "one"));
  const Entry updated = must(other().update("/a", "two", made.modified));
  EXPECT_EQ(updated, (Entry{"/a", "two", made.created, made.modified + 1}));
  EXPECT_EQ(must(store().get("/a")), updated);
}

TEST_P(DatastoreSuite, RefusesAnUpdateOfAnOldRevision) {
  const Entry made = must(store().create("/a", "one"));
  const Entry updated = must(other().update("/a", "two", made.modified));
  const Result<Entry> late = store().update("/a", "three", made.modified);
  ASSERT_EQ(error_of(late), Errc::conflict);
  EXPECT_NE(late.error().message.find("/a"), std::string::npos) << late.error().message;
  EXPECT_EQ(must(store().get("/a")), updated);
}

TEST_P(DatastoreSuite, DoesNotUpdateWhatIsNotThere) {
  EXPECT_EQ(error_of(store().update("/a", "one", 5)), Errc::not_found);
  EXPECT_EQ(error_of(store().update("/a", "one", 0)), Errc::not_found);
  EXPECT_EQ(must(store().get("/a")), std::nullopt);
}

TEST_P(DatastoreSuite, PutsWhateverIsThere) {
  const Entry first = must(store().put("/a", "one"));
  const Entry second = must(store().put("/a", "two"));
  EXPECT_EQ(second, (Entry{"/a", "two", first.created, first.modified + 1}));
  EXPECT_EQ(must(store().get("/a")), second);
}

TEST_P(DatastoreSuite, GivesWhatItErases) {
  must(store().create("/a", "one"));
  const Entry last = must(store().put("/a", "two"));
  EXPECT_EQ(must(other().erase("/a")), last);
  EXPECT_EQ(must(store().get("/a")), std::nullopt);
  EXPECT_EQ(error_of(store().erase("/a")), Errc::not_found);
}

TEST_P(DatastoreSuite, ErasesOnlyTheExpectedRevision) {
  const Entry made = must(store().create("/a", "one"));
  const Entry updated = must(store().put("/a", "two"));
  EXPECT_EQ(error_of(store().erase("/a", made.modified)), Errc::conflict);
  EXPECT_EQ(must(store().get("/a")), updated);
  EXPECT_EQ(must(store().erase("/a", updated.modified)), updated);
  EXPECT_EQ(error_of(store().erase("/a", updated.modified)), Errc::not_found);
}

TEST_P(DatastoreSuite, CreatesAnErasedKeyAnew) {
  const Entry made = must(store().create("/a", "one"));
  must(store().erase("/a"));
  const Entry again = must(store().create("/a", "two"));
  EXPECT_EQ(again, (Entry{"/a", "two", made.modified + 2, made.modified + 2}));
}

TEST_P(DatastoreSuite, ListsAPrefixInTheOrderOfOctets) {
  for (const char* key : {"/b/2", "/a", "/b", "/b/10", "/b/\xff\xff", "/b/\x01", "/c", "/b0", "/b/1/x"}) {
    must(store().create(key, "v"));
  }
  EXPECT_EQ(keys(must(store().list("/b/"))),
            (std::vector<std::string>{"/b/\x01", "/b/1/x", "/b/10", "/b/2", "/b/\xff\xff"}));
  EXPECT_EQ(keys(must(other().list("/b"))),
            (std::vector<std::string>{"/b", "/b/\x01", "/b/1/x", "/b/10", "/b/2", "/b/\xff\xff", "/b0"}));
  EXPECT_EQ(keys(must(store().list("/b/\xff"))), (std::vector<std::string>{"/b/\xff\xff"}));
  EXPECT_EQ(must(store().list("")).entries.size(), 9U);
  EXPECT_TRUE(must(store().list("/d")).entries.empty());
}

TEST_P(DatastoreSuite, ListsAKeyOfTheHighestOctets) {
  must(store().create("\xff\xff", "v"));
  must(store().create("\xff", "v"));
  must(store().create("a", "v"));
  EXPECT_EQ(keys(must(store().list("\xff"))), (std::vector<std::string>{"\xff", "\xff\xff"}));
  EXPECT_EQ(keys(must(store().list("\xff\xff"))), (std::vector<std::string>{"\xff\xff"}));
}

TEST_P(DatastoreSuite, ListsWithTheRevisionOfTheStore) {
  const Revision empty = must(store().list("/")).revision;
  EXPECT_GE(empty, 1);
  const Entry made = must(store().create("/a", "1"));
  EXPECT_EQ(made.modified, empty + 1);
  must(store().create("/b", "1"));
  EXPECT_EQ(must(store().list("/a")).revision, empty + 2);
  EXPECT_EQ(must(store().list("/a")).entries, std::vector<Entry>{made});
}

TEST_P(DatastoreSuite, TakesOctetsOfAnyKind) {
  std::string octets;
  for (int each = 0; each < 256; ++each) {
    octets.push_back(static_cast<char>(each));
  }
  const std::string key = "/" + octets;
  const Entry made = must(store().create(key, octets));
  EXPECT_EQ(must(other().get(key)), made);
  EXPECT_EQ(made.value, octets);
  EXPECT_EQ(must(store().list(key)).entries, std::vector<Entry>{made});
  EXPECT_EQ(must(store().erase(key)), made);
}

TEST_P(DatastoreSuite, TakesAnEmptyValue) {
  const Entry made = must(store().create("/a", ""));
  EXPECT_EQ(must(other().get("/a")), made);
  const auto watch = must(store().watch("/", made.modified));
  ASSERT_NE(watch, nullptr);
  const Entry updated = must(store().update("/a", "x", made.modified));
  EXPECT_EQ(take(*watch, 1), (std::vector<Change>{put_of(updated, "")}));
}

TEST_P(DatastoreSuite, TakesValuesUpToTheirLimit) {
  const std::string largest(Datastore::kValueMax, 'v');
  EXPECT_EQ(must(store().create("/a", largest)).value.size(), largest.size());
  EXPECT_EQ(must(store().get("/a"))->value, largest);
  EXPECT_EQ(error_of(store().put("/a", largest + "v")), Errc::invalid);
  EXPECT_EQ(error_of(store().create("/b", largest + "v")), Errc::invalid);
  EXPECT_EQ(must(store().get("/a"))->value, largest);
}

TEST_P(DatastoreSuite, RefusesKeysThatNoStoreTakes) {
  for (const std::string& key : {std::string(), std::string(Datastore::kKeyMax + 1, 'k')}) {
    EXPECT_EQ(error_of(store().get(key)), Errc::invalid);
    EXPECT_EQ(error_of(store().create(key, "v")), Errc::invalid);
    EXPECT_EQ(error_of(store().put(key, "v")), Errc::invalid);
    EXPECT_EQ(error_of(store().update(key, "v", 1)), Errc::invalid);
    EXPECT_EQ(error_of(store().erase(key)), Errc::invalid);
  }
  const std::string longest(Datastore::kKeyMax, 'k');
  EXPECT_EQ(must(store().create(longest, "v")).key, longest);
  EXPECT_EQ(keys(must(store().list(longest))), std::vector<std::string>{longest});
}

TEST_P(DatastoreSuite, ShowsAWatchEveryChangeInOrder) {
  const Revision before = must(store().list("/")).revision;
  const auto watch = must(store().watch("/w/", before));
  ASSERT_NE(watch, nullptr);
  const Entry made = must(other().create("/w/a", "1"));
  must(other().create("/elsewhere", "1"));
  const Entry put = must(store().put("/w/a", "2"));
  must(other().erase("/w/a"));
  const Entry again = must(store().create("/w/a", "3"));
  EXPECT_EQ(take(*watch, 4),
            (std::vector<Change>{put_of(made, std::nullopt),
                                 put_of(put, "1"),
                                 {Change::Kind::erased, {"/w/a", "", 0, again.modified - 1}, "2"},
                                 put_of(again, std::nullopt)}));
  EXPECT_TRUE(must(watch->next(Duration::zero())).empty());
}

TEST_P(DatastoreSuite, ShowsAWatchWhatHappenedBeforeIt) {
  const Entry first = must(store().create("/w/a", "1"));
  const Entry second = must(store().create("/w/b", "1"));
  const Entry third = must(store().put("/w/a", "2"));
  const auto from_first = must(store().watch("/w/", first.modified));
  const auto from_start = must(other().watch("/w/", 0));
  ASSERT_NE(from_first, nullptr);
  ASSERT_NE(from_start, nullptr);
  EXPECT_EQ(take(*from_first, 2), (std::vector<Change>{put_of(second, std::nullopt), put_of(third, "1")}));
  EXPECT_EQ(take(*from_start, 3), (std::vector<Change>{put_of(first, std::nullopt),
                                                       put_of(second, std::nullopt), put_of(third, "1")}));
}

TEST_P(DatastoreSuite, ListAndWatchMissAndRepeatNothing) {
  must(store().create("/w/a", "1"));
  const Listing listing = must(store().list("/w/"));
  const Entry next = must(other().create("/w/b", "1"));
  const auto watch = must(store().watch("/w/", listing.revision));
  ASSERT_NE(watch, nullptr);
  const Entry last = must(other().create("/w/c", "1"));
  EXPECT_EQ(take(*watch, 2), (std::vector<Change>{put_of(next, std::nullopt), put_of(last, std::nullopt)}));
  EXPECT_TRUE(must(watch->next(Duration::zero())).empty());
}

TEST_P(DatastoreSuite, WatchesAFutureRevisionFromThere) {
  const Entry first = must(store().create("/w/a", "1"));
  const auto watch = must(store().watch("/w/", first.modified + 1));
  ASSERT_NE(watch, nullptr);
  must(store().put("/w/a", "2"));
  const Entry third = must(store().put("/w/a", "3"));
  EXPECT_EQ(take(*watch, 1), (std::vector<Change>{put_of(third, "2")}));
}

TEST_P(DatastoreSuite, AWatchWithoutChangesComesBackEmpty) {
  const auto watch = must(store().watch("/w/", must(store().list("/")).revision));
  ASSERT_NE(watch, nullptr);
  EXPECT_TRUE(must(watch->next(Duration::zero())).empty());
  must(store().create("/other", "1"));
  EXPECT_TRUE(must(watch->next(std::chrono::milliseconds(20))).empty());
}

TEST_P(DatastoreSuite, AWatchKeepsItsOwnPlace) {
  const Revision before = must(store().list("/")).revision;
  const auto first = must(store().watch("/", before));
  const auto second = must(store().watch("/", before));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  const Entry made = must(store().create("/a", "1"));
  EXPECT_EQ(take(*first, 1), (std::vector<Change>{put_of(made, std::nullopt)}));
  const Entry put = must(store().put("/a", "2"));
  EXPECT_EQ(take(*first, 1), (std::vector<Change>{put_of(put, "1")}));
  EXPECT_EQ(take(*second, 2), (std::vector<Change>{put_of(made, std::nullopt), put_of(put, "1")}));
}

TEST_P(DatastoreSuite, ShowsManyChangesWithoutAGap) {
  constexpr std::size_t kCount = 300;
  const Revision before = must(store().list("/")).revision;
  const auto watch = must(store().watch("/w/", before));
  ASSERT_NE(watch, nullptr);
  for (std::size_t each = 0; each < kCount; ++each) {
    must(other().put("/w/" + std::to_string(each % 7), std::to_string(each)));
  }
  const std::vector<Change> changes = take(*watch, kCount);
  ASSERT_EQ(changes.size(), kCount);
  for (std::size_t each = 0; each < kCount; ++each) {
    EXPECT_EQ(changes[each].entry.value, std::to_string(each));
    EXPECT_EQ(changes[each].entry.modified, before + 1 + static_cast<Revision>(each));
  }
}

TEST_P(DatastoreSuite, DoesNotWatchWhatIsCompacted) {
  const Entry first = must(store().create("/w/a", "1"));
  const Entry second = must(store().put("/w/a", "2"));
  const Entry third = must(store().put("/w/a", "3"));
  const Entry fourth = must(store().put("/w/a", "4"));
  under_test_->compact(third.modified);
  for (const Revision after : {Revision{0}, first.modified, second.modified}) {
    Result<std::unique_ptr<Watch>> watch = other().watch("/w/", after);
    if (watch) {  // a store may say it here or there
      EXPECT_EQ(error_of((*watch)->next(std::chrono::seconds(30))), Errc::conflict) << after;
    } else {
      EXPECT_EQ(watch.error().code, Errc::conflict) << after;
    }
  }
  const auto kept = must(other().watch("/w/", third.modified));
  ASSERT_NE(kept, nullptr);
  const std::vector<Change> changes = take(*kept, 1);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].entry, fourth);
  // What is there is not touched, and a new list and watch go on from there.
  const Listing listing = must(store().list("/w/"));
  EXPECT_EQ(listing.entries, std::vector<Entry>{fourth});
  const auto again = must(store().watch("/w/", listing.revision));
  ASSERT_NE(again, nullptr);
  const Entry fifth = must(store().put("/w/a", "5"));
  EXPECT_EQ(take(*again, 1), (std::vector<Change>{put_of(fifth, "4")}));
}

TEST_P(DatastoreSuite, CompactionLeavesWatchesThatAreUpToDate) {
  const auto watch = must(store().watch("/w/", must(store().list("/")).revision));
  ASSERT_NE(watch, nullptr);
  const Entry first = must(store().create("/w/a", "1"));
  EXPECT_EQ(take(*watch, 1).size(), 1U);
  under_test_->compact(first.modified);
  const Entry second = must(store().put("/w/a", "2"));
  const std::vector<Change> changes = take(*watch, 1);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].entry, second);
}

}  // namespace catflap::calico
