#include "sys/error.hpp"

#include <cerrno>
#include <cstring>
#include <string>

namespace catflap::sys {
namespace {

Errc code_of(int sys_errno) {
  switch (sys_errno) {
    case EPERM:
    case EACCES:
      return Errc::denied;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
      return Errc::not_found;
    case EEXIST:
    case EADDRINUSE:
      return Errc::exists;
    case ETIMEDOUT:
      return Errc::timeout;
    case EINVAL:
    case ENAMETOOLONG:
      return Errc::invalid;
    case EOPNOTSUPP:
    case ENOSYS:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
      return Errc::unsupported;
    case EAGAIN:
    case EBUSY:
      return Errc::conflict;
    default:
      return Errc::io;
  }
}

}  // namespace

std::string errno_text(int sys_errno) {
  const char* text = ::strerrordesc_np(sys_errno);
  return text != nullptr ? text : "error " + std::to_string(sys_errno);
}

Error system_error(std::string_view what, int sys_errno) {
  return Error{code_of(sys_errno), std::string(what) + ": " + errno_text(sys_errno), sys_errno};
}

Error last_error(std::string_view what) {
  return system_error(what, errno);
}

}  // namespace catflap::sys
