#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace catflap::sys {

/// The error of a system call: "what: No such file or directory". EPERM and EACCES become denied, ENOENT,
/// ENODEV, ENXIO and ESRCH not_found, EEXIST and EADDRINUSE exists, ETIMEDOUT timeout, EINVAL and
/// ENAMETOOLONG invalid, EOPNOTSUPP, ENOSYS, EAFNOSUPPORT and EPROTONOSUPPORT unsupported, EAGAIN and EBUSY
/// conflict, everything else io.
Error system_error(std::string_view what, int sys_errno);
/// The same with the errno of now.
Error last_error(std::string_view what);

/// strerror without its shared buffer: "No such file or directory".
std::string errno_text(int sys_errno);

}  // namespace catflap::sys
