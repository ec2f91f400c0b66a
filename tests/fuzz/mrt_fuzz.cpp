// Any octets as an MRT file: the reader, the text and the routes are total, and what was read writes again.
#include <algorithm>

#include "fuzz_seeds.hpp"
#include "trace/mrt.hpp"
#include "trace/mrt_routes.hpp"
#include "trace/mrt_text.hpp"

namespace {

using namespace catflap;
using namespace catflap::trace;

std::vector<fuzz::Seed> make_seeds() {
  const Bytes attributes = *from_hex(
      "4001010040020602010000fde940030405060708800404000000004005040000006480"
      "0e05040a000001");
  std::vector<ByteSink> files(6);
  mrt::write({1, std::nullopt},
             mrt::PeerIndexTable{1, "v", {{1, net::IpAddr::v4(1), 2}, {2, net::IpAddr::v6(1, 2), 3}}},
             files[0]);
  mrt::write({1, std::nullopt}, mrt::Rib{1, *net::Prefix::parse("10.0.0.0/8"), true, {{0, 1, 2, attributes}}},
             files[0]);
  mrt::write({1, std::nullopt},
             mrt::Rib{1, *net::Prefix::parse("2001:db8::/32"), false, {{1, 1, 0, attributes}}}, files[1]);
  mrt::write({1, std::nullopt},
             mrt::TableDump{0, 1, *net::Prefix::parse("10.0.0.0/8"), 1, net::IpAddr::v4(1), 2, attributes},
             files[2]);
  const mrt::Session session{1, 2, 3, net::IpAddr::v4(1), net::IpAddr::v4(2)};
  mrt::write({1, 5}, mrt::StateChange{session, true, 1, 6}, files[3]);
  const Bytes update =
      *from_hex("ffffffffffffffffffffffffffffffff002f0200000014400101004002060201fde90000400304c0a801010a0a");
  mrt::write({1, 5}, mrt::Message{session, true, false, false, update}, files[4]);
  mrt::write({1, std::nullopt}, mrt::Message{session, false, true, true, update}, files[5]);
  std::vector<fuzz::Seed> seeds;
  for (const ByteSink& file : files) {
    fuzz::Seed seed;
    for (const std::byte octet : file.view()) {
      seed.push_back(std::to_integer<std::uint8_t>(octet));
    }
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mrt::Reader reader;
  mrt::TextWriter writer;
  mrt::RouteSource routes({std::nullopt, 0, 65009, net::IpAddr::v4(1), std::nullopt});
  ByteSink updates;
  std::string text;
  BytesView left = std::as_bytes(std::span(data, size));
  while (!left.empty()) {
    const BytesView piece = left.first(std::min<std::size_t>(left.size(), 700));
    left = left.subspan(piece.size());
    reader.push(piece);
    while (true) {
      const auto record = reader.next();
      if (!record && reader.lost()) {
        return 0;
      }
      if (record && !*record) {
        break;
      }
      if (!record) {
        continue;
      }
      writer.append(**record, text);
      routes.take(**record, updates);
      ByteSink again;
      std::visit(
          [&](const auto& body) {
            if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(body)>, mrt::Other>) {
              (void)mrt::write((*record)->time, body, again);
            }
          },
          (*record)->body);
      if (again.size() > 0) {
        mrt::Reader second;
        second.push(again.view());
        const auto back = second.next();
        if (!back || !*back || (*back)->body.index() != (*record)->body.index()) {
          fuzz::finding("a record that was read and written is not read again");
        }
      }
    }
  }
  routes.flush(updates);
  (void)reader.finish();
  return 0;
}
