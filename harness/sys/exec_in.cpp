#include "sys/exec_in.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.hpp"

namespace catflap::sys {

Error exec_in(const netns::Handle& ns, const std::vector<std::string>& argv) {
  if (argv.empty()) {
    return {Errc::invalid, "no command given"};
  }
  if (::setns(ns.fd(), CLONE_NEWNET) != 0) {
    return last_error("enter the network namespace");
  }
  // A mount of sysfs shows the namespace it was mounted in. Where that is not allowed the command still runs.
  if (::unshare(CLONE_NEWNS) == 0 && ::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) == 0 &&
      ::umount2("/sys", MNT_DETACH) == 0) {
    (void)::mount("catflap", "/sys", "sysfs", 0, nullptr);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  return system_error("cannot run " + argv[0], errno);
}

}  // namespace catflap::sys
