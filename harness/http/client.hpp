#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"

/// A client of HTTP/1.1 and HTTPS (libcurl hidden). It talks to the address in the URL and to nobody else: no
/// proxy of the environment, no redirects, no cookies.
namespace catflap::http {

/// Certificates or a key in PEM: a file, or the text itself. Both empty: none.
struct Pem {
  std::string file{};
  std::string text{};

  bool empty() const { return file.empty() && text.empty(); }
};

struct TlsOptions {
  Pem ca{};           ///< who may sign the server's certificate; none: whom this machine trusts
  Pem certificate{};  ///< ours, with its chain; none: the server gets none
  Pem key{};          ///< of our certificate, without a passphrase; none: it stands in `certificate`
};

struct Options {
  TlsOptions tls{};
  Duration connect_timeout = std::chrono::seconds(5);
  /// A larger answer is Errc::protocol.
  std::size_t response_max = 512U << 20U;
};

struct Request {
  std::string method = "GET";
  std::string url{};                   ///< "http://..." or "https://..."
  std::vector<std::string> headers{};  ///< "Name: value"
  std::string body{};
  Duration timeout = std::chrono::seconds(10);  ///< for the whole exchange, or until a stream has begun
};

struct Response {
  int status = 0;
  std::string body{};
};

/// An answer that comes bit by bit. Ends with the object.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual int status() const = 0;
  /// What has come since the last call; waits up to `limit` for the first octet and is empty when none came.
  /// Errc::io when the connection broke. What came before that was returned before.
  virtual Result<std::string> read(Duration limit) = 0;
  /// The server has ended the answer and all of it was read.
  virtual bool ended() const = 0;
};

/// Keeps its connections open between requests. Not thread safe: one object a thread.
///
/// Errors say in words what is wrong and with whom, "https://10.0.0.1:2379: the certificate of the server has
/// expired". Errc::denied: certificates (of the server: expired, not valid yet, of an unknown CA, for another
/// name; ours: missing or refused). Errc::timeout: no answer in time. Errc::io: no connection. Errc::invalid:
/// files of Options that cannot be used, or a bad URL. Errc::protocol: the answer is no HTTP, or too large.
/// Whatever the status of an answer is, it is no error.
class Client {
 public:
  static Result<std::unique_ptr<Client>> create(const Options& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Result<Response> send(const Request& request);
  /// Whether anything of the last request of send() has gone out: if not, the server has not acted on it.
  bool was_sent() const;
  /// Returns when the status is known.
  Result<std::unique_ptr<Stream>> open(const Request& request);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The text of `pem`, read from its file if it has one. Errc::invalid names what it was to be (`what`: "CA
/// certificate") and the file if it cannot be read or holds no PEM with `label` ("CERTIFICATE", "PRIVATE
/// KEY").
Result<std::string> load_pem(const Pem& pem, std::string_view what, std::string_view label);

}  // namespace catflap::http
