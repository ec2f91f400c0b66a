#include <algorithm>
#include <cctype>
#include <cstddef>
#include <deque>

#include <fmt/format.h>

#include "calico/print/go_template_tree.hpp"

namespace catflap::calico::print {

namespace tmpl {

namespace {

using nlohmann::json;

/// Templates that call templates.
constexpr std::size_t kMaxCalls = 100;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The member by its exact name, else the only one that differs in case alone, as Go's names do.
const json* member(const json& object, std::string_view name) {
  if (const auto exact = object.find(name); exact != object.end()) {
    return &*exact;
  }
  for (const auto& [key, value] : object.items()) {
    if (same_name(key, name)) {
      return &value;
    }
  }
  return nullptr;
}

const json* field(const json& object, std::string_view name) {
  if (const json* found = member(object, name)) {
    return found;
  }
  const auto metadata = object.find("metadata");
  const bool has_metadata = metadata != object.end() && metadata->is_object();
  if (name == "TypeMeta") {
    return &object;
  }
  if (!has_metadata) {
    return nullptr;
  }
  return name == "ObjectMeta" || name == "ListMeta" ? &*metadata : member(*metadata, name);
}

enum class Flow : std::uint8_t { next, break_, continue_ };

class Runner {
 public:
  Runner(const GoTemplate::Program& program, const json& data, const GoTemplate::Config& config,
         GoTemplate::Limits limits)
      : program_(program), config_(config), limits_(limits) {
    variables_.push_back({"$", &data});
  }

  Result<std::string> run(const json& data) {
    const Result<Flow> done = list(program_.body, data);
    return done ? Result<std::string>(std::move(out_)) : fail(done.error());
  }

 private:
  struct Variable {
    std::string name;
    const json* value;
  };

  const json* keep(json value) {
    kept_.push_back(std::move(value));
    return &kept_.back();
  }

  Result<Flow> list(const std::vector<Node>& nodes, const json& dot) {
    for (const Node& node : nodes) {
      if (++steps_ > limits_.steps || out_.size() > limits_.output) {
        return fail(error_at(node.where, "the template writes or does too much"));
      }
      Result<Flow> flow = step(node, dot);
      if (!flow || *flow != Flow::next) {
        return flow;
      }
    }
    return Flow::next;
  }

  Result<Flow> step(const Node& node, const json& dot) {
    const std::size_t scope = variables_.size();
    switch (node.kind) {
      case Node::Kind::text:
        out_ += node.text;
        return Flow::next;
      case Node::Kind::break_:
        return Flow::break_;
      case Node::Kind::continue_:
        return Flow::continue_;
      case Node::Kind::action: {
        const Result<const json*> value = pipeline(*node.pipeline, dot);
        if (!value) {
          return fail(value.error());
        }
        if (node.pipeline->variables.empty()) {
          out_ += go_value(**value);
        }
        return Flow::next;
      }
      case Node::Kind::if_:
      case Node::Kind::with: {
        const Result<const json*> value = pipeline(*node.pipeline, dot);
        if (!value) {
          return fail(value.error());
        }
        const bool is = truth(**value);
        const json& inside = is && node.kind == Node::Kind::with ? **value : dot;
        Result<Flow> flow = list(is ? node.body : node.otherwise, inside);
        variables_.resize(scope);
        return flow;
      }
      case Node::Kind::range: {
        Result<Flow> flow = range(node, dot);
        variables_.resize(scope);
        return flow;
      }
      case Node::Kind::call:
        return call_template(node, dot);
    }
    return Flow::next;
  }

  Result<Flow> call_template(const Node& node, const json& dot) {
    const auto found = program_.defined.find(node.text);
    if (found == program_.defined.end()) {
      return fail(error_at(node.where, fmt::format("template \"{}\" not defined", node.text)));
    }
    if (++calls_ > kMaxCalls) {
      return fail(error_at(node.where, fmt::format("exceeded maximum template depth ({})", kMaxCalls)));
    }
    const json* data = keep(nullptr);
    if (node.pipeline) {
      const Result<const json*> value = pipeline(*node.pipeline, dot);
      if (!value) {
        return fail(value.error());
      }
      data = *value;
    }
    std::vector<Variable> outer{{"$", data}};
    outer.swap(variables_);
    Result<Flow> flow = list(found->second, *data);
    outer.swap(variables_);
    --calls_;
    return flow;
  }

  Result<Flow> range(const Node& node, const json& dot) {
    const Result<const json*> over = pipeline(*node.pipeline, dot);
    if (!over) {
      return fail(over.error());
    }
    const json& value = **over;
    if (value.is_number_integer()) {
      const json* numbers = count_to(value);
      return each(node, *numbers, dot);
    }
    // What is not there is as empty as a list without elements.
    const bool absent = value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
    if (!value.is_structured() && !absent) {
      return fail(error_at(node.where, fmt::format("range can't iterate over {}", go_value(value))));
    }
    return absent || value.empty() ? list(node.otherwise, dot) : each(node, value, dot);
  }

  const json* count_to(const json& limit) {
    json numbers = json::array();
    for (std::int64_t i = 0; i < limit.get<std::int64_t>() && i < 1'000'000; ++i) {
      numbers.push_back(i);
    }
    return keep(std::move(numbers));
  }

  Result<Flow> each(const Node& node, const json& value, const json& dot) {
    if (value.empty()) {
      return list(node.otherwise, dot);
    }
    std::size_t index = 0;
    const std::vector<std::string>& names = node.pipeline->variables;
    for (const auto& [key, element] : value.items()) {
      const std::size_t scope = variables_.size();
      if (names.size() == 2) {
        set(names[0], keep(value.is_object() ? json(key) : json(index)), node.pipeline->declares);
      }
      if (!names.empty()) {
        set(names.back(), &element, node.pipeline->declares);
      }
      ++index;
      const Result<Flow> flow = list(node.body, element);
      variables_.resize(scope);
      if (!flow) {
        return flow;
      }
      if (*flow == Flow::break_) {
        break;
      }
    }
    return Flow::next;
  }

  void set(const std::string& name, const json* value, bool declares) {
    if (!declares) {
      const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                      [&name](const Variable& variable) { return variable.name == name; });
      if (found != variables_.rend()) {
        found->value = value;
        return;
      }
    }
    variables_.push_back({name, value});
  }

  Result<const json*> pipeline(const Pipeline& value, const json& dot) {
    const json* last = nullptr;
    for (const Command& next : value.commands) {
      Result<const json*> result = command(next, dot, last);
      if (!result) {
        return result;
      }
      last = *result;
    }
    for (const std::string& name : value.variables) {
      set(name, last, value.declares);
    }
    return last;
  }

  /// `last`: the value of the command before, the last argument.
  Result<const json*> command(const Command& value, const json& dot, const json* last) {
    const Operand& first = value.operands.front();
    if (first.kind != Operand::Kind::function) {
      if (value.operands.size() > 1) {
        return fail(error_at(first.where, "can't give argument to non-function"));
      }
      return operand(first, dot);
    }
    const bool stops_at = first.name == "or";
    const bool short_circuit = stops_at || first.name == "and";
    Call function{first.name, {}, first.where};
    for (std::size_t i = 1; i < value.operands.size() + (last != nullptr ? 1 : 0); ++i) {
      const Result<const json*> argument = i < value.operands.size() ? operand(value.operands[i], dot) : last;
      if (!argument) {
        return argument;
      }
      const bool is_last = i + 1 == value.operands.size() + (last != nullptr ? 1 : 0);
      if (short_circuit && (truth(**argument) == stops_at || is_last)) {
        return argument;
      }
      function.arguments.push_back(**argument);
    }
    Result<json> result = call(function, config_);
    return result ? Result<const json*>(keep(std::move(*result))) : fail(result.error());
  }

  Result<const json*> operand(const Operand& value, const json& dot) {
    const json* out = &dot;
    switch (value.kind) {
      case Operand::Kind::dot:
        break;
      case Operand::Kind::constant:
        return &value.constant;
      case Operand::Kind::function: {
        Result<json> result = call({value.name, {}, value.where}, config_);
        return result ? Result<const json*>(keep(std::move(*result))) : fail(result.error());
      }
      case Operand::Kind::variable: {
        const auto found =
            std::find_if(variables_.rbegin(), variables_.rend(),
                         [&value](const Variable& variable) { return variable.name == value.name; });
        if (found == variables_.rend()) {
          return fail(error_at(value.where, fmt::format("undefined variable \"{}\"", value.name)));
        }
        out = found->value;
        break;
      }
      case Operand::Kind::pipeline: {
        const std::size_t scope = variables_.size();
        const Result<const json*> result = pipeline(*value.pipeline, dot);
        variables_.resize(scope);
        if (!result) {
          return result;
        }
        out = *result;
        break;
      }
    }
    for (const std::string& name : value.fields) {
      if (out->is_null() || (out->is_string() && out->get_ref<const std::string&>().empty())) {
        return keep("");
      }
      if (!out->is_object()) {
        return fail(
            error_at(value.where, fmt::format("can't evaluate field {} in {}", name, go_value(*out))));
      }
      const json* next = field(*out, name);
      out = next != nullptr ? next : keep("");
    }
    return out;
  }

  const GoTemplate::Program& program_;
  const GoTemplate::Config& config_;
  GoTemplate::Limits limits_;
  std::vector<Variable> variables_;
  std::deque<json> kept_;  ///< values that are not part of the data
  std::string out_;
  std::size_t steps_ = 0;
  std::size_t calls_ = 0;
};

}  // namespace

}  // namespace tmpl

Result<std::string> GoTemplate::render(const nlohmann::json& data, const Config& config,
                                       Limits limits) const {
  return tmpl::Runner(*program_, data, config, limits).run(data);
}

}  // namespace catflap::calico::print
