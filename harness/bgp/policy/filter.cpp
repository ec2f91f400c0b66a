#include "bgp/policy/filter.hpp"

#include <string>
#include <utility>

#include "bgp/policy/interpreter.hpp"

namespace catflap::bgp::policy {
namespace {

std::string with_position(const SourcePos* where, const std::string& message) {
  return where == nullptr || where->line == 0
             ? "filters: " + message
             : "filters, line " + std::to_string(where->line) + ": " + message;
}

SourcePos position(const SourcePos* where) {
  return where == nullptr ? SourcePos() : *where;
}

}  // namespace

Verdict apply(const intent::Filter& filter, const RouteRef& in, RouteEdit& out,
              const FilterEnvironment& environment) {
  Interpreter interpreter(environment, filter.functions, &in, &out, filter.dialect,
                          environment.exporting ? Stage::exporting : Stage::import);
  const Flow flow = interpreter.run(filter.body, filter.slots);
  interpreter.settle();
  Verdict verdict;
  verdict.printed = interpreter.take_printed();
  switch (flow) {
    case Flow::accept:
    case Flow::reject:
      verdict.accepted = flow == Flow::accept;
      if (environment.positions) {
        verdict.where = position(interpreter.decided_at());
      }
      break;
    case Flow::failed:
      verdict.failed = true;
      verdict.message = with_position(interpreter.error_at(), interpreter.error());
      verdict.where = position(interpreter.error_at());
      break;
    case Flow::next:
    case Flow::returned:
      verdict.failed = true;
      verdict.message = "Filter " + (filter.name.empty() ? std::string("(unnamed)") : filter.name) +
                        " did not return accept nor reject. Make up your mind";
      break;
  }
  return verdict;
}

Verdict apply(const intent::FilterRef& filter, const RouteRef& in, RouteEdit& out,
              const FilterEnvironment& environment) {
  Verdict verdict;
  switch (filter.kind) {
    case intent::FilterRef::Kind::all:
      verdict.accepted = true;
      return verdict;
    case intent::FilterRef::Kind::none:
      return verdict;
    case intent::FilterRef::Kind::filter:
      break;
  }
  if (filter.filter == nullptr) {
    verdict.failed = true;
    verdict.message = "the filter is missing";
    return verdict;
  }
  return apply(*filter.filter, in, out, environment);
}

Status run_body(const intent::Filter& body, const RouteRef& in, RouteEdit& out,
                const FilterEnvironment& environment, std::vector<std::string>* printed) {
  Interpreter interpreter(environment, body.functions, &in, &out, body.dialect, Stage::body);
  const Flow flow = interpreter.run(body.body, body.slots);
  interpreter.settle();
  if (printed != nullptr) {
    *printed = interpreter.take_printed();
  }
  if (flow == Flow::failed) {
    return fail_at(position(interpreter.error_at()), interpreter.error());
  }
  return {};
}

Result<intent::Value> evaluate(const intent::Expr& expression, const Functions& functions,
                               const FilterEnvironment& environment, intent::Dialect dialect) {
  Interpreter interpreter(environment, functions, nullptr, nullptr, dialect, Stage::import);
  auto value = interpreter.evaluate(expression);
  if (!value) {
    return fail_at(position(interpreter.error_at()),
                   interpreter.error().empty() ? "accept and reject have no value" : interpreter.error());
  }
  return std::move(*value);
}

std::string describe(const intent::FilterRef& filter) {
  switch (filter.kind) {
    case intent::FilterRef::Kind::all:
      return "ACCEPT";
    case intent::FilterRef::Kind::none:
      return "REJECT";
    case intent::FilterRef::Kind::filter:
      break;
  }
  return filter.filter == nullptr || filter.filter->name.empty() ? "(unnamed)" : filter.filter->name;
}

}  // namespace catflap::bgp::policy
