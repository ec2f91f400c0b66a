#include "calico/model/selector.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace catflap::calico {
namespace {

using Op = SelectorNode::Op;
using Values = std::vector<std::string>;
using Restrictions = std::map<std::string, LabelRestriction>;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

template <class Lookup>
bool evaluate(const SelectorNode& node, const Lookup& value_of) {
  const auto operand = [&](const SelectorNode& each) { return evaluate(each, value_of); };
  switch (node.op) {
    case Op::all:
    case Op::global:
      return true;
    case Op::not_:
      return !operand(node.operands.front());
    case Op::and_:
      return std::all_of(node.operands.begin(), node.operands.end(), operand);
    case Op::or_:
      return std::any_of(node.operands.begin(), node.operands.end(), operand);
    default:
      break;
  }
  const std::optional<std::string_view> value = value_of(node.label);
  if (!value) {
    return node.op == Op::ne || node.op == Op::not_in;
  }
  switch (node.op) {
    case Op::has:
      return true;
    case Op::eq:
      return *value == node.values.front();
    case Op::ne:
      return *value != node.values.front();
    case Op::in:
      return std::binary_search(node.values.begin(), node.values.end(), *value);
    case Op::not_in:
      return !std::binary_search(node.values.begin(), node.values.end(), *value);
    case Op::contains:
      return value->find(node.values.front()) != std::string_view::npos;
    case Op::starts_with:
      return value->substr(0, node.values.front().size()) == node.values.front();
    case Op::ends_with:
      return ends_with(*value, node.values.front());
    default:
      CATFLAP_ASSERT(false);
      return false;
  }
}

std::string_view operator_text(Op op) {
  switch (op) {
    case Op::eq:
      return " == ";
    case Op::ne:
      return " != ";
    case Op::in:
      return " in ";
    case Op::not_in:
      return " not in ";
    case Op::contains:
      return " contains ";
    case Op::starts_with:
      return " starts with ";
    case Op::ends_with:
      return " ends with ";
    case Op::and_:
      return " && ";
    case Op::or_:
      return " || ";
    default:
      return "";
  }
}

void print_value(const std::string& value, std::string& out) {
  const char quote = value.find('"') == std::string::npos ? '"' : '\'';
  out += quote;
  out += value;
  out += quote;
}

void print(const SelectorNode& node, std::string& out) {
  switch (node.op) {
    case Op::all:
      out += "all()";
      return;
    case Op::global:
      out += "global()";
      return;
    case Op::has:
      out += "has(" + node.label + ")";
      return;
    case Op::not_:
      out += '!';
      print(node.operands.front(), out);
      return;
    case Op::and_:
    case Op::or_:
      for (std::size_t n = 0; n < node.operands.size(); ++n) {
        out += n == 0 ? "(" : operator_text(node.op);
        print(node.operands[n], out);
      }
      out += ')';
      return;
    case Op::in:
    case Op::not_in:
      out += node.label;
      out += operator_text(node.op);
      out += '{';
      for (std::size_t n = 0; n < node.values.size(); ++n) {
        out += n == 0 ? "" : ", ";
        print_value(node.values[n], out);
      }
      out += '}';
      return;
    case Op::eq:
    case Op::ne:
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
      out += node.label;
      out += operator_text(node.op);
      print_value(node.values.front(), out);
      return;
  }
}

void add_prefix(SelectorNode& node, std::string_view prefix) {
  if (!node.label.empty()) {
    node.label.insert(0, prefix);
  }
  for (SelectorNode& operand : node.operands) {
    add_prefix(operand, prefix);
  }
}

bool has_global(const SelectorNode& node) {
  return node.op == Op::global || std::any_of(node.operands.begin(), node.operands.end(), has_global);
}

Restrictions restrictions_of(const SelectorNode& node);

Restrictions restrictions_of_all(const std::vector<SelectorNode>& operands) {
  Restrictions all;
  for (const SelectorNode& operand : operands) {
    for (auto& [label, more] : restrictions_of(operand)) {
      LabelRestriction& base = all[label];
      base.must_be_present = base.must_be_present || more.must_be_present;
      base.must_be_absent = base.must_be_absent || more.must_be_absent;
      if (!base.must_have_one_of) {
        base.must_have_one_of = std::move(more.must_have_one_of);
      } else if (more.must_have_one_of) {
        const Values& one = *base.must_have_one_of;
        const Values& other = *more.must_have_one_of;
        Values both;
        std::set_intersection(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(both));
        base.must_have_one_of = std::move(both);
      }
    }
  }
  return all;
}

/// What both demand, if one of the two holds. False if that is nothing.
bool unite(LabelRestriction& one, const LabelRestriction& other) {
  one.must_be_present = one.must_be_present && other.must_be_present;
  one.must_be_absent = one.must_be_absent && other.must_be_absent;
  if (one.must_be_present && one.must_have_one_of && other.must_have_one_of) {
    Values either;
    std::set_union(one.must_have_one_of->begin(), one.must_have_one_of->end(),
                   other.must_have_one_of->begin(), other.must_have_one_of->end(),
                   std::back_inserter(either));
    one.must_have_one_of = std::move(either);
  } else {
    one.must_have_one_of.reset();
  }
  return one.must_be_present || one.must_be_absent;
}

Restrictions restrictions_of_any(const std::vector<SelectorNode>& operands) {
  Restrictions any = restrictions_of(operands.front());
  for (std::size_t n = 1; n < operands.size() && !any.empty(); ++n) {
    const Restrictions more = restrictions_of(operands[n]);
    for (auto it = any.begin(); it != any.end();) {
      const auto other = more.find(it->first);
      const bool keep = other != more.end() && unite(it->second, other->second);
      it = keep ? std::next(it) : any.erase(it);
    }
  }
  return any;
}

Restrictions restrictions_of(const SelectorNode& node) {
  switch (node.op) {
    case Op::all:
    case Op::global:
    case Op::ne:
    case Op::not_in:
      return {};
    case Op::has:
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
      return {{node.label, {true, false, std::nullopt}}};
    case Op::eq:
    case Op::in:
      return {{node.label, {true, false, node.values}}};
    case Op::not_:
      // Only has() has an inverse: !(a == "b") also matches where a has another value.
      if (node.operands.front().op == Op::has) {
        return {{node.operands.front().label, {false, true, std::nullopt}}};
      }
      return {};
    case Op::and_:
      return restrictions_of_all(node.operands);
    case Op::or_:
      return restrictions_of_any(node.operands);
  }
  return {};
}

/// RFC 4648 §5, without padding.
std::string base64url(BytesView octets) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (std::size_t bit = 0; bit < 8 * octets.size(); bit += 6) {
    const std::size_t at = bit / 8;
    const auto high = std::to_integer<unsigned>(octets[at]) << 8U;
    const auto low = at + 1 < octets.size() ? std::to_integer<unsigned>(octets[at + 1]) : 0U;
    text += kDigits[(high | low) >> (10 - bit % 8) & 0x3fU];
  }
  return text;
}

}  // namespace

bool Selector::matches(const Labels& labels) const {
  return evaluate(root_, [&labels](const std::string& label) -> std::optional<std::string_view> {
    const auto found = labels.find(label);
    return found == labels.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  });
}

bool Selector::matches(
    const std::function<std::optional<std::string_view>(std::string_view label)>& value) const {
  return evaluate(root_, value);
}

std::string Selector::text() const {
  std::string out;
  print(root_, out);
  return out;
}

std::string Selector::id() const {
  return "s:" + base64url(sha224(as_bytes("s:" + text())));
}

Selector Selector::with_prefix(std::string_view prefix) const {
  Selector prefixed = *this;
  add_prefix(prefixed.root_, prefix);
  return prefixed;
}

std::map<std::string, LabelRestriction> Selector::restrictions() const {
  return restrictions_of(root_);
}

bool Selector::uses_global() const {
  return has_global(root_);
}

}  // namespace catflap::calico
