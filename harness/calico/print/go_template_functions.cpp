#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

#include <fmt/format.h>

#include "calico/print/documents.hpp"
#include "calico/print/go_template_tree.hpp"
#include "calico/print/numbers.hpp"

namespace catflap::calico::print {

using nlohmann::json;

namespace {

void append_value(std::string& out, const json& value) {
  if (value.is_null()) {
    out += "<nil>";
  } else if (value.is_string()) {
    out += value.get_ref<const std::string&>();
  } else if (value.is_number_float()) {
    out += go_float(value.get<double>());
  } else if (value.is_array()) {
    out += "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      out += i > 0 ? " " : "";
      append_value(out, value[i]);
    }
    out += "]";
  } else if (value.is_object()) {
    out += "map[";
    bool first = true;
    for (const auto& [key, member] : value.items()) {
      out += first ? "" : " ";
      out += key + ":";
      append_value(out, member);
      first = false;
    }
    out += "]";
  } else {
    out += value.dump();
  }
}

}  // namespace

std::string go_value(const json& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string join(const json& items, std::string_view separator, std::size_t limit) {
  std::vector<std::string> texts;
  if (items.is_object()) {
    for (const auto& [key, value] : items.items()) {
      texts.push_back(key + "=" + go_value(value));
    }
    std::sort(texts.begin(), texts.end());
  } else if (items.is_array()) {
    for (const json& item : items) {
      texts.push_back(go_value(item));
    }
  } else if (!items.is_null()) {
    texts.push_back(go_value(items));
  }
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += i > 0 ? separator : std::string_view();
    out += texts[i];
    if (limit > 0 && out.size() > limit) {
      constexpr std::string_view kCut = "...";
      out.resize(limit > kCut.size() ? limit - kCut.size() : 0);
      out += kCut;
      break;
    }
  }
  return out;
}

namespace tmpl {

namespace {

struct Arity {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};

constexpr std::size_t kAny = 1000;
constexpr std::array kFunctions{
    Arity{"and", 1, kAny},
    Arity{"or", 1, kAny},
    Arity{"not", 1, 1},
    Arity{"len", 1, 1},
    Arity{"index", 1, kAny},
    Arity{"slice", 1, 3},
    Arity{"print", 0, kAny},
    Arity{"printf", 1, kAny},
    Arity{"println", 0, kAny},
    Arity{"eq", 2, kAny},
    Arity{"ne", 2, 2},
    Arity{"lt", 2, 2},
    Arity{"le", 2, 2},
    Arity{"gt", 2, 2},
    Arity{"ge", 2, 2},
    Arity{"join", 2, 2},
    Arity{"joinAndTruncate", 3, 3},
    Arity{"config", 1, 1},
};

auto bad(const Call& call, std::string_view message) {
  return fail(error_at(call.where, fmt::format("error calling {}: {}", call.name, message)));
}

Result<json> length(const Call& call) {
  const json& value = call.arguments[0];
  if (value.is_string()) {
    return json(value.get_ref<const std::string&>().size());
  }
  if (!value.is_structured()) {
    return bad(call, fmt::format("len of {}", go_value(value)));
  }
  return json(value.size());
}

Result<json> index(const Call& call) {
  json value = call.arguments[0];
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const json& key = call.arguments[i];
    if (value.is_object() && key.is_string()) {
      const auto found = value.find(key.get_ref<const std::string&>());
      // Of a map in a map: by way of a copy, for `value` owns both.
      value = found != value.end() ? json(*found) : json("");
      continue;
    }
    const bool text = value.is_string();
    const std::size_t size = text ? value.get_ref<const std::string&>().size() : value.size();
    if ((!value.is_array() && !text) || !key.is_number_integer()) {
      return bad(call, value.is_structured() ? "cannot index with " + go_value(key)
                                             : "can't index item of " + go_value(value));
    }
    const auto at = key.get<std::int64_t>();
    if (at < 0 || static_cast<std::size_t>(at) >= size) {
      return bad(call, fmt::format("index out of range: {}", at));
    }
    const auto place = static_cast<std::size_t>(at);
    value =
        text ? json(static_cast<int>(static_cast<unsigned char>(value.get_ref<const std::string&>()[place])))
             : json(value[place]);
  }
  return value;
}

Result<json> slice(const Call& call) {
  const json& value = call.arguments[0];
  const bool text = value.is_string();
  if (!text && !value.is_array()) {
    return bad(call, "can't slice item of " + go_value(value));
  }
  const std::size_t size = text ? value.get_ref<const std::string&>().size() : value.size();
  std::array<std::size_t, 2> bounds{0, size};
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const json& bound = call.arguments[i];
    if (!bound.is_number_integer() || bound.get<std::int64_t>() < 0 ||
        static_cast<std::size_t>(bound.get<std::int64_t>()) > size) {
      return bad(call, "index out of range: " + go_value(bound));
    }
    bounds[i - 1] = static_cast<std::size_t>(bound.get<std::int64_t>());
  }
  if (bounds[0] > bounds[1]) {
    return bad(call, fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1]));
  }
  if (text) {
    return json(value.get_ref<const std::string&>().substr(bounds[0], bounds[1] - bounds[0]));
  }
  json out = json::array();
  for (std::size_t i = bounds[0]; i < bounds[1]; ++i) {
    out.push_back(value[i]);
  }
  return out;
}

Result<json> compare(const Call& call) {
  const json& a = call.arguments[0];
  if (call.name == "eq") {
    return json(std::any_of(call.arguments.begin() + 1, call.arguments.end(),
                            [&a](const json& b) { return a == b; }));
  }
  const json& b = call.arguments[1];
  if (call.name == "ne") {
    return json(a != b);
  }
  if (!((a.is_number() && b.is_number()) || (a.is_string() && b.is_string()))) {
    return bad(call, "incompatible types for comparison");
  }
  return json(call.name == "lt" ? a < b : call.name == "le" ? a <= b : call.name == "gt" ? a > b : a >= b);
}

/// One verb of printf with its flags, width and precision.
struct Verb {
  bool left = false;
  bool zero = false;
  bool plus = false;
  bool sharp = false;
  std::size_t width = 0;
  int precision = -1;
  char letter = 'v';
};

constexpr std::size_t kMaxWidth = 1000;

Verb read_verb(std::string_view& format) {
  Verb out;
  const auto number = [&format] {
    std::size_t value = 0;
    while (!format.empty() && format.front() >= '0' && format.front() <= '9') {
      value = std::min(kMaxWidth, value * 10 + static_cast<std::size_t>(format.front() - '0'));
      format.remove_prefix(1);
    }
    return value;
  };
  while (!format.empty() && std::string_view("-0+# ").find(format.front()) != std::string_view::npos) {
    out.left |= format.front() == '-';
    out.zero |= format.front() == '0';
    out.plus |= format.front() == '+';
    out.sharp |= format.front() == '#';
    format.remove_prefix(1);
  }
  out.width = number();
  if (!format.empty() && format.front() == '.') {
    format.remove_prefix(1);
    out.precision = static_cast<int>(number());
  }
  if (format.empty()) {
    out.letter = '\0';
  } else {
    out.letter = format.front();
    format.remove_prefix(1);
  }
  return out;
}

std::string formatted(const Verb& verb, const json& value) {
  switch (verb.letter) {
    case 'v':
      return go_value(value);
    case 's':
      if (value.is_structured() || value.is_string()) {
        const std::string text = go_value(value);
        return verb.precision >= 0 ? text.substr(0, static_cast<std::size_t>(verb.precision)) : text;
      }
      break;
    case 'q':
      if (value.is_string()) {
        return go_json_line(value);
      }
      break;
    case 't':
      if (value.is_boolean()) {
        return value.dump();
      }
      break;
    case 'd':
      if (value.is_number_integer()) {
        return (verb.plus && value >= 0 ? "+" : "") + value.dump();
      }
      break;
    case 'x':
    case 'X':
      if (value.is_number_integer()) {
        return verb.letter == 'x' ? fmt::format("{:x}", value.get<std::int64_t>())
                                  : fmt::format("{:X}", value.get<std::int64_t>());
      }
      break;
    case 'f':
    case 'g':
    case 'e':
      if (value.is_number_float()) {
        const int precision = verb.precision;
        return verb.letter == 'f' ? fmt::format("{:.{}f}", value.get<double>(), precision < 0 ? 6 : precision)
               : verb.letter == 'e'
                   ? fmt::format("{:.{}e}", value.get<double>(), precision < 0 ? 6 : precision)
               : precision < 0 ? go_float(value.get<double>())
                               : go_general(value.get<double>(), precision);
      }
      break;
    default:
      break;
  }
  const std::string_view type = value.is_string()           ? "string"
                                : value.is_boolean()        ? "bool"
                                : value.is_number_integer() ? "int"
                                : value.is_number()         ? "float64"
                                                            : "interface {}";
  return fmt::format("%!{}({}={})", verb.letter, type, go_value(value));
}

Result<json> print_formatted(const Call& call) {
  if (!call.arguments[0].is_string()) {
    return bad(call, "wrong type for value; expected string");
  }
  std::string_view format = call.arguments[0].get_ref<const std::string&>();
  std::string out;
  std::size_t next = 1;
  while (!format.empty()) {
    const std::size_t percent = std::min(format.find('%'), format.size());
    out += format.substr(0, percent);
    format.remove_prefix(percent);
    if (format.empty()) {
      break;
    }
    format.remove_prefix(1);
    const Verb verb = read_verb(format);
    if (verb.letter == '%') {
      out += '%';
    } else if (verb.letter == '\0') {
      out += "%!(NOVERB)";
    } else if (next >= call.arguments.size()) {
      out += fmt::format("%!{}(MISSING)", verb.letter);
    } else {
      const std::string text = formatted(verb, call.arguments[next++]);
      const std::size_t own = display_width(text);
      const std::string pad(verb.width > own ? verb.width - own : 0, verb.zero && !verb.left ? '0' : ' ');
      out += verb.left ? text + pad : pad + text;
    }
  }
  if (next < call.arguments.size()) {
    out += "%!(EXTRA ";
    for (std::size_t i = next; i < call.arguments.size(); ++i) {
      out += (i > next ? ", " : "") + go_value(call.arguments[i]);
    }
    out += ")";
  }
  return json(std::move(out));
}

/// fmt.Sprint puts blanks between operands that are both no texts, Sprintln between all.
Result<json> print(const Call& call) {
  const bool line = call.name == "println";
  std::string out;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const bool blank =
        i > 0 && (line || (!call.arguments[i].is_string() && !call.arguments[i - 1].is_string()));
    out += (blank ? " " : "") + go_value(call.arguments[i]);
  }
  return json(line ? out + "\n" : out);
}

Result<json> joined(const Call& call) {
  if (!call.arguments[1].is_string()) {
    return bad(call, "wrong type for separator; expected string");
  }
  std::size_t limit = 0;
  if (call.arguments.size() == 3) {
    if (!call.arguments[2].is_number_integer() || call.arguments[2].get<std::int64_t>() < 0) {
      return bad(call, "wrong type for length; expected integer");
    }
    limit = call.arguments[2].get<std::size_t>();
  }
  const json& items = call.arguments[0];
  const bool absent = items.is_string() && items.get_ref<const std::string&>().empty();
  return json(absent ? std::string() : join(items, call.arguments[1].get_ref<const std::string&>(), limit));
}

}  // namespace

bool is_function(std::string_view name) {
  return std::any_of(kFunctions.begin(), kFunctions.end(),
                     [name](const Arity& known) { return known.name == name; });
}

bool truth(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return value.get<bool>();
    case json::value_t::string:
      return !value.get_ref<const std::string&>().empty();
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return value != 0;
    case json::value_t::array:
    case json::value_t::object:
      return !value.empty();
    default:
      return false;
  }
}

Result<json> call(const Call& call, const GoTemplate::Config& config) {
  const auto known = std::find_if(kFunctions.begin(), kFunctions.end(),
                                  [&call](const Arity& function) { return function.name == call.name; });
  if (known == kFunctions.end()) {
    return fail(error_at(call.where, fmt::format("function \"{}\" not defined", call.name)));
  }
  const std::size_t count = call.arguments.size();
  if (count < known->least || count > known->most) {
    return fail(
        error_at(call.where, fmt::format("wrong number of args for {}: want {}{} got {}", call.name,
                                         known->most == kAny ? "at least " : "", known->least, count)));
  }
  if (call.name == "not") {
    return json(!truth(call.arguments[0]));
  }
  if (call.name == "len") {
    return length(call);
  }
  if (call.name == "index") {
    return index(call);
  }
  if (call.name == "slice") {
    return slice(call);
  }
  if (call.name == "print" || call.name == "println") {
    return print(call);
  }
  if (call.name == "printf") {
    return print_formatted(call);
  }
  if (call.name == "join" || call.name == "joinAndTruncate") {
    return joined(call);
  }
  if (call.name == "config") {
    std::string name = go_value(call.arguments[0]);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!config || name != "asnumber") {
      return bad(call, "unhandled config type " + go_value(call.arguments[0]));
    }
    return json(config("asNumber"));
  }
  // `and` and `or` return before: what is left compares.
  return compare(call);
}

}  // namespace tmpl

}  // namespace catflap::calico::print
