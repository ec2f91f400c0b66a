#include "sys/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.hpp"

namespace catflap::sys {

void UniqueFd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old >= 0 && old != fd) {
    const int saved = errno;
    (void)::close(old);  // nothing can be done about it, and Linux has closed it even on EINTR
    errno = saved;
  }
}

Result<UniqueFd> UniqueFd::duplicate() const {
  UniqueFd copy(::fcntl(fd_, F_DUPFD_CLOEXEC, 3));
  if (!copy) {
    return fail(last_error("cannot duplicate a descriptor"));
  }
  return copy;
}

}  // namespace catflap::sys
