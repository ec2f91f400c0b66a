#pragma once

#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace catflap::http {

/// What libcurl knows about an exchange that failed.
struct Failure {
  int code = 0;             ///< CURLcode
  std::string_view detail;  ///< CURLOPT_ERRORBUFFER
  long verify_result = 0;   ///< CURLINFO_SSL_VERIFYRESULT: OpenSSL's X509_V_ERR_..., 0: nothing wrong
  int os_errno = 0;         ///< CURLINFO_OS_ERRNO
  std::string_view url;
  bool has_certificate = false;  ///< we had one to show
  Duration timeout{0};
};

/// In words.
Error describe(const Failure& failure);

}  // namespace catflap::http
