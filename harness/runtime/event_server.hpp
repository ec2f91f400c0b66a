#pragma once

#include <chrono>
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
#include "runtime/stream_client.hpp"
#include "sys/acceptor.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// The event stream of observe/stream.hpp on a Unix socket. Route counters of protocols have no events of
/// their own: while routes change, those that have changed are sent every 10 ms. The state that a new
/// listener is told first is made piece by piece, as it reads; what changes meanwhile comes in between.
///
/// Routes that change faster than listeners read are not queued: a prefix waits at most once, whatever
/// happens to it, and is told as it is when its turn comes, so a slow listener hears of fewer states but
/// always of the last. All listeners hear of routes at the pace of the slowest; one that has read nothing for
/// kPatience while it held up the others is cut off, and so is one whose queue grows beyond kQueueOctetsMax.
/// It connects again and gets the whole state. Without listeners nothing is made.
class EventServer {
 public:
  static constexpr std::size_t kQueueOctetsMax = std::size_t{64} << 20U;
  static constexpr std::size_t kClientsMax = 64;
  static constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;
  static constexpr int kPiecesPerRound = 4;
  /// A listener with so much in its queue holds up route changes.
  static constexpr std::size_t kLagOctets = std::size_t{1} << 20U;
  /// Changed prefixes told in one round of the loop: some 2 ms.
  static constexpr std::size_t kPrefixesPerRound = 256;
  static constexpr Duration kPatience = std::chrono::seconds(5);

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
  struct Client : StreamClient {
    using StreamClient::StreamClient;
    std::optional<Greeting> greeting;  ///< nullopt: all told
    Instant read_at;                   ///< when its queue last was empty or became shorter
  };

  EventServer(sys::EventLoop& loop, std::filesystem::path path, bgp::Speaker& speaker, std::string version);
  void publish_protocols();
  void publish_routes();
  /// True if a listener has to read before routes are told; cuts off who has not for too long.
  bool held_up();
  void publish_counters();
  void watch_counters(Duration after);
  void accepted(sys::UniqueFd fd);
  void serve(int fd, std::uint32_t events);
  void greet(Client& client);
  void greet_piece(Client& client);
  bool flush(Client& client);
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
  std::map<std::string, std::set<net::Prefix>> routes_;  ///< changed, by table
  observe::RouteLines route_lines_;
  sys::EventLoop::TimerId held_up_timer_ = sys::EventLoop::TimerId::none;
  std::map<std::string, std::vector<observe::ChannelView>> told_;  ///< with the counters as last sent
  sys::EventLoop::TimerId counters_timer_ = sys::EventLoop::TimerId::none;
  Duration counters_after_{};
};

}  // namespace catflap::runtime
