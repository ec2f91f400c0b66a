#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/catflap/verbs.hpp"
#include "base/result.hpp"
#include "birdc/parse.hpp"
#include "sys/unique_fd.hpp"

/// How `catflap bgp` finds a speaker and asks it.
namespace catflap::app {

/// What is asked, and whom.
struct Target {
  std::filesystem::path events;  ///< of our speaker; its questions at the same path + ".query"
  std::string bird;              ///< instead: the name of a node that runs BIRD
};
/// Of a node of a lab (`words` of BgpOptions without the node), or of the socket that the options name.
Result<Target> find_target(const Common& common, const BgpOptions& options, const std::string& node);
/// For what BIRD cannot tell.
Error needs_self(const Target& target, const std::string& what);

/// Calls `each` for every line of a Unix socket; false from it, or the end of the stream, ends it well.
Status read_lines(int fd, const std::function<Result<bool>(std::string_view)>& each);
Result<sys::UniqueFd> connect_to(const std::filesystem::path& path);
/// One question to our speaker; `each` gets the objects of its answer.
Status ask(const Target& target, const nlohmann::json& question,
           const std::function<Status(const nlohmann::json&)>& each);
/// A command to a BIRD of a lab.
Result<birdc::Reply> ask_bird(const Common& common, const std::string& node, const std::string& command);

/// All that a question gives.
template <class View, class Decode>
Result<std::vector<View>> collect(const Target& target, const nlohmann::json& question, Decode decode) {
  std::vector<View> views;
  auto done = ask(target, question, [&](const nlohmann::json& value) -> Status {
    auto view = decode(value);
    if (!view) {
      return fail(std::move(view.error()));
    }
    views.push_back(std::move(*view));
    return {};
  });
  if (!done) {
    return fail(std::move(done.error()));
  }
  return views;
}

}  // namespace catflap::app
