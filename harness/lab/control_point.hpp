#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lab/engine.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::lab {

/// Serves the requests of lab/client.hpp for one engine.
class ControlPoint {
 public:
  struct Hooks {
    std::function<void()> down;       ///< a client asked for the end
    std::function<void()> keep;       ///< the lab may outlive its starter
    std::function<void()> abandoned;  ///< the starter's connection closed before it said keep
  };
  static Result<std::unique_ptr<ControlPoint>> listen(Engine& engine, Hooks hooks);
  ~ControlPoint();
  ControlPoint(const ControlPoint&) = delete;
  ControlPoint& operator=(const ControlPoint&) = delete;

  /// Serves a connection that is there already: the starter's.
  Status adopt(sys::UniqueFd socket, bool starter);
  /// Sends the replies that waited for the end. The engine's nodes may be gone already.
  void say_goodbye();

 private:
  struct ConnectionState;
  using Connection = std::shared_ptr<ConnectionState>;
  static constexpr std::size_t kConnectionsMax = 128;
  static constexpr std::size_t kRequestMax = std::size_t{1} << 20U;

  ControlPoint(Engine& engine, Hooks hooks, sys::UniqueFd listener);
  void readable(const Connection& connection);
  void serve(const Connection& connection, std::string_view line);
  void reply(const Connection& connection, std::string text, int fd = -1);
  void reply_error(const Connection& connection, const Error& error);
  void write_out(const Connection& connection);
  void drop(const Connection& connection);
  void serve_check(const Connection& connection, const std::string& yaml);
  void serve_action(const Connection& connection, const std::string& yaml);
  void perform_from(const Connection& connection,
                    const std::shared_ptr<const std::vector<topology::Action>>& actions, std::size_t index);
  void serve_birdc(const Connection& connection, const std::string& node, const std::string& command);
  void serve_netns(const Connection& connection, const std::string& node);

  Engine& engine_;
  Hooks hooks_;
  sys::UniqueFd listener_;
  std::map<int, Connection> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace catflap::lab
