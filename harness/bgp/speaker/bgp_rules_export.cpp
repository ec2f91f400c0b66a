#include <algorithm>
#include <utility>

#include "bgp/speaker/bgp_rules.hpp"
#include "net/community.hpp"

namespace catflap::bgp::internal {

namespace {

bool has(const std::vector<net::Community>& communities, net::Community community) {
  return std::find(communities.begin(), communities.end(), community) != communities.end();
}

bool is_confederation(const net::AsSegment& segment) {
  return segment.type == net::AsSegmentType::confed_sequence ||
         segment.type == net::AsSegmentType::confed_set;
}

void drop_empty(std::vector<net::AsSegment>& segments) {
  segments.erase(std::remove_if(segments.begin(), segments.end(),
                                [](const net::AsSegment& segment) { return segment.asns.empty(); }),
                 segments.end());
}

/// The peer's own number stays, whatever it is: its loop detection needs it.
void remove_private(const ExportRules& rules, std::vector<net::AsSegment>& segments) {
  using intent::RemovePrivateAs;
  const auto goes = [&](std::uint32_t asn) { return is_private_as(asn) && asn != rules.remote_as; };
  if (rules.remove_private_as == RemovePrivateAs::only) {
    const bool others = std::any_of(segments.begin(), segments.end(), [](const net::AsSegment& segment) {
      return !std::all_of(segment.asns.begin(), segment.asns.end(), is_private_as);
    });
    if (others) {
      return;
    }
  }
  bool leading = true;
  for (net::AsSegment& segment : segments) {
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t asn : segment.asns) {
      leading = leading && is_private_as(asn);
      const bool applies = goes(asn) && (leading || rules.remove_private_as != RemovePrivateAs::leading);
      if (!applies) {
        kept.push_back(asn);
      } else if (rules.replace_private_as) {
        kept.push_back(rules.public_as);
      }
    }
    segment.asns = std::move(kept);
  }
  drop_empty(segments);
}

/// RFC 5065 §4.1 b): our member AS goes into a leading confederation sequence.
void prepend_member(std::uint32_t asn, net::AsPath& path) {
  constexpr std::size_t kSegmentAsnsMax = 255;
  auto& segments = path.segments;
  if (segments.empty() || segments.front().type != net::AsSegmentType::confed_sequence ||
      segments.front().asns.size() >= kSegmentAsnsMax) {
    segments.insert(segments.begin(), net::AsSegment{net::AsSegmentType::confed_sequence, {}});
  }
  auto& first = segments.front().asns;
  first.insert(first.begin(), asn);
}

void export_path(const ExportRules& rules, net::AsPath& path) {
  if (rules.internal) {
    return;
  }
  if (rules.interior) {
    if (!rules.rs_client) {
      prepend_member(rules.local_as, path);
    }
    return;
  }
  auto& segments = path.segments;
  // Confederation segments stay inside (RFC 5065 §4.1 c).
  segments.erase(std::remove_if(segments.begin(), segments.end(), is_confederation), segments.end());
  if (rules.remove_private_as != intent::RemovePrivateAs::off) {
    remove_private(rules, segments);
  }
  if (rules.as_override) {
    for (net::AsSegment& segment : segments) {
      std::replace(segment.asns.begin(), segment.asns.end(), rules.remote_as, rules.public_as);
    }
  }
  if (!rules.rs_client) {
    path.prepend(rules.public_as);
  }
}

}  // namespace

std::string_view export_refused(const ExportRules& rules, const wire::Attributes& attrs) {
  const bool upwards = rules.role && (*rules.role == Role::customer || *rules.role == Role::rs_client ||
                                      *rules.role == Role::peer);
  if (attrs.otc && upwards) {
    return "ONLY_TO_CUSTOMER, and the peer is none";  // RFC 9234 §5
  }
  if (!rules.interpret_communities || attrs.communities.empty()) {
    return "";
  }
  if (has(attrs.communities, net::kNoAdvertise)) {
    return "community no-advertise";
  }
  if ((!rules.interior && has(attrs.communities, net::kNoExport)) ||
      (!rules.internal && has(attrs.communities, net::kNoExportSubconfed))) {
    return "community no-export";
  }
  return rules.llgr_aware || !has(attrs.communities, net::kLlgrStale)
             ? ""
             : "community llgr-stale, and the peer knows nothing of long-lived graceful restart";
}

void export_by_rules(const ExportRules& rules, bool med_set_by_filter, wire::Attributes& attrs) {
  if (!attrs.as_path) {
    attrs.as_path.emplace();
  }
  export_path(rules, *attrs.as_path);
  if (!rules.interior) {
    // RFC 4271 §5.1.4: the MED of another AS is not told on, unless the export filter says so.
    if (!rules.rs_client && !med_set_by_filter && !rules.allow_med) {
      attrs.med.reset();
    }
    if (!rules.allow_local_pref) {
      attrs.local_pref.reset();
    }
  }
  if (!rules.internal) {
    attrs.originator_id.reset();
    attrs.cluster_list.clear();
  }
  if (rules.interior && !attrs.local_pref) {
    attrs.local_pref = rules.default_local_pref;
  }
  const bool downwards = rules.role && (*rules.role == Role::provider || *rules.role == Role::rs_server ||
                                        *rules.role == Role::peer);
  if (downwards && !attrs.otc) {
    attrs.otc = rules.public_as;
  }
}

}  // namespace catflap::bgp::internal
