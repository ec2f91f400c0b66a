#include "http/failure.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "sys/error.hpp"

namespace catflap::http {
namespace {

/// "https://host:2379" of an URL; what may stand behind it is nobody's business.
std::string_view origin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  return url.substr(0, path);
}

std::string_view host(std::string_view url) {
  std::string_view at = origin(url);
  const std::size_t scheme = at.find("://");
  at.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  if (at.starts_with('[')) {
    return at.substr(1, at.find(']') - 1);
  }
  return at.substr(0, at.find(':'));
}

bool has(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

/// X509_V_ERR_... of OpenSSL.
std::string server_certificate(const Failure& failure) {
  switch (failure.verify_result) {
    case 9:
      return "the certificate of the server is not valid yet: is the clock right?";
    case 10:
      return "the certificate of the server has expired";
    case 18:
      return "the certificate of the server is signed by itself, and not the CA certificate given";
    case 2:
    case 19:
    case 20:
    case 21:
    case 27:
      return "the certificate of the server is signed by a CA that is not the one given";
    case 7:
      return "the certificate of the server has a wrong signature: it is signed by another CA of the same "
             "name";
    case 26:
      return "the certificate of the server is not one for servers";
    default:
      break;
  }
  if (failure.verify_result == 62 || failure.verify_result == 64 || has(failure.detail, "alternative") ||
      has(failure.detail, "subject name")) {
    return fmt::format("the certificate of the server is for another name than '{}'", host(failure.url));
  }
  return fmt::format("the certificate of the server cannot be trusted ({})", failure.detail);
}

/// The server broke the handshake off: nothing, unless it says that it is for our certificate.
std::string client_certificate(const Failure& failure) {
  if (!has(failure.detail, "alert") || has(failure.detail, "handshake failure") ||
      has(failure.detail, "protocol version")) {
    return {};
  }
  const bool about_certificate = has(failure.detail, "certificate") || has(failure.detail, "unknown ca");
  if (!about_certificate) {
    return {};
  }
  if (!failure.has_certificate) {
    return "the server asks for a client certificate, and none is given";
  }
  if (has(failure.detail, "unknown ca")) {
    return "the server refuses the client certificate: it is signed by a CA that the server does not know";
  }
  if (has(failure.detail, "expired")) {
    return "the server refuses the client certificate: it has expired";
  }
  return "the server refuses the client certificate: it has expired, is not one for clients, or is signed by "
         "a CA "
         "that the server does not know";
}

Error tls_failure(const Failure& failure) {
  if (std::string refused = client_certificate(failure); !refused.empty()) {
    return Error{Errc::denied, std::move(refused)};
  }
  if (has(failure.detail, "wrong version number") || has(failure.detail, "packet length too long") ||
      has(failure.detail, "http request")) {
    return Error{Errc::protocol, "the server does not speak TLS there: is it http:// instead of https://?"};
  }
  if (failure.os_errno != 0 || has(failure.detail, "SSL_ERROR_SYSCALL")) {
    return Error{
        Errc::io,
        "the server closed the connection in the TLS handshake: does it speak TLS there, or is it http://?",
        failure.os_errno};
  }
  return Error{Errc::io, fmt::format("the TLS handshake failed ({})", failure.detail)};
}

Error connection_failure(const Failure& failure) {
  if (std::string refused = client_certificate(failure); !refused.empty()) {
    return Error{Errc::denied, std::move(refused)};
  }
  const std::string reason =
      failure.os_errno != 0 ? sys::errno_text(failure.os_errno) : std::string(failure.detail);
  return Error{Errc::io, "the connection broke: " + reason, failure.os_errno};
}

Error what_happened(const Failure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error{Errc::io, fmt::format("there is no address for the name '{}'", host(failure.url))};
    case CURLE_COULDNT_CONNECT:
      return Error{Errc::io,
                   fmt::format("cannot connect: {}", failure.os_errno != 0 ? sys::errno_text(failure.os_errno)
                                                                           : std::string(failure.detail)),
                   failure.os_errno};
    case CURLE_OPERATION_TIMEDOUT:
      return Error{Errc::timeout, fmt::format("no answer within {} s",
                                              std::chrono::duration<double>(failure.timeout).count())};
    case CURLE_PEER_FAILED_VERIFICATION:
      return Error{Errc::denied, server_certificate(failure)};
    case CURLE_SSL_CONNECT_ERROR:
      return failure.verify_result != 0 && has(failure.detail, "verify failed")
                 ? Error{Errc::denied, server_certificate(failure)}
                 : tls_failure(failure);
    case CURLE_SSL_CERTPROBLEM:
      return Error{
          Errc::invalid,
          has(failure.detail, "private key")
              ? std::string("the key of the client certificate belongs to another certificate, or is damaged")
              : fmt::format("the client certificate is damaged ({})", failure.detail)};
    case CURLE_SSL_CACERT_BADFILE:
      return Error{Errc::invalid, fmt::format("the CA certificate cannot be used ({})", failure.detail)};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (has(failure.detail, "HTTP/0.9")) {
        return Error{Errc::protocol, "the answer is no HTTP"};
      }
      return Error{Errc::invalid, "not an URL that begins with http:// or https://"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return connection_failure(failure);
    case CURLE_GOT_NOTHING:
      return Error{Errc::io,
                   failure.url.starts_with("http://")
                       ? "the server closed the connection without an answer: does it want https://?"
                       : "the server closed the connection without an answer"};
    case CURLE_PARTIAL_FILE:
      return Error{Errc::io, "the server closed the connection in the middle"};
    case CURLE_WEIRD_SERVER_REPLY:
      return Error{Errc::protocol, "the answer is no HTTP"};
    default:
      return Error{Errc::io, failure.detail.empty()
                                 ? std::string(curl_easy_strerror(static_cast<CURLcode>(failure.code)))
                                 : std::string(failure.detail)};
  }
}

}  // namespace

Error describe(const Failure& failure) {
  return what_happened(failure).context(origin(failure.url));
}

}  // namespace catflap::http
