#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bgp/policy/filter.hpp"
#include "bgp/policy/filter_inputs.hpp"
#include "birdlang/birdlang.hpp"
#include "intent/router.hpp"

/// Reading never crashes, whatever can be read is printed as text that reads back as the same, and filters
/// run to an end that both texts agree on.
namespace {

using namespace catflap;
using birdlang::Dialect;

[[noreturn]] void broken(const char* what, const std::string& detail, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n%s\n", what, detail.c_str(), text.c_str());
  std::abort();
}

bgp::policy::RouteAttrs sample() {
  bgp::policy::RouteAttrs attrs;
  attrs.source = intent::RouteSource::bgp;
  attrs.preference = 100;
  attrs.forwarding.destination = bgp::policy::Destination::unicast;
  attrs.forwarding.next_hops = {{net::IpAddr::v4(0x0A000001), 2, 1, false}};
  attrs.bgp.as_path.emplace();
  for (const std::uint32_t asn : {3U, 2U, 1U}) {
    attrs.bgp.as_path->prepend(asn);
  }
  attrs.bgp.as_path->segments.push_back({net::AsSegmentType::set, {7, 8}});
  attrs.bgp.origin = bgp::wire::Origin::igp;
  attrs.bgp.med = 5;
  attrs.bgp.communities = {1U << 16U | 2, 5};
  attrs.bgp.ext_communities = {0x0002000100000002ULL};
  attrs.bgp.large_communities = {{1, 2, 3}};
  return attrs;
}

std::string outcome(const intent::Filter& filter, const intent::RouterIntent& router) {
  static const bgp::policy::RouteAttrs kSample = sample();
  bgp::policy::FilterEnvironment environment;
  environment.roa_tables = &router.roa_tables;
  environment.steps_max = 2000;
  std::string text;
  for (const char* prefix : {"10.1.2.0/24", "2001:db8::/32"}) {
    bgp::policy::RouteEdit edit;
    const bgp::policy::RouteRef route{net::Prefix::parse(prefix).value(), kSample, nullptr, "p"};
    const auto verdict = bgp::policy::apply(filter, route, edit, environment);
    text += verdict.accepted ? "accept" : verdict.failed ? "fail" : "reject";
    for (const std::string& line : verdict.printed) {
      text += "\n" + line;
    }
    text += edit.changed() ? std::to_string(bgp::policy::hash_of(edit.attrs(kSample))) : "";
  }
  return text + (bgp::policy::inputs_of(filter).attributes_only() ? "a" : "n");
}

void check_filters(const intent::RouterIntent& router, const intent::RouterIntent& again,
                   const std::string& printed) {
  for (const auto& [name, filter] : router.filters) {
    const std::string first = outcome(*filter, router);
    const std::string second = outcome(*again.filters.at(name), again);
    if (first != second) {
      broken("printed filter does something else", first + " / " + second, printed);
    }
  }
}

void check_router(std::string_view text, Dialect dialect, net::Family family) {
  birdlang::ParseOptions options;
  options.dialect = dialect;
  options.family = family;
  options.hostname = "h";
  const auto router = birdlang::parse(text, "fuzz.conf", options);
  if (!router) {
    return;
  }
  const std::string printed = birdlang::print(*router, dialect);
  const auto again = birdlang::parse(printed, "printed.conf", options);
  if (!again) {
    broken("printed text is refused", to_string(again.error()), printed);
  }
  if (!intent::same(*router, *again)) {
    broken("printed text means something else", birdlang::print(*again, dialect), printed);
  }
  check_filters(*router, *again, printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4U) {
    case 0:
      check_router(text, Dialect::bird1, net::Family::ipv4);
      break;
    case 1:
      check_router(text, Dialect::bird1, net::Family::ipv6);
      break;
    case 2: {
      intent::RouterIntent context;
      const auto filter = birdlang::parse_filter_expression(text, context);
      if (filter) {
        const std::string printed = birdlang::print(**filter);
        const auto again = birdlang::parse_filter_expression(printed, context);
        if (!again || !intent::same(**filter, **again)) {
          broken("printed filter differs", again ? "other meaning" : to_string(again.error()), printed);
        }
      }
      break;
    }
    default:
      check_router(text, Dialect::bird2, net::Family::ipv4);
      break;
  }
  return 0;
}
