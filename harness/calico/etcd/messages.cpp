#include "calico/etcd/messages.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "calico/etcd/base64.hpp"

namespace catflap::calico::etcd {
namespace {

using nlohmann::json;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(Errc::protocol, fmt::format("etcd's answer has no {} as etcd v3 writes it", what));
}

/// 0 where it is left out or is no number.
std::int64_t integer(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) {
    return 0;
  }
  if (found->is_number_integer()) {
    return found->get<std::int64_t>();
  }
  std::int64_t value = 0;
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), value);
  }
  return value;
}

bool flag(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Empty where it is left out; nothing if it is no base64.
std::optional<std::string> octets(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) {
    return std::string();
  }
  return found->is_string() ? from_base64(found->get_ref<const std::string&>()) : std::nullopt;
}

/// nullptr if it is not there, or no object or array.
const json* part(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_structured() ? &*found : nullptr;
}

std::optional<Entry> entry(const json& kv) {
  if (!kv.is_object()) {
    return std::nullopt;
  }
  std::optional<std::string> key = octets(kv, "key");
  std::optional<std::string> value = octets(kv, "value");
  if (!key || !value) {
    return std::nullopt;
  }
  return Entry{std::move(*key), std::move(*value), integer(kv, "create_revision"),
               integer(kv, "mod_revision")};
}

Revision revision(const json& answer) {
  const json* header = part(answer, "header");
  return header == nullptr ? 0 : integer(*header, "revision");
}

/// Entries of a list that may be left out; nothing if one of them is none.
std::optional<std::vector<Entry>> entries(const json& answer, const char* name) {
  std::vector<Entry> all;
  const json* list = part(answer, name);
  if (list == nullptr) {
    return all;
  }
  all.reserve(list->size());
  for (const json& each : *list) {
    std::optional<Entry> one = entry(each);
    if (!one) {
      return std::nullopt;
    }
    all.push_back(std::move(*one));
  }
  return all;
}

Result<json> parse(std::string_view text) {
  json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) {
    return broken("JSON object");
  }
  return answer;
}

json compare(const std::string& key, const char* target, const char* result, const char* field,
             Revision value) {
  return {{"key", key}, {"target", target}, {"result", result}, {field, std::to_string(value)}};
}

std::optional<Change> change(const json& event) {
  const json* kv = event.is_object() ? part(event, "kv") : nullptr;
  std::optional<Entry> after = kv != nullptr ? entry(*kv) : std::nullopt;
  if (!after) {
    return std::nullopt;
  }
  Change made{Change::Kind::put, std::move(*after), std::nullopt};
  if (const json* before = part(event, "prev_kv")) {
    if (std::optional<Entry> previous = entry(*before)) {
      made.previous = std::move(previous->value);
    }
  }
  if (text_of(event, "type") == "DELETE") {
    made.kind = Change::Kind::erased;
    made.entry.created = 0;
    made.entry.value.clear();
  } else if (made.entry.created == made.entry.modified) {
    made.previous.reset();
  }
  return made;
}

}  // namespace

std::string range_end_of(std::string_view prefix) {
  std::string end = prefix_end(prefix);
  return end.empty() ? std::string(1, '\0') : end;
}

std::string write_range(const RangeRequest& request) {
  json message = {{"key", to_base64(request.key)}};
  if (!request.range_end.empty()) {
    message["range_end"] = to_base64(request.range_end);
  }
  if (request.revision != 0) {
    message["revision"] = std::to_string(request.revision);
  }
  if (request.limit != 0) {
    message["limit"] = std::to_string(request.limit);
  }
  return message.dump();
}

std::string write_put(std::string_view key, std::string_view value) {
  return json{{"key", to_base64(key)}, {"value", to_base64(value)}, {"prev_kv", true}}.dump();
}

std::string write_txn(const TxnRequest& request) {
  const std::string key = to_base64(request.key);
  json conditions = json::array();
  conditions.push_back(compare(key, "VERSION", request.absent ? "EQUAL" : "GREATER", "version", 0));
  if (request.expected) {
    conditions.push_back(compare(key, "MOD", "EQUAL", "mod_revision", *request.expected));
  }
  json operation;
  if (request.value) {
    operation = {{"request_put", {{"key", key}, {"value", to_base64(*request.value)}, {"prev_kv", true}}}};
  } else {
    operation = {{"request_delete_range", {{"key", key}, {"prev_kv", true}}}};
  }
  return json{{"compare", std::move(conditions)},
              {"success", json::array({std::move(operation)})},
              {"failure", json::array({{{"request_range", {{"key", key}}}}})}}
      .dump();
}

std::string write_watch(std::string_view prefix, Revision start) {
  // The empty prefix is every key from the least one.
  const std::string_view key = prefix.empty() ? std::string_view("\0", 1) : prefix;
  return json{{"create_request",
               {{"key", to_base64(key)},
                {"range_end", to_base64(range_end_of(prefix))},
                {"start_revision", std::to_string(start)},
                {"prev_kv", true}}}}
      .dump();
}

std::string write_login(std::string_view name, std::string_view password) {
  return json{{"name", name}, {"password", password}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<RangeAnswer> read_range(std::string_view text) {
  const Result<json> answer = parse(text);
  if (!answer) {
    return fail(answer.error());
  }
  std::optional<std::vector<Entry>> found = entries(*answer, "kvs");
  if (!found || revision(*answer) == 0) {
    return broken("range");
  }
  return RangeAnswer{revision(*answer), std::move(*found), flag(*answer, "more")};
}

Result<PutAnswer> read_put(std::string_view text) {
  const Result<json> answer = parse(text);
  if (!answer) {
    return fail(answer.error());
  }
  PutAnswer put{revision(*answer), std::nullopt};
  if (const json* previous = part(*answer, "prev_kv")) {
    put.previous = entry(*previous);
  }
  if (put.revision == 0) {
    return broken("put");
  }
  return put;
}

Result<TxnAnswer> read_txn(std::string_view text) {
  const Result<json> answer = parse(text);
  if (!answer) {
    return fail(answer.error());
  }
  TxnAnswer txn{revision(*answer), flag(*answer, "succeeded"), std::nullopt};
  const json* responses = part(*answer, "responses");
  if (txn.revision == 0 || responses == nullptr || responses->size() != 1 ||
      !responses->front().is_object()) {
    return broken("transaction");
  }
  for (const auto& [name, response] : responses->front().items()) {
    if (!response.is_object()) {
      return broken("transaction");
    }
    if (name == "response_put") {
      if (const json* previous = part(response, "prev_kv")) {
        txn.entry = entry(*previous);
      }
      continue;
    }
    std::optional<std::vector<Entry>> found =
        entries(response, name == "response_range" ? "kvs" : "prev_kvs");
    if (!found) {
      return broken("transaction");
    }
    if (!found->empty()) {
      txn.entry = std::move(found->front());
    }
  }
  return txn;
}

Result<WatchAnswer> read_watch(std::string_view line) {
  const Result<json> answer = parse(line);
  if (!answer) {
    return fail(answer.error());
  }
  WatchAnswer watch;
  if (const json* error = part(*answer, "error")) {
    watch.canceled = true;
    watch.reason = text_of(*error, "message");
    return watch;
  }
  const json* result = part(*answer, "result");
  if (result == nullptr || !result->is_object()) {
    return broken("watch");
  }
  watch.revision = revision(*result);
  watch.created = flag(*result, "created");
  watch.canceled = flag(*result, "canceled");
  watch.reason = text_of(*result, "cancel_reason");
  watch.compacted = integer(*result, "compact_revision");
  if (const json* events = part(*result, "events")) {
    for (const json& each : *events) {
      std::optional<Change> made = change(each);
      if (!made) {
        return broken("event");
      }
      watch.changes.push_back(std::move(*made));
    }
  }
  return watch;
}

Result<std::string> read_login(std::string_view text) {
  const Result<json> answer = parse(text);
  if (!answer) {
    return fail(answer.error());
  }
  std::string token = text_of(*answer, "token");
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) {
    return broken("token");
  }
  return token;
}

std::optional<Refusal> read_refusal(std::string_view text) {
  const json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) {
    return std::nullopt;
  }
  std::string message = text_of(answer, "message");
  if (message.empty()) {
    message = text_of(answer, "error");
  }
  if (message.empty()) {
    return std::nullopt;
  }
  return Refusal{static_cast<int>(integer(answer, "code")), std::move(message)};
}

}  // namespace catflap::calico::etcd
