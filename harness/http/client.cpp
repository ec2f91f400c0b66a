#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <limits>
#include <utility>

#include "http/failure.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"

namespace catflap::http {
namespace {

constexpr std::size_t kPemMax = 1U << 20U;

long milliseconds(Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::clamp<std::int64_t>(count, 1, std::numeric_limits<int>::max()));
}

/// libcurl's global state: made once, for good.
bool library_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

/// OpenSSL writes to sockets without MSG_NOSIGNAL: a server that is gone must be an error, not the end.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() {
    if (!was_pending_) {
      const timespec now{0, 0};
      while (sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

struct EasyCleanup {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// The certificates in memory: what libcurl is given lives as long as its handles.
struct Identity {
  std::string ca, certificate, key;
};

/// One exchange: a handle, and where its answer goes.
struct Exchange {
  std::unique_ptr<CURL, EasyCleanup> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, ListFree> headers;
  std::string url;
  std::string request_body;
  std::string received;
  std::size_t received_max = 0;
  bool overflow = false;
  std::array<char, CURL_ERROR_SIZE> detail{};
  bool has_certificate = false;
  Duration timeout{0};

  int status() const {
    long code = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }
  Error error(CURLcode code) const;
};

Error Exchange::error(CURLcode code) const {
  if (overflow) {
    return Error{Errc::protocol, fmt::format("{}: the answer has more than {} octets", url, received_max)};
  }
  Failure failure;
  long os_errno = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &os_errno);
  failure.code = code;
  failure.detail = detail.data();
  failure.os_errno = static_cast<int>(os_errno);
  failure.url = url;
  failure.has_certificate = has_certificate;
  failure.timeout = timeout;
  return describe(failure);
}

std::size_t receive(char* data, std::size_t /*one*/, std::size_t size, void* user) {
  Exchange& exchange = *static_cast<Exchange*>(user);
  if (exchange.received.size() + size > exchange.received_max) {
    exchange.overflow = true;
    return 0;
  }
  exchange.received.append(data, size);
  return size;
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  if (!text.empty()) {
    // libcurl does not write to what it is given.
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, option, &blob);
  }
}

void set_tls(CURL* easy, const Identity& identity) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set_blob(easy, CURLOPT_CAINFO_BLOB, identity.ca);
  set_blob(easy, CURLOPT_SSLCERT_BLOB, identity.certificate);
  set_blob(easy, CURLOPT_SSLKEY_BLOB, identity.key);
  // Without one OpenSSL asks on the terminal.
  curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
}

/// Everything of `request` but how long it may take.
Status set_request(Exchange& exchange, const Request& request, const Options& options,
                   const Identity& identity) {
  CURL* easy = exchange.easy.get();
  if (easy == nullptr) {
    return fail(Errc::io, "out of memory");
  }
  exchange.url = request.url;
  exchange.request_body = request.body;
  exchange.received.clear();
  exchange.received_max = options.response_max;
  exchange.overflow = false;
  exchange.detail.front() = '\0';
  exchange.has_certificate = !identity.certificate.empty();
  exchange.timeout = request.timeout;
  exchange.headers.reset();
  // "Expect: 100-continue" would cost a second where the server does not know it.
  for (const std::string& header : request.headers) {
    exchange.headers.reset(curl_slist_append(exchange.headers.release(), header.c_str()));
  }
  exchange.headers.reset(curl_slist_append(exchange.headers.release(), "Expect:"));

  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, exchange.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange.headers.get());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange.request_body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(exchange.request_body.size()));
  }
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange.detail.data());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
  // A server that vanished without a word is noticed, also under a stream where nothing happens.
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 10L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
  set_tls(easy, identity);
  return {};
}

/// With TLS 1.3 a server looks at our certificate when we believe that the handshake is over. If it refuses
/// it, its reason may be lost: it closes the connection while we send. With TLS 1.2 this is part of the
/// handshake, so one more of these says what the matter is. Nothing if it is not about certificates.
std::optional<Error> refused_in_handshake(const Request& request, const Options& options,
                                          const Identity& identity) {
  Exchange probe;
  if (!request.url.starts_with("https://") || !set_request(probe, request, options, identity)) {
    return std::nullopt;
  }
  CURL* easy = probe.easy.get();
  // As the least and (CURL_SSLVERSION_MAX_TLSv1_2, which g++ does not like to convert) as the highest
  // version.
  constexpr long kTls12 = long{CURL_SSLVERSION_TLSv1_2} | long{CURL_SSLVERSION_TLSv1_2} << 16U;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, kTls12);
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  const SigpipeGuard guard;
  const CURLcode code = curl_easy_perform(easy);
  const Error error = probe.error(code);
  return code != CURLE_OK && error.code == Errc::denied ? std::optional<Error>(error) : std::nullopt;
}

/// A connection that broke before the first octet of an answer.
bool may_be_refused(CURLcode code, const Exchange& exchange) {
  return exchange.status() == 0 && (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
                                    code == CURLE_GOT_NOTHING || code == CURLE_SSL_CONNECT_ERROR);
}

class CurlStream final : public Stream {
 public:
  ~CurlStream() override {
    if (multi_ != nullptr) {
      const SigpipeGuard guard;
      curl_multi_remove_handle(multi_.get(), exchange_.easy.get());
      exchange_.easy.reset();
      multi_.reset();
    }
  }

  /// Until the status is known, or `request.timeout`.
  Status start(const Request& request, const Options& options, const Identity& identity) {
    if (Status set = set_request(exchange_, request, options, identity); !set) {
      return set;
    }
    multi_.reset(curl_multi_init());
    if (multi_ == nullptr || curl_multi_add_handle(multi_.get(), exchange_.easy.get()) != CURLM_OK) {
      return fail(Errc::io, "out of memory");
    }
    const Instant deadline = sys::monotonic_now() + request.timeout;
    while (true) {
      if (Status moved = move(); !moved) {
        if (moved.error().code != Errc::denied && may_be_refused(failure_, exchange_)) {
          if (const auto refusal = refused_in_handshake(request, options, identity)) {
            return fail(*refusal);
          }
        }
        return moved;
      }
      // The status line comes with the first headers; the interim answers of 1xx are not it.
      if (ended_ || status() >= 200) {
        return {};
      }
      const Instant now = sys::monotonic_now();
      if (now >= deadline) {
        return fail(exchange_.error(CURLE_OPERATION_TIMEDOUT));
      }
      wait(deadline - now);
    }
  }

  int status() const override { return exchange_.status(); }
  bool ended() const override { return ended_ && exchange_.received.empty(); }

  Result<std::string> read(Duration limit) override {
    const Instant deadline = sys::monotonic_now() + limit;
    while (exchange_.received.empty() && !ended_) {
      if (broken_) {
        return fail(*broken_);
      }
      if (const Status moved = move(); !moved) {
        broken_ = moved.error();
        continue;
      }
      const Instant now = sys::monotonic_now();
      if (!exchange_.received.empty() || ended_ || now >= deadline) {
        break;
      }
      wait(deadline - now);
    }
    return std::exchange(exchange_.received, {});
  }

 private:
  /// Whatever can be done without waiting.
  Status move() {
    const SigpipeGuard guard;
    int running = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      return fail(Errc::io, "the HTTP client failed");
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) {
        if (message->data.result != CURLE_OK) {
          failure_ = message->data.result;
          broken_ = exchange_.error(message->data.result);
          if (exchange_.received.empty()) {
            return fail(*broken_);
          }
        } else {
          ended_ = true;
        }
      }
    }
    return {};
  }

  void wait(Duration limit) {
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(milliseconds(limit)), nullptr);
  }

  Exchange exchange_;
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  bool ended_ = false;
  CURLcode failure_ = CURLE_OK;
  std::optional<Error> broken_;
};

}  // namespace

class Client::Impl {
 public:
  Impl(Options options, Identity identity) : options_(std::move(options)), identity_(std::move(identity)) {}

  Result<Response> send(const Request& request) {
    if (Status set = set_request(exchange_, request, options_, identity_); !set) {
      return fail(set.error());
    }
    curl_easy_setopt(exchange_.easy.get(), CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
    const SigpipeGuard guard;
    const CURLcode code = curl_easy_perform(exchange_.easy.get());
    if (code != CURLE_OK) {
      Error error = exchange_.error(code);
      if (error.code != Errc::denied && may_be_refused(code, exchange_)) {
        if (const auto refusal = refused_in_handshake(request, options_, identity_)) {
          return fail(*refusal);
        }
      }
      return fail(std::move(error));
    }
    return Response{exchange_.status(), std::exchange(exchange_.received, {})};
  }

  bool was_sent() const {
    long octets = 0;
    curl_easy_getinfo(exchange_.easy.get(), CURLINFO_REQUEST_SIZE, &octets);
    return octets > 0;
  }

  Result<std::unique_ptr<Stream>> open(const Request& request) {
    auto stream = std::make_unique<CurlStream>();
    if (Status started = stream->start(request, options_, identity_); !started) {
      return fail(started.error());
    }
    return stream;
  }

 private:
  Options options_;
  Identity identity_;
  Exchange exchange_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::create(const Options& options) {
  if (!library_ready()) {
    return fail(Errc::io, "libcurl cannot be used");
  }
  Result<std::string> ca = load_pem(options.tls.ca, "CA certificate", "CERTIFICATE");
  Result<std::string> certificate = load_pem(options.tls.certificate, "client certificate", "CERTIFICATE");
  Result<std::string> key = load_pem(options.tls.key, "key of the client certificate", "PRIVATE KEY");
  for (const Result<std::string>* each : {&ca, &certificate, &key}) {
    if (!*each) {
      return fail(each->error());
    }
  }
  if (certificate->empty() && !key->empty()) {
    return fail(Errc::invalid, "a key is given, but no client certificate that it belongs to");
  }
  if (!certificate->empty() && key->empty()) {
    if (certificate->find("PRIVATE KEY-----") == std::string::npos) {
      return fail(Errc::invalid, "a client certificate is given, but not its key");
    }
    key = certificate;
  }
  Identity identity{std::move(*ca), std::move(*certificate), std::move(*key)};
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(options, std::move(identity))));
}

Result<Response> Client::send(const Request& request) {
  return impl_->send(request);
}

bool Client::was_sent() const {
  return impl_->was_sent();
}

Result<std::unique_ptr<Stream>> Client::open(const Request& request) {
  return impl_->open(request);
}

Result<std::string> load_pem(const Pem& pem, std::string_view what, std::string_view label) {
  if (pem.empty()) {
    return std::string();
  }
  std::string text = pem.text;
  std::string name(what);
  if (!pem.file.empty()) {
    Result<std::string> read = sys::read_file(pem.file, kPemMax);
    if (!read) {
      return fail(Error{Errc::invalid, read.error().message, read.error().sys_errno}.context(what));
    }
    text = std::move(*read);
    name += " " + pem.file;
  }
  // "-----BEGIN EC PRIVATE KEY-----": the label ends the line.
  const std::size_t begin = text.find("-----BEGIN ");
  if (begin == std::string::npos || text.find(fmt::format("{}-----", label), begin) == std::string::npos) {
    return fail(Errc::invalid, fmt::format("{}: no PEM text with -----BEGIN {}----- in it", name, label));
  }
  if (label == "PRIVATE KEY" && text.find("ENCRYPTED") != std::string::npos) {
    return fail(Errc::invalid, fmt::format("{}: it is protected by a passphrase; give one without", name));
  }
  return text;
}

}  // namespace catflap::http
