#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "birdc/parse.hpp"
#include "daemons/adapter.hpp"
#include "daemons/control_client.hpp"
#include "observe/store.hpp"
#include "observe/stream.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

/// The two kinds of links: one polls a BIRD over its control socket, one listens to the events of
/// catflap-bgpd.
namespace catflap::daemons {

/// BIRD 1.6 or 2.x: `show status`, `show protocols all`, `show route table all all` over one connection that
/// stays. Routes are read again only when the counters of a protocol have moved.
class PolledLink final : public Link {
 public:
  PolledLink(sys::EventLoop& loop, const Paths& paths, LinkEvents events);
  ~PolledLink() override;

  void start() override;
  bool ready() const override { return ready_; }
  const observe::Store& store() const override { return store_; }
  const observe::Snapshot& snapshot() override { return store_.snapshot(loop_.now()); }
  void set_interest(Interest interest) override;
  void poll_now() override;
  void connect_now() override { client_.connect_now(); }
  void configure(const birdc::Configure& how, std::function<void(Status)> done) override;
  void command(std::string command, std::function<void(Result<birdc::Reply>)> done) override;

 private:
  void on_welcome(std::string_view version);
  void on_lost(const Error& error);
  void poll();
  void read_protocols();
  void on_protocols(std::vector<observe::ProtocolView> protocols);
  void read_routes(bool changed);
  void finish_poll(bool changed);
  void schedule();
  Duration interval() const;

  sys::EventLoop& loop_;
  LinkEvents events_;
  ControlClient client_;
  observe::Store store_;
  birdc::Format format_ = birdc::Format::bird2;
  Interest interest_ = Interest::normal;
  sys::EventLoop::TimerId timer_ = sys::EventLoop::TimerId::none;
  bool ready_ = false, polling_ = false, poll_again_ = false, routes_wanted_ = true;
  std::string route_counters_;
  int eager_polls_ = 0;
};

/// catflap-bgpd: its event stream, and its control socket for commands.
class StreamLink final : public Link {
 public:
  StreamLink(sys::EventLoop& loop, const Paths& paths, LinkEvents events);
  ~StreamLink() override;

  void start() override;
  bool ready() const override { return ready_; }
  const observe::Store& store() const override { return store_; }
  const observe::Snapshot& snapshot() override { return store_.snapshot(loop_.now()); }
  void set_interest(Interest) override {}
  void poll_now() override {}
  void connect_now() override;
  void configure(const birdc::Configure& how, std::function<void(Status)> done) override;
  void command(std::string command, std::function<void(Result<birdc::Reply>)> done) override;

 private:
  void try_connect();
  void retry_later();
  void read_some();
  bool serve_lines();
  bool on_message(const observe::StreamMessage& message);
  void drop(const Error& error);

  sys::EventLoop& loop_;
  std::filesystem::path events_path_;
  LinkEvents events_;
  ControlClient client_;
  observe::Store store_;
  observe::LineBuffer lines_;
  sys::UniqueFd socket_;
  sys::EventLoop::TimerId retry_timer_ = sys::EventLoop::TimerId::none;
  Duration retry_delay_;
  bool started_ = false, ready_ = false, changed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The clock that turns the wall times of a daemon on this machine into instants.
birdc::Clock local_clock(Instant now);
/// The command line of `how`, and what its reply means.
std::string configure_command(const birdc::Configure& how);
Status configure_result(const Result<birdc::Reply>& reply);

}  // namespace catflap::daemons
