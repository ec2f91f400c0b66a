#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "daemons/adapter.hpp"
#include "observe/store.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::daemons {

/// FRR's bgpd over its vty socket, as vtysh talks to it: a command and a NUL go in, text, three NULs and a
/// status come back. Polls sessions and both tables as JSON.
class FrrLink final : public Link {
 public:
  FrrLink(sys::EventLoop& loop, std::filesystem::path socket, LinkEvents events);
  ~FrrLink() override;
  FrrLink(const FrrLink&) = delete;
  FrrLink& operator=(const FrrLink&) = delete;

  void start() override;
  bool ready() const override { return ready_; }
  const observe::Store& store() const override { return store_; }
  const observe::Snapshot& snapshot() override { return store_.snapshot(loop_.now()); }
  void set_interest(Interest interest) override;
  void poll_now() override;
  void connect_now() override;
  /// Errc::unsupported: FRR is configured by its own commands.
  void configure(const birdc::Configure& how, std::function<void(Status)> done) override;
  /// A command of vtysh; its text is the reply.
  void command(std::string command, std::function<void(Result<birdc::Reply>)> done) override;

 private:
  using TextHandler = std::function<void(Result<std::string>)>;

  void try_connect();
  void ask(std::string command, TextHandler done);
  void send_next();
  void readable();
  void drop(const Error& error);
  void poll();
  void finish_poll();
  Duration interval() const;

  sys::EventLoop& loop_;
  std::filesystem::path path_;
  LinkEvents events_;
  observe::Store store_;
  sys::UniqueFd socket_;
  std::string received_;
  struct Question {
    std::string command;
    TextHandler done;
  };
  std::deque<Question> questions_;  ///< the first one has been sent
  sys::EventLoop::TimerId timer_ = sys::EventLoop::TimerId::none;
  Interest interest_ = Interest::normal;
  bool ready_ = false, polling_ = false, changed_ = false;
};

/// What `show bgp neighbors json` and `show bgp FAMILY unicast json detail` say. Errc::protocol for text that
/// is no JSON or lacks what is needed.
Result<std::vector<observe::ProtocolView>> frr_sessions(std::string_view json, Instant now);
Result<std::vector<observe::RouteView>> frr_routes(std::string_view json, std::string_view table,
                                                   const std::vector<observe::ProtocolView>& sessions);

}  // namespace catflap::daemons
