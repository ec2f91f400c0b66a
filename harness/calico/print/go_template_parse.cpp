#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "calico/print/go_template_tree.hpp"

namespace catflap::calico::print {

namespace tmpl {

namespace {

using Kind = Token::Kind;

/// How deep blocks and parentheses may nest.
constexpr std::size_t kMaxDepth = 100;

class Parser {
 public:
  Parser(std::vector<Token> tokens, GoTemplate::Program& program)
      : tokens_(std::move(tokens)), program_(program) {}

  Status run() {
    std::string ended_by;
    Result<std::vector<Node>> body = list(ended_by);
    if (!body) {
      return fail(body.error());
    }
    if (!ended_by.empty()) {
      return fail(error_at(peek().where, fmt::format("unexpected {{{{{}}}}}", ended_by)));
    }
    program_.body = std::move(*body);
    return {};
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  const Token& take() {
    const Token& token = tokens_[at_];
    at_ += at_ + 1 < tokens_.size() ? 1 : 0;
    return token;
  }
  void skip_space() {
    while (peek().kind == Kind::space) {
      take();
    }
  }
  bool at_word(std::string_view word) const { return peek().kind == Kind::word && peek().text == word; }

  auto unexpected(const Token& token, std::string_view context) const {
    const std::string what = token.kind == Kind::end     ? "EOF"
                             : token.kind == Kind::close ? "\"}}\""
                                                         : fmt::format("\"{}\"", token.text);
    return fail(error_at(token.where, fmt::format("unexpected {} in {}", what, context)));
  }

  Status close(std::string_view context) {
    skip_space();
    if (peek().kind != Kind::close) {
      return unexpected(peek(), context);
    }
    take();
    return {};
  }

  /// Nodes up to {{end}} or {{else}}, which is named in `ended_by` and not closed yet, or to the end of all.
  Result<std::vector<Node>> list(std::string& ended_by) {
    std::vector<Node> out;
    ended_by.clear();
    if (++depth_ > kMaxDepth) {
      return fail(error_at(peek().where, "blocks are nested too deeply"));
    }
    while (peek().kind != Kind::end) {
      const Token& token = take();
      if (token.kind == Kind::text) {
        Node node;
        node.text = token.text;
        node.where = token.where;
        out.push_back(std::move(node));
        continue;
      }
      skip_space();
      if (at_word("end") || at_word("else")) {
        ended_by = take().text;
        break;
      }
      Result<std::optional<Node>> node = action();
      if (!node) {
        return fail(node.error());
      }
      if (*node) {
        out.push_back(std::move(**node));
      }
    }
    --depth_;
    return out;
  }

  Result<std::optional<Node>> action() {
    const Token& first = peek();
    if (first.kind == Kind::word) {
      if (first.text == "if" || first.text == "with" || first.text == "range") {
        return block();
      }
      if (first.text == "define") {
        return define();
      }
      if (first.text == "template") {
        return template_call();
      }
      if (first.text == "break" || first.text == "continue") {
        Node node;
        node.where = first.where;
        node.kind = first.text == "break" ? Node::Kind::break_ : Node::Kind::continue_;
        if (ranges_ == 0) {
          return fail(error_at(first.where, fmt::format("{{{{{}}}}} outside {{{{range}}}}", first.text)));
        }
        take();
        if (Status closed = close("action"); !closed) {
          return fail(closed.error());
        }
        return std::optional<Node>(std::move(node));
      }
    }
    Node node;
    node.kind = Node::Kind::action;
    node.where = first.where;
    Result<Pipeline> value = pipeline("command", Kind::close);
    if (!value) {
      return fail(value.error());
    }
    node.pipeline = std::move(*value);
    return std::optional<Node>(std::move(node));
  }

  /// if, with and range: the pipeline, the body, and what is else. Takes the {{end}}.
  Result<std::optional<Node>> block() {
    const std::string keyword = peek().text;
    Node node;
    node.kind = keyword == "if" ? Node::Kind::if_ : keyword == "with" ? Node::Kind::with : Node::Kind::range;
    node.where = take().where;
    const std::size_t scope = variables_.size();
    Result<Pipeline> condition = pipeline(keyword, Kind::close);
    if (!condition) {
      return fail(condition.error());
    }
    node.pipeline = std::move(*condition);
    const std::size_t loops = node.kind == Node::Kind::range ? 1 : 0;
    ranges_ += loops;
    std::string ended_by;
    Result<std::vector<Node>> body = list(ended_by);
    ranges_ -= loops;
    if (!body) {
      return fail(body.error());
    }
    node.body = std::move(*body);
    const Status rest = ended_by == "else" ? otherwise(node) : end_of(ended_by);
    variables_.resize(scope);
    return rest ? Result<std::optional<Node>>(std::move(node)) : fail(rest.error());
  }

  /// The {{end}} of a list that `list` has read.
  Status end_of(const std::string& ended_by) {
    if (ended_by != "end") {
      return fail(
          error_at(peek().where, ended_by.empty() ? "unexpected EOF" : "expected end; found {{else}}"));
    }
    return close("end");
  }

  Status otherwise(Node& node) {
    skip_space();
    // {{else if}} is an if in the else, and both end at one {{end}}.
    const bool chained =
        (at_word("if") && node.kind == Node::Kind::if_) || (at_word("with") && node.kind == Node::Kind::with);
    if (chained) {
      if (++depth_ > kMaxDepth) {
        return fail(error_at(peek().where, "blocks are nested too deeply"));
      }
      Result<std::optional<Node>> next = block();
      --depth_;
      if (!next) {
        return fail(next.error());
      }
      node.otherwise.push_back(std::move(**next));
      return {};
    }
    if (Status closed = close("else"); !closed) {
      return closed;
    }
    std::string ended_by;
    Result<std::vector<Node>> body = list(ended_by);
    if (!body) {
      return fail(body.error());
    }
    node.otherwise = std::move(*body);
    return end_of(ended_by);
  }

  /// A name in quotes, of a template.
  Result<std::string> template_name(std::string_view context) {
    skip_space();
    if (peek().kind != Kind::string) {
      return unexpected(peek(), context);
    }
    return take().text;
  }

  Result<std::optional<Node>> define() {
    take();
    Result<std::string> name = template_name("define clause");
    if (!name) {
      return fail(name.error());
    }
    if (Status closed = close("define clause"); !closed) {
      return fail(closed.error());
    }
    std::vector<std::string> outer{"$"};
    outer.swap(variables_);
    std::size_t loops = 0;
    std::swap(loops, ranges_);
    std::string ended_by;
    Result<std::vector<Node>> body = list(ended_by);
    outer.swap(variables_);
    std::swap(loops, ranges_);
    if (!body) {
      return fail(body.error());
    }
    if (Status ended = end_of(ended_by); !ended) {
      return fail(ended.error());
    }
    program_.defined[*name] = std::move(*body);
    return std::optional<Node>();
  }

  Result<std::optional<Node>> template_call() {
    Node node;
    node.kind = Node::Kind::call;
    node.where = take().where;
    Result<std::string> name = template_name("template clause");
    if (!name) {
      return fail(name.error());
    }
    node.text = std::move(*name);
    skip_space();
    if (peek().kind == Kind::close) {
      take();
      return std::optional<Node>(std::move(node));
    }
    Result<Pipeline> value = pipeline("template clause", Kind::close);
    if (!value) {
      return fail(value.error());
    }
    node.pipeline = std::move(*value);
    return std::optional<Node>(std::move(node));
  }

  // -- pipelines
  // ---------------------------------------------------------------------------------------------------

  /// Up to `last` and with it.
  Result<Pipeline> pipeline(std::string_view context, Kind last) {
    Pipeline out;
    skip_space();
    out.where = peek().where;
    if (Status head = declaration(out, context); !head) {
      return fail(head.error());
    }
    while (true) {
      skip_space();
      if (peek().kind == last || peek().kind == Kind::pipe) {
        return fail(error_at(peek().where, out.commands.empty()
                                               ? fmt::format("missing value for {}", context)
                                               : std::string("missing command in pipeline")));
      }
      Result<Command> next = command(context, last);
      if (!next) {
        return fail(next.error());
      }
      if (!out.commands.empty() && next->operands.front().kind != Operand::Kind::function) {
        return fail(
            error_at(next->operands.front().where,
                     fmt::format("non executable command in pipeline stage {}", out.commands.size() + 1)));
      }
      out.commands.push_back(std::move(*next));
      if (peek().kind == last) {
        take();
        break;
      }
      take();
    }
    if (out.declares) {
      variables_.insert(variables_.end(), out.variables.begin(), out.variables.end());
    }
    return out;
  }

  /// `$x :=`, `$x =` and, of ranges, `$i, $x :=`.
  Status declaration(Pipeline& out, std::string_view context) {
    const std::size_t from = at_;
    std::vector<std::string> names;
    while (peek().kind == Kind::variable && names.size() < 2) {
      names.push_back(take().text);
      skip_space();
      if (peek().kind == Kind::declare || peek().kind == Kind::assign) {
        out.declares = peek().kind == Kind::declare;
        if (names.size() == 2 && context != "range") {
          return fail(error_at(peek().where, fmt::format("too many declarations in {}", context)));
        }
        for (const std::string& name : names) {
          if (!out.declares && !known(name)) {
            return fail(error_at(peek().where, fmt::format("undefined variable \"{}\"", name)));
          }
        }
        take();
        out.variables = std::move(names);
        return {};
      }
      if (peek().kind != Kind::comma || context != "range") {
        break;
      }
      take();
      skip_space();
    }
    at_ = from;
    return {};
  }

  bool known(const std::string& name) const {
    return std::find(variables_.begin(), variables_.end(), name) != variables_.end();
  }

  /// Operands up to a pipe or `last`, which stay.
  Result<Command> command(std::string_view context, Kind last) {
    Command out;
    while (true) {
      skip_space();
      if (peek().kind == last || peek().kind == Kind::pipe) {
        return out;
      }
      Result<Operand> next = operand(context);
      if (!next) {
        return fail(next.error());
      }
      out.operands.push_back(std::move(*next));
      if (peek().kind != Kind::space && peek().kind != last && peek().kind != Kind::pipe) {
        return unexpected(peek(), "operand");
      }
    }
  }

  Result<Operand> operand(std::string_view context) {
    Operand out;
    const Token& token = take();
    out.where = token.where;
    switch (token.kind) {
      case Kind::dot:
        out.kind = Operand::Kind::dot;
        break;
      case Kind::field:
        out.kind = Operand::Kind::dot;
        out.fields.push_back(token.text);
        break;
      case Kind::variable:
        out.kind = Operand::Kind::variable;
        out.name = token.text;
        if (!known(out.name)) {
          return fail(error_at(token.where, fmt::format("undefined variable \"{}\"", out.name)));
        }
        break;
      case Kind::string:
        out.constant = token.text;
        break;
      case Kind::character:
        if (token.text.size() != 1) {
          return fail(error_at(token.where, "malformed character constant"));
        }
        out.constant = static_cast<int>(static_cast<unsigned char>(token.text.front()));
        break;
      case Kind::number:
        if (Status number = constant(token, out.constant); !number) {
          return fail(number.error());
        }
        break;
      case Kind::word:
        if (Status word = named(token, out); !word) {
          return fail(word.error());
        }
        break;
      case Kind::left: {
        if (++depth_ > kMaxDepth) {
          return fail(error_at(token.where, "parentheses are nested too deeply"));
        }
        Result<Pipeline> inner = pipeline("parenthesized pipeline", Kind::right);
        --depth_;
        if (!inner) {
          return fail(inner.error());
        }
        out.kind = Operand::Kind::pipeline;
        out.pipeline = std::make_unique<Pipeline>(std::move(*inner));
        break;
      }
      default:
        return unexpected(token, context);
    }
    while (peek().kind == Kind::field) {
      if (out.kind == Operand::Kind::constant || out.kind == Operand::Kind::function) {
        return unexpected(peek(), "operand");
      }
      out.fields.push_back(take().text);
    }
    return out;
  }

  static Status named(const Token& token, Operand& out) {
    if (token.text == "true" || token.text == "false") {
      out.constant = token.text == "true";
    } else if (token.text == "nil") {
      out.constant = nullptr;
    } else if (is_function(token.text)) {
      out.kind = Operand::Kind::function;
      out.name = token.text;
    } else {
      return fail(error_at(token.where, fmt::format("function \"{}\" not defined", token.text)));
    }
    return {};
  }

  static Status constant(const Token& token, nlohmann::json& out) {
    std::string_view text = token.text;
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') {
      text.remove_prefix(1);
    }
    const bool hex = text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X";
    const std::string_view digits = hex ? text.substr(2) : text;
    std::int64_t integer = 0;
    const auto whole = std::from_chars(digits.data(), digits.data() + digits.size(), integer, hex ? 16 : 10);
    if (!digits.empty() && digits.front() != '-' && whole.ec == std::errc() &&
        whole.ptr == digits.data() + digits.size()) {
      out = negative ? -integer : integer;
      return {};
    }
    double real = 0;
    const auto part = std::from_chars(text.data(), text.data() + text.size(), real);
    if (text.empty() || hex || part.ec != std::errc() || part.ptr != text.data() + text.size()) {
      return fail(error_at(token.where, fmt::format("bad number syntax: \"{}\"", token.text)));
    }
    out = negative ? -real : real;
    return {};
  }

  std::vector<Token> tokens_;
  GoTemplate::Program& program_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t ranges_ = 0;  ///< that we are in
  std::vector<std::string> variables_{"$"};
};

}  // namespace

}  // namespace tmpl

GoTemplate::GoTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
GoTemplate::GoTemplate(GoTemplate&&) noexcept = default;
GoTemplate& GoTemplate::operator=(GoTemplate&&) noexcept = default;
GoTemplate::~GoTemplate() = default;

Result<GoTemplate> GoTemplate::parse(std::string_view text) {
  Result<std::vector<tmpl::Token>> tokens = tmpl::lex(text);
  if (!tokens) {
    return fail(tokens.error());
  }
  auto program = std::make_unique<Program>();
  if (Status parsed = tmpl::Parser(std::move(*tokens), *program).run(); !parsed) {
    return fail(parsed.error());
  }
  return GoTemplate(std::move(program));
}

}  // namespace catflap::calico::print
