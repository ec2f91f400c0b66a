#include "apps/catflap/input_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sys/error.hpp"

extern char** environ;

namespace catflap::app {

Result<InputFile> InputFile::open(const std::string& name) {
  if (name == "-") {
    return InputFile("standard input", sys::UniqueFd(::dup(STDIN_FILENO)));
  }
  sys::UniqueFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail(sys::last_error(name));
  }
  std::array<unsigned char, 6> magic{};
  const ssize_t count = ::pread(fd.get(), magic.data(), magic.size(), 0);
  if (count < 0 && errno != ESPIPE) {
    return fail(sys::last_error(name));
  }
  InputFile file(name, std::move(fd));
  const char* program = nullptr;
  if (magic[0] == 0x1F && magic[1] == 0x8B) {
    program = "gzip";
  } else if (std::memcmp(magic.data(), "BZh", 3) == 0) {
    program = "bzip2";
  } else if (std::memcmp(magic.data(),
                         "\xFD"
                         "7zXZ\0",
                         6) == 0) {
    program = "xz";
  }
  if (program != nullptr) {
    if (auto done = file.decompress(program); !done) {
      return fail(std::move(done.error()));
    }
  }
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)),
      program_(std::move(other.program_)),
      fd_(std::move(other.fd_)),
      child_(std::exchange(other.child_, -1)),
      buffer_(std::move(other.buffer_)) {}

InputFile::~InputFile() {
  fd_.reset();
  if (child_ > 0) {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
}

Status InputFile::decompress(const char* program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(sys::last_error("open a pipe"));
  }
  sys::UniqueFd read_end(ends[0]);
  const sys::UniqueFd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, fd_.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  std::string name = program;
  std::string option = "-dc";
  std::array<char*, 3> arguments{name.data(), option.data(), nullptr};
  const int error = ::posix_spawnp(&child_, program, &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    child_ = -1;
    return fail(sys::system_error(name_ + ": run " + program, error));
  }
  program_ = program;
  fd_ = std::move(read_end);
  return {};
}

Result<BytesView> InputFile::read() {
  while (true) {
    const ssize_t count = ::read(fd_.get(), buffer_.data(), buffer_.size());
    if (count > 0) {
      return BytesView(buffer_).first(static_cast<std::size_t>(count));
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return fail(sys::last_error(name_));
    }
    if (auto done = finish(); !done) {
      return fail(std::move(done.error()));
    }
    return BytesView();
  }
}

Status InputFile::finish() {
  int status = 0;
  if (child_ > 0 && ::waitpid(std::exchange(child_, -1), &status, 0) > 0 && status != 0) {
    return fail(Errc::invalid, name_ + ": " + program_ + " cannot decompress it to the end");
  }
  return {};
}

}  // namespace catflap::app
