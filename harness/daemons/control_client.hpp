#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "birdc/parse.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::daemons {

/// One connection to a control socket, on the loop: connects as soon as the socket accepts, sends one command
/// at a time and hands over the lines of its reply as they come. Never blocks. Single-threaded, like its
/// loop.
class ControlClient {
 public:
  using LineHandler = std::function<Status(const birdc::ReplyLine& line)>;
  using DoneHandler = std::function<void(Result<birdc::Reply::Line> last)>;

  struct Events {
    std::function<void(std::string_view version)> welcome;  ///< connected, and the daemon has spoken
    std::function<void(const Error& error)> lost;  ///< was connected and is no longer; tries again by itself
  };

  ControlClient(sys::EventLoop& loop, std::filesystem::path socket, Events events);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  /// Starts connecting; the file need not exist yet. Tries every 2 ms at first, up to every 100 ms later.
  void start();
  /// Tries to connect in the next round rather than when its turn comes; for a caller that knows the file is
  /// there.
  void connect_now();
  void stop();

  bool connected() const { return welcomed_; }
  const std::string& version() const { return version_; }
  /// Commands that wait or run.
  std::size_t pending() const { return queue_.size(); }

  /// Queues a command. `line` (may be empty) sees every line but the last; an error of it ends the
  /// connection, because the two sides no longer understand each other. `done` is called exactly once: with
  /// the last line, or with the error that ended the connection (never, if the client is destroyed first). A
  /// reply of more than `reply_max` octets is such an error.
  void command(std::string command, LineHandler line, DoneHandler done,
               std::size_t reply_max = std::size_t{1024} * 1024 * 1024);
  /// The same with the whole reply (at most 1 MiB).
  void command(std::string command, std::function<void(Result<birdc::Reply>)> done);

 private:
  struct Request {
    std::string command;
    LineHandler line;
    DoneHandler done;
    std::size_t reply_max = 0;
    std::size_t received = 0;
  };

  void try_connect();
  void retry_later();
  void on_io(std::uint32_t events);
  void read_some();
  bool serve_lines();
  void on_last_line(const birdc::ReplyLine& line);
  void send_next();
  void flush();
  void drop(Error error);

  sys::EventLoop& loop_;
  std::filesystem::path socket_path_;
  Events events_;
  sys::UniqueFd socket_;
  birdc::ReplyReader reader_;
  bool started_ = false, welcomed_ = false, in_flight_ = false;
  std::string version_;
  std::string out_;
  std::deque<Request> queue_;
  sys::EventLoop::TimerId retry_timer_ = sys::EventLoop::TimerId::none;
  Duration retry_delay_{};
  /// Expires with the object, so that a callback that destroys it can be noticed.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace catflap::daemons
