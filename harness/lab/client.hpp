#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "sys/netns.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::lab {

/// A connection to a running lab's supervisor: requests and replies are JSON objects, one a line. Blocks.
///
/// Requests: {"op": "status" | "down" | "keep"}, {"op": "netns", "node": N}, {"op": "check", "check": YAML},
/// {"op": "test"}, {"op": "do", "action": YAML}, {"op": "birdc", "node": N, "command": C}. A reply has "ok",
/// and "code" and "message" if that is false.
class Client {
 public:
  /// Errc::not_found with the labs that are up if there is none of that name.
  static Result<Client> connect(const std::filesystem::path& run_root, const std::string& instance);
  explicit Client(sys::UniqueFd socket) : socket_(std::move(socket)) {}

  /// The reply as JSON text; an error reply becomes an Error.
  Result<std::string> request(const std::string& json);
  /// Waits for the next line without asking: progress while a lab comes up.
  Result<std::string> next_line();
  /// From now on the lab outlives this connection.
  Status keep();
  Result<sys::netns::Handle> netns(const std::string& node);

 private:
  sys::UniqueFd socket_;
  std::string buffer_;
  std::vector<sys::UniqueFd> fds_;
};

/// The only lab that is up, for commands that are given no name. Errc::not_found if none is, Errc::invalid if
/// several.
Result<std::string> only_lab(const std::filesystem::path& run_root);

}  // namespace catflap::lab
