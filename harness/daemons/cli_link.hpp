#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemons/adapter.hpp"
#include "observe/store.hpp"
#include "sys/event_loop.hpp"
#include "sys/process.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::daemons {

/// A daemon's own command line client, and what it is asked.
struct CliClient {
  std::string daemon;             ///< "gobgp"
  std::vector<std::string> argv;  ///< the client, found on the PATH, and what stands before each question
  std::vector<std::vector<std::string>> questions;
  struct View {
    std::vector<observe::ProtocolView> protocols;
    std::vector<observe::RouteView> routes;
  };
  /// The answers to all questions, in order. `wall_s`: the time of day, seconds since 1970. Errc::protocol
  /// for what is not understood.
  std::function<Result<View>(const std::vector<std::string>& answers, Instant now, std::int64_t wall_s)> read;
};

/// A daemon that is asked by running its client, one process after the other. The client reaches it over a
/// Unix socket, so it runs in no namespace.
class CliLink final : public Link {
 public:
  CliLink(sys::EventLoop& loop, CliClient client, LinkEvents events);
  ~CliLink() override;
  CliLink(const CliLink&) = delete;
  CliLink& operator=(const CliLink&) = delete;

  void start() override { poll_now(); }
  bool ready() const override { return ready_; }
  const observe::Store& store() const override { return store_; }
  const observe::Snapshot& snapshot() override { return store_.snapshot(loop_.now()); }
  void set_interest(Interest interest) override;
  void poll_now() override;
  void connect_now() override { poll_now(); }
  /// Errc::unsupported: it is configured in its own way.
  void configure(const birdc::Configure& how, std::function<void(Status)> done) override;
  /// The words of a question for the client; what it prints is the reply.
  void command(std::string command, std::function<void(Result<birdc::Reply>)> done) override;

 private:
  using TextHandler = std::function<void(Result<std::string>)>;
  struct Question {
    std::vector<std::string> words;
    TextHandler done;
  };

  void ask(std::vector<std::string> words, TextHandler done);
  void run_next();
  void exited();
  void answered(Result<std::string> text);
  void finish_poll();
  Duration interval() const;

  sys::EventLoop& loop_;
  CliClient client_;
  LinkEvents events_;
  observe::Store store_;
  std::deque<Question> questions_;  ///< the first one runs
  std::optional<sys::proc::Child> child_;
  sys::UniqueFd output_;
  std::vector<std::string> answers_;  ///< of this poll
  sys::EventLoop::TimerId timer_ = sys::EventLoop::TimerId::none;
  sys::EventLoop::TimerId next_ = sys::EventLoop::TimerId::none;  ///< starts the first question
  Interest interest_ = Interest::normal;
  bool ready_ = false, polling_ = false;
};

}  // namespace catflap::daemons
