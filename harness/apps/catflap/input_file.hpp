#pragma once

#include <sys/types.h>

#include <array>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::app {

/// A file to read from front to back; compressed ones (gzip, bzip2, xz) go through the program of that name.
class InputFile {
 public:
  /// "-" is standard input, taken as it is.
  static Result<InputFile> open(const std::string& name);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  /// The next octets, valid until the next call; none at the end. An error if the file cannot be read or
  /// decompressed.
  Result<BytesView> read();

 private:
  InputFile(std::string name, sys::UniqueFd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  Status decompress(const char* program);
  Status finish();

  std::string name_, program_;
  sys::UniqueFd fd_;
  pid_t child_ = -1;
  Bytes buffer_ = Bytes(std::size_t{1} << 18U);
};

}  // namespace catflap::app
