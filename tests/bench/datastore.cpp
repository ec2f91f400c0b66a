/// How a store behaves with many resources: list, get and watch must stay interactive.
///
///   catflap-bench-datastore memory|sqlite:FILE|etcd:URL[,URL...] [COUNT]
///
/// Fills the store with COUNT (100,000) node-like resources of 600 octets, which must not be there yet, and
/// prints milliseconds.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "calico/etcd/etcd_store.hpp"
#include "calico/sqlite/embedded_store.hpp"
#include "calico/store/keys.hpp"
#include "calico/store/memory_store.hpp"
#include "sys/clock.hpp"

namespace catflap::calico {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", to_string(result.error()));
    std::exit(1);
  }
  return std::move(*result);
}

std::unique_ptr<Datastore> open(const std::string& where) {
  if (where.starts_with("sqlite:")) {
    return must(EmbeddedStore::open(where.substr(7)));
  }
  if (where.starts_with("etcd:")) {
    EtcdStore::Options options;
    options.endpoints.push_back(where.substr(5));
    return must(EtcdStore::create(std::move(options)));
  }
  return std::make_unique<MemoryStore>();
}

double measure(const std::function<void()>& what) {
  const Instant begin = sys::monotonic_now();
  what();
  return std::chrono::duration<double, std::milli>(sys::monotonic_now() - begin).count();
}

/// Of `times` measurements: the median and the slowest.
void report(const char* name, std::size_t times, const std::function<void()>& what) {
  std::vector<double> all;
  for (std::size_t each = 0; each < times; ++each) {
    all.push_back(measure(what));
  }
  std::sort(all.begin(), all.end());
  fmt::print("{:<44} {:>10.3f} {:>10.3f}\n", name, all[all.size() / 2], all.back());
}

std::string name_of(std::size_t number) {
  return fmt::format("node-{:06}.example.org", number);
}

std::string resource(std::size_t number) {
  return fmt::format(
      R"({{"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{{"name":"{}","uid":)"
      R"("9d3b4f2e-0000-4000-8000-{:012}","labels":{{"rack":"r{}"}},"annotations":{{"filler":"{}"}}}},)"
      R"("spec":{{"bgp":{{"ipv4Address":"10.{}.{}.{}/32","asNumber":64512}}}}}})",
      name_of(number), number, number % 100, std::string(350, 'x'), number >> 16U & 255U, number >> 8U & 255U,
      number & 255U);
}

/// A write until a watch that waits in another thread (another client, as in another process) has it.
void report_wake_up(const std::string& where, Datastore& store, const std::string& prefix) {
  constexpr std::size_t kTimes = 100;
  const Revision now = must(store.list(prefix + "none")).revision;
  std::vector<Instant> seen;
  std::thread watcher([&] {
    const auto own = open(where);
    const auto watch = must(own->watch(prefix, now));
    while (seen.size() < kTimes) {
      const auto changes = must(watch->next(std::chrono::seconds(60)));
      seen.insert(seen.end(), changes.size(), sys::monotonic_now());
    }
  });
  std::vector<Instant> written;
  for (std::size_t each = 0; each < kTimes; ++each) {
    written.push_back(sys::monotonic_now());
    must(store.put(prefix + name_of(each), resource(each)));
    std::this_thread::yield();
  }
  watcher.join();
  std::vector<double> all;
  for (std::size_t each = 0; each < kTimes; ++each) {
    all.push_back(std::chrono::duration<double, std::milli>(seen[each] - written[each]).count());
  }
  std::sort(all.begin(), all.end());
  fmt::print("{:<44} {:>10.3f} {:>10.3f}\n", "put until another client's watch has it", all[kTimes / 2],
             all.back());
}

int run(const std::string& where, std::size_t count) {
  const auto store = open(where);
  const std::string prefix = resource_prefix("nodes");
  const double fill = measure([&] {
    for (std::size_t each = 0; each < count; ++each) {
      must(store->create(prefix + name_of(each), resource(each)));
    }
  });
  fmt::print("{} with {} resources of {} octets; milliseconds\n", where, count, resource(0).size());
  fmt::print("{:<44} {:>10} {:>10}\n", "", "median", "slowest");
  fmt::print("{:<44} {:>10.0f} {:>10.3f} each\n", "create all", fill, fill / static_cast<double>(count));
  report("list all", 5, [&] {
    if (must(store->list(prefix)).entries.size() != count) {
      std::exit(1);
    }
  });
  report("list all, from a new client", 3, [&] { must(open(where)->list(prefix)); });
  std::size_t number = 0;
  report("list 10", 100,
         [&] { must(store->list(prefix + fmt::format("node-{:05}", number++ * 97 % (count / 10)))); });
  report("get", 1000, [&] { must(store->get(prefix + name_of(number++ * 7919 % count))); });
  report("get, from a new client", 20,
         [&] { must(open(where)->get(prefix + name_of(number++ * 7919 % count))); });
  report("put", 1000, [&] {
    ++number;
    must(store->put(prefix + name_of(number * 7919 % count), resource(number)));
  });
  report("watch: the first change behind 1000 writes", 5, [&] {
    const Revision now = must(store->list(prefix + "none")).revision;
    must(must(store->watch(prefix, now - 1000))->next(std::chrono::seconds(60)));
  });
  if (where != "memory") {
    report_wake_up(where, *store, prefix);
  }
  return 0;
}

}  // namespace
}  // namespace catflap::calico

int main(int argc, char** argv) {
  std::size_t count = 100'000;
  const std::string number = argc > 2 ? argv[2] : "100000";
  const auto read = std::from_chars(number.data(), number.data() + number.size(), count);
  if (argc < 2 || argc > 3 || read.ec != std::errc() || count < 10) {
    fmt::print(stderr, "usage: catflap-bench-datastore memory|sqlite:FILE|etcd:URL [COUNT]\n");
    return 2;
  }
  return catflap::calico::run(argv[1], count);
}
