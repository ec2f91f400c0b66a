#include <algorithm>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

bool Parser::mrt_item(intent::MrtIntent& mrt) {
  if (words("table")) {
    mrt.table = peek().kind == TokenKind::text ? text() : table_name(net::Family::ipv4, true);
  } else if (is_word("filter") || is_word("where")) {
    mrt.filter = filter_ref();
  } else if (words("filename")) {
    mrt.filename = text();
  } else if (words("period")) {
    mrt.period_s = number_in(1, 0xFFFFFFFFU, "period");
  } else if (words("always add path")) {
    mrt.always_add_path = boolean();
  } else {
    return false;
  }
  return true;
}

bool Parser::bmp_item(intent::BmpIntent& bmp) {
  if (words("station address ip")) {
    bmp.station = address();
    expect_words("port");
    bmp.port = static_cast<std::uint16_t>(number_in(1, 65535, "port"));
  } else if (words("monitoring rib in pre_policy")) {
    bmp.pre_policy = boolean();
  } else if (words("monitoring rib in post_policy")) {
    bmp.post_policy = boolean();
  } else if (words("monitoring rib local")) {
    bmp.loc_rib = boolean();
  } else if (words("system name")) {
    bmp.system_name = text();
  } else if (words("system description")) {
    bmp.system_description = text();
  } else if (words("tx buffer limit")) {
    bmp.tx_buffer_limit_mib = number_in(1, 0xFFFFFFFFU, "tx buffer limit");
  } else {
    return false;
  }
  return true;
}

void Parser::check_monitor(const Draft& draft, const Token& at) const {
  const std::string who = "protocol " + draft.protocol.name + ": ";
  if (const auto* mrt = std::get_if<intent::MrtIntent>(&draft.protocol.body)) {
    if (mrt->table.empty()) {
      fail_token(at, who + "table not specified");
    }
    if (mrt->filename.empty()) {
      fail_token(at, who + "filename not specified");
    }
    if (mrt->period_s == 0) {
      fail_token(at, who + "period not specified");
    }
  }
  if (const auto* bmp = std::get_if<intent::BmpIntent>(&draft.protocol.body);
      bmp != nullptr && bmp->port == 0) {
    fail_token(at, who + "station not specified; write 'station address ip ADDRESS port PORT;'");
  }
}

}  // namespace catflap::birdlang
