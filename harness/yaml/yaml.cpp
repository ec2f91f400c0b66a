#include "yaml/yaml.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace catflap::yaml {

Node::Node() = default;
Node::Node(const Node& other) = default;
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(const Node& other) = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key.text == key; });
  return found == entries.end() ? nullptr : &found->value;
}

namespace {

/// Our own reasons to stop, thrown through yaml-cpp and caught in parse().
struct Stop {
  YAML::Mark mark;
  std::string message;
};

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) {
    count += count_nodes(item);
  }
  for (const auto& [key, value] : node.entries) {
    count += 1 + count_nodes(value);
  }
  return count;
}

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string file, const Limits& limits, std::vector<Problem>& problems)
      : file_(std::move(file)), limits_(limits), problems_(problems) {}

  Node take_root() { return std::exchange(root_, Node()); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    anchors_.clear();
    stack_.clear();
    root_.where = position(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    leaf(make(mark, Node::Kind::null), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop{mark, "an alias to itself or to nothing"};
    }
    Node copy = found->second.first;
    count(mark, found->second.second);
    copy.where = position(mark);
    leaf(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Node::Kind::scalar);
    node.text = value;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.quoted && is_null_word(value)) {
      node.kind = Node::Kind::null;
    }
    leaf(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    push(mark, Node::Kind::sequence, anchor);
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    push(mark, Node::Kind::map, anchor);
  }
  void OnMapEnd() override { pop(); }

  SourcePos position(const YAML::Mark& mark) const {
    if (mark.is_null()) {
      return {file_, 0, 0};
    }
    return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key;                     ///< of a map: waits for its value
    std::map<std::string, std::uint32_t> lines;  ///< of a map: where its keys stand
  };

  Node make(const YAML::Mark& mark, Node::Kind kind) {
    count(mark, 1);
    Node node;
    node.kind = kind;
    node.where = position(mark);
    return node;
  }
  void count(const YAML::Mark& mark, std::size_t more) {
    nodes_ += more;
    if (nodes_ > limits_.nodes) {
      throw Stop{mark, "too large: more than " + std::to_string(limits_.nodes) + " values"};
    }
  }
  void push(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor) {
    if (stack_.size() >= limits_.depth) {
      throw Stop{mark, "nested deeper than " + std::to_string(limits_.depth) + " levels"};
    }
    stack_.push_back({make(mark, kind), anchor, std::nullopt, {}});
  }
  void pop() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    leaf(std::move(done.node), done.anchor);
  }
  void leaf(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const std::size_t size = count_nodes(node);
      anchored_ += size;
      if (anchored_ > limits_.nodes) {
        throw Stop{{}, "too large: more than " + std::to_string(limits_.nodes) + " values behind anchors"};
      }
      anchors_[anchor] = {node, size};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != Node::Kind::scalar) {
        problems_.push_back({Problem::Kind::bad_key, node.where, "a key must be a text", "", ""});
      }
      parent.key = std::move(node);
    } else {
      add_entry(parent, std::move(node));
    }
  }
  /// The JSON pointer of a key in the map that is open now.
  std::string pointer_to(const std::string& key) const {
    std::string pointer;
    const auto append = [&](const std::string& token) {
      pointer += '/';
      for (const char c : token) {
        pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
      }
    };
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) {
      const Open& open = stack_[i];
      append(open.key ? open.key->text : std::to_string(open.node.items.size()));
    }
    append(key);
    return pointer;
  }
  void add_entry(Open& parent, Node value) {
    Node key = std::move(*parent.key);
    parent.key.reset();
    if (key.kind != Node::Kind::scalar) {
      return;
    }
    const auto [first, is_new] = parent.lines.emplace(key.text, key.where.line);
    if (!is_new) {
      problems_.push_back({Problem::Kind::duplicate_key, key.where,
                           "duplicate key '" + key.text + "', first on line " + std::to_string(first->second),
                           key.text, pointer_to(key.text)});
      return;
    }
    parent.node.entries.push_back({std::move(key), std::move(value)});
    if (parent.node.entries.size() > limits_.map_entries) {
      throw Stop{{}, "more than " + std::to_string(limits_.map_entries) + " keys in one map"};
    }
  }

  std::string file_;
  Limits limits_;
  std::vector<Problem>& problems_;
  Node root_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<Node, std::size_t>> anchors_;
  std::size_t nodes_ = 0;
  std::size_t anchored_ = 0;
};

}  // namespace

std::vector<Node> parse(std::string_view text, std::string_view file, const Limits& limits,
                        std::vector<Problem>& problems) {
  std::vector<Node> documents;
  const auto refuse = [&](SourcePos where, std::string message, Problem::Kind kind) {
    problems.push_back({kind, std::move(where), std::move(message), "", ""});
  };
  if (text.size() > limits.bytes) {
    refuse({std::string(file), 0, 0}, "larger than " + std::to_string(limits.bytes >> 20U) + " MiB",
           Problem::Kind::too_large);
    return documents;
  }
  Builder builder{std::string(file), limits, problems};
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
      documents.push_back(builder.take_root());
      if (documents.size() > limits.documents) {
        refuse(documents.back().where, "more than " + std::to_string(limits.documents) + " documents",
               Problem::Kind::too_large);
        documents.pop_back();
        return documents;
      }
    }
  } catch (const Stop& stop) {
    refuse(builder.position(stop.mark), stop.message, Problem::Kind::too_large);
  } catch (const YAML::Exception& error) {
    refuse(builder.position(error.mark), "no valid YAML: " + error.msg, Problem::Kind::syntax);
  } catch (const std::exception& error) {
    refuse({std::string(file), 0, 0}, std::string("no valid YAML: ") + error.what(), Problem::Kind::syntax);
  }
  return documents;
}

}  // namespace catflap::yaml
