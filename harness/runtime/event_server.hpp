#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bgp/speaker/speaker.hpp"
#include "observe/stream.hpp"
#include "sys/acceptor.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// The event stream of observe/stream.hpp on a Unix socket. Route counters of protocols have no events of
/// their own: while routes change, those that have changed are sent every 10 ms. The state that a new
/// listener is told first is made piece by piece, as it reads; what changes meanwhile comes in between.
///
/// A listener whose queue grows beyond kQueueOctetsMax is cut off; it connects again and gets the whole
/// state.
class EventServer {
 public:
  static constexpr std::size_t kQueueOctetsMax = std::size_t{64} << 20U;
  static constexpr std::size_t kClientsMax = 64;
  static constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;
  static constexpr int kPiecesPerRound = 4;

  /// Errc::exists if somebody listens at `path`. `speaker` must outlive the server.
  static Result<std::unique_ptr<EventServer>> listen(sys::EventLoop& loop, const std::filesystem::path& path,
                                                     bgp::Speaker& speaker, std::string version);
  ~EventServer();
  EventServer(const EventServer&) = delete;
  EventServer& operator=(const EventServer&) = delete;

  /// Notes what has changed; publish() sends it as it then is.
  void protocol_changed(const std::string& protocol);
  void route_changed(const std::string& table, const net::Prefix& prefix);
  void note(const std::string& level, const std::string& text);
  void publish();
  void say_bye(const std::string& reason);

 private:
  /// How far a listener has been told the routes that were there.
  struct Greeting {
    std::vector<std::string> tables;  ///< still to come; the one at the back is being told
    std::optional<net::Prefix> after;
  };
  struct Client {
    sys::UniqueFd fd;
    std::optional<Greeting> greeting;  ///< nullopt: all told
    std::string queue;
    std::size_t sent = 0;
    bool want_write = false;
  };

  EventServer(sys::EventLoop& loop, std::filesystem::path path, bgp::Speaker& speaker, std::string version);
  void publish_counters();
  void watch_counters(Duration after);
  void accepted(sys::UniqueFd fd);
  void serve(int fd, std::uint32_t events);
  void greet(Client& client);
  void greet_piece(Client& client);
  bool write_queue(Client& client);
  void send_to_all(const std::string& line);
  void write_out(int fd);
  void drop(int fd);

  sys::EventLoop& loop_;
  std::filesystem::path path_;
  std::unique_ptr<sys::Acceptor> acceptor_;
  bgp::Speaker& speaker_;
  std::string version_;
  std::map<int, std::unique_ptr<Client>> clients_;
  std::set<std::string> protocols_;
  std::set<std::pair<std::string, net::Prefix>> routes_;
  std::map<std::string, std::vector<observe::ChannelView>> told_;  ///< with the counters as last sent
  sys::EventLoop::TimerId counters_timer_ = sys::EventLoop::TimerId::none;
  Duration counters_after_{};
};

}  // namespace catflap::runtime
