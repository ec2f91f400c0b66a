#include "runtime/query_server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "birdlang/birdlang.hpp"
#include "observe/json.hpp"
#include "runtime/filter_hits.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {
namespace {

using Json = nlohmann::json;

void say(std::string& out, const Json& line) {
  // Texts may come from peers: octets that are not UTF-8 are replaced rather than refused.
  out += line.dump(-1, ' ', false, Json::error_handler_t::replace);
  out.push_back('\n');
}

void say_error(std::string& out, const Error& error) {
  say(out, {{"type", "error"}, {"code", to_string(error.code)}, {"message", to_string(error)}});
}

void say_end(std::string& out, std::uint64_t count) {
  say(out, {{"type", "end"}, {"count", count}});
}

/// The fields of a request; the first that is wrong is kept.
class Request {
 public:
  explicit Request(const Json& json) : json_(json) {}

  std::string text(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) {
      return "";
    }
    if (!found->is_string()) {
      error_ = std::string(name) + " must be text";
      return "";
    }
    return found->get<std::string>();
  }
  bool flag(const char* name) {
    const auto found = json_.find(name);
    if (found != json_.end() && !found->is_boolean()) {
      error_ = std::string(name) + " must be true or false";
      return false;
    }
    return found != json_.end() && found->get<bool>();
  }
  std::optional<net::Prefix> prefix(const char* name) {
    const std::string value = text(name);
    if (value.empty()) {
      return std::nullopt;
    }
    if (const auto parsed = net::Prefix::parse(value)) {
      return *parsed;
    }
    if (const auto addr = net::IpAddr::parse(value)) {
      return net::Prefix::host(*addr);
    }
    error_ = "'" + value + "' is no prefix and no address";
    return std::nullopt;
  }
  const std::string& error() const { return error_; }

 private:
  const Json& json_;
  std::string error_;
};

Result<bgp::RouteQuery> query_of(Request& request, const intent::RouterIntent& intent) {
  bgp::RouteQuery query;
  query.exact = request.prefix("exact");
  query.longest_match_for = request.prefix("for");
  query.within = request.prefix("in");
  query.protocol = request.text("protocol");
  query.primary = request.flag("primary");
  query.filtered = request.flag("filtered");
  query.export_protocol = request.text("export");
  if (!query.export_protocol.empty()) {
    query.export_mode = bgp::RouteQuery::Export::exported;
  }
  if (const std::string where = request.text("where"); !where.empty()) {
    auto filter = birdlang::parse_filter_expression(where, intent);
    if (!filter) {
      return fail(std::move(filter.error()).context("where"));
    }
    query.filter = std::move(*filter);
  }
  return query;
}

/// The family that the question is about, if it names one by a prefix.
std::optional<net::Family> family_of(const bgp::RouteQuery& query) {
  for (const auto& prefix : {query.exact, query.longest_match_for, query.within}) {
    if (prefix) {
      return prefix->family();
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<QueryServer>> QueryServer::listen(sys::EventLoop& loop,
                                                         const std::filesystem::path& path,
                                                         const bgp::Speaker& speaker) {
  std::unique_ptr<QueryServer> server(new QueryServer(loop, path, speaker));
  auto acceptor = listen_at(loop, path, "query socket",
                            [raw = server.get()](sys::UniqueFd fd) { raw->accepted(std::move(fd)); });
  if (!acceptor) {
    return fail(std::move(acceptor.error()));
  }
  server->acceptor_ = std::move(*acceptor);
  return server;
}

QueryServer::~QueryServer() {
  for (const auto& [fd, client] : clients_) {
    loop_.remove(fd);
  }
  ::unlink(path_.c_str());
}

void QueryServer::accepted(sys::UniqueFd fd) {
  if (clients_.size() >= kClientsMax) {
    return;
  }
  const int raw = fd.get();
  auto client = std::make_unique<Client>(std::move(fd));
  if (loop_.add(raw, EPOLLIN, [this, raw](std::uint32_t events) { serve(raw, events); })) {
    clients_[raw] = std::move(client);
  }
}

void QueryServer::serve(int fd, std::uint32_t events) {
  Client& client = *clients_.at(fd);
  if (events != EPOLLOUT && client.out.empty() && !client.rest && !client.receive()) {
    return drop(fd);
  }
  if (!client.flush()) {
    return drop(fd);
  }
  if (client.out.empty() && client.rest && !client.rest(client.out)) {
    client.rest = nullptr;
  }
  while (client.out.empty() && !client.rest) {
    const std::size_t end = client.in.find('\n');
    if (end == std::string::npos) {
      break;
    }
    const std::string request = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    client.rest = answer(request, client.out);
  }
  if (client.in.size() > kRequestMax || !client.flush()) {
    return drop(fd);
  }
  // One piece in a round of the loop: sessions go on in between.
  client.want(loop_, client.out.empty() && !client.rest ? EPOLLIN : EPOLLOUT);
}

QueryServer::Rest QueryServer::walk(std::vector<bgp::RouteQuery> queries) {
  struct State {
    std::vector<bgp::RouteQuery> queries;
    std::size_t at = 0;
    bgp::RouteWalk walk;
    std::uint64_t count = 0;
  };
  auto state = std::make_shared<State>();
  state->queries = std::move(queries);
  return [this, state](std::string& out) {
    if (state->at == state->queries.size()) {
      say_end(out, state->count);
      return false;
    }
    const Status walked = speaker_.routes(
        state->queries[state->at], state->walk, kPrefixesPerPiece, [&](const observe::RouteView& route) {
          ++state->count;
          say(out, {{"type", "route"}, {"route", observe::to_json_value(route)}});
          return true;
        });
    if (!walked) {
      say_error(out, walked.error());
      return false;
    }
    if (state->walk.done) {
      ++state->at;
      state->walk = {};
    }
    return true;
  };
}

QueryServer::Rest QueryServer::count_filters(const std::string& protocol) {
  auto state = std::make_shared<bgp::FilterCountWalk>();
  state->protocol = protocol;
  return [this, state](std::string& out) {
    if (const Status counted = speaker_.count_filters(*state, kPrefixesPerPiece); !counted) {
      say_error(out, counted.error());
      return false;
    }
    if (!state->done) {
      return true;
    }
    for (const bgp::FilterCount& count : state->counts) {
      say(out, {{"type", "hits"}, {"hits", observe::to_json_value(view_of(count))}});
    }
    say_end(out, state->counts.size());
    return false;
  };
}

Result<std::vector<bgp::RouteQuery>> QueryServer::tables_of(const bgp::RouteQuery& query,
                                                            const std::string& table) const {
  std::vector<bgp::RouteQuery> queries;
  const auto family = family_of(query);
  for (const intent::TableIntent& each : speaker_.intent()->tables) {
    if ((table.empty() || each.name == table) && (!family || each.family == *family)) {
      queries.push_back(query);
      queries.back().tables = {each.name};
    }
  }
  if (queries.empty()) {
    return fail(Errc::not_found, table + " is not a table with such routes");
  }
  if (!query.export_protocol.empty() && table.empty()) {
    // Only the tables that it is connected to.
    for (const auto& each : speaker_.snapshot(sys::monotonic_now()).protocols) {
      if (each.name == query.export_protocol) {
        std::erase_if(queries, [&](const bgp::RouteQuery& one) {
          return std::none_of(each.channels.begin(), each.channels.end(),
                              [&](const auto& channel) { return channel.table == one.tables.front(); });
        });
      }
    }
  }
  return queries;
}

Result<std::vector<bgp::RouteQuery>> QueryServer::channels_of(bgp::RouteQuery query,
                                                              const std::string& protocol) const {
  std::vector<bgp::RouteQuery> queries;
  const auto family = family_of(query);
  query.protocol.clear();
  query.adjacent_protocol = protocol;
  query.as_sent = true;
  for (const auto& each : speaker_.snapshot(sys::monotonic_now()).protocols) {
    for (const auto& channel : each.channels) {
      if (each.name == protocol && (!family || channel.family == *family)) {
        queries.push_back(query);
        queries.back().adjacent_family = channel.family;
      }
    }
  }
  if (queries.empty()) {
    return fail(Errc::not_found, "'" + protocol + "' is not a protocol with such routes");
  }
  return queries;
}

Status QueryServer::answer_malformed(const std::string& protocol, std::string& out) const {
  std::uint64_t count = 0;
  for (const auto& each : speaker_.snapshot(sys::monotonic_now()).protocols) {
    if (each.kind != observe::ProtocolKind::bgp || (!protocol.empty() && each.name != protocol)) {
      continue;
    }
    if (const auto view = speaker_.malformed(each.name)) {
      ++count;
      say(out, {{"type", "malformed"}, {"malformed", observe::to_json_value(*view)}});
    }
  }
  if (count == 0 && !protocol.empty()) {
    return fail(Errc::not_found, "'" + protocol + "' is not a BGP protocol");
  }
  say_end(out, count);
  return {};
}

Status QueryServer::answer_explain(const bgp::ExplainQuery& query, std::string& out) const {
  const auto views = speaker_.explain(query);
  if (!views) {
    return fail(views.error());
  }
  for (const observe::ExplainView& view : *views) {
    say(out, {{"type", "explain"}, {"explain", observe::to_json_value(view)}});
  }
  say_end(out, views->size());
  return {};
}

void QueryServer::answer_protocols(std::string& out) const {
  const auto protocols = speaker_.snapshot(sys::monotonic_now()).protocols;
  for (const auto& each : protocols) {
    say(out, {{"type", "protocol"}, {"protocol", observe::to_json_value(each)}});
  }
  say_end(out, protocols.size());
}

QueryServer::Rest QueryServer::answer(std::string_view text, std::string& out) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  const auto intent = speaker_.intent();
  if (!json.is_object() || intent == nullptr) {
    say_error(out, {Errc::invalid, "a question is a JSON object on a line of its own"});
    return nullptr;
  }
  Request request(json);
  const std::string ask = request.text("ask");
  const std::string protocol = request.text("protocol");
  auto query = query_of(request, *intent);
  const auto prefix = request.prefix("prefix");
  Status done = request.error().empty() ? Status{} : Status(fail(Errc::invalid, request.error()));
  if (!query) {
    done = fail(query.error());
  }
  Result<std::vector<bgp::RouteQuery>> queries;
  const bool walks = ask == "routes" || ask == "received" || ask == "advertised";
  if (!done) {
    // said below
  } else if (ask == "routes") {
    queries = tables_of(*query, request.text("table"));
    done = queries ? done : Status(fail(queries.error()));
  } else if (ask == "received" || ask == "advertised") {
    query->adjacent =
        ask == "received" ? bgp::RouteQuery::Adjacent::received : bgp::RouteQuery::Adjacent::advertised;
    queries = channels_of(std::move(*query), protocol);
    done = queries ? done : Status(fail(queries.error()));
  } else if (ask == "explain" && prefix) {
    done = answer_explain({*prefix, request.flag("exactly"), request.text("table")}, out);
  } else if (ask == "hits") {
    return count_filters(protocol);
  } else if (ask == "protocols") {
    answer_protocols(out);
  } else if (ask == "malformed") {
    done = answer_malformed(protocol, out);
  } else {
    done = fail(Errc::invalid, "unknown question '" + ask + "', or its prefix is missing");
  }
  if (!done) {
    say_error(out, done.error());
    return nullptr;
  }
  return walks ? walk(std::move(*queries)) : nullptr;
}

void QueryServer::drop(int fd) {
  loop_.remove(fd);
  clients_.erase(fd);
}

}  // namespace catflap::runtime
