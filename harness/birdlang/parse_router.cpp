#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::ValueType;

intent::RouterIntent Parser::parse_router() {
  router_.hostname = options_.hostname;
  router_.dialect = options_.dialect;
  if (old_) {
    router_.family = options_.family;
    add_table("master", options_.family);
  } else {
    add_table("master4", net::Family::ipv4);
    add_table("master6", net::Family::ipv6);
  }
  while (peek().kind != TokenKind::end) {
    statement();
  }
  finish();
  return std::move(router_);
}

/// What cf_check_config and the like look at once all is read.
void Parser::finish() {
  if (router_.protocols.empty()) {
    fail_here("no protocol is specified in the configuration");
  }
  std::map<std::string, std::vector<intent::RoaEntry>> entries;
  for (const intent::ProtocolIntent& protocol : router_.protocols) {
    if (const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body);
        routes != nullptr && !routes->roa_table.empty()) {
      auto& all = entries[routes->roa_table];
      all.insert(all.end(), routes->roas.begin(), routes->roas.end());
    }
  }
  for (auto& [table, more] : entries) {
    const auto& before = router_.roa_tables[table].entries();
    more.insert(more.end(), before.begin(), before.end());
    router_.roa_tables[table] = intent::RoaTable(std::move(more));
  }
}

void Parser::add_table(const std::string& table, net::Family family) {
  symbols_.emplace(table, SymbolKind::table);
  intent::TableIntent item;
  item.name = table;
  item.family = family;
  router_.tables.push_back(std::move(item));
}

void Parser::statement() {
  depth_ = 0;
  if (accept(";")) {
    return;
  }
  if (words("protocol")) {
    protocol(false);
  } else if (words("template")) {
    protocol(true);
  } else if (words("filter")) {
    filter();
  } else if (words("function")) {
    function();
  } else if (words("define")) {
    define();
  } else if (words("attribute")) {
    custom_attribute();
  } else if (words("eval")) {
    operators_ = 0;
    frame_ = Frame();
    frame_.scopes.emplace_back();
    expression();
    accept(";");
  } else if (!settings()) {
    table();
  }
}

bool Parser::settings() {
  if (words("log")) {
    log();
  } else if (words("router id")) {
    parse_router_id();
  } else if (words("hostname")) {
    router_.hostname = text();
  } else if (words("timeformat")) {
    time_format();
  } else if (words("graceful restart wait")) {
    router_.graceful_restart_wait = std::chrono::seconds(number());
  } else if (words("mrtdump")) {
    mrtdump();
  } else if (words("debug")) {
    debug();
  } else if (words("watchdog warning")) {
    router_.watchdog_warning = time_with_unit();
  } else if (words("watchdog timeout")) {
    router_.watchdog_timeout = time_with_unit();
  } else if (old_ && words("listen bgp")) {
    listen();
  } else {
    return false;
  }
  end_statement();
  return true;
}

void Parser::log() {
  using Target = intent::LogIntent::Target;
  intent::LogIntent log;
  if (words("syslog")) {
    log.target = Target::syslog;
    if (words("name")) {
      log.syslog_name = text();
    }
  } else if (words("stderr")) {
    log.target = Target::stderr_;
  } else if (words("udp")) {
    fail_here("log udp is not supported; use a file, stderr or syslog", Errc::unsupported);
  } else if (peek().kind == TokenKind::text) {
    log.target = Target::file;
    log.path = text();
    if (peek().kind == TokenKind::number || is("(")) {
      log.size_limit = number();
      log.backup_path = text();
    }
  } else {
    unexpected("syslog, stderr or a \"file\"");
  }
  static constexpr std::array<std::string_view, 8> kClasses{"info",   "warning", "error", "fatal",
                                                            "remote", "auth",    "bug",   "debug"};
  if (words("all")) {
    log.classes = {"all"};
    router_.logs.push_back(std::move(log));
    return;
  }
  expect("{");
  for (;;) {
    if (words("trace")) {
      log.classes.emplace_back("trace");
    } else {
      const auto hit = std::find_if(kClasses.begin(), kClasses.end(), [&](auto item) { return words(item); });
      if (hit == kClasses.end()) {
        unknown_statement("the classes of a log");
      }
      log.classes.emplace_back(*hit);
    }
    if (!accept(",")) {
      break;
    }
  }
  expect("}");
  router_.logs.push_back(std::move(log));
}

void Parser::parse_router_id() {
  if (words("from")) {
    router_.router_id_from = interfaces();
    return;
  }
  router_.router_id = router_id();
}

void Parser::define() {
  const Token at = peek();
  const std::string constant = new_name(SymbolKind::constant, "a constant");
  expect("=");
  operators_ = 0;
  frame_ = Frame();
  frame_.scopes.emplace_back();
  const intent::ExprPtr value = expression();
  if (value->op != intent::Op::constant) {
    fail_token(at, "the value of '" + constant + "' must be known when the configuration is read");
  }
  router_.constants.emplace(constant, value->value);
  end_statement();
}

void Parser::table() {
  const auto family_table = [&](net::Family family) {
    const bool predefined = is_word("master4") || is_word("master6") || (old_ && is_word("master"));
    if (predefined && is(";", 1)) {  // It is there already; BIRD does not mind.
      this->table_name(family);
      return end_statement();
    }
    intent::TableIntent item;
    item.name = new_name(SymbolKind::table, "a table");
    item.family = family;
    table_options(item);
    router_.tables.push_back(std::move(item));
    accept(";");
  };
  const auto roa_table = [&](net::Family family) {
    const std::string table_name = new_name(SymbolKind::roa_table, "a table");
    router_.roa_tables[table_name];
    router_.roa_families[table_name] = family;
    intent::TableIntent ignored;  // ours keep ROAs in one way only
    table_options(ignored);
    accept(";");
  };
  if (old_ && words("table")) {
    return family_table(options_.family);
  }
  if (old_ && words("roa table")) {
    return roa_table_1();
  }
  if (!old_ && words("ipv4 table")) {
    return family_table(net::Family::ipv4);
  }
  if (!old_ && words("ipv6 table")) {
    return family_table(net::Family::ipv6);
  }
  if (!old_ && words("roa4 table")) {
    return roa_table(net::Family::ipv4);
  }
  if (!old_ && words("roa6 table")) {
    return roa_table(net::Family::ipv6);
  }
  static constexpr std::array<std::string_view, 8> kOther{"vpn4", "vpn6",      "flow4", "flow6",
                                                          "mpls", "ipv6 sadr", "aspa",  "eth"};
  for (const std::string_view other : kOther) {
    if (words(other)) {
      fail_here("tables of " + std::string(other) + " are not supported; use ipv4, ipv6, roa4 or roa6",
                Errc::unsupported);
    }
  }
  if (!old_ && is_word("listen")) {
    fail_here("'listen bgp' belongs to BIRD 1.6; in BIRD 2 give 'local ADDRESS port N' in each bgp protocol");
  }
  unknown_statement("the configuration");
}

/// `sorted`, or `{ sorted; trie; gc period 5 s; }`.
void Parser::table_options(intent::TableIntent& item) {
  if (words("sorted")) {
    item.sorted = true;
    return;
  }
  if (old_ || !accept("{")) {
    return;
  }
  while (!accept("}")) {
    if (words("sorted")) {
      item.sorted = boolean();
    } else if (words("trie")) {
      item.trie = boolean();
    } else if (words("gc threshold")) {
      item.gc_threshold = number();
    } else if (words("gc period")) {
      item.gc_period = time_with_unit();
    } else if (words("min settle time")) {
      item.min_settle_time = time_with_unit();
    } else if (words("max settle time")) {
      item.max_settle_time = time_with_unit();
    } else {
      unknown_statement("the options of a table");
    }
    end_statement();
  }
}

/// `roa table t { roa 10.0.0.0/8 max 24 as 65001; }`.
void Parser::roa_table_1() {
  const std::string table_name = new_name(SymbolKind::roa_table, "a table");
  router_.roa_families[table_name] = options_.family;
  std::vector<intent::RoaEntry> entries;
  if (accept("{")) {
    while (!accept("}")) {
      expect_words("roa");
      intent::RoaEntry entry;
      entry.prefix = prefix();
      expect_words("max");
      entry.length_max = static_cast<std::uint8_t>(number_in(
          entry.prefix.length(), net::address_bits(entry.prefix.family()), "maximal prefix length"));
      expect_words("as");
      entry.asn = number();
      entries.push_back(entry);
      expect(";");
    }
  }
  router_.roa_tables[table_name] = intent::RoaTable(std::move(entries));
  accept(";");
}

void Parser::time_format() {
  static constexpr std::array<std::string_view, 4> kWhat{"route", "protocol", "base", "log"};
  const auto what =
      std::find_if(kWhat.begin(), kWhat.end(), [&](std::string_view item) { return words(item); });
  if (what == kWhat.end()) {
    unknown_statement("timeformat");
  }
  intent::TimeFormat format;
  if (words("iso short ms")) {
    format = {"%T.%3f", std::chrono::hours(20), "%F"};
  } else if (words("iso short us")) {
    format = {"%T.%6f", std::chrono::hours(20), "%F"};
  } else if (words("iso short")) {
    format = {"%T", std::chrono::hours(20), "%F"};
  } else if (words("iso long ms")) {
    format = {"%F %T.%3f", {}, ""};
  } else if (words("iso long us")) {
    format = {"%F %T.%6f", {}, ""};
  } else if (words("iso long")) {
    format = {"%F %T", {}, ""};
  } else {
    format.format = text();
    if (peek().kind == TokenKind::number || is("(")) {
      format.limit = std::chrono::seconds(number());
      format.old_format = text();
    }
  }
  router_.time_formats[std::string(*what)] = format;
}

void Parser::listen() {
  while (!is(";")) {
    if (words("address")) {
      router_.listen_address = address();
    } else if (words("port")) {
      router_.listen_port = static_cast<std::uint16_t>(number_in(1, 65535, "port"));
    } else if (words("v6only")) {
      router_.listen_v6only = true;
    } else if (words("dual")) {
      router_.listen_v6only = false;
    } else {
      unknown_statement("listen bgp");
    }
  }
}

void Parser::debug() {
  if (words("protocols")) {
    router_.debug_protocols = debug_flags();
  } else if (words("channels")) {
    router_.debug_channels = debug_flags();
  } else if (words("commands")) {
    router_.debug_commands = number();
  } else if (words("latency limit")) {
    router_.debug_latency_limit = time_with_unit();
  } else if (words("latency")) {
    router_.debug_latency = boolean();
  } else {
    unknown_statement("debug");
  }
}

void Parser::mrtdump() {
  if (words("protocols")) {
    router_.mrtdump_protocols = flags({"states", "messages"});
  } else if (peek().kind == TokenKind::text) {
    router_.mrtdump_file = text();
  } else {
    unexpected("a \"file\" or 'protocols'");
  }
}

}  // namespace catflap::birdlang
