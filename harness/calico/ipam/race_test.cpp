#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <set>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "calico/ipam/check.hpp"
#include "calico/ipam/ipam_fixture.hpp"

/// Several writers on one store: between any two operations of one, any other may run; and any may be killed
/// before or after any operation. Which is up to a seed, so that a failure can be repeated.
namespace catflap::calico::ipam {
namespace {

/// Lets one thread run at a time, and chooses the next at every turn.
class Scheduler {
 public:
  Scheduler(std::uint64_t seed, std::size_t threads)
      : random_(seed), waiting_(threads, false), turns_(threads) {}

  /// Called by thread `self`: hands over to one of those that can run, itself included, and comes back when
  /// it is its turn again.
  void turn(std::size_t self) {
    std::unique_lock lock(mutex_);
    waiting_[self] = true;
    ++arrived_;
    if (current_ == self || (current_ == kNobody && arrived_ == waiting_.size())) {
      choose();
    }
    turns_[self].wait(lock, [&] { return current_ == self; });
  }
  /// Thread `self` runs no more.
  void leave(std::size_t self) {
    const std::lock_guard lock(mutex_);
    waiting_[self] = false;
    choose();
  }

 private:
  static constexpr std::size_t kNobody = ~std::size_t{0};

  void choose() {
    std::vector<std::size_t> ready;
    for (std::size_t n = 0; n < waiting_.size(); ++n) {
      if (waiting_[n]) {
        ready.push_back(n);
      }
    }
    current_ = ready.empty() ? kNobody : ready[random_.below(ready.size())];
    if (current_ != kNobody) {
      turns_[current_].notify_one();
    }
  }

  std::mutex mutex_;
  Rng random_;
  std::vector<bool> waiting_;  ///< threads that live; while one runs, all others wait
  std::vector<std::condition_variable> turns_;
  std::size_t arrived_ = 0;
  std::size_t current_ = kNobody;
};

/// What ends a writer that is killed.
struct Killed {};

/// A client of the shared store that gives others their turn before every operation.
class Racing final : public Datastore {
 public:
  Racing(Datastore& store, Scheduler& scheduler, std::size_t self)
      : store_(store), scheduler_(scheduler), self_(self) {}

  /// The operation with this number is the last: it happens, or not.
  void kill_at(std::uint64_t operation, bool done) {
    last_ = operation;
    done_ = done;
  }

  Result<std::optional<Entry>> get(std::string_view key) override {
    return step([&] { return store_.get(key); });
  }
  Result<Listing> list(std::string_view prefix) override {
    return step([&] { return store_.list(prefix); });
  }
  Result<Entry> create(std::string_view key, std::string_view value) override {
    return step([&] { return store_.create(key, value); });
  }
  Result<Entry> update(std::string_view key, std::string_view value, Revision expected) override {
    return step([&] { return store_.update(key, value, expected); });
  }
  Result<Entry> put(std::string_view key, std::string_view value) override {
    return step([&] { return store_.put(key, value); });
  }
  Result<Entry> erase(std::string_view key, std::optional<Revision> expected) override {
    return step([&] { return store_.erase(key, expected); });
  }
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) override {
    return store_.watch(prefix, after);
  }

 private:
  template <class F>
  auto step(F&& operation) -> decltype(operation()) {
    scheduler_.turn(self_);
    const bool last = ++count_ == last_;
    if (last && !done_) {
      throw Killed();
    }
    auto result = operation();
    if (last) {
      throw Killed();
    }
    return result;
  }

  Datastore& store_;
  Scheduler& scheduler_;
  std::size_t self_;
  std::uint64_t count_ = 0;
  std::uint64_t last_ = 0;  ///< 0: it lives on
  bool done_ = false;
};

/// One writer: a process of a host, and what it believes to have.
struct Writer {
  std::string host{};
  std::map<std::string, std::vector<net::IpAddr>> held{};  ///< by handle
  std::string busy{};                                      ///< the handle that it was killed with
  bool killed = false;
  std::size_t assigned = 0;
  std::vector<std::string> errors{};
};

struct RaceCase {
  const char* name;
  std::size_t writers;
  std::size_t hosts;
  const char* pool;
  unsigned block_size;
  bool strict;
  bool kills;

  friend std::ostream& operator<<(std::ostream& out, const RaceCase& each) { return out << each.name; }
};

class Race : public testing::TestWithParam<RaceCase> {
 protected:
  static constexpr int kSteps = 12;

  static UnixNanos tick(std::uint64_t& clock) {
    return kTestStart + static_cast<UnixNanos>(clock += 7 * kSecond);
  }

  static void write(Writer& writer, Datastore& store, std::size_t number, Rng random, std::uint64_t& clock) {
    Ipam ipam(store, {[&clock] { return tick(clock); }});
    for (int step = 0; step < kSteps; ++step) {
      if (writer.held.empty() || random.below(10) < 6) {
        const std::string handle = std::to_string(number) + "-" + std::to_string(step);
        writer.busy = handle;
        AssignRequest request;
        request.host = writer.host;
        request.count4 = 1 + random.below(3);
        request.handle = handle;
        request.attributes = {{"node", writer.host}};
        const AutoAssignment done = ipam.auto_assign(request);
        if (!done.status && done.status.error().code != Errc::denied) {  // denied: the limit of blocks
          writer.errors.push_back(to_string(done.status.error()));
        }
        for (const auto& each : done.v4.addresses) {
          writer.held[handle].push_back(each.addr);
          ++writer.assigned;
        }
      } else {
        auto it = writer.held.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random.below(writer.held.size())));
        writer.busy = it->first;
        release(writer, ipam, it, random.below(2) == 0);
      }
      writer.busy.clear();
    }
  }

  static void release(Writer& writer, Ipam& ipam,
                      std::map<std::string, std::vector<net::IpAddr>>::iterator it, bool by_handle) {
    if (by_handle) {
      if (const auto done = ipam.release_by_handle(it->first); !done) {
        writer.errors.push_back(to_string(done.error()));
      }
    } else {
      std::vector<ReleaseOption> options;
      for (const net::IpAddr& each : it->second) {
        options.push_back({each, it->first});
      }
      const auto done = ipam.release_ips(options);
      if (!done || done->released != options.size()) {
        writer.errors.push_back(done ? "an address was not ours any more" : to_string(done.error()));
      }
    }
    writer.held.erase(it);
  }

  /// What whoever comes after a killed writer does: gives back what its last operation was about.
  void recover(std::vector<Writer>& writers, std::uint64_t& clock) {
    Ipam ipam(store_, {[&clock] { return tick(clock); }});
    for (Writer& writer : writers) {
      if (!writer.killed || writer.busy.empty()) {
        continue;
      }
      const auto released = ipam.release_by_handle(writer.busy);
      EXPECT_TRUE(released || released.error().code == Errc::not_found) << to_string(released.error());
      writer.held.erase(writer.busy);
    }
  }

  /// Every address has the one holder that believes to have it, and nothing else is left.
  void verify(const std::vector<Writer>& writers) {
    std::map<net::IpAddr, std::string> held;
    for (const Writer& writer : writers) {
      for (const auto& [handle, addresses] : writer.held) {
        for (const net::IpAddr& each : addresses) {
          EXPECT_TRUE(held.emplace(each, handle).second) << net::to_string(each) << " was given twice";
          const auto put = store_.put(
              to_key(ResourceKey{"workloadendpoints", "default", net::to_string(each)}),
              fmt::format(
                  R"({{"metadata":{{"name":"w","namespace":"default"}},"spec":{{"ipNetworks":["{}"]}}}})",
                  net::to_string(each)));
          ASSERT_TRUE(put);
        }
      }
    }
    const auto result = check(store_, {true, true, Edition::head});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->report.problems(), 0U) << result->text;
    EXPECT_TRUE(result->report.missing_handles.empty()) << result->text;
    std::map<net::IpAddr, std::string> stored;
    for (const auto& [address, allocations] : result->report.allocations) {
      EXPECT_EQ(allocations.size(), 1U) << net::to_string(address);
      stored.emplace(address, allocations.front().handle);
    }
    EXPECT_EQ(stored, held) << result->text;
    verify_handles(held);
  }

  void verify_handles(const std::map<net::IpAddr, std::string>& held) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& [address, handle] : held) {
      ++counts[handle];
    }
    std::map<std::string, std::int64_t> stored;
    const auto listing = store_.list(kHandlePrefix);
    ASSERT_TRUE(listing);
    for (const Entry& entry : listing->entries) {
      const auto handle = decode_handle(entry);
      ASSERT_TRUE(handle);
      for (const auto& [block, count] : handle->blocks) {
        stored[handle->id] += count;
      }
    }
    EXPECT_EQ(stored, counts);
  }

  void run(std::uint64_t seed) {
    const RaceCase& c = GetParam();
    store_ = MemoryStore();
    Rng random(seed);
    std::vector<Writer> writers(c.writers);
    for (std::size_t n = 0; n < c.writers; ++n) {
      writers[n].host = "host-" + std::to_string(n % c.hosts);
      ASSERT_TRUE(store_.put(to_key(ResourceKey{"nodes", "", writers[n].host}),
                             fmt::format(R"({{"metadata":{{"name":"{}"}}}})", writers[n].host)));
    }
    ASSERT_TRUE(
        store_.put(to_key(ResourceKey{"ippools", "", "pool"}),
                   fmt::format(R"({{"metadata":{{"name":"pool"}},"spec":{{"cidr":"{}","blockSize":{}}}}})",
                               c.pool, c.block_size)));
    if (c.strict) {
      ASSERT_TRUE(store_.put(kIpamConfigKey, R"({"strict_affinity":true,"auto_allocate_blocks":true})"));
    }
    std::uint64_t clock = 0;  // only the thread whose turn it is touches it
    Scheduler scheduler(random.next(), c.writers);
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < c.writers; ++n) {
      threads.emplace_back([&, n, own = random.next(), kill = random.next()] {
        Racing store(store_, scheduler, n);
        if (c.kills && kill % 3 != 0) {
          store.kill_at(1 + kill / 3 % 150, kill % 2 == 0);
        }
        try {
          scheduler.turn(n);
          write(writers[n], store, n, Rng(own), clock);
        } catch (const Killed&) {
          writers[n].killed = true;
        }
        scheduler.leave(n);
      });
    }
    for (std::thread& each : threads) {
      each.join();
    }
    for (const Writer& writer : writers) {
      for (const std::string& error : writer.errors) {
        ADD_FAILURE() << error;
      }
      assigned_ += writer.assigned;
      killed_ += writer.killed ? 1 : 0;
    }
    recover(writers, clock);
    verify(writers);
  }

  MemoryStore store_;
  std::size_t assigned_ = 0;
  std::size_t killed_ = 0;
};

TEST_P(Race, NothingIsGivenTwiceOrLost) {
  // More by CATFLAP_RACE_SEEDS: hundreds take minutes.
  const char* more = std::getenv("CATFLAP_RACE_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 6 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
  }
  EXPECT_GT(assigned_, 0U);
  EXPECT_EQ(killed_ > 0, GetParam().kills);
}

INSTANTIATE_TEST_SUITE_P(
    All, Race,
    testing::Values(RaceCase{"two_on_a_host", 2, 1, "10.0.0.0/26", 30, false, false},
                    RaceCase{"two_hosts", 2, 2, "10.0.0.0/27", 29, false, false},
                    RaceCase{"eight_hosts_few_blocks", 8, 8, "10.0.0.0/26", 29, false, false},
                    RaceCase{"eight_on_two_hosts", 8, 2, "10.0.0.0/24", 30, false, false},
                    RaceCase{"eight_strict_taking_over", 8, 8, "10.0.0.0/28", 32, true, false},
                    RaceCase{"two_killed", 2, 1, "10.0.0.0/26", 30, false, true},
                    RaceCase{"eight_killed", 8, 3, "10.0.0.0/26", 29, false, true},
                    RaceCase{"eight_killed_strict", 8, 8, "10.0.0.0/28", 31, true, true}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace catflap::calico::ipam
