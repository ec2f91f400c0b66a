#include "observe/explain.hpp"

#include <nlohmann/json.hpp>

#include "observe/json.hpp"

namespace catflap::observe {
namespace {

using Json = nlohmann::json;

Json encode(const FilterVerdictView& verdict) {
  Json json{{"filter", verdict.filter}, {"accepted", verdict.accepted}};
  if (verdict.changed) {
    json["changed"] = true;
  }
  if (!verdict.where.empty()) {
    json["where"] = verdict.where;
  }
  if (!verdict.message.empty()) {
    json["message"] = verdict.message;
  }
  return json;
}

Json encode(const CandidateView& candidate) {
  Json json{{"route", to_json_value(candidate.route)},
            {"in_table", candidate.in_table},
            {"lost_at", candidate.lost_at},
            {"why", candidate.why},
            {"next_hop", candidate.next_hop}};
  if (candidate.import) {
    json["import"] = encode(*candidate.import);
  }
  return json;
}

Json encode(const ExportView& one) {
  Json json{
      {"protocol", one.protocol}, {"kind", to_string(one.kind)}, {"verdict", one.verdict}, {"why", one.why}};
  if (one.filter) {
    json["filter"] = encode(*one.filter);
  }
  if (one.sent) {
    json["sent"] = to_json_value(*one.sent);
  }
  return json;
}

Json encode(const RefusedView& refused) {
  return {{"protocol", refused.protocol},
          {"prefix", net::to_string(refused.prefix)},
          {"why", refused.why},
          {"at_ns", refused.at.since_origin().count()}};
}

/// Reads fields of one object; the first that is wrong is remembered.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) { ok_ = object.is_object(); }

  void text(const char* name, std::string& value) {
    if (const Json* field = find(name)) {
      ok_ = field->is_string();
      if (ok_) {
        value = field->get<std::string>();
      }
    }
  }
  void flag(const char* name, bool& value) {
    if (const Json* field = find(name)) {
      ok_ = field->is_boolean();
      value = ok_ && field->get<bool>();
    }
  }
  template <class T, class Decode>
  void object(const char* name, T& value, Decode decode) {
    if (const Json* field = find(name)) {
      ok_ = decode(*field, value);
    }
  }
  template <class T, class Decode>
  void list(const char* name, std::vector<T>& values, Decode decode) {
    const Json* field = find(name);
    if (field == nullptr) {
      return;
    }
    ok_ = field->is_array();
    for (std::size_t i = 0; ok_ && i < field->size(); ++i) {
      ok_ = decode((*field)[i], values.emplace_back());
    }
  }
  bool ok() const { return ok_; }

 private:
  const Json* find(const char* name) const {
    const auto found = ok_ ? object_.find(name) : object_.end();
    return !ok_ || found == object_.end() ? nullptr : &*found;
  }
  const Json& object_;
  bool ok_ = false;
};

bool decode_route(const Json& json, RouteView& route) {
  auto decoded = route_from_json(json);
  if (decoded) {
    route = std::move(*decoded);
  }
  return decoded.has_value();
}

bool decode_prefix(const Json& json, net::Prefix& prefix) {
  if (!json.is_string()) {
    return false;
  }
  const auto parsed = net::Prefix::parse(json.get<std::string>());
  if (parsed) {
    prefix = *parsed;
  }
  return parsed.has_value();
}

bool decode_verdict(const Json& json, std::optional<FilterVerdictView>& into) {
  FilterVerdictView& verdict = into.emplace();
  Reader reader(json);
  reader.text("filter", verdict.filter);
  reader.flag("accepted", verdict.accepted);
  reader.flag("changed", verdict.changed);
  reader.text("where", verdict.where);
  reader.text("message", verdict.message);
  return reader.ok();
}

bool decode_candidate(const Json& json, CandidateView& candidate) {
  Reader reader(json);
  reader.object("route", candidate.route, decode_route);
  reader.flag("in_table", candidate.in_table);
  reader.text("lost_at", candidate.lost_at);
  reader.text("why", candidate.why);
  reader.text("next_hop", candidate.next_hop);
  reader.object("import", candidate.import, decode_verdict);
  return reader.ok();
}

bool decode_export(const Json& json, ExportView& one) {
  Reader reader(json);
  std::string kind;
  reader.text("protocol", one.protocol);
  reader.text("kind", kind);
  one.kind = parse_protocol_kind(kind);
  reader.text("verdict", one.verdict);
  reader.text("why", one.why);
  reader.object("filter", one.filter, decode_verdict);
  reader.object("sent", one.sent, [](const Json& field, std::optional<RouteView>& route) {
    return decode_route(field, route.emplace());
  });
  return reader.ok();
}

bool decode_refused(const Json& json, RefusedView& refused) {
  Reader reader(json);
  reader.text("protocol", refused.protocol);
  reader.object("prefix", refused.prefix, decode_prefix);
  reader.text("why", refused.why);
  reader.object("at_ns", refused.at, [](const Json& field, Instant& at) {
    if (!field.is_number_integer()) {
      return false;
    }
    at = Instant(Duration(field.get<std::int64_t>()));
    return true;
  });
  return reader.ok();
}

template <class T>
Json encode_list(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) {
    list.push_back(encode(value));
  }
  return list;
}

}  // namespace

Json to_json_value(const ExplainView& explain) {
  Json json{{"table", explain.table},
            {"candidates", encode_list(explain.candidates)},
            {"refused", encode_list(explain.refused)},
            {"exports", encode_list(explain.exports)}};
  if (explain.prefix) {
    json["prefix"] = net::to_string(*explain.prefix);
  }
  return json;
}

Result<ExplainView> explain_from_json(const Json& value) {
  ExplainView explain;
  Reader reader(value);
  reader.text("table", explain.table);
  reader.object("prefix", explain.prefix, [](const Json& field, std::optional<net::Prefix>& prefix) {
    return decode_prefix(field, prefix.emplace());
  });
  reader.list("candidates", explain.candidates, decode_candidate);
  reader.list("refused", explain.refused, decode_refused);
  reader.list("exports", explain.exports, decode_export);
  if (!reader.ok()) {
    return fail(Errc::protocol, "not an explanation of a route");
  }
  return explain;
}

}  // namespace catflap::observe
