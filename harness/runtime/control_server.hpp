#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "birdc/format.hpp"
#include "runtime/commands.hpp"
#include "runtime/stream_client.hpp"
#include "sys/acceptor.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// BIRD's control socket: speaks birdc's protocol (module birdc) on a Unix socket. One command at a time for
/// each client; the next one is not read before the reply is out, and of a long reply the next piece is not
/// made before the last one is out (ReplyRest). So a client that does not read holds up only itself and
/// costs about CommandRunner::kPieceOctets.
class ControlServer {
 public:
  static constexpr std::size_t kClientsMax = 64;
  /// Pieces and replies that one client gets before the others have their turn.
  static constexpr int kPiecesPerRound = 4;

  /// Errc::exists if another daemon listens at `path`. `daemon` must outlive the server.
  static Result<std::unique_ptr<ControlServer>> listen(sys::EventLoop& loop,
                                                       const std::filesystem::path& path,
                                                       DaemonControl& daemon, ControlView view);
  /// For the clients that asked for such lines by `echo`. What does not fit a client's buffer is counted and
  /// told when there is room again.
  void log(bgp::act::NoteLevel level, std::string_view text);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Client : StreamClient {
    Client(sys::UniqueFd socket, CommandRunner commands)
        : StreamClient(std::move(socket)), runner(std::move(commands)) {}
    CommandRunner runner;
    std::string echoed;  ///< asynchronous lines, for the next gap between replies
    std::size_t echo_lost = 0;
    bool busy = false;  ///< has had its turn and goes on in the next round
    bool closing = false;
  };

  ControlServer(sys::EventLoop& loop, std::filesystem::path path, DaemonControl& daemon, ControlView view);
  void accepted(sys::UniqueFd fd);
  void serve(int fd, std::uint32_t events);
  void run_commands(Client& client);
  static void take_echoed(Client& client);
  static bool flush(Client& client);
  void drop(int fd);

  sys::EventLoop& loop_;
  std::filesystem::path path_;
  std::unique_ptr<sys::Acceptor> acceptor_;
  DaemonControl& daemon_;
  ControlView view_;
  std::map<int, std::unique_ptr<Client>> clients_;
  sys::EventLoop::TimerId echo_timer_ = sys::EventLoop::TimerId::none;
};

}  // namespace catflap::runtime
