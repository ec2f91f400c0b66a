// One process of several that assign addresses on one datastore, for test_ipam_processes.py, which kills it.
//
//   ipam_writer STORE setup                          a pool and four nodes
//   ipam_writer STORE write HOST NAME COUNT SEED     assigns COUNT addresses, one a handle, and releases some
//   ipam_writer STORE step HOST NAME COUNT SEED      the same, each assignment after a line from standard
//   input ipam_writer STORE recover HANDLE...              gives back what a killed writer was about
//   ipam_writer STORE verify                         reads "HANDLE ADDRESS" lines: that and nothing else is
//   held
//
// STORE is a file, or the URL of etcd. What write is about it says before ("try HANDLE", "drop HANDLE") and
// after
// ("got HANDLE ADDRESS", "dropped HANDLE").
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/rng.hpp"
#include "calico/ipam/check.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/sqlite/embedded_store.hpp"
#include "calico/store/keys.hpp"
#ifdef CATFLAP_WITH_ETCD
#include "calico/etcd/etcd_store.hpp"
#endif

namespace {

using namespace catflap;
using namespace catflap::calico;

[[noreturn]] void die(const Error& error) {
  fmt::print(stderr, "ipam_writer: {}\n", to_string(error));
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    die(result.error());
  }
  return std::move(*result);
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::unique_ptr<Datastore> open_store(const std::string& where) {
#ifdef CATFLAP_WITH_ETCD
  if (where.rfind("http", 0) == 0) {
    EtcdStore::Options options;
    options.endpoints = {where};
    return must(EtcdStore::create(std::move(options)));
  }
#endif
  return must(EmbeddedStore::open(where));
}

ipam::Ipam make_ipam(Datastore& store) {
  return {store, {[] {
            const auto now = std::chrono::system_clock::now().time_since_epoch();
            return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
          }}};
}

void put(Datastore& store, const ResourceKey& key, const std::string& spec) {
  must(store.put(to_key(key), fmt::format(R"({{"metadata":{{"name":"{}","namespace":"{}"}},"spec":{{{}}}}})",
                                          key.name, key.ns, spec)));
}

int setup(Datastore& store) {
  put(store, {"ippools", "", "pool"}, R"("cidr":"10.0.0.0/16","blockSize":26)");
  for (const char* node : {"host-0", "host-1", "host-2", "host-3"}) {
    put(store, {"nodes", "", node}, "");
  }
  return 0;
}

/// Until it succeeds: the store's processes may all want the same block.
void insist(const std::function<Status()>& operation) {
  for (;;) {
    const Status done = operation();
    if (done) {
      return;
    }
    if (done.error().code != Errc::conflict && done.error().code != Errc::timeout) {
      die(done.error());
    }
  }
}

int write(Datastore& store, const std::vector<std::string>& words, bool step) {
  const std::string& host = words[0];
  const std::string& name = words[1];
  const std::uint64_t count = std::stoull(words[2]);
  Rng random(std::stoull(words[3]));
  ipam::Ipam ipam = make_ipam(store);
  std::vector<std::string> held;
  for (std::uint64_t n = 0; n < count; ++n) {
    ipam::AssignRequest request;
    request.host = host;
    request.count4 = 1;
    request.handle = name + "-" + std::to_string(n);
    request.attributes = {{"node", host}};
    request.max_blocks = 1000;
    if (std::string line; step && !std::getline(std::cin, line)) {
      return 1;
    }
    say("try " + *request.handle);
    std::string address;
    insist([&]() -> Status {
      const ipam::AutoAssignment done = ipam.auto_assign(request);
      if (done.status && done.v4.addresses.size() == 1) {
        address = net::to_string(done.v4.addresses.front().addr);
        return {};
      }
      return done.status ? fail(Errc::io, ipam::shortfall(done.v4, net::Family::ipv4)) : done.status;
    });
    say("got " + *request.handle + " " + address);
    held.push_back(*request.handle);
    if (random.below(5) == 0) {
      const std::size_t index = random.below(held.size());
      say("drop " + held[index]);
      insist([&] { return ipam.release_by_handle(held[index]); });
      say("dropped " + held[index]);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
  return 0;
}

int recover(Datastore& store, const std::vector<std::string>& handles) {
  ipam::Ipam ipam = make_ipam(store);
  for (const std::string& handle : handles) {
    const Status done = ipam.release_by_handle(handle);
    if (!done && done.error().code != Errc::not_found) {
      die(done.error());
    }
  }
  return 0;
}

int verify(Datastore& store) {
  std::map<std::string, std::string> expected;  // address -> handle
  std::string handle;
  std::string address;
  while (std::cin >> handle >> address) {
    if (!expected.emplace(address, handle).second) {
      fmt::print("{} was given twice, to {} and {}\n", address, handle, expected[address]);
      return 1;
    }
    put(store, {"workloadendpoints", "default", address}, fmt::format(R"("ipNetworks":["{}/32"])", address));
  }
  const ipam::CheckResult result = must(ipam::check(store, {false, true, ipam::Edition::head}));
  std::map<std::string, std::string> stored;
  for (const auto& [ip, allocations] : result.report.allocations) {
    stored.emplace(net::to_string(ip), allocations.size() == 1 ? allocations.front().handle : "two blocks");
  }
  if (result.report.problems() != 0 || !result.report.missing_handles.empty() || stored != expected) {
    fmt::print("{}{} addresses are assigned, {} should be\n", result.text, stored.size(), expected.size());
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) {
    return 2;
  }
  const auto store = open_store(words[0]);
  const std::vector<std::string> rest(words.begin() + 2, words.end());
  if (words[1] == "setup") {
    return setup(*store);
  }
  if ((words[1] == "write" || words[1] == "step") && rest.size() == 4) {
    return write(*store, rest, words[1] == "step");
  }
  if (words[1] == "recover") {
    return recover(*store, rest);
  }
  return words[1] == "verify" ? verify(*store) : 2;
}
