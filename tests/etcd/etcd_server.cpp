#include "etcd_server.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "sys/clock.hpp"

namespace catflap::calico {

EtcdServer::EtcdServer(Options options) : options_(std::move(options)) {
  start();
}

void EtcdServer::start() {
  const std::string client = url();
  const std::string peer = "http://127.0.0.1:" + std::to_string(options_.peer_port);
  sys::proc::Spawn spawn;
  spawn.program = "etcd";
  // With a single member an election is over at once, whatever these are; several need time to hear of each
  // other.
  const bool alone = options_.cluster.empty();
  spawn.args = {"--name",
                options_.name,
                "--data-dir",
                options_.folder / options_.name,
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                alone ? options_.name + "=" + peer : options_.cluster,
                "--heartbeat-interval",
                alone ? "10" : "50",
                "--election-timeout",
                alone ? "50" : "500",
                "--logger",
                "zap",
                "--log-outputs",
                "stderr"};
  if (options_.tls) {
    const auto file = [&](const char* name) { return (options_.folder / name).string(); };
    for (const std::string& each :
         {std::string("--cert-file"), file("server.pem"), std::string("--key-file"), file("server.key"),
          std::string("--trusted-ca-file"), file("ca.pem"), std::string("--client-cert-auth")}) {
      spawn.args.push_back(each);
    }
  }
  spawn.args.insert(spawn.args.end(), options_.arguments.begin(), options_.arguments.end());
  spawn.log_file = options_.folder / (options_.name + ".log");
  auto started = sys::proc::Child::start(spawn);
  if (!started) {
    throw std::runtime_error(to_string(started.error()));
  }
  process_ = std::move(*started);
}

void EtcdServer::kill() {
  process_.reset();
}

void EtcdServer::wipe() {
  std::filesystem::remove_all(options_.folder / options_.name);
}

std::string EtcdServer::url() const {
  return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(options_.port);
}

std::unique_ptr<EtcdStore> make_store(const EtcdStore::Options& options) {
  auto store = EtcdStore::create(options);
  EXPECT_TRUE(store.has_value()) << to_string(store.error());
  return store ? std::move(*store) : nullptr;
}

void wait_until_served(EtcdStore& store) {
  const Instant deadline = sys::monotonic_now() + std::chrono::seconds(30);
  Error last;
  while (sys::monotonic_now() < deadline) {
    const auto answer = store.get("/");
    if (answer) {
      return;
    }
    last = answer.error();
    ::poll(nullptr, 0, 10);
  }
  FAIL() << "etcd does not serve: " << to_string(last);
}

std::string post(const std::string& url, const std::string& path, const std::string& message,
                 const std::string& token, const http::TlsOptions& tls) {
  const auto client = http::Client::create({.tls = tls});
  EXPECT_TRUE(client.has_value()) << to_string(client.error());
  http::Request request{.method = "POST", .url = url + "/v3/" + path, .body = message};
  if (!token.empty()) {
    request.headers.push_back("Authorization: " + token);
  }
  const auto response = (*client)->send(request);
  EXPECT_TRUE(response.has_value()) << to_string(response.error());
  EXPECT_EQ(response->status, 200) << path << " " << message << ": " << response->body;
  return response->body;
}

std::string why_skipped() {
  for (const char* program : {"etcd", "openssl"}) {
    if (!sys::proc::find_program(program)) {
      return std::string("no ") + program + " here (Debian: etcd-server, openssl)";
    }
  }
  return {};
}

}  // namespace catflap::calico
