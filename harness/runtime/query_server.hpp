#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/speaker.hpp"
#include "runtime/stream_client.hpp"
#include "sys/acceptor.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Questions about a speaker, for `catflap bgp`: one JSON object a line in, JSON objects a line out, on a
/// Unix socket of its own. The last line of an answer has the type "end", or "error" with "code" and
/// "message".
///
///   {"ask": "protocols"}                                       {"type": "protocol", "protocol": ...}
///   {"ask": "malformed", "protocol": "p"}                      {"type": "malformed", "malformed": ...}
///   {"ask": "hits", "protocol": "p"}                           {"type": "hits", "hits": ...}
///   {"ask": "explain", "prefix": "10.0.0.0/8", "exactly": false, "table": "master4"}   "explain"
///   {"ask": "routes", "table", "exact", "for", "in", "protocol", "export", "primary", "filtered", "where"}
///   {"ask": "received" | "advertised", "protocol": "p", "exact", "in", "where"}      {"type": "route", ...}
///
/// Long answers come in pieces; the next one is made when the client has taken the one before.
class QueryServer {
 public:
  static constexpr std::size_t kClientsMax = 64;
  static constexpr std::size_t kRequestMax = std::size_t{16} << 10U;  ///< octets
  /// Networks that one piece looks at.
  static constexpr std::size_t kPrefixesPerPiece = 256;

  /// Errc::exists if somebody listens at `path`. `speaker` must outlive the server.
  static Result<std::unique_ptr<QueryServer>> listen(sys::EventLoop& loop, const std::filesystem::path& path,
                                                     const bgp::Speaker& speaker);
  ~QueryServer();
  QueryServer(const QueryServer&) = delete;
  QueryServer& operator=(const QueryServer&) = delete;

 private:
  /// Appends the next piece of an answer. False: that was the last one.
  using Rest = std::function<bool(std::string& out)>;
  struct Client : StreamClient {
    using StreamClient::StreamClient;
    Rest rest;
  };

  QueryServer(sys::EventLoop& loop, std::filesystem::path path, const bgp::Speaker& speaker)
      : loop_(loop), path_(std::move(path)), speaker_(speaker) {}
  void accepted(sys::UniqueFd fd);
  void serve(int fd, std::uint32_t events);
  Rest answer(std::string_view request, std::string& out);
  Rest walk(std::vector<bgp::RouteQuery> queries);
  Rest count_filters(const std::string& protocol);
  /// One query for each table, or each channel of a protocol, that is asked about.
  Result<std::vector<bgp::RouteQuery>> tables_of(const bgp::RouteQuery& query,
                                                 const std::string& table) const;
  Result<std::vector<bgp::RouteQuery>> channels_of(bgp::RouteQuery query, const std::string& protocol) const;
  void answer_protocols(std::string& out) const;
  Status answer_explain(const bgp::ExplainQuery& query, std::string& out) const;
  Status answer_malformed(const std::string& protocol, std::string& out) const;
  void drop(int fd);

  sys::EventLoop& loop_;
  std::filesystem::path path_;
  std::unique_ptr<sys::Acceptor> acceptor_;
  const bgp::Speaker& speaker_;
  std::map<int, std::unique_ptr<Client>> clients_;
};

}  // namespace catflap::runtime
