#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "birdlang/birdlang.hpp"
#include "birdlang/lexer.hpp"
#include "intent/router.hpp"

/// The recursive descent parser behind birdlang.hpp; private to this module.
namespace catflap::birdlang {

/// Thrown inside the parser only; parse() and its siblings turn it into a Result.
struct SyntaxError {
  Error error;
};

/// A protocol while it is being read. Templates are kept like this.
struct Draft {
  struct ChannelState {
    bool inherited = false;
    bool import_set = false;
    bool export_set = false;
  };
  intent::ProtocolIntent protocol;
  std::string kind;  ///< "bgp", "kernel", ...
  std::vector<ChannelState> channels;
  bool table_set = false;  ///< dialect 1.6, and pipe: `table`
};

enum class SymbolKind : std::uint8_t {
  constant,
  variable,
  function,
  filter,
  table,
  roa_table,
  protocol,
  template_,
  attribute
};
std::string_view to_string(SymbolKind kind);

struct Variable {
  std::uint32_t slot = 0;
  intent::ValueType type = intent::ValueType::none;
};

/// What is known of the function or filter that is being read.
struct Frame {
  std::vector<std::map<std::string, Variable, std::less<>>> scopes;
  std::uint32_t slots = 0;
  std::set<std::string> calls;  ///< called here
};

/// What a call needs to know of a function, from its head on: it may call itself.
struct Prototype {
  std::vector<intent::ValueType> arguments;
};

/// A set while it is being read.
struct SetDraft {
  intent::ItemSet set;
  bool typed = false;
};
/// A part of a tuple in a set: `5`, `5..7` or `*`.
struct Dimension {
  intent::Range32 values;
  bool wild = false;
  bool single = false;
};

class Parser {
 public:
  Parser(const Source& source, const ParseOptions& options);

  intent::RouterIntent parse_router();
  /// For expressions at a prompt: takes over the names of `context`, which must outlive the parser.
  void use(const intent::RouterIntent& context);
  std::shared_ptr<const intent::Filter> parse_prompt_filter();
  intent::ExprPtr parse_prompt_expression();

 private:
  // Tokens (parser.cpp).
  const Token& peek(std::size_t ahead = 0) const;
  const Token& take();
  bool is(std::string_view punctuation, std::size_t ahead = 0) const;
  bool is_word(std::string_view word, std::size_t ahead = 0) const;
  bool accept(std::string_view punctuation);
  void expect(std::string_view punctuation);
  /// Takes the words of `phrase` ("next hop self") if they are next. Notes what was tried, for messages.
  bool words(std::string_view phrase);
  void expect_words(std::string_view phrase);
  void end_statement() { expect(";"); }
  SourcePos here() const { return source_.where(peek()); }
  [[noreturn]] void fail_here(std::string message, Errc code = Errc::invalid) const;
  [[noreturn]] void fail_token(const Token& token, std::string message, Errc code = Errc::invalid) const;
  [[noreturn]] void unexpected(std::string_view expected) const;
  /// "syntax error, unexpected 'x'", with the nearest of the phrases tried at this token.
  [[noreturn]] void unknown_statement(std::string_view where) const;
  std::string describe(const Token& token) const;
  class Nesting;

  // Plain values (parse_value.cpp). Each also takes a symbol of that type, and an expression in parentheses.
  intent::Value constant(intent::ValueType type);
  std::uint32_t number();
  std::uint32_t number_in(std::uint32_t low, std::uint32_t high, std::string_view what);
  std::string text();
  net::IpAddr address();
  net::Prefix prefix();
  std::uint32_t router_id();
  bool boolean();             ///< on, off, yes, no, true, false; nothing is on
  Duration seconds();         ///< a plain number
  Duration time_with_unit();  ///< with `s`, `ms` or `us`
  std::string name(std::string_view what);
  std::string new_name(SymbolKind kind, std::string_view what);
  std::vector<intent::InterfacePattern> interfaces();
  std::vector<std::string> flags(std::initializer_list<std::string_view> all);
  std::vector<std::string> debug_flags();
  std::string table_name(net::Family family, bool any_family = false);

  // Top level (parse_router.cpp).
  void statement();
  bool settings();
  void log();
  void parse_router_id();
  void define();
  void table();
  void table_options(intent::TableIntent& item);
  void roa_table_1();
  void time_format();
  void listen();
  void debug();
  void mrtdump();
  void add_table(const std::string& table, net::Family family);
  void finish();

  // Protocols (parse_protocol.cpp, parse_channel.cpp, parse_bgp.cpp, parse_static.cpp, parse_bfd.cpp,
  // parse_monitor.cpp).
  void protocol(bool is_template);
  Draft new_draft(const std::string& kind) const;
  std::string automatic_name(const std::string& kind);
  void protocol_item(Draft& draft);
  bool common_item(Draft& draft);
  void finish_protocol(Draft& draft, const Token& at);
  void check_unique(const Draft& draft, const Token& at) const;
  bool device_item(intent::DeviceIntent& device);
  bool direct_item(intent::DirectIntent& direct);
  bool kernel_item(intent::KernelIntent& kernel);
  bool pipe_item(Draft& draft, intent::PipeIntent& pipe);
  bool static_item(intent::StaticIntent& routes);
  void static_route(intent::StaticIntent& routes);
  void roa_route(intent::StaticIntent& routes, const net::Prefix& prefix);
  void static_target(intent::StaticRoute& route);
  intent::StaticNextHop static_next_hop(const intent::StaticRoute& route);
  bool bfd_item(intent::BfdIntent& bfd);
  bool bfd_option(intent::BfdOptions& options);
  void bfd_accept(intent::BfdIntent& bfd);
  void bfd_interface(std::optional<intent::BfdOptions>& options);
  void bfd_neighbor(intent::BfdIntent& bfd);
  bool mrt_item(intent::MrtIntent& mrt);
  bool bmp_item(intent::BmpIntent& bmp);
  void check_monitor(const Draft& draft, const Token& at) const;
  bool bgp_item(intent::BgpIntent& bgp);
  bool bgp_identity(intent::BgpIntent& bgp);
  bool bgp_neighbor(intent::BgpIntent& bgp);
  bool bgp_timer(intent::BgpIntent& bgp);
  bool bgp_session(intent::BgpIntent& bgp);
  bool bgp_policy(intent::BgpIntent& bgp);
  bool bgp_restart(intent::BgpIntent& bgp);
  bool bgp_extension(intent::BgpIntent& bgp);
  void bgp_remove_private_as(intent::BgpIntent& bgp);
  void bgp_bfd(intent::BgpIntent& bgp);
  std::uint32_t cease_causes();
  void check_bgp(const Draft& draft, const Token& at) const;
  bool channel_start(Draft& draft);
  bool channel_item(Draft& draft, std::size_t index);
  bool channel_limit(intent::ChannelIntent& channel);
  bool bgp_channel_item(intent::BgpChannelIntent& bgp);
  bool bgp_channel_next_hop(intent::BgpChannelIntent& bgp);
  std::optional<intent::Limit> limit();
  intent::FilterRef filter_ref();

  // Filters: statements (parse_statement.cpp).
  void filter();
  void function();
  void custom_attribute();
  std::optional<intent::ValueType> value_type();
  /// `{ ... }` of a function or filter, with declarations before it as BIRD 1.6 has them.
  std::vector<intent::StmtPtr> body();
  std::vector<intent::StmtPtr> block();
  std::vector<intent::StmtPtr> block_or_statement();
  void case_labels(intent::Stmt::Case& branch);
  void statement_into(std::vector<intent::StmtPtr>& body);
  intent::StmtPtr print_and_decide(intent::Stmt decision);
  intent::StmtPtr declaration();
  intent::StmtPtr if_statement();
  intent::StmtPtr case_statement();
  intent::StmtPtr for_statement();
  intent::StmtPtr print_statement();
  intent::StmtPtr word_statement();
  intent::StmtPtr assignment_or_call();
  intent::StmtPtr attribute_statement(const Token& at);
  bool starts_statement() const;
  Variable declare(const Token& at, const std::string& variable, intent::ValueType type);
  std::shared_ptr<const intent::Filter> make_filter(std::string name, std::vector<intent::StmtPtr> body);
  std::set<std::string> reachable(const std::set<std::string>& calls) const;
  std::shared_ptr<const intent::Filter> where_filter(const intent::ExprPtr& condition);

  // Filters: expressions (parse_expression.cpp, parse_term.cpp, parse_set.cpp).
  intent::ExprPtr expression();
  intent::ExprPtr comparison();
  intent::ExprPtr additive();
  intent::ExprPtr multiplicative();
  intent::ExprPtr unary();
  intent::ExprPtr postfix();
  intent::ExprPtr primary();
  intent::ExprPtr word_term();
  intent::ExprPtr symbol_term();
  intent::ExprPtr attribute_term();
  intent::ExprPtr call_term(const Token& at, const std::string& name);
  intent::ExprPtr roa_check_term(const Token& at);
  intent::ExprPtr function_style_term(const Token& at, const std::string& name);
  intent::ExprPtr method(intent::ExprPtr object);
  intent::ExprPtr parenthesised();
  intent::ExprPtr tuple(intent::ExprPtr made, bool literal, const Token& at) const;
  intent::ExprPtr address_term();
  intent::ExprPtr empty_list();
  intent::ExprPtr path_mask();
  intent::ExprPtr set_literal();
  void prefix_item(std::vector<intent::PrefixPattern>& patterns);
  void set_item(SetDraft& set);
  bool tuple_item(SetDraft& set, intent::Value& atom);
  void add_range(SetDraft& draft, const intent::Value& low, const intent::Value& high, const Token& at) const;
  void pair_item(SetDraft& set, const Token& at, const std::vector<Dimension>& parts);
  void large_item(SetDraft& set, const Token& at, const std::vector<Dimension>& parts);
  void ext_item(SetDraft& set, const Token& at);
  Dimension dimension();
  intent::Value set_atom();
  void mask_set(intent::PathMaskItem& item, const intent::ExprPtr& set);
  void mask_expression(intent::PathMaskItem& item, const intent::ExprPtr& value,
                       std::vector<intent::ExprPtr>& operands);
  std::uint32_t set_number();
  intent::ExprPtr make(intent::Op op, std::vector<intent::ExprPtr> operands, const Token& at);
  intent::ExprPtr folded(intent::Expr expression, const Token& at) const;
  intent::ExprPtr make_constant(intent::Value value, const Token& at) const;
  /// `expression` as a value of `type` (an IPv4 address may stand for a quad); an error says that `what`
  /// needs it.
  intent::ExprPtr convert(intent::ExprPtr expression, intent::ValueType type, const std::string& what) const;
  void check(const intent::ExprPtr& expression, intent::ValueType type, std::string_view what) const;
  void require(const intent::ExprPtr& expression, intent::ValueType type, std::string_view what) const;
  std::optional<Variable> find_variable(std::string_view name) const;
  bool is_attribute(std::string_view name) const;
  bool is_own_name(std::string_view name) const;
  void count_operator(const Token& at);
  void check_order(intent::Op op, const intent::ExprPtr& left, const intent::ExprPtr& right,
                   const Token& at) const;

  const Source& source_;
  const ParseOptions& options_;
  bool old_ = false;  ///< dialect 1.6
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t operators_ = 0;
  intent::RouterIntent router_;
  std::map<std::string, SymbolKind, std::less<>> symbols_;
  std::map<std::string, Draft, std::less<>> drafts_;  ///< templates and protocols, for `from`
  std::map<std::string, std::uint32_t> counters_;     ///< of automatic names
  std::map<std::string, Prototype, std::less<>> prototypes_;
  std::map<std::string, std::set<std::string>, std::less<>> calls_;  ///< of each function
  Frame frame_;
  mutable std::vector<std::string_view> tried_;  ///< phrases tried at tried_at_
  mutable std::size_t tried_at_ = 0;
};

/// Counts one level of nesting while it lives; throws at kNestingMax.
class Parser::Nesting {
 public:
  explicit Nesting(Parser& parser) : parser_(parser) {
    if (++parser_.depth_ > kNestingMax) {
      --parser_.depth_;
      parser_.fail_here("nested too deeply (more than " + std::to_string(kNestingMax) + " levels)");
    }
  }
  ~Nesting() { --parser_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Parser& parser_;
};

/// A route attribute by its name in the language.
struct AttributeInfo {
  std::string_view name;
  intent::RouteAttribute attribute;
  intent::ValueType type;
  bool read_only = false;
  intent::EnumType enum_type = intent::EnumType::route_source;  ///< of an enumeration
  bool built_in = false;  ///< part of every route: `unset` does not know it
};
const AttributeInfo* find_attribute(std::string_view name);
/// The name that the language has for it; `name` itself for a generic one.
std::string_view attribute_name(intent::RouteAttribute attribute, const std::string& name);
void append_attribute_names(std::vector<std::string_view>& names);
/// True for words of the filter language of this dialect, which cannot name variables.
bool is_reserved(std::string_view word, Dialect dialect);
/// True for every word that BIRD of this dialect keeps for itself.
bool is_keyword(std::string_view word, Dialect dialect);

struct PlacedValue {
  intent::SetType type;
  intent::SetKey key;
};
/// Where a value stands in a set of its type; nullopt if no set can hold it.
std::optional<PlacedValue> placed(const intent::Value& value);

/// The causes of `disable after cease`, by their subcodes (RFC 4486 §3).
inline constexpr std::array<std::string_view, 9> kCeaseCauses{"cease",
                                                              "prefix limit hit",
                                                              "administrative shutdown",
                                                              "peer deconfigured",
                                                              "administrative reset",
                                                              "connection rejected",
                                                              "configuration change",
                                                              "connection collision",
                                                              "out of resources"};

/// Kinds of extended communities, as Expr::value of make_ext_community holds them: the low type octet, or
/// generic.
inline constexpr std::uint32_t kKindTarget = 2;
inline constexpr std::uint32_t kKindOrigin = 3;
inline constexpr std::uint32_t kKindGeneric = 0xFFFF;

/// Evaluates an operator over constants; nullopt if it cannot be told before run time. An Error is a mistake
/// of the text: a division by zero, an overflow of a pair.
Result<std::optional<intent::Value>> fold(const intent::Expr& expression);

}  // namespace catflap::birdlang
