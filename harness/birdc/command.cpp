#include "birdc/command.hpp"

#include <algorithm>
#include <array>

#include <utility>

#include <fmt/format.h>

#include "base/glob.hpp"
#include "base/overloaded.hpp"
#include "birdc/command_lexer.hpp"
#include "birdc/text.hpp"

namespace catflap::birdc {
namespace {

/// Reads one command from its tokens. The first error stays; from then on nothing is read.
class Parser {
 public:
  Parser(std::string_view line, Format format, const SymbolLookup& symbols)
      : line_(line), format_(format), symbols_(symbols), tokens_(tokenize(line)) {}

  Result<Command> parse() {
    Command command = top();
    if (error_.empty() && peek().kind != Token::Kind::end) {
      unexpected("END");
    }
    if (!error_.empty()) {
      return fail(Errc::invalid, error_);
    }
    return command;
  }

 private:
  using Expected = std::string_view;

  const Token& peek() const { return tokens_[at_]; }
  bool at_end() const { return peek().kind == Token::Kind::end; }
  void advance() {
    if (!at_end()) {
      ++at_;
    }
  }
  bool is(std::string_view word) const {
    return peek().kind == Token::Kind::word && !peek().quoted_symbol && peek().value == word;
  }
  bool take(std::string_view word) {
    if (!error_.empty() || !is(word)) {
      return false;
    }
    advance();
    return true;
  }
  bool take_punctuation(char c) {
    if (!error_.empty() || peek().kind != Token::Kind::punctuation || peek().value[0] != c) {
      return false;
    }
    advance();
    return true;
  }
  void fail_with(std::string text) {
    if (error_.empty()) {
      error_ = std::move(text);
    }
  }
  /// What bison says; 1.6 was built without the details.
  void unexpected(Expected expected = "") {
    if (format_ == Format::bird1) {
      fail_with("9001 syntax error");
    } else {
      fail_with(fmt::format("9001 syntax error, unexpected {}{}{}", token_name(peek(), symbols_),
                            expected.empty() ? "" : ", expecting ", expected));
    }
  }

  SymbolKind kind_of(const std::string& name, SymbolKind otherwise) const {
    return symbols_ ? symbols_(name) : otherwise;
  }
  bool is_name() const {
    return peek().kind == Token::Kind::word && (peek().quoted_symbol || !is_keyword(peek().value)) &&
           !net::IpAddr::parse(peek().value.substr(0, peek().value.find('/')));
  }
  /// A name that must be of `kind`; `word` is what 1.6 calls it.
  std::string name(SymbolKind kind, std::string_view word, Expected expected, int code = 9001) {
    if (!error_.empty()) {
      return {};
    }
    if (!is_name()) {
      unexpected(expected);
      return {};
    }
    const std::string value = peek().value;
    const SymbolKind found = kind_of(value.substr(0, value.find('.')), kind);
    if (found != kind && format_ == Format::bird1) {
      fail_with(fmt::format("{} {} is not a {}", code, value, word));
    } else if (found == SymbolKind::undefined) {
      unexpected(expected);
    } else if (found != kind) {
      fail_with(fmt::format("9001 {} is not a {}", value, word));
    }
    advance();
    return value;
  }
  std::string protocol_name(Expected expected, int code = 9001) {
    return name(SymbolKind::protocol, "protocol", expected, code);
  }

  /// NAME | "pattern" | all.
  ProtocolSelector selector(Expected expected) {
    ProtocolSelector selected;
    if (take("all")) {
      return selected;
    }
    if (error_.empty() && peek().kind == Token::Kind::text) {
      selected = {ProtocolSelector::Kind::pattern, peek().value};
      advance();
      return selected;
    }
    selected = {ProtocolSelector::Kind::name, protocol_name(expected)};
    return selected;
  }
  std::string optional_text() {
    if (!error_.empty() || peek().kind != Token::Kind::text) {
      return {};
    }
    std::string value = peek().value;
    advance();
    return value;
  }
  std::optional<std::uint32_t> number() {
    const auto value = error_.empty() && peek().kind == Token::Kind::word
                           ? text::number<std::uint32_t>(peek().value)
                           : std::nullopt;
    if (value) {
      advance();
    }
    return value;
  }

  Command top() {
    if (take("show")) {
      return show();
    }
    if (take("configure")) {
      return configure();
    }
    static constexpr std::array<std::pair<std::string_view, Act::Verb>, 4> kVerbs{
        {{"enable", Act::Verb::enable},
         {"disable", Act::Verb::disable},
         {"restart", Act::Verb::restart},
         {"reload", Act::Verb::reload}}};
    for (const auto& [word, verb] : kVerbs) {
      if (take(word)) {
        return act(verb);
      }
    }
    if (take("down")) {
      return Down{};
    }
    if (take("graceful")) {
      if (!take("restart")) {
        unexpected("RESTART");
      }
      return GracefulRestart{};
    }
    if (take("restrict")) {
      return Restrict{};
    }
    if (take("echo")) {
      return echo();
    }
    if (take("debug")) {
      return debug();
    }
    if (take("mrtdump")) {
      return mrtdump();
    }
    if (take("mrt")) {
      return mrt_dump();
    }
    if (take("eval")) {
      return eval();
    }
    if (take("dump")) {
      return dump();
    }
    if (take("help") || take_punctuation('?')) {
      at_ = tokens_.size() - 1;
      return Help{};
    }
    if (take("quit") || take("exit")) {
      return Quit{};
    }
    unexpected();
    return Help{};
  }

  Command show() {
    if (take("status")) {
      return ShowStatus{};
    }
    if (take("memory")) {
      return ShowMemory{};
    }
    if (take("protocols")) {
      return show_protocols();
    }
    if (take("interfaces")) {
      const ShowInterfaces show{take("summary")};
      if (!show.summary && !at_end()) {
        unexpected("END or SUMMARY");
      }
      return show;
    }
    if (take("route")) {
      return show_route();
    }
    if (take("symbols")) {
      ShowSymbols symbols;
      if (!at_end()) {
        symbols.what = peek().value;
        advance();
      }
      return symbols;
    }
    if (format_ == Format::bird1 && take("roa")) {
      return show_roa();
    }
    if (take("ospf")) {
      at_ = tokens_.size() - 1;
      return ShowForeign{"OSPF"};
    }
    if (take("rip")) {
      return foreign("RIP", {"interfaces", "neighbors"}, "INTERFACES or NEIGHBORS");
    }
    if (take("babel")) {
      return foreign("Babel", {"interfaces", "neighbors", "entries", "routes"},
                     "INTERFACES or NEIGHBORS or ENTRIES or ROUTES");
    }
    if (take("static")) {
      return ShowStatic{at_end() ? std::string() : protocol_name("END or CF_SYM_KNOWN", 9002)};
    }
    if (take("bfd")) {
      if (!take("sessions")) {
        unexpected("SESSIONS");
      }
      return ShowBfdSessions{at_end() ? std::string() : protocol_name("END or CF_SYM_KNOWN", 9002)};
    }
    unexpected();
    return Help{};
  }

  Command foreign(std::string protocol, std::initializer_list<std::string_view> subjects, Expected expected) {
    for (const std::string_view subject : subjects) {
      if (take(subject)) {
        at_ = tokens_.size() - 1;
        return ShowForeign{std::move(protocol)};
      }
    }
    unexpected(expected);
    return ShowForeign{};
  }
  Command show_roa() {
    ShowRoa show;
    while (error_.empty() && !at_end()) {
      ShowRoute where;
      if (take("as")) {
        show.asn = number();
        if (!show.asn) {
          unexpected();
        }
      } else if (take("table")) {
        show.table = name(SymbolKind::table, "table", "CF_SYM_KNOWN");
      } else if (take("in")) {
        target(where, ShowRoute::Target::inside, "");
      } else if (take("for")) {
        target(where, ShowRoute::Target::longest, "");
      } else {
        route_prefix(where);
      }
      if (where.prefix) {
        show.prefix = where.prefix;
        show.target = where.target;
      }
    }
    return show;
  }

  Command show_protocols() {
    ShowProtocols show;
    show.all = take("all");
    if (at_end()) {
      return show;
    }
    if (peek().kind == Token::Kind::text) {
      show.which = {ProtocolSelector::Kind::pattern, peek().value};
      advance();
      return show;
    }
    show.which = {
        ProtocolSelector::Kind::name,
        protocol_name(show.all ? "END or CF_SYM_KNOWN or TEXT" : "END or CF_SYM_KNOWN or TEXT or ALL", 9002)};
    return show;
  }

  Command show_route() {
    ShowRoute show;
    while (error_.empty() && !at_end()) {
      if (!route_flag(show) && !route_selection(show) && !route_filter(show.filter)) {
        route_prefix(show);
      }
    }
    return show;
  }
  bool route_flag(ShowRoute& show) {
    const std::array<std::pair<std::string_view, bool*>, 5> flags{{{"all", &show.all},
                                                                   {"primary", &show.primary},
                                                                   {"filtered", &show.filtered},
                                                                   {"count", &show.count},
                                                                   {"stats", &show.stats}}};
    for (const auto& [word, flag] : flags) {
      if (take(word)) {
        *flag = true;
        return true;
      }
    }
    return false;
  }
  bool route_selection(ShowRoute& show) {
    if (take("table")) {
      table(show);
    } else if (take("protocol")) {
      if (!show.protocol.empty()) {
        fail_with("9001 Protocol specified twice");
      }
      show.protocol = protocol_name("CF_SYM_KNOWN");
    } else if (take("import")) {
      channel_table(show, ShowRoute::ChannelTable::import_table);
    } else if (take("export")) {
      if (is("table")) {
        channel_table(show, ShowRoute::ChannelTable::export_table);
      } else {
        export_of(show, ShowRoute::Export::exported);
      }
    } else if (take("exported")) {
      export_of(show, ShowRoute::Export::exported);
    } else if (take("preexport")) {
      export_of(show, ShowRoute::Export::preexport);
    } else if (take("noexport")) {
      export_of(show, ShowRoute::Export::noexport);
    } else if (take("for")) {
      target(show, ShowRoute::Target::longest, "IP4 or IP6 or VPN_RD or CF_SYM_KNOWN");
    } else if (take("in")) {
      target(show, ShowRoute::Target::inside, "IP4 or IP6 or VPN_RD or CF_SYM_KNOWN");
    } else {
      return false;
    }
    return true;
  }
  void table(ShowRoute& show) {
    if (take("all")) {
      show.all_tables = true;
      return;
    }
    show.tables.push_back(name(SymbolKind::table, "table", "CF_SYM_KNOWN or ALL"));
  }
  void export_of(ShowRoute& show, ShowRoute::Export mode) {
    if (show.export_mode != ShowRoute::Export::none) {
      fail_with("9001 Export specified twice");
    }
    show.export_mode = mode;
    show.export_protocol = protocol_name("CF_SYM_KNOWN");
  }
  void channel_table(ShowRoute& show, ShowRoute::ChannelTable kind) {
    if (!take("table")) {
      unexpected("TABLE");
      return;
    }
    show.channel_table = kind;
    const std::string both = protocol_name("CF_SYM_KNOWN");
    const auto dot = both.find('.');
    if (error_.empty() && (dot == std::string::npos || dot + 1 == both.size())) {
      unexpected("'.'");
      return;
    }
    show.channel_protocol = both.substr(0, dot);
    show.channel = dot == std::string::npos ? "" : both.substr(dot + 1);
  }
  void target(ShowRoute& show, ShowRoute::Target target, Expected expected) {
    if (!error_.empty()) {
      return;
    }
    const std::string value = peek().kind == Token::Kind::word ? peek().value : "";
    const auto addr = net::IpAddr::parse(value);
    const auto prefix = net::Prefix::parse(value);
    if (show.prefix) {
      fail_with("9001 Only one prefix expected");
    } else if (prefix) {
      show.prefix = *prefix;
    } else if (addr) {
      show.prefix = net::Prefix::host(*addr);
    } else if (net::IpAddr::parse(value.substr(0, value.find('/')))) {
      fail_with(fmt::format("9001 Invalid IP prefix {}", value));
    } else {
      unexpected(expected);
    }
    show.target = target;
    advance();
  }
  void route_prefix(ShowRoute& show) {
    if (peek().kind == Token::Kind::word &&
        net::IpAddr::parse(peek().value.substr(0, peek().value.find('/')))) {
      target(show, ShowRoute::Target::exact, "");
    } else {
      unexpected();
    }
  }

  /// `where EXPR`, `filter NAME`, `filter { ... }`. An expression ends where, outside of all brackets, a word
  /// stands that can only be the next argument.
  bool route_filter(FilterText& filter) {
    if (take("where")) {
      filter = {FilterText::Kind::where, expression()};
      if (filter.text.empty()) {
        unexpected();
      }
      return true;
    }
    if (!take("filter")) {
      return false;
    }
    if (peek().kind == Token::Kind::punctuation && peek().value == "{") {
      filter = {FilterText::Kind::block, block()};
    } else {
      filter = {FilterText::Kind::name, name(SymbolKind::other, "filter", "CF_SYM_KNOWN or '{'")};
    }
    return true;
  }
  std::string expression() {
    static constexpr std::array<std::string_view, 15> kArguments{
        "all",    "primary", "filtered",  "count",    "stats", "table",  "protocol", "import",
        "export", "to",      "preexport", "noexport", "where", "filter", "for"};
    const std::size_t begin = peek().begin;
    std::size_t end = begin;
    int depth = 0;
    for (; !at_end(); advance()) {
      const Token& token = peek();
      if (depth <= 0 && token.kind == Token::Kind::word && !token.quoted_symbol &&
          std::find(kArguments.begin(), kArguments.end(), token.value) != kArguments.end()) {
        break;
      }
      depth += bracket(token);
      end = token.end;
    }
    return std::string(line_.substr(begin, end - begin));
  }
  std::string block() {
    const std::size_t begin = peek().begin;
    int depth = 0;
    while (!at_end()) {
      depth += bracket(peek());
      const std::size_t end = peek().end;
      advance();
      if (depth == 0) {
        return std::string(line_.substr(begin, end - begin));
      }
    }
    unexpected("'}'");
    return {};
  }
  static int bracket(const Token& token) {
    if (token.kind != Token::Kind::punctuation) {
      return 0;
    }
    const char c = token.value[0];
    return c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
  }

  Command configure() {
    Configure command;
    static constexpr std::array<std::pair<std::string_view, Configure::Mode>, 5> kModes{
        {{"soft", Configure::Mode::soft},
         {"check", Configure::Mode::check},
         {"confirm", Configure::Mode::confirm},
         {"undo", Configure::Mode::undo},
         {"status", Configure::Mode::status}}};
    for (const auto& [word, mode] : kModes) {
      if (take(word)) {
        command.mode = mode;
        break;
      }
    }
    const bool reads = command.mode == Configure::Mode::apply || command.mode == Configure::Mode::soft ||
                       command.mode == Configure::Mode::check;
    if (reads) {
      command.file = optional_text();
    }
    if (reads && command.file.empty() && !at_end() && !is("timeout")) {
      unexpected();
    }
    if (reads && command.mode != Configure::Mode::check && take("timeout")) {
      constexpr std::uint32_t kDefaultTimeoutS = 300;
      command.timeout_s = number().value_or(kDefaultTimeoutS);
    }
    return command;
  }

  Command act(Act::Verb verb) {
    Act command;
    command.verb = verb;
    Expected expected = "CF_SYM_KNOWN or TEXT or ALL";
    if (verb == Act::Verb::reload) {
      if (take("in")) {
        command.verb = Act::Verb::reload_in;
      } else if (take("out")) {
        command.verb = Act::Verb::reload_out;
      } else {
        expected = "";
      }
    }
    command.which = selector(expected);
    command.message = optional_text();
    return command;
  }

  /// `{ a, b }`.
  std::vector<std::string> flag_list(std::initializer_list<std::string_view> known) {
    std::vector<std::string> flags;
    do {
      if (std::find(known.begin(), known.end(), peek().value) == known.end() ||
          peek().kind != Token::Kind::word) {
        unexpected();
        break;
      }
      flags.push_back(peek().value);
      advance();
    } while (take_punctuation(','));
    if (error_.empty() && !take_punctuation('}')) {
      unexpected();
    }
    return flags;
  }
  Command echo() {
    Echo command;
    if (take("all")) {
      command.all = true;
    } else if (take_punctuation('{')) {
      command.classes =
          flag_list({"debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"});
    } else if (!take("off")) {
      unexpected("OFF or '{' or ALL");
    }
    command.buffer_octets = number();
    if (command.buffer_octets &&
        (*command.buffer_octets < kEchoOctetsMin || *command.buffer_octets > kEchoOctetsMax)) {
      fail_with("9001 Invalid log buffer size");
    }
    return command;
  }
  Command debug() {
    Debug command;
    command.which = selector("CF_SYM_KNOWN or TEXT or ALL");
    if (const auto dot = command.which.text.find('.');
        command.which.kind == ProtocolSelector::Kind::name && dot != std::string::npos) {
      command.channel = command.which.text.substr(dot + 1);
      command.which.text.resize(dot);
    }
    if (take("all")) {
      command.all = true;
    } else if (take_punctuation('{')) {
      command.flags = flag_list({"states", "routes", "filters", "interfaces", "events", "packets"});
    } else if (!take("off")) {
      unexpected("'.' or OFF or '{' or ALL");
    }
    return command;
  }
  Command mrtdump() {
    MrtDumpFlags command;
    command.which = selector("CF_SYM_KNOWN or TEXT or ALL");
    if (take("all")) {
      command.all = true;
    } else if (take_punctuation('{')) {
      command.flags = flag_list({"states", "messages"});
    } else if (!take("off")) {
      unexpected("OFF or '{' or ALL");
    }
    return command;
  }
  Command mrt_dump() {
    MrtDumpTable command;
    if (!take("dump")) {
      unexpected("DUMP");
      return command;
    }
    while (error_.empty() && !at_end()) {
      if (take("table")) {
        command.table = peek().kind == Token::Kind::text
                            ? optional_text()
                            : name(SymbolKind::table, "table", "CF_SYM_KNOWN or TEXT");
      } else if (take("to")) {
        command.file = optional_text();
        if (command.file.empty()) {
          unexpected("TEXT");
        }
      } else if (!route_filter(command.filter)) {
        unexpected();
      }
    }
    if (command.table.empty()) {
      fail_with("9001 Table not specified");
    }
    return command;
  }
  Command eval() {
    if (at_end()) {
      unexpected();
    }
    Eval command{std::string(line_.substr(peek().begin))};
    while (!command.expression.empty() &&
           (command.expression.back() == ' ' || command.expression.back() == '\r')) {
      command.expression.pop_back();
    }
    at_ = tokens_.size() - 1;
    return command;
  }
  Command dump() {
    static constexpr std::array<std::string_view, 8> kSubjects{
        "resources", "sockets", "events", "interfaces", "neighbors", "attributes", "routes", "protocols"};
    for (const std::string_view subject : kSubjects) {
      if (take(subject)) {
        return Dump{std::string(subject)};
      }
    }
    if (take("filter")) {
      if (!take("all")) {
        unexpected("ALL");
      }
      return Dump{"filter all"};
    }
    unexpected();
    return Dump{};
  }

  std::string_view line_;
  Format format_;
  const SymbolLookup& symbols_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

bool ProtocolSelector::matches(std::string_view protocol) const {
  return kind == Kind::all || (kind == Kind::name ? text == protocol : glob_match(text, protocol));
}

bool ShowSymbols::of_kind() const {
  return what == "table" || what == "filter" || what == "function" || what == "protocol" ||
         what == "template" || what == "roa";
}

bool changes_daemon(const Command& command) {
  return std::visit(
      overloaded{[](const Configure& configure) {
                   return configure.mode != Configure::Mode::check &&
                          configure.mode != Configure::Mode::status;
                 },
                 [](const Act&) { return true; }, [](const Down&) { return true; },
                 [](const GracefulRestart&) { return true; }, [](const Debug&) { return true; },
                 [](const MrtDumpFlags&) { return true; }, [](const MrtDumpTable&) { return true; },
                 [](const Dump&) { return true; }, [](const auto&) { return false; }},
      command);
}

Result<Command> parse_command(std::string_view line, Format format, const SymbolLookup& symbols) {
  if (line.size() > kMaxCommandOctets) {
    return fail(Errc::invalid, "9000 Command too long");
  }
  return Parser(line, format, symbols).parse();
}

}  // namespace catflap::birdc
