#include <algorithm>
#include <utility>

#include "calico/model/selector.hpp"
#include "calico/model/selector_token.hpp"

namespace catflap::calico {
namespace {

using Kind = SelectorTokenKind;
using Op = SelectorNode::Op;

class Parser {
 public:
  explicit Parser(const std::vector<SelectorToken>& tokens) : tokens_(tokens) {}

  Result<SelectorNode> run() {
    if (peek().kind == Kind::eof) {
      return SelectorNode{};
    }
    auto node = chain(Op::or_, 0);
    if (node && peek().kind != Kind::eof) {
      return wrong(peek(), "unexpected content at end of selector " + rest());
    }
    // The canonical text has parentheses for these, and must be a selector again.
    if (node && height(*node) > Selector::kMaxDepth) {
      return too_deep(tokens_.front());
    }
    return node;
  }

 private:
  /// Operands joined by || or by &&; a single one stands for itself.
  Result<SelectorNode> chain(Op op, std::size_t depth) {
    const Kind separator = op == Op::or_ ? Kind::or_ : Kind::and_;
    std::vector<SelectorNode> operands;
    do {
      auto operand = op == Op::or_ ? chain(Op::and_, depth) : operation(depth);
      if (!operand) {
        return operand;
      }
      operands.push_back(std::move(*operand));
    } while (take(separator));
    if (operands.size() == 1) {
      return std::move(operands.front());
    }
    SelectorNode node{op};
    node.operands = std::move(operands);
    return node;
  }

  Result<SelectorNode> operation(std::size_t depth) {
    bool negated = false;
    while (take(Kind::not_)) {
      negated = !negated;
    }
    auto node = primary(depth);
    if (!node || !negated) {
      return node;
    }
    SelectorNode inverse{Op::not_};
    inverse.operands.push_back(std::move(*node));
    return inverse;
  }

  Result<SelectorNode> primary(std::size_t depth) {
    const SelectorToken& token = peek();
    switch (token.kind) {
      case Kind::has:
        ++at_;
        return SelectorNode{Op::has, std::string(token.text)};
      case Kind::all:
        ++at_;
        return SelectorNode{Op::all};
      case Kind::global:
        ++at_;
        return SelectorNode{Op::global};
      case Kind::label:
        return comparison();
      case Kind::l_paren:
        return parenthesis(depth);
      default:
        return wrong(token, "unexpected token: " + shown(token));
    }
  }

  Result<SelectorNode> parenthesis(std::size_t depth) {
    if (depth == Selector::kMaxDepth) {
      return too_deep(peek());
    }
    ++at_;
    auto node = chain(Op::or_, depth + 1);
    if (node && !take(Kind::r_paren)) {
      return wrong(peek(), "expected )");
    }
    return node;
  }

  Result<SelectorNode> comparison() {
    const SelectorToken& label = peek();
    const SelectorToken& sign = tokens_[at_ + 1];
    if (sign.kind == Kind::eof) {
      return wrong(sign, "unexpected end of string looking for op");
    }
    SelectorNode node{Op::eq, std::string(label.text)};
    switch (sign.kind) {
      case Kind::eq:
        node.op = Op::eq;
        break;
      case Kind::ne:
        node.op = Op::ne;
        break;
      case Kind::contains:
        node.op = Op::contains;
        break;
      case Kind::starts_with:
        node.op = Op::starts_with;
        break;
      case Kind::ends_with:
        node.op = Op::ends_with;
        break;
      case Kind::in:
      case Kind::not_in:
        node.op = sign.kind == Kind::in ? Op::in : Op::not_in;
        at_ += 2;
        return set(std::move(node));
      default:
        return wrong(sign, "expected == or != not: " + shown(sign));
    }
    at_ += 2;
    if (peek().kind != Kind::string_literal) {
      return wrong(peek(), "expected string");
    }
    node.values.emplace_back(peek().text);
    ++at_;
    return node;
  }

  Result<SelectorNode> set(SelectorNode node) {
    if (!take(Kind::l_brace)) {
      return wrong(peek(), "expected set literal");
    }
    while (peek().kind == Kind::string_literal) {
      node.values.emplace_back(peek().text);
      ++at_;
      if (!take(Kind::comma)) {
        break;
      }
    }
    if (!take(Kind::r_brace)) {
      return wrong(peek(), "expected }");
    }
    std::sort(node.values.begin(), node.values.end());
    node.values.erase(std::unique(node.values.begin(), node.values.end()), node.values.end());
    return node;
  }

  /// How deep && and || are nested. The recursion is bounded by that of the parser: each pair of parentheses
  /// makes at most three levels.
  static std::size_t height(const SelectorNode& node) {
    std::size_t below = 0;
    for (const SelectorNode& operand : node.operands) {
      below = std::max(below, height(operand));
    }
    return below + (node.op == Op::and_ || node.op == Op::or_ ? 1 : 0);
  }
  static tl::unexpected<Error> too_deep(const SelectorToken& token) {
    return wrong(token,
                 "the selector is nested more than " + std::to_string(Selector::kMaxDepth) + " levels deep");
  }

  /// The last token is eof, and nothing takes it.
  const SelectorToken& peek() const { return tokens_[at_]; }
  bool take(Kind kind) {
    if (peek().kind != kind) {
      return false;
    }
    ++at_;
    return true;
  }

  /// A token as Calico prints it: "TokLabel(a)".
  static std::string shown(const SelectorToken& token) {
    return "Tok" + std::string(to_string(token.kind)) + '(' + std::string(token.text) + ')';
  }
  std::string rest() const {
    std::string text = "[";
    for (std::size_t n = at_; n < tokens_.size(); ++n) {
      text += (n == at_ ? "" : " ") + shown(tokens_[n]);
    }
    return text + "]";
  }
  static tl::unexpected<Error> wrong(const SelectorToken& token, std::string message) {
    return fail_at({"", 1, static_cast<std::uint32_t>(token.offset + 1)}, std::move(message));
  }

  const std::vector<SelectorToken>& tokens_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Selector> Selector::parse(std::string_view text) {
  const auto tokens = tokenize_selector(text);
  if (!tokens) {
    return fail(tokens.error());
  }
  auto root = Parser(*tokens).run();
  if (!root) {
    return fail(std::move(root.error()));
  }
  return Selector(std::move(*root));
}

}  // namespace catflap::calico
