#include "calico/etcd/gateway.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "calico/etcd/messages.hpp"
#include "sys/clock.hpp"

namespace catflap::calico::etcd {
namespace {

/// How long an election may take to be asked about again; etcd does not say when it is over.
constexpr int kElectionPauseMs = 50;
/// What is read of an answer that is an error.
constexpr std::size_t kRefusalMax = 64U << 10U;
/// Codes of gRPC.
constexpr int kPermissionDenied = 7;
constexpr int kUnavailable = 14;
constexpr int kUnauthenticated = 16;

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

bool is_login_lost(int code, std::string_view message) {
  return code == kUnauthenticated || has(message, "invalid auth token") ||
         has(message, "revision of auth store is old");
}

/// The first line of what a server says that is no etcd.
std::string first_line(std::string_view body) {
  return std::string(body.substr(0, std::min(body.find_first_of("\r\n"), std::size_t{200})));
}

}  // namespace

/// What came of asking one server.
struct Gateway::Attempt {
  enum class Verdict : std::uint8_t {
    done,       ///< `body`
    failed,     ///< another server would say the same, or must not be asked
    elsewhere,  ///< this server cannot; nothing has happened
    later,      ///< the servers cannot now; nothing has happened
    log_in,     ///< our token has expired
  } verdict = Verdict::done;
  std::string body{};
  Error error{};
};

Result<std::vector<std::string>> normalise_endpoints(const std::vector<std::string>& endpoints, bool tls) {
  std::vector<std::string> all;
  for (std::string_view each : endpoints) {
    const std::string_view given = each;
    const std::size_t begin = each.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
      continue;
    }
    each = each.substr(begin, each.find_last_not_of(" \t") - begin + 1);
    std::string_view scheme = tls ? "https" : "http";
    if (const std::size_t colon = each.find("://"); colon != std::string_view::npos) {
      scheme = each.substr(0, colon);
      each.remove_prefix(colon + 3);
    }
    while (each.ends_with('/')) {
      each.remove_suffix(1);
    }
    const bool is_url = scheme == "http" || scheme == "https";
    if (!is_url || each.empty() || each.find_first_of("/?#@ ") != std::string_view::npos) {
      return fail(
          Errc::invalid,
          fmt::format("etcd endpoint '{}': not of the form https://host:2379 or http://host:2379", given));
    }
    all.push_back(fmt::format("{}://{}", scheme, each));
  }
  if (all.empty()) {
    return fail(Errc::invalid, "no etcd endpoints specified");
  }
  return all;
}

Result<std::unique_ptr<Gateway>> Gateway::create(Access access) {
  const http::TlsOptions& tls = access.tls;
  const bool has_tls = !tls.ca.empty() || !tls.certificate.empty() || !tls.key.empty();
  Result<std::vector<std::string>> endpoints = normalise_endpoints(access.endpoints, has_tls);
  if (!endpoints) {
    return fail(endpoints.error());
  }
  access.endpoints = std::move(*endpoints);
  http::Options options;
  options.tls = tls;
  options.connect_timeout = access.endpoints.size() > 1 ? std::chrono::seconds(2) : std::chrono::seconds(5);
  Result<std::unique_ptr<http::Client>> client = http::Client::create(options);
  if (!client) {
    return fail(client.error());
  }
  return std::unique_ptr<Gateway>(new Gateway(std::move(access), std::move(*client)));
}

http::Request Gateway::request(std::string_view path, const std::string& message, Duration timeout) const {
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}/v3/{}", access_.endpoints[current_], path);
  request.headers = {"Content-Type: application/json"};
  if (!token_.empty()) {
    request.headers.push_back("Authorization: " + token_);
  }
  if (path == "watch") {
    // A member that loses its leader ends the stream, instead of saying nothing for ever.
    request.headers.push_back("Grpc-Metadata-hasleader: true");
  }
  request.body = message;
  request.timeout = timeout;
  return request;
}

void Gateway::next_endpoint() {
  current_ = (current_ + 1) % access_.endpoints.size();
}

Error Gateway::refused(int code, const std::string& message) {
  const auto say = [&](Errc kind, std::string_view what) {
    return Error{kind, fmt::format("etcd at {}: {}", access_.endpoints[current_], what)};
  };
  if (is_login_lost(code, message)) {
    token_.clear();
    return say(Errc::denied, "the login has expired");
  }
  if (has(message, "user name is empty")) {
    login_needless_ = false;
    return say(Errc::denied, "it wants a user name and a password (etcdUsername, etcdPassword)");
  }
  if (has(message, "authentication failed") || has(message, "user name not found")) {
    return say(Errc::denied, fmt::format("wrong user name or password for user '{}'", access_.username));
  }
  if (code == kPermissionDenied || has(message, "permission denied")) {
    return say(Errc::denied, fmt::format("user '{}' has no permission for this", access_.username));
  }
  if (has(message, "compacted")) {
    return say(Errc::conflict, "the revision has been compacted: list again");
  }
  if (has(message, "space exceeded")) {
    return say(Errc::io,
               "its database is full: nothing was changed; compact, defragment and `etcdctl alarm disarm`");
  }
  if (has(message, "too large")) {
    return say(Errc::invalid, "the value is too large for it");
  }
  if (has(message, "no leader")) {
    return say(Errc::io, "it has no leader: a majority of its members is missing");
  }
  return say(Errc::io, message);
}

Gateway::Attempt Gateway::judge(const http::Response& response, Kind kind) {
  using Verdict = Attempt::Verdict;
  if (response.status == 200) {
    return {Verdict::done, response.body};
  }
  const std::optional<Refusal> refusal = read_refusal(response.body);
  if (!refusal) {
    const std::string line = first_line(response.body);
    const bool wants_tls = has(line, "HTTPS server");
    return {Verdict::elsewhere,
            {},
            Error{Errc::protocol,
                  fmt::format("{}: {}", access_.endpoints[current_],
                              wants_tls ? std::string("the server speaks TLS there: use https://")
                                        : fmt::format("not an etcd v3 with its JSON gateway: HTTP {} {}",
                                                      response.status, line))}};
  }
  const std::string& message = refusal->message;
  const Error error = refused(refusal->code, message);
  if (is_login_lost(refusal->code, message) ||
      (has(message, "user name is empty") && !access_.username.empty())) {
    return {Verdict::log_in, {}, error};
  }
  if (has(message, "learner")) {
    return {Verdict::elsewhere, {}, error};
  }
  if (has(message, "no leader") || has(message, "SubConns")) {
    return {Verdict::later, {}, error};
  }
  const bool is_election =
      refusal->code == kUnavailable || has(message, "timed out") || has(message, "leader changed");
  if (is_election && kind == Kind::read) {
    return {Verdict::later, {}, error};
  }
  if (is_election) {
    return {Verdict::failed, {}, Error{error.code, error.message + "; the write may have happened"}};
  }
  return {Verdict::failed, {}, error};
}

Status Gateway::login(Instant deadline) {
  const Result<http::Response> response = client_->send(request(
      "auth/authenticate", write_login(access_.username, access_.password), deadline - sys::monotonic_now()));
  if (!response) {
    return fail(response.error());
  }
  if (response->status == 200) {
    Result<std::string> token = read_login(response->body);
    if (!token) {
      return fail(token.error());
    }
    token_ = std::move(*token);
    return {};
  }
  const std::optional<Refusal> refusal = read_refusal(response->body);
  if (refusal && has(refusal->message, "not enabled")) {
    login_needless_ = true;
    return {};
  }
  return fail(judge(*response, Kind::read).error);
}

Gateway::Attempt Gateway::attempt(std::string_view path, const std::string& message, Kind kind,
                                  Instant deadline) {
  using Verdict = Attempt::Verdict;
  if (!access_.username.empty() && token_.empty() && !login_needless_) {
    if (const Status logged_in = login(deadline); !logged_in) {
      const bool is_final = logged_in.error().code == Errc::denied && client_->was_sent() &&
                            has(logged_in.error().message, "user");
      return {is_final ? Verdict::failed : Verdict::elsewhere, {}, logged_in.error()};
    }
  }
  Result<http::Response> response = client_->send(request(path, message, deadline - sys::monotonic_now()));
  if (response) {
    if (response->status == 200) {
      return {Verdict::done, std::move(response->body)};
    }
    return judge(*response, kind);
  }
  Error error = std::move(response.error());
  const bool may_have_happened = kind == Kind::write && client_->was_sent() && error.code != Errc::denied;
  if (may_have_happened) {
    error.message += "; the write may have happened";
    return {Verdict::failed, {}, std::move(error)};
  }
  return {error.code == Errc::invalid ? Verdict::failed : Verdict::elsewhere, {}, std::move(error)};
}

Result<std::string> Gateway::call(std::string_view path, const std::string& message, Kind kind) {
  using Verdict = Attempt::Verdict;
  const Instant deadline = sys::monotonic_now() + access_.timeout;
  bool logged_in_again = false;
  while (true) {
    std::optional<Error> trouble;
    bool is_election = false;
    for (std::size_t tried = 0; tried < access_.endpoints.size(); ++tried) {
      // A server that says nothing must leave time for the others.
      const Duration left = deadline - sys::monotonic_now();
      const bool is_last = tried + 1 == access_.endpoints.size();
      Attempt answer = attempt(path, message, kind, sys::monotonic_now() + (is_last ? left : left / 2));
      if (answer.verdict == Verdict::log_in && !logged_in_again) {
        logged_in_again = true;
        answer = attempt(path, message, kind, deadline);
      }
      if (answer.verdict == Verdict::done) {
        return std::move(answer.body);
      }
      if (answer.verdict == Verdict::failed || answer.verdict == Verdict::log_in) {
        return fail(std::move(answer.error));
      }
      is_election = is_election || answer.verdict == Verdict::later;
      if (!trouble) {
        trouble = std::move(answer.error);
      } else {
        trouble->message += "; " + answer.error.message;
      }
      next_endpoint();
    }
    if (!is_election || sys::monotonic_now() + std::chrono::milliseconds(kElectionPauseMs) >= deadline) {
      return fail(std::move(*trouble).context("etcd cannot be reached"));
    }
    ::poll(nullptr, 0, kElectionPauseMs);
  }
}

Result<std::unique_ptr<http::Stream>> Gateway::open(std::string_view path, const std::string& message) {
  using Verdict = Attempt::Verdict;
  const Instant deadline = sys::monotonic_now() + access_.timeout;
  std::optional<Error> trouble;
  for (std::size_t tried = 0; tried < access_.endpoints.size() + 1; ++tried) {
    Attempt answer;
    if (!access_.username.empty() && token_.empty() && !login_needless_) {
      if (const Status logged_in = login(deadline); !logged_in) {
        answer = {Verdict::elsewhere, {}, logged_in.error()};
      }
    }
    if (answer.verdict == Verdict::done) {
      Result<std::unique_ptr<http::Stream>> stream =
          client_->open(request(path, message, deadline - sys::monotonic_now()));
      if (stream && (*stream)->status() == 200) {
        return stream;
      }
      if (stream) {
        http::Response refusal{(*stream)->status(), {}};
        while (!(*stream)->ended() && refusal.body.size() < kRefusalMax && sys::monotonic_now() < deadline) {
          Result<std::string> more = (*stream)->read(deadline - sys::monotonic_now());
          if (!more) {
            break;
          }
          refusal.body += *more;
        }
        answer = judge(refusal, Kind::read);
      } else {
        answer = {Verdict::elsewhere, {}, stream.error()};
      }
    }
    trouble = std::move(answer.error);
    if (answer.verdict == Verdict::failed) {
      break;
    }
    if (answer.verdict != Verdict::log_in) {
      next_endpoint();
    }
  }
  return fail(std::move(*trouble).context("etcd cannot be reached"));
}

}  // namespace catflap::calico::etcd
