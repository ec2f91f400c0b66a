#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "http/client.hpp"

namespace catflap::calico::etcd {

/// Where etcd is, and who we are.
struct Access {
  std::vector<std::string> endpoints;  ///< "https://host:2379"
  std::string username;                ///< empty: no login
  std::string password;
  http::TlsOptions tls;
  Duration timeout = std::chrono::seconds(10);  ///< of one call, all tries together
};

/// The servers of one etcd as one: goes to the next where one cannot be reached or has no leader, and logs in
/// again where the token has expired.
class Gateway {
 public:
  static Result<std::unique_ptr<Gateway>> create(Access access);

  /// What a try that broke in the middle means: a read is tried again elsewhere; a write may have happened.
  enum class Kind : std::uint8_t { read, write };
  /// The body of the answer to POST /v3/`path`. Errc::conflict: what is wanted has been compacted.
  Result<std::string> call(std::string_view path, const std::string& message, Kind kind);
  /// The same, as a stream from one of the servers; one round over all of them.
  Result<std::unique_ptr<http::Stream>> open(std::string_view path, const std::string& message);
  /// The stream's server has failed: the next open() begins with another one.
  void next_endpoint();
  /// In words, what etcd's refusal means; forgets the token if it has expired.
  Error refused(int code, const std::string& message);
  const Access& access() const { return access_; }

 private:
  Gateway(Access access, std::unique_ptr<http::Client> client)
      : access_(std::move(access)), client_(std::move(client)) {}

  struct Attempt;
  Attempt attempt(std::string_view path, const std::string& message, Kind kind, Instant deadline);
  Attempt judge(const http::Response& response, Kind kind);
  Status login(Instant deadline);
  http::Request request(std::string_view path, const std::string& message, Duration timeout) const;

  Access access_;
  std::unique_ptr<http::Client> client_;
  std::size_t current_ = 0;  ///< the endpoint that answered last
  std::string token_;
  bool login_needless_ = false;  ///< a name is given, but etcd asks for none
};

/// "host:2379", "http://host:2379/" and so on as URLs without a path. Errc::invalid names what is none.
Result<std::vector<std::string>> normalise_endpoints(const std::vector<std::string>& endpoints, bool tls);

}  // namespace catflap::calico::etcd
