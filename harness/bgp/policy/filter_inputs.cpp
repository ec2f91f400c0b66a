#include "bgp/policy/filter_inputs.hpp"

#include <vector>

namespace catflap::bgp::policy {
namespace {

using intent::RouteAttribute;

class Walker {
 public:
  void statements(const std::vector<intent::StmtPtr>& body) {
    for (const intent::StmtPtr& stmt : body) {
      if (stmt != nullptr) {
        statement(*stmt);
      }
    }
  }
  FilterInputs found;

 private:
  void attribute(RouteAttribute attribute) {
    switch (attribute) {
      case RouteAttribute::net:
        found.prefix = true;
        break;
      case RouteAttribute::proto:
        found.protocol = true;
        break;
      case RouteAttribute::gw:
      case RouteAttribute::dest:
      case RouteAttribute::ifname:
      case RouteAttribute::ifindex:
      case RouteAttribute::weight:
      case RouteAttribute::onlink:
      case RouteAttribute::gw_mpls:
      case RouteAttribute::igp_metric:
        found.forwarding = true;
        break;
      default:
        break;
    }
  }

  void expression(const intent::ExprPtr& expr) {
    if (expr == nullptr) {
      return;
    }
    if (expr->op == intent::Op::attribute) {
      attribute(expr->attribute);
    }
    if (expr->op == intent::Op::roa_check) {
      found.roas = true;
      found.prefix = found.prefix || expr->operands.empty();
    }
    for (const intent::ExprPtr& operand : expr->operands) {
      expression(operand);
    }
  }

  void statement(const intent::Stmt& stmt) {
    switch (stmt.verb) {
      case intent::Verb::print:
        found.prints = true;
        break;
      case intent::Verb::accept:
      case intent::Verb::reject:
        found.prints = found.prints || stmt.expr != nullptr;
        break;
      case intent::Verb::assign_attribute:
      case intent::Verb::method_assign:
      case intent::Verb::unset_attribute:
        attribute(stmt.attribute);
        break;
      default:
        break;
    }
    expression(stmt.expr);
    for (const intent::ExprPtr& expr : stmt.exprs) {
      expression(expr);
    }
    statements(stmt.body);
    statements(stmt.otherwise);
    for (const intent::Stmt::Case& one : stmt.cases) {
      for (const intent::ExprPtr& value : one.values) {
        expression(value);
      }
      for (const auto& [low, high] : one.ranges) {
        expression(low);
        expression(high);
      }
      statements(one.body);
    }
  }
};

}  // namespace

FilterInputs inputs_of(const intent::Filter& filter) {
  Walker walker;
  walker.statements(filter.body);
  for (const auto& [name, function] : filter.functions) {
    if (function != nullptr) {
      walker.statements(function->body);
    }
  }
  return walker.found;
}

FilterInputs inputs_of(const intent::FilterRef& filter) {
  return filter.kind == intent::FilterRef::Kind::filter && filter.filter != nullptr
             ? inputs_of(*filter.filter)
             : FilterInputs();
}

}  // namespace catflap::bgp::policy
