#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "http/client.hpp"
#include "http/failure.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A connection of the server below.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  /// The header and body of one request; empty: the client has closed.
  std::string request() {
    std::string text;
    while (true) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t length = text.find("Content-Length: ");
        const std::size_t body = length == std::string::npos ? 0 : std::stoul(text.substr(length + 16));
        if (text.size() >= end + 4 + body) {
          return text;
        }
      }
      char some[4096];
      const ssize_t got = ::recv(fd_.get(), some, sizeof some, 0);
      if (got <= 0) {
        return {};
      }
      text.append(some, static_cast<std::size_t>(got));
    }
  }
  void say(const std::string& text) { (void)::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  void wait_for_end() {
    char ignored[4096];
    while (::recv(fd_.get(), ignored, sizeof ignored, 0) > 0) {
    }
  }

 private:
  sys::UniqueFd fd_;
};

/// Serves `count` connections on loopback, one after the other, in a thread of its own.
class Server {
 public:
  explicit Server(std::function<void(Peer&)> serve, int count = 1)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, count, serve = std::move(serve)] {
      for (int each = 0; each < count; ++each) {
        const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
          return;
        }
        Peer peer(fd);
        serve(peer);
      }
    });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  const std::string& url() const { return url_; }

 private:
  sys::UniqueFd listener_;
  std::string url_;
  std::thread thread_;
};

std::unique_ptr<Client> make_client(const Options& options = {}) {
  auto client = Client::create(options);
  EXPECT_TRUE(client.has_value());
  return std::move(*client);
}

std::string answer(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunk(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}
constexpr const char* kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpClient, SendsWhatItIsToldAndReturnsTheAnswer) {
  std::string seen;
  {
    Server server([&](Peer& peer) {
      seen = peer.request();
      peer.say("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnever");
    });
    const auto response = make_client()->send({.method = "POST",
                                               .url = server.url() + "/v3/kv/put?x",
                                               .headers = {"Authorization: t"},
                                               .body = "{}"});
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->body, "never");
  }
  EXPECT_TRUE(seen.starts_with("POST /v3/kv/put?x HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Authorization: t\r\n"), std::string::npos) << seen;
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{}")) << seen;
  EXPECT_EQ(seen.find("Expect"), std::string::npos) << seen;
}

TEST(HttpClient, KeepsItsConnection) {
  int requests = 0;
  {
    Server server([&](Peer& peer) {
      while (!peer.request().empty()) {
        peer.say(answer(std::to_string(++requests)));
      }
    });
    const auto client = make_client();
    for (const char* expected : {"1", "2", "3"}) {
      const auto response = client->send({.method = "POST", .url = server.url(), .body = "x"});
      ASSERT_TRUE(response.has_value()) << to_string(response.error());
      EXPECT_EQ(response->body, expected);
    }
  }
  EXPECT_EQ(requests, 3);
}

TEST(HttpClient, SurvivesAServerThatClosedInBetween) {
  Server server(
      [](Peer& peer) {
        peer.request();
        peer.say(answer("x"));
      },
      2);
  const auto client = make_client();
  for (int each = 0; each < 2; ++each) {
    const auto response = client->send({.method = "POST", .url = server.url(), .body = "x"});
    EXPECT_TRUE(response.has_value()) << to_string(response.error());
  }
}

TEST(HttpClient, IgnoresTheProxyOfTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  {
    Server server([](Peer& peer) {
      peer.request();
      peer.say(answer("x"));
    });
    EXPECT_TRUE(make_client()->send({.url = server.url()}).has_value());
  }
  ::unsetenv("http_proxy");
}

struct FailureCase {
  const char* name;
  std::string answer;
  Errc code;
  const char* message;
};
class HttpFailures : public testing::TestWithParam<FailureCase> {};

TEST_P(HttpFailures, SayWhatIsWrong) {
  Server server([](Peer& peer) {
    peer.request();
    peer.say(GetParam().answer);
  });
  const auto response = make_client({.response_max = 100})->send({.url = server.url()});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, GetParam().code);
  EXPECT_TRUE(response.error().message.starts_with(server.url())) << response.error().message;
  EXPECT_NE(response.error().message.find(GetParam().message), std::string::npos) << response.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpFailures,
    testing::Values(FailureCase{"nothing", "", Errc::io, "closed the connection without an answer"},
                    FailureCase{"no_http", "SSH-2.0-OpenSSH_9.2\r\n", Errc::protocol, "no HTTP"},
                    FailureCase{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Errc::io,
                                "closed the connection"},
                    FailureCase{"too_large", answer(std::string(101, 'x')), Errc::protocol, "more than 100"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(HttpClient, SaysThatNobodyListens) {
  std::string url;
  {
    Server gone([](Peer&) {});
    url = gone.url();
  }
  const auto client = make_client();
  const auto response = client->send({.method = "POST", .url = url, .body = "x"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, Errc::io);
  EXPECT_EQ(response.error().message, url + ": cannot connect: Connection refused");
  EXPECT_FALSE(client->was_sent());
}

TEST(HttpClient, SaysThatAnUrlIsNone) {
  for (const char* url : {"", "ftp://127.0.0.1/x", "http://", "file:///etc/passwd"}) {
    const auto response = make_client()->send({.url = url});
    ASSERT_FALSE(response.has_value()) << url;
    EXPECT_EQ(response.error().code, Errc::invalid) << url << ": " << response.error().message;
  }
}

TEST(HttpClient, GivesUpInTime) {
  Server server([](Peer& peer) { peer.wait_for_end(); });
  const auto client = make_client();
  const auto response = client->send({.url = server.url(), .timeout = milliseconds(50)});
  EXPECT_TRUE(client->was_sent());
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, Errc::timeout);
  EXPECT_EQ(response.error().message, server.url() + ": no answer within 0.05 s");
}

TEST(HttpStream, GivesWhatComesBitByBit) {
  Server server([](Peer& peer) {
    peer.request();
    peer.say(kChunked + chunk("one"));
    // The client asks for more when it has the first.
    peer.wait_for_end();
  });
  const auto client = make_client();
  auto stream = client->open({.url = server.url()});
  ASSERT_TRUE(stream.has_value()) << to_string(stream.error());
  EXPECT_EQ((*stream)->status(), 200);
  EXPECT_EQ((*stream)->read(seconds(30)).value(), "one");
  EXPECT_EQ((*stream)->read(milliseconds(10)).value(), "");
  EXPECT_FALSE((*stream)->ended());
}

TEST(HttpStream, EndsWithTheAnswer) {
  Server server([](Peer& peer) {
    peer.request();
    peer.say(kChunked + chunk("one") + chunk("two") + "0\r\n\r\n");
    peer.wait_for_end();
  });
  auto stream = make_client()->open({.url = server.url()});
  ASSERT_TRUE(stream.has_value());
  std::string all;
  while (!(*stream)->ended()) {
    all += (*stream)->read(seconds(30)).value();
  }
  EXPECT_EQ(all, "onetwo");
}

TEST(HttpStream, GivesWhatCameBeforeItBroke) {
  Server server([](Peer& peer) {
    peer.request();
    peer.say(kChunked + chunk("one"));
  });
  auto stream = make_client()->open({.url = server.url()});
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ((*stream)->read(seconds(30)).value(), "one");
  const auto broken = (*stream)->read(seconds(30));
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, Errc::io);
  EXPECT_FALSE((*stream)->read(seconds(30)).has_value());
}

TEST(HttpStream, GivesUpWaitingForItsBeginning) {
  Server server([](Peer& peer) { peer.wait_for_end(); });
  const auto stream = make_client()->open({.url = server.url(), .timeout = milliseconds(50)});
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code, Errc::timeout);
}

TEST(Pems, ThatCannotBeUsedAreNamed) {
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
  const std::string key = "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n";
  const auto message = [](TlsOptions tls) {
    const auto client = Client::create({.tls = std::move(tls)});
    EXPECT_FALSE(client.has_value());
    return client ? std::string() : client.error().message;
  };
  EXPECT_EQ(message({.ca = {.file = "/nowhere/ca.pem"}}),
            "CA certificate: cannot open /nowhere/ca.pem: No such file or directory");
  EXPECT_EQ(message({.ca = {.text = "hello"}}),
            "CA certificate: no PEM text with -----BEGIN CERTIFICATE----- in it");
  EXPECT_EQ(message({.certificate = {.text = key}}),
            "client certificate: no PEM text with -----BEGIN CERTIFICATE----- in it");
  EXPECT_EQ(message({.certificate = {.text = certificate}}),
            "a client certificate is given, but not its key");
  EXPECT_EQ(message({.key = {.text = key}}), "a key is given, but no client certificate that it belongs to");
  EXPECT_NE(message({.certificate = {.text = certificate},
                     .key = {.text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"}})
                .find("passphrase"),
            std::string::npos);
  EXPECT_TRUE(
      Client::create({.tls = {.ca = {.text = certificate}, .certificate = {.text = certificate + key}}})
          .has_value());
}

}  // namespace
}  // namespace catflap::http
