#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "birdlang/birdlang.hpp"
#include "intent/router.hpp"

/// Reading never crashes, and whatever can be read is printed as text that reads back as the same.
namespace {

using namespace catflap;
using birdlang::Dialect;

[[noreturn]] void broken(const char* what, const std::string& detail, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n%s\n", what, detail.c_str(), text.c_str());
  std::abort();
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
