#include <algorithm>
#include <utility>

#include "birdlang/parser.hpp"
#include "birdlang/printer.hpp"

namespace catflap::birdlang {

void TextWriter::line(std::string_view text) {
  text_.append(depth_ * 2, ' ').append(text).push_back('\n');
}

void TextWriter::open(std::string_view text) {
  line(text.empty() ? std::string("{") : std::string(text) + " {");
  ++depth_;
}

void TextWriter::close(std::string_view tail) {
  --depth_;
  line("}" + std::string(tail));
}

std::string symbol_text(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool plain = !name.empty() && letter(name.front()) &&
                     std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
  return plain ? std::string(name) : "'" + std::string(name) + "'";
}

std::string quoted_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    result += c == '"' ? '\'' : (c == '\n' || c == '\0' ? ' ' : c);
  }
  return result + "\"";
}

std::string time_text(Duration duration) {
  const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  if (micro % 1'000'000 == 0) {
    return std::to_string(micro / 1'000'000);
  }
  return micro % 1000 == 0 ? std::to_string(micro / 1000) + " ms" : std::to_string(micro) + " us";
}

std::string unit_time_text(Duration duration) {
  const std::string text = time_text(duration);
  return text.find(' ') == std::string::npos ? text + " s" : text;
}

std::string interfaces_text(const std::vector<intent::InterfacePattern>& patterns) {
  std::string text;
  for (const intent::InterfacePattern& pattern : patterns) {
    text += text.empty() ? "" : ", ";
    text += pattern.negated ? "-" : "";
    text += pattern.glob ? quoted_text(*pattern.glob) : "";
    text += pattern.glob && pattern.prefix ? " " : "";
    text += pattern.prefix ? net::to_string(*pattern.prefix) : "";
  }
  return text;
}

std::string flags_text(const std::vector<std::string>& flags, std::size_t all) {
  if (flags.empty()) {
    return "off";
  }
  if (flags.size() == all) {
    return "all";
  }
  std::string text = "{ ";
  for (const std::string& flag : flags) {
    text += (text.size() > 2 ? ", " : "") + flag;
  }
  return text + " }";
}

namespace {

/// In the other dialect, the tables that are there from the start have other names.
std::string other_master(const std::string& table, net::Family family, Dialect dialect) {
  if (dialect == Dialect::bird2 && table == "master") {
    return family == net::Family::ipv4 ? "master4" : "master6";
  }
  if (dialect == Dialect::bird1 && (table == "master4" || table == "master6")) {
    return "master";
  }
  return table;
}

bool is_foreign(const intent::RouterIntent& router, Dialect dialect) {
  return std::any_of(router.tables.begin(), router.tables.end(), [&](const intent::TableIntent& table) {
    return other_master(table.name, table.family, dialect) != table.name;
  });
}

/// The same router with the tables' names of `dialect`.
intent::RouterIntent translated(intent::RouterIntent router, Dialect dialect) {
  for (intent::ProtocolIntent& protocol : router.protocols) {
    for (intent::ChannelIntent& channel : protocol.channels) {
      channel.table = other_master(channel.table, channel.family, dialect);
      for (std::string* table : {&channel.bgp.igp_table4, &channel.bgp.igp_table6}) {
        *table = other_master(*table, channel.family, dialect);
      }
    }
    const net::Family family =
        protocol.channels.empty() ? net::Family::ipv4 : protocol.channels.front().family;
    if (auto* pipe = std::get_if<intent::PipeIntent>(&protocol.body)) {
      pipe->peer_table = other_master(pipe->peer_table, family, dialect);
    }
    if (auto* routes = std::get_if<intent::StaticIntent>(&protocol.body)) {
      routes->igp_table = other_master(routes->igp_table, family, dialect);
    }
  }
  return router;
}

void print_logs(TextWriter& out, const intent::RouterIntent& router) {
  for (const intent::LogIntent& log : router.logs) {
    std::string text = "log ";
    switch (log.target) {
      case intent::LogIntent::Target::syslog:
        text += "syslog" + (log.syslog_name.empty() ? "" : " name " + quoted_text(log.syslog_name));
        break;
      case intent::LogIntent::Target::stderr_:
        text += "stderr";
        break;
      case intent::LogIntent::Target::file:
        text += quoted_text(log.path);
        if (log.size_limit != 0) {
          text += " " + std::to_string(log.size_limit) + " " + quoted_text(log.backup_path);
        }
        break;
    }
    if (log.classes.size() == 1 && log.classes.front() == "all") {
      out.line(text + " all;");
      continue;
    }
    text += " {";
    for (std::size_t i = 0; i < log.classes.size(); ++i) {
      text += (i == 0 ? " " : ", ") + log.classes[i];
    }
    out.line(text + " };");
  }
}

void print_times(TextWriter& out, const intent::RouterIntent& router) {
  for (const auto& [what, format] : router.time_formats) {
    std::string text = "timeformat " + what + " " + quoted_text(format.format);
    if (!format.old_format.empty() || format.limit != Duration(0)) {
      text += " " + time_text(format.limit) + " " + quoted_text(format.old_format);
    }
    out.line(text + ";");
  }
  if (router.graceful_restart_wait != intent::RouterIntent().graceful_restart_wait) {
    out.line("graceful restart wait " + time_text(router.graceful_restart_wait) + ";");
  }
  if (router.watchdog_warning) {
    out.line("watchdog warning " + unit_time_text(*router.watchdog_warning) + ";");
  }
  if (router.watchdog_timeout) {
    out.line("watchdog timeout " + unit_time_text(*router.watchdog_timeout) + ";");
  }
}

void print_debug(TextWriter& out, const intent::RouterIntent& router) {
  if (router.mrtdump_file) {
    out.line("mrtdump " + quoted_text(*router.mrtdump_file) + ";");
  }
  if (!router.mrtdump_protocols.empty()) {
    out.line("mrtdump protocols " + flags_text(router.mrtdump_protocols, 2) + ";");
  }
  if (!router.debug_protocols.empty()) {
    out.line("debug protocols " + flags_text(router.debug_protocols, 6) + ";");
  }
  if (!router.debug_channels.empty()) {
    out.line("debug channels " + flags_text(router.debug_channels, 6) + ";");
  }
  if (router.debug_commands != 0) {
    out.line("debug commands " + std::to_string(router.debug_commands) + ";");
  }
  if (router.debug_latency) {
    out.line(std::string("debug latency ") + (*router.debug_latency ? "on;" : "off;"));
  }
  if (router.debug_latency_limit) {
    out.line("debug latency limit " + unit_time_text(*router.debug_latency_limit) + ";");
  }
}

void print_settings(TextWriter& out, const intent::RouterIntent& router, Dialect dialect) {
  print_logs(out, router);
  if (!router.router_id_from.empty()) {
    out.line("router id from " + interfaces_text(router.router_id_from) + ";");
  }
  if (router.router_id != 0) {
    out.line("router id " + net::router_id_to_string(router.router_id) + ";");
  }
  if (!router.hostname.empty() && dialect == Dialect::bird2) {
    out.line("hostname " + quoted_text(router.hostname) + ";");
  }
  if (dialect == Dialect::bird1 &&
      (router.listen_port != 179 || router.listen_address || router.listen_v6only)) {
    std::string text = "listen bgp";
    text += router.listen_address ? " address " + net::to_string(*router.listen_address) : "";
    text += router.listen_port != 179 ? " port " + std::to_string(router.listen_port) : "";
    out.line(text + (router.listen_v6only ? " v6only;" : ";"));
  }
  print_times(out, router);
  print_debug(out, router);
}

/// Entries of ROA tables that no static protocol of the router brings: 1.6 has them in the table.
std::vector<intent::RoaEntry> own_entries(const intent::RouterIntent& router, const std::string& table) {
  std::vector<intent::RoaEntry> entries;
  const auto found = router.roa_tables.find(table);
  if (found != router.roa_tables.end()) {
    entries = found->second.entries();
  }
  for (const intent::ProtocolIntent& protocol : router.protocols) {
    const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body);
    if (routes == nullptr || routes->roa_table != table) {
      continue;
    }
    for (const intent::RoaEntry& entry : routes->roas) {
      entries.erase(std::remove(entries.begin(), entries.end(), entry), entries.end());
    }
  }
  return entries;
}

/// False if the table has no options but `sorted`.
bool print_table_options(TextWriter& out, const std::string& head, const intent::TableIntent& table) {
  intent::TableIntent plain;
  plain.name = table.name;
  plain.family = table.family;
  plain.sorted = table.sorted;
  if (plain == table) {
    return false;
  }
  const auto time = [&](const char* name, const std::optional<Duration>& value) {
    if (value) {
      out.line(std::string(name) + " " + unit_time_text(*value) + ";");
    }
  };
  out.open(head);
  if (table.sorted) {
    out.line("sorted on;");
  }
  if (table.trie) {
    out.line(*table.trie ? "trie on;" : "trie off;");
  }
  if (table.gc_threshold) {
    out.line("gc threshold " + std::to_string(*table.gc_threshold) + ";");
  }
  time("gc period", table.gc_period);
  time("min settle time", table.min_settle_time);
  time("max settle time", table.max_settle_time);
  out.close();
  return true;
}

void print_tables(TextWriter& out, const intent::RouterIntent& router, Dialect dialect) {
  const bool old = dialect == Dialect::bird1;
  for (const intent::TableIntent& table : router.tables) {
    if (table.name == "master4" || table.name == "master6" || table.name == "master") {
      continue;
    }
    const std::string head =
        (old ? "" : std::string(net::to_string(table.family)) + " ") + "table " + symbol_text(table.name);
    if (old || !print_table_options(out, head, table)) {
      out.line(head + (table.sorted ? " sorted;" : ";"));
    }
  }
  for (const auto& [name, family] : router.roa_families) {
    if (!old) {
      out.line(std::string(family == net::Family::ipv4 ? "roa4" : "roa6") + " table " + symbol_text(name) +
               ";");
      continue;
    }
    out.open("roa table " + symbol_text(name));
    for (const intent::RoaEntry& entry : own_entries(router, name)) {
      out.line("roa " + net::to_string(entry.prefix) + " max " + std::to_string(entry.length_max) + " as " +
               std::to_string(entry.asn) + ";");
    }
    out.close();
  }
}

void print_definitions(TextWriter& out, const intent::RouterIntent& router) {
  for (const auto& [name, type] : router.attributes) {
    out.line("attribute " + std::string(intent::to_string(type)) + " " + symbol_text(name) + ";");
  }
  for (const auto& [name, value] : router.constants) {
    out.line("define " + symbol_text(name) + " = " + intent::to_source(value) + ";");
  }
  Functions functions = router.functions;
  auto filters = router.filters;
  for (const intent::ProtocolIntent& protocol : router.protocols) {
    for (const intent::ChannelIntent& channel : protocol.channels) {
      for (const intent::FilterRef* ref : {&channel.import_filter, &channel.export_filter}) {
        if (ref->filter && !ref->filter->name.empty()) {
          filters.emplace(ref->filter->name, ref->filter);
        }
        if (ref->filter) {
          functions.insert(ref->filter->functions.begin(), ref->filter->functions.end());
        }
      }
    }
  }
  for (const auto& [name, filter] : filters) {
    functions.insert(filter->functions.begin(), filter->functions.end());
  }
  for (const intent::ProtocolIntent& protocol : router.protocols) {
    if (const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body)) {
      for (const intent::StaticRoute& route : routes->routes) {
        if (route.body) {
          functions.insert(route.body->functions.begin(), route.body->functions.end());
        }
      }
    }
  }
  for (const auto& function : in_order(functions)) {
    print_function(out, *function);
  }
  for (const auto& [name, filter] : filters) {
    out.open("filter " + symbol_text(name));
    print_body(out, filter->body);
    out.close();
  }
}

/// 1.6's entries of ROA tables as a static protocol of BIRD 2.
void print_roa_protocols(TextWriter& out, const intent::RouterIntent& router) {
  for (const auto& [name, family] : router.roa_families) {
    const auto entries = own_entries(router, name);
    if (entries.empty()) {
      continue;
    }
    intent::ProtocolIntent protocol;
    intent::StaticIntent routes;
    routes.roa_table = name;
    routes.roas = entries;
    protocol.debug = router.debug_protocols;
    protocol.mrtdump = router.mrtdump_protocols;
    protocol.body = std::move(routes);
    print_protocol(out, router, protocol, Dialect::bird2);
  }
}

}  // namespace

std::string print(const intent::RouterIntent& router, Dialect dialect) {
  if (is_foreign(router, dialect)) {
    intent::RouterIntent other = translated(router, dialect);
    other.tables.erase(std::remove_if(other.tables.begin(), other.tables.end(),
                                      [](const intent::TableIntent& table) {
                                        return table.name == "master" || table.name == "master4" ||
                                               table.name == "master6";
                                      }),
                       other.tables.end());
    return print(other, dialect);
  }
  TextWriter out;
  print_settings(out, router, dialect);
  print_tables(out, router, dialect);
  print_definitions(out, router);
  if (dialect == Dialect::bird2) {
    print_roa_protocols(out, router);
  }
  for (const intent::ProtocolIntent& protocol : router.protocols) {
    print_protocol(out, router, protocol, dialect);
  }
  return out.release();
}

}  // namespace catflap::birdlang
