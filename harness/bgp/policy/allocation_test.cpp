#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "bgp/policy/filter.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
std::size_t g_allocations = 0;
}

void* operator new(std::size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace catflap::bgp::policy {
namespace {

using intent::Expr;
using intent::ExprPtr;
using intent::Op;
using intent::RouteAttribute;
using intent::Stmt;
using intent::Value;

ExprPtr value(Value held) {
  auto expr = std::make_shared<Expr>();
  expr->value = std::move(held);
  return expr;
}
ExprPtr attribute(RouteAttribute which) {
  auto expr = std::make_shared<Expr>();
  expr->op = Op::attribute;
  expr->attribute = which;
  return expr;
}
ExprPtr node(Op op, std::vector<ExprPtr> operands, const char* name = "") {
  auto expr = std::make_shared<Expr>();
  expr->op = op;
  expr->operands = std::move(operands);
  expr->name = name;
  return expr;
}

/// What an ordinary import filter asks: prefix set, path mask, path length, communities of three kinds, a
/// range.
intent::Filter ordinary() {
  const auto numbers = std::make_shared<intent::ItemSet>();
  numbers->ranges = {{intent::set_key(64512), intent::set_key(65534)}};
  const auto pairs = std::make_shared<intent::ItemSet>();
  pairs->type = intent::SetType::pair;
  pairs->ranges = {{intent::set_key(5U << 16U), intent::set_key((5U << 16U) + 9)}};
  intent::PathMaskItem any;
  any.kind = intent::PathMaskItem::Kind::any_many;
  intent::PathMaskItem one;
  one.asns = {65009, 65009};
  const std::vector<ExprPtr> conditions = {
      node(Op::match, {attribute(RouteAttribute::net),
                       value(std::make_shared<const intent::PrefixSet>(std::vector<intent::PrefixPattern>{
                           {net::Prefix::parse("192.0.2.0/24").value(), 24, 32}}))}),
      node(Op::match, {attribute(RouteAttribute::bgp_path),
                       value(std::make_shared<const intent::PathMask>(intent::PathMask{{any, one, any}}))}),
      node(Op::match, {attribute(RouteAttribute::bgp_path),
                       value(Value(std::shared_ptr<const intent::ItemSet>(numbers)))}),
      node(Op::greater,
           {node(Op::method, {attribute(RouteAttribute::bgp_path)}, "len"), value(std::uint32_t{64})}),
      node(Op::match, {value(intent::Pair{7}), attribute(RouteAttribute::bgp_community)}),
      node(Op::match, {attribute(RouteAttribute::bgp_community),
                       value(Value(std::shared_ptr<const intent::ItemSet>(pairs)))}),
      node(Op::match, {value(net::LargeCommunity{1, 2, 3}), attribute(RouteAttribute::bgp_large_community)}),
      node(Op::equal, {attribute(RouteAttribute::bgp_local_pref), value(std::uint32_t{50})}),
  };
  intent::Filter filter;
  for (const ExprPtr& condition : conditions) {
    auto reject = std::make_shared<Stmt>();
    reject->verb = intent::Verb::reject;
    auto choose = std::make_shared<Stmt>();
    choose->verb = intent::Verb::if_;
    choose->expr = condition;
    choose->body = {reject};
    filter.body.push_back(choose);
  }
  auto accept = std::make_shared<Stmt>();
  accept->verb = intent::Verb::accept;
  accept->where = {"/etc/bird/a-path-that-is-longer-than-a-short-string.conf", 5, 1};
  filter.body.push_back(accept);
  return filter;
}

TEST(Filter, AnOrdinaryRunAllocatesNothing) {
  const intent::Filter filter = ordinary();
  RouteAttrs attrs;
  attrs.bgp.as_path.emplace();
  for (const std::uint32_t asn : {300U, 200U, 100U}) {
    attrs.bgp.as_path->prepend(asn);
  }
  attrs.bgp.communities = {1, 2, 3, 4};
  attrs.bgp.large_communities = {{1, 2, 4}};
  attrs.bgp.local_pref = 100;
  const RouteRef route{net::Prefix::parse("10.0.0.0/8").value(), attrs, nullptr, "peer"};
  FilterEnvironment environment;
  environment.positions = false;
  RouteEdit edit;
  const std::size_t before = g_allocations;
  const Verdict verdict = apply(filter, route, edit, environment);
  EXPECT_EQ(g_allocations, before);
  EXPECT_TRUE(verdict.accepted);
  EXPECT_FALSE(edit.changed());
}

}  // namespace
}  // namespace catflap::bgp::policy

#endif
