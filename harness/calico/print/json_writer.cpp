#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/print/documents.hpp"
#include "calico/print/numbers.hpp"
#include "calico/print/utf8.hpp"

namespace catflap::calico::print {

namespace {

using nlohmann::json;

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    const std::string_view octets = text.substr(0, rune.size);
    text.remove_prefix(rune.size);
    switch (rune.valid ? rune.value : 0xFFFD) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (!rune.valid) {
          out += "\\ufffd";
        } else if (rune.value < 0x20 || rune.value == '<' || rune.value == '>' || rune.value == '&' ||
                   rune.value == 0x2028 || rune.value == 0x2029) {
          out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.value));
        } else {
          out += octets;
        }
    }
  }
  out += '"';
}

class Writer {
 public:
  Writer(const KeyOrder& order, bool indented) : order_(order), indented_(indented) {}

  std::string write(const json& value) && {
    append(value, 0);
    return std::move(out_);
  }

 private:
  /// Documents are read with a bound on their depth; a deeper one is built by a bug, and is cut.
  static constexpr std::size_t kMaxDepth = 1000;

  void newline(std::size_t depth) {
    if (indented_) {
      out_ += '\n';
      out_.append(2 * depth, ' ');
    }
  }

  void append(const json& value, std::size_t depth) {
    if (depth > kMaxDepth) {
      out_ += "null";
    } else if (value.is_object()) {
      append_object(value, depth);
    } else if (value.is_array()) {
      append_array(value, depth);
    } else if (value.is_string()) {
      append_string(out_, value.get_ref<const std::string&>());
    } else if (value.is_number_float()) {
      out_ += go_json_float(value.get<double>());
    } else {
      out_ += value.dump();
    }
  }

  void append_object(const json& value, std::size_t depth) {
    if (value.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<std::string> keys = order_ ? order_(path_) : std::vector<std::string>();
    keys.erase(std::remove_if(keys.begin(), keys.end(),
                              [&value](const std::string& key) { return !value.contains(key); }),
               keys.end());
    const std::size_t named = keys.size();
    for (const auto& [key, member] : value.items()) {
      if (std::find(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(named), key) ==
          keys.begin() + static_cast<std::ptrdiff_t>(named)) {
        keys.push_back(key);
      }
    }
    out_ += '{';
    bool first = true;
    for (const std::string& key : keys) {
      if (!std::exchange(first, false)) {
        out_ += ',';
      }
      newline(depth + 1);
      append_string(out_, key);
      out_ += indented_ ? ": " : ":";
      path_.push_back(key);
      append(value[key], depth + 1);
      path_.pop_back();
    }
    newline(depth);
    out_ += '}';
  }

  void append_array(const json& value, std::size_t depth) {
    if (value.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    path_.emplace_back("*");
    bool first = true;
    for (const json& element : value) {
      if (!std::exchange(first, false)) {
        out_ += ',';
      }
      newline(depth + 1);
      append(element, depth + 1);
    }
    path_.pop_back();
    newline(depth);
    out_ += ']';
  }

  const KeyOrder& order_;
  bool indented_;
  std::vector<std::string> path_;
  std::string out_;
};

const std::vector<std::string>& object_keys() {
  static const std::vector<std::string> keys{"kind", "apiVersion", "metadata", "spec", "status", "items"};
  return keys;
}

const std::vector<std::string>& metadata_keys() {
  static const std::vector<std::string> keys{"name",
                                             "generateName",
                                             "namespace",
                                             "selfLink",
                                             "uid",
                                             "resourceVersion",
                                             "generation",
                                             "creationTimestamp",
                                             "deletionTimestamp",
                                             "deletionGracePeriodSeconds",
                                             "labels",
                                             "annotations",
                                             "ownerReferences",
                                             "finalizers",
                                             "managedFields"};
  return keys;
}

}  // namespace

KeyOrder resource_order(KeyOrder spec) {
  return [spec = std::move(spec)](const std::vector<std::string>& path) {
    // Below lists and their items the resource begins anew.
    std::size_t from = 0;
    while (from < path.size() && (path[from] == "*" || path[from] == "items")) {
      ++from;
    }
    if (from == path.size()) {
      return object_keys();
    }
    if (path[from] == "metadata") {
      return path.size() == from + 1 ? metadata_keys() : std::vector<std::string>();
    }
    return spec ? spec({path.begin() + static_cast<std::ptrdiff_t>(from), path.end()})
                : std::vector<std::string>();
  };
}

std::string go_json(const json& value, const KeyOrder& order) {
  return Writer(order, true).write(value);
}

std::string go_json_line(const json& value, const KeyOrder& order) {
  return Writer(order, false).write(value);
}

}  // namespace catflap::calico::print
