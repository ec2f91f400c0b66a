#include <algorithm>

#include "intent/filter.hpp"
#include "intent/router.hpp"

namespace catflap::intent {
namespace {

bool same_exprs(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return same(x, y); });
}

bool same_case(const Stmt::Case& a, const Stmt::Case& b) {
  return a.otherwise == b.otherwise && same_exprs(a.values, b.values) &&
         std::equal(a.ranges.begin(), a.ranges.end(), b.ranges.begin(), b.ranges.end(),
                    [](const auto& x, const auto& y) {
                      return same(x.first, y.first) && same(x.second, y.second);
                    }) &&
         same(a.body, b.body);
}

bool same_stmt(const Stmt& a, const Stmt& b) {
  const bool names_a_variable =
      a.verb == Verb::declare || a.verb == Verb::for_ || a.verb == Verb::assign_variable;
  return a.verb == b.verb && a.type == b.type && a.slot == b.slot && a.attribute == b.attribute &&
         (names_a_variable || a.name == b.name) && a.no_newline == b.no_newline && same(a.expr, b.expr) &&
         same_exprs(a.exprs, b.exprs) && same(a.body, b.body) && same(a.otherwise, b.otherwise) &&
         std::equal(a.cases.begin(), a.cases.end(), b.cases.begin(), b.cases.end(), same_case);
}

template <class Map>
bool same_pointers(const Map& a, const Map& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first &&
           (x.second == y.second || (x.second && y.second && same(*x.second, *y.second)));
  });
}

bool same_static(const StaticIntent& a, const StaticIntent& b) {
  return a.check_link == b.check_link && a.igp_table == b.igp_table && a.roa_table == b.roa_table &&
         a.roas == b.roas &&
         std::equal(a.routes.begin(), a.routes.end(), b.routes.begin(), b.routes.end(),
                    [](const StaticRoute& x, const StaticRoute& y) { return same(x, y); });
}

struct SameBody {
  bool operator()(const StaticIntent& a, const StaticIntent& b) const { return same_static(a, b); }
  bool operator()(const MrtIntent& a, const MrtIntent& b) const {
    return a.table == b.table && a.filename == b.filename && a.period_s == b.period_s &&
           same(a.filter, b.filter) && a.always_add_path == b.always_add_path;
  }
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
  template <class A, class B>
  bool operator()(const A&, const B&) const {
    return false;
  }
};

}  // namespace

bool same(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) {
    return true;
  }
  return a && b && a->op == b->op && a->type == b->type && a->slot == b->slot &&
         a->attribute == b->attribute && (a->op == Op::variable || a->name == b->name) &&
         same(a->value, b->value) && same_exprs(a->operands, b->operands);
}

bool same(const std::vector<StmtPtr>& a, const std::vector<StmtPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const StmtPtr& x, const StmtPtr& y) {
    return x == y || (x && y && same_stmt(*x, *y));
  });
}

bool same(const Function& a, const Function& b) {
  return a.name == b.name && a.returns == b.returns && a.slots == b.slots &&
         std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first; }) &&
         same(a.body, b.body);
}

bool same(const Filter& a, const Filter& b) {
  return a.name == b.name && a.dialect == b.dialect && a.slots == b.slots && same(a.body, b.body) &&
         same_pointers(a.functions, b.functions);
}

bool same(const FilterRef& a, const FilterRef& b) {
  return a.kind == b.kind && (a.filter == b.filter || (a.filter && b.filter && same(*a.filter, *b.filter)));
}

bool same(const ChannelIntent& a, const ChannelIntent& b) {
  return a.family == b.family && a.table == b.table && same(a.import_filter, b.import_filter) &&
         same(a.export_filter, b.export_filter) && a.preference == b.preference &&
         a.receive_limit == b.receive_limit && a.import_limit == b.import_limit &&
         a.export_limit == b.export_limit && a.import_keep_filtered == b.import_keep_filtered &&
         a.rpki_reload == b.rpki_reload && a.debug == b.debug && a.bgp == b.bgp;
}

bool same(const StaticRoute& a, const StaticRoute& b) {
  return a.prefix == b.prefix && a.target == b.target && a.next_hops == b.next_hops &&
         a.recursive_via == b.recursive_via && a.when == b.when &&
         (a.body == b.body || (a.body && b.body && same(*a.body, *b.body)));
}

bool same(const ProtocolIntent& a, const ProtocolIntent& b) {
  return a.name == b.name && a.description == b.description && a.disabled == b.disabled &&
         a.router_id == b.router_id && a.vrf == b.vrf && a.vrf_default == b.vrf_default &&
         a.debug == b.debug && a.mrtdump == b.mrtdump &&
         std::equal(a.channels.begin(), a.channels.end(), b.channels.begin(), b.channels.end(),
                    [](const ChannelIntent& x, const ChannelIntent& y) { return same(x, y); }) &&
         std::visit(SameBody(), a.body, b.body);
}

bool same(const RouterIntent& a, const RouterIntent& b) {
  const bool settings =
      a.dialect == b.dialect && a.family == b.family && a.hostname == b.hostname &&
      a.router_id == b.router_id && a.router_id_from == b.router_id_from && a.logs == b.logs &&
      a.tables == b.tables && a.roa_tables == b.roa_tables && a.roa_families == b.roa_families &&
      a.graceful_restart_wait == b.graceful_restart_wait && a.mrtdump_file == b.mrtdump_file &&
      a.listen_port == b.listen_port && a.listen_address == b.listen_address &&
      a.listen_v6only == b.listen_v6only && a.debug_protocols == b.debug_protocols &&
      a.debug_channels == b.debug_channels && a.mrtdump_protocols == b.mrtdump_protocols &&
      a.debug_latency == b.debug_latency && a.debug_latency_limit == b.debug_latency_limit &&
      a.debug_commands == b.debug_commands && a.watchdog_warning == b.watchdog_warning &&
      a.watchdog_timeout == b.watchdog_timeout && a.time_formats == b.time_formats &&
      a.attributes == b.attributes;
  const bool constants =
      std::equal(a.constants.begin(), a.constants.end(), b.constants.begin(), b.constants.end(),
                 [](const auto& x, const auto& y) { return x.first == y.first && same(x.second, y.second); });
  return settings && constants && same_pointers(a.filters, b.filters) &&
         same_pointers(a.functions, b.functions) &&
         std::equal(a.protocols.begin(), a.protocols.end(), b.protocols.begin(), b.protocols.end(),
                    [](const ProtocolIntent& x, const ProtocolIntent& y) { return same(x, y); });
}

}  // namespace catflap::intent
