#include <nlohmann/json.hpp>

#include "topology/reader.hpp"

namespace catflap::topology {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json object_schema(std::span<const Field<T>> fields) {
  ordered_json properties = ordered_json::object();
  ordered_json required = ordered_json::array();
  for (const Field<T>& field : fields) {
    ordered_json property = ordered_json::parse(field.schema);
    property["description"] = std::string(field.doc);
    properties[std::string(field.key)] = std::move(property);
    if (field.required) {
      required.push_back(std::string(field.key));
    }
  }
  ordered_json out{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) {
    out["required"] = std::move(required);
  }
  return out;
}

ordered_json one_or_list(std::string_view item) {
  const ordered_json schema = ordered_json::parse(item);
  return {{"anyOf", {schema, {{"type", "array"}, {"items", schema}}, {{"type", "null"}}}}};
}

}  // namespace

std::string json_schema() {
  ordered_json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "catflap topology"}};
  out.update(object_schema(topology_fields()));
  ordered_json defs;
  defs["defaults"] = object_schema(defaults_fields());
  defs["node"] = object_schema(node_fields());
  defs["peer"] = object_schema(peer_fields());
  defs["link"] = object_schema(link_fields());
  defs["step"] = object_schema(step_fields());
  defs["route"] = object_schema(route_fields());
  defs["ping"] = object_schema(ping_fields());
  defs["do"] = object_schema(action_fields());
  defs["exec"] = object_schema(exec_fields());
  defs["speaker"] = {{"enum", expect::kSpeakerWords}};
  defs["speakers"] = one_or_list(R"({"$ref":"#/$defs/speaker"})");
  defs["timers"] = {{"enum", {"fast", "normal"}}};
  defs["asn"] = ordered_json::parse(
      R"({"anyOf":[{"type":"integer","minimum":1,"maximum":4294967294},{"type":["string","number"],"description":"asdot: 1.10"}]})");
  defs["duration"] =
      ordered_json::parse(R"({"type":"string","pattern":"^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h)$"})");
  defs["prefixes"] = one_or_list(R"({"type":"string","pattern":"^[0-9a-fA-F:.]+/[0-9]+$"})");
  defs["addresses"] = one_or_list(R"({"type":"string","pattern":"^[0-9a-fA-F:.]+(/[0-9]+)?$"})");
  defs["texts"] = one_or_list(R"({"type":["string","integer"]})");
  out["$defs"] = std::move(defs);
  return out.dump(2) + "\n";
}

}  // namespace catflap::topology
