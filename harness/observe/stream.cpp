#include "observe/stream.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/overloaded.hpp"
#include "observe/json.hpp"

namespace catflap::observe {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::protocol, "event stream: " + std::string(what));
}

/// A field that must be text; "" if it is missing.
Result<std::string> text_field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) {
    return std::string();
  }
  if (!found->is_string()) {
    return malformed(std::string(name) + " is not text");
  }
  return found->get<std::string>();
}

Result<StreamMessage> decode_hello(const Json& object) {
  Hello hello;
  auto version = text_field(object, "version");
  auto router_id = text_field(object, "router_id");
  if (!version || !router_id) {
    return fail(std::move(version ? router_id : version).error());
  }
  if (const auto pid = object.find("pid"); pid != object.end()) {
    if (!pid->is_number_integer() || pid->get<std::int64_t>() < 0 || pid->get<std::int64_t>() > INT32_MAX) {
      return malformed("pid is not a process id");
    }
    hello.pid = pid->get<int>();
  }
  hello.version = std::move(*version);
  hello.router_id = std::move(*router_id);
  return hello;
}

Result<StreamMessage> decode_routes(const Json& object) {
  RoutesChanged message;
  auto table = text_field(object, "table");
  const auto prefix_text = text_field(object, "prefix");
  if (!table || !prefix_text) {
    return malformed("table or prefix is not text");
  }
  const auto prefix = net::Prefix::parse(*prefix_text);
  if (!prefix) {
    return malformed(prefix.error().message);
  }
  message.table = std::move(*table);
  message.prefix = *prefix;
  if (const auto routes = object.find("routes"); routes != object.end()) {
    if (!routes->is_array()) {
      return malformed("routes is not a list");
    }
    for (const Json& item : *routes) {
      auto route = route_from_json(item);
      if (!route) {
        return malformed(route.error().message);
      }
      route->prefix = message.prefix;
      route->table = message.table;
      message.routes.push_back(std::move(*route));
    }
  }
  return message;
}

Result<StreamMessage> decode_note(const Json& object) {
  auto level = text_field(object, "level");
  auto text = text_field(object, "text");
  if (!level || !text) {
    return malformed("level or text is not text");
  }
  return Note{std::move(*level), std::move(*text)};
}

Result<StreamMessage> decode_object(const std::string& type, const Json& object) {
  if (type == "hello") {
    return decode_hello(object);
  }
  if (type == "protocol") {
    const auto body = object.find("protocol");
    if (body == object.end()) {
      return malformed("protocol is missing");
    }
    auto protocol = protocol_from_json(*body);
    if (!protocol) {
      return malformed(protocol.error().message);
    }
    return ProtocolChanged{std::move(*protocol)};
  }
  if (type == "protocol_gone") {
    return text_field(object, "name").map([](std::string name) -> StreamMessage {
      return ProtocolGone{std::move(name)};
    });
  }
  if (type == "route") {
    return decode_routes(object);
  }
  if (type == "synced") {
    return Synced{};
  }
  if (type == "note") {
    return decode_note(object);
  }
  if (type == "bye") {
    return text_field(object, "reason").map([](std::string reason) -> StreamMessage {
      return Bye{std::move(reason)};
    });
  }
  return malformed("unknown type '" + type + "'");
}

Json routes_of(const RoutesChanged& change) {
  Json routes = Json::array();
  for (const RouteView& route : change.routes) {
    Json item = to_json_value(route);
    item.erase("table");
    item.erase("prefix");
    routes.push_back(std::move(item));
  }
  return routes;
}

/// Texts may come from peers: octets that are not UTF-8 are replaced rather than refused.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_object(const StreamMessage& message) {
  return std::visit(
      overloaded{[](const Hello& hello) {
                   return Json{{"type", "hello"},
                               {"version", hello.version},
                               {"pid", hello.pid},
                               {"router_id", hello.router_id}};
                 },
                 [](const ProtocolChanged& change) {
                   return Json{{"type", "protocol"}, {"protocol", to_json_value(change.protocol)}};
                 },
                 [](const ProtocolGone& gone) {
                   return Json{{"type", "protocol_gone"}, {"name", gone.name}};
                 },
                 [](const RoutesChanged& change) {
                   return Json{{"type", "route"},
                               {"table", change.table},
                               {"prefix", net::to_string(change.prefix)},
                               {"routes", routes_of(change)}};
                 },
                 [](const Synced&) {
                   return Json{{"type", "synced"}};
                 },
                 [](const Note& note) {
                   return Json{{"type", "note"}, {"level", note.level}, {"text", note.text}};
                 },
                 [](const Bye& bye) {
                   return Json{{"type", "bye"}, {"reason", bye.reason}};
                 }},
      message);
}

}  // namespace

std::string encode_stream_line(const StreamMessage& message) {
  return text_of(to_object(message)) + "\n";
}

std::string RouteLines::line(const RoutesChanged& changed) {
  const bool same = std::equal(changed.routes.begin(), changed.routes.end(), routes_.begin(), routes_.end(),
                               [](const RouteView& route, RouteView& before) {
                                 before.prefix = route.prefix;
                                 before.table = route.table;
                                 return route == before;
                               });
  if (text_.empty() || !same) {
    routes_ = changed.routes;
    text_ = text_of(routes_of(changed));
  }
  return R"({"prefix":")" + net::to_string(changed.prefix) + R"(","routes":)" + text_ + R"(,"table":)" +
         text_of(Json(changed.table)) + R"(,"type":"route"})" + "\n";
}

Result<StreamMessage> decode_stream_line(std::string_view line) {
  const Json object = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object()) {
    return malformed("not a JSON object");
  }
  const auto type = object.find("type");
  if (type == object.end() || !type->is_string()) {
    return malformed("type is missing");
  }
  return decode_object(type->get_ref<const std::string&>(), object);
}

Status LineBuffer::feed(std::string_view octets) {
  // Drops what has been handed out only now and then, so that many short lines cost no copying each.
  if (start_ > 0 && start_ >= buffer_.size() / 2) {
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
  }
  buffer_.append(octets);
  const auto last_newline = octets.rfind('\n');
  unfinished_ =
      last_newline == std::string_view::npos ? unfinished_ + octets.size() : octets.size() - last_newline - 1;
  if (unfinished_ > max_line_) {
    return fail(Errc::protocol, "a line is longer than " + std::to_string(max_line_) + " octets");
  }
  return {};
}

std::optional<std::string_view> LineBuffer::next() {
  const auto newline = buffer_.find('\n', scanned_);
  if (newline == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string_view line = std::string_view(buffer_).substr(start_, newline - start_);
  start_ = scanned_ = newline + 1;
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace catflap::observe
