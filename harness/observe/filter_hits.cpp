#include "observe/filter_hits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace catflap::observe {
namespace {

using Json = nlohmann::json;

std::string plural(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

Json to_json_value(const FilterHitsView& hits) {
  Json lines = Json::array();
  for (const LineHits& line : hits.lines) {
    Json json{{"where", line.where}, {"text", line.text}, {"reached", line.reached}};
    if (line.decides) {
      json["taken"] = line.taken;
    }
    lines.push_back(std::move(json));
  }
  return {{"filter", hits.filter},     {"exports", hits.exports},   {"protocols", hits.protocols},
          {"accepted", hits.accepted}, {"rejected", hits.rejected}, {"failed", hits.failed},
          {"lines", std::move(lines)}};
}

Result<FilterHitsView> filter_hits_from_json(const Json& value) {
  try {
    FilterHitsView hits;
    value.at("filter").get_to(hits.filter);
    value.at("exports").get_to(hits.exports);
    value.at("protocols").get_to(hits.protocols);
    value.at("accepted").get_to(hits.accepted);
    value.at("rejected").get_to(hits.rejected);
    value.at("failed").get_to(hits.failed);
    for (const Json& json : value.at("lines")) {
      LineHits& line = hits.lines.emplace_back();
      json.at("where").get_to(line.where);
      json.at("text").get_to(line.text);
      json.at("reached").get_to(line.reached);
      line.decides = json.contains("taken");
      line.taken = json.value("taken", std::uint64_t{0});
    }
    return hits;
  } catch (const Json::exception& error) {
    return fail(Errc::protocol, std::string("no counts of a filter: ") + error.what());
  }
}

std::string filter_hits_text(const std::vector<FilterHitsView>& views) {
  if (views.empty()) {
    return "no protocol has a filter: each takes and tells all or nothing\n";
  }
  std::string text;
  for (const FilterHitsView& view : views) {
    text += fmt::format("{} {} of {}: {}, {} accepted, {} rejected{}\n", view.exports ? "export" : "import",
                        view.filter, fmt::join(view.protocols, ", "),
                        plural(view.accepted + view.rejected, "route"), view.accepted, view.rejected,
                        view.failed == 0 ? "" : fmt::format(" ({} by an error)", view.failed));
    for (const LineHits& line : view.lines) {
      const std::string count =
          line.decides ? fmt::format("{} of {}", line.taken, line.reached) : std::to_string(line.reached);
      text += fmt::format("  {:>15}  {}  {}\n", count, line.where, line.text);
    }
  }
  return text;
}

}  // namespace catflap::observe
