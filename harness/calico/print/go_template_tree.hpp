#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "calico/print/go_template.hpp"

/// What a template is parsed into; inside the module only.
namespace catflap::calico::print::tmpl {

struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;  ///< in octets
};

/// `template: get:LINE:COLUMN: message`
Error error_at(Place where, std::string_view message);

struct Token {
  enum class Kind : std::uint8_t {
    text,       ///< outside of actions
    open,       ///< {{
    close,      ///< }}
    space,      ///< between operands: it tells `.a .b` from `.a.b`
    word,       ///< identifiers and keywords
    field,      ///< .name
    dot,        ///< . alone
    variable,   ///< $ or $name
    string,     ///< "..." or `...`, decoded
    number,     ///< 12, -3.5, 0x10
    character,  ///< 'c'
    declare,    ///< :=
    assign,     ///< =
    pipe,
    comma,
    left,
    right,
    end,
  };
  Kind kind = Kind::end;
  std::string text;
  Place where;
};

/// The whole template as tokens. Comments are gone and trim markers are carried out.
Result<std::vector<Token>> lex(std::string_view text);

struct Pipeline;

struct Operand {
  enum class Kind : std::uint8_t { constant, dot, variable, function, pipeline };
  Kind kind = Kind::constant;
  nlohmann::json constant;
  std::string name;                    ///< of the variable or the function
  std::unique_ptr<Pipeline> pipeline;  ///< in parentheses
  std::vector<std::string> fields;     ///< behind it: .a.b
  Place where;
};

struct Command {
  std::vector<Operand> operands;  ///< at least one; the first may be a function, the others are its arguments
};

struct Pipeline {
  std::vector<std::string> variables;  ///< of a declaration or an assignment: at most two
  bool declares = false;
  std::vector<Command> commands;
  Place where;
};

struct Node {
  enum class Kind : std::uint8_t { text, action, if_, with, range, call, break_, continue_ };
  Kind kind = Kind::text;
  std::string text;  ///< the text, or the name of the template that is called
  std::optional<Pipeline> pipeline;
  std::vector<Node> body;
  std::vector<Node> otherwise;
  Place where;
};

/// The functions by name; arguments are evaluated all, but those of `and` and `or`, which are not functions.
struct Call {
  std::string_view name;
  std::vector<nlohmann::json> arguments;
  Place where;
};
bool is_function(std::string_view name);
Result<nlohmann::json> call(const Call& call, const GoTemplate::Config& config);
bool truth(const nlohmann::json& value);

}  // namespace catflap::calico::print::tmpl

struct catflap::calico::print::GoTemplate::Program {
  std::vector<tmpl::Node> body;
  std::map<std::string, std::vector<tmpl::Node>, std::less<>> defined;
};
