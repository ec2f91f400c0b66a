#include "bgp/policy/filter_inputs.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bgp/policy/filter.hpp"

namespace catflap::bgp::policy {
namespace {

using intent::Expr;
using intent::ExprPtr;
using intent::Op;
using intent::RouteAttribute;
using intent::Stmt;
using intent::Verb;

ExprPtr attribute(RouteAttribute which) {
  auto expr = std::make_shared<Expr>();
  expr->op = Op::attribute;
  expr->attribute = which;
  return expr;
}
ExprPtr with(Op op, std::vector<ExprPtr> operands, std::string name = {}) {
  auto expr = std::make_shared<Expr>();
  expr->op = op;
  expr->operands = std::move(operands);
  expr->name = std::move(name);
  return expr;
}
Stmt decide_if(ExprPtr condition) {
  Stmt accepts;
  accepts.verb = Verb::accept;
  Stmt stmt;
  stmt.verb = Verb::if_;
  stmt.expr = std::move(condition);
  stmt.body.push_back(std::make_shared<const Stmt>(accepts));
  return stmt;
}
Stmt assign(RouteAttribute which, intent::Value held) {
  auto value = std::make_shared<Expr>();
  value->value = std::move(held);
  Stmt stmt;
  stmt.verb = Verb::assign_attribute;
  stmt.attribute = which;
  stmt.expr = std::move(value);
  return stmt;
}
intent::Filter filter_of(Stmt stmt) {
  intent::Filter filter;
  filter.body.push_back(std::make_shared<const Stmt>(std::move(stmt)));
  return filter;
}

TEST(FilterInputs, AttributesOfTheRouteAreNoOtherInput) {
  for (const RouteAttribute which :
       {RouteAttribute::bgp_path, RouteAttribute::bgp_community, RouteAttribute::source, RouteAttribute::from,
        RouteAttribute::preference}) {
    EXPECT_TRUE(inputs_of(filter_of(decide_if(attribute(which)))).attributes_only())
        << static_cast<int>(which);
  }
  EXPECT_TRUE(inputs_of(intent::FilterRef::all()).attributes_only());
  EXPECT_TRUE(inputs_of(intent::FilterRef::none()).attributes_only());
}

TEST(FilterInputs, EachKindIsFoundWhereverItStands) {
  EXPECT_TRUE(inputs_of(filter_of(decide_if(with(Op::not_, {attribute(RouteAttribute::net)})))).prefix);
  EXPECT_TRUE(inputs_of(filter_of(decide_if(with(Op::roa_check, {}, "t")))).prefix);
  EXPECT_FALSE(inputs_of(filter_of(decide_if(with(Op::roa_check, {attribute(RouteAttribute::from),
                                                                  attribute(RouteAttribute::from)}))))
                   .prefix);
  EXPECT_TRUE(inputs_of(filter_of(decide_if(attribute(RouteAttribute::proto)))).protocol);
  EXPECT_TRUE(inputs_of(filter_of(decide_if(attribute(RouteAttribute::ifname)))).forwarding);
  EXPECT_TRUE(inputs_of(filter_of(assign(RouteAttribute::gw, net::IpAddr()))).forwarding);
  Stmt print;
  print.verb = Verb::print;
  Stmt branch;
  branch.verb = Verb::case_;
  branch.cases.emplace_back().body.push_back(std::make_shared<const Stmt>(print));
  EXPECT_TRUE(inputs_of(filter_of(branch)).prints);

  intent::Filter caller = filter_of(decide_if(with(Op::call, {}, "f")));
  EXPECT_TRUE(inputs_of(caller).attributes_only());
  auto function = std::make_shared<intent::Function>();
  function->body.push_back(std::make_shared<const Stmt>(decide_if(attribute(RouteAttribute::net))));
  caller.functions["f"] = function;
  EXPECT_FALSE(inputs_of(caller).attributes_only());
}

TEST(RouteEdit, KnowsWhatWasAssignedEvenToTheOldValue) {
  RouteAttrs attrs;
  attrs.bgp.med = 7;
  RouteEdit edit;
  intent::Filter filter = filter_of(assign(RouteAttribute::bgp_med, std::uint32_t{7}));
  apply(filter, RouteRef{net::Prefix(), attrs, nullptr, {}}, edit, {});
  EXPECT_TRUE(edit.assigned(RouteAttribute::bgp_med));
  EXPECT_FALSE(edit.assigned(RouteAttribute::bgp_next_hop));
  Stmt unset;
  unset.verb = Verb::unset_attribute;
  unset.attribute = RouteAttribute::bgp_med;
  filter.body.push_back(std::make_shared<const Stmt>(unset));
  apply(filter, RouteRef{net::Prefix(), attrs, nullptr, {}}, edit, {});
  EXPECT_FALSE(edit.assigned(RouteAttribute::bgp_med)) << "unset after the assignment";
}

}  // namespace
}  // namespace catflap::bgp::policy
