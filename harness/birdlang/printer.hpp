#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "birdlang/birdlang.hpp"

/// Writers of the language; private to this module.
namespace catflap::birdlang {

/// Lines with indentation.
class TextWriter {
 public:
  void line(std::string_view text);
  void open(std::string_view text);  ///< "text {", and deeper
  void close(std::string_view tail = "");
  std::string release() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t depth_ = 0;
};

/// A name as the language writes it: in '' if it is not a plain word.
std::string symbol_text(std::string_view name);
/// A text in its quotes. The language has no escapes: quotes and line ends inside become apostrophes and
/// spaces.
std::string quoted_text(std::string_view text);
/// "5", or "250 ms" where seconds are not enough.
std::string time_text(Duration duration);
/// Always with its unit, for the statements in which BIRD wants one: "5 s".
std::string unit_time_text(Duration duration);
std::string interfaces_text(const std::vector<intent::InterfacePattern>& patterns);
/// "all", "off" or "{ a, b }".
std::string flags_text(const std::vector<std::string>& flags, std::size_t all);

std::string expression_text(const intent::ExprPtr& expression);
void print_body(TextWriter& out, const std::vector<intent::StmtPtr>& body);
void print_function(TextWriter& out, const intent::Function& function);
/// "all", "none", "filter name", "where ..."; for another nameless filter prints "head filter { ... }" with
/// its body.
void print_filter_ref(TextWriter& out, std::string_view head, const intent::FilterRef& ref);

/// Functions in an order in which each stands behind what it calls.
using Functions = std::map<std::string, std::shared_ptr<const intent::Function>>;
std::vector<std::shared_ptr<const intent::Function>> in_order(const Functions& functions);

void print_bgp(TextWriter& out, const intent::BgpIntent& bgp);
void print_bgp_channel(TextWriter& out, const intent::BgpChannelIntent& bgp, Dialect dialect);
void print_bfd_options(TextWriter& out, const intent::BfdOptions& options);
void print_protocol(TextWriter& out, const intent::RouterIntent& router,
                    const intent::ProtocolIntent& protocol, Dialect dialect);

}  // namespace catflap::birdlang
