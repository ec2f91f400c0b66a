#include "topology/yaml.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <stdexcept>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace catflap::topology {

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YamlNode& other) = default;
YamlNode::YamlNode(YamlNode&& other) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode& other) = default;
YamlNode& YamlNode::operator=(YamlNode&& other) noexcept = default;
YamlNode::~YamlNode() = default;

namespace {

/// Our own reasons to stop, thrown through yaml-cpp and caught in parse_yaml().
struct Stop {
  YAML::Mark mark;
  std::string message;
};

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) {
    count += count_nodes(item);
  }
  for (const auto& [key, value] : node.entries) {
    count += 1 + count_nodes(value);
  }
  return count;
}

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string file, std::vector<Diagnostic>& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    leaf(make(mark, YamlNode::Kind::null), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop{mark, "an alias to itself or to nothing"};
    }
    YamlNode copy = found->second.first;
    count(mark, found->second.second);
    copy.where = position(mark);
    leaf(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(mark, YamlNode::Kind::scalar);
    node.text = value;
    node.quoted = tag == "!";
    if (!node.quoted && (value == "~" || value == "null" || value.empty())) {
      node.kind = YamlNode::Kind::null;
    }
    leaf(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    push(mark, YamlNode::Kind::sequence, anchor);
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    push(mark, YamlNode::Kind::map, anchor);
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
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlNode> key;  ///< of a map: waits for its value
  };

  YamlNode make(const YAML::Mark& mark, YamlNode::Kind kind) {
    count(mark, 1);
    YamlNode node;
    node.kind = kind;
    node.where = position(mark);
    return node;
  }
  void count(const YAML::Mark& mark, std::size_t more) {
    nodes_ += more;
    if (nodes_ > kYamlNodesMax) {
      throw Stop{mark, "too large: more than " + std::to_string(kYamlNodesMax) + " values"};
    }
  }
  void push(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (stack_.size() >= kDepthMax) {
      throw Stop{mark, "nested deeper than " + std::to_string(kDepthMax) + " levels"};
    }
    stack_.push_back({make(mark, kind), anchor, std::nullopt});
  }
  void pop() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    leaf(std::move(done.node), done.anchor);
  }
  void leaf(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const std::size_t size = count_nodes(node);
      anchored_ += size;
      if (anchored_ > kYamlNodesMax) {
        throw Stop{{}, "too large: more than " + std::to_string(kYamlNodesMax) + " values behind anchors"};
      }
      anchors_[anchor] = {node, size};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == YamlNode::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != YamlNode::Kind::scalar) {
        diagnostics_.push_back({Level::error, node.where, "a key must be a text", ""});
      }
      parent.key = std::move(node);
    } else {
      add_entry(parent, std::move(node));
    }
  }
  void add_entry(Open& parent, YamlNode value) {
    YamlNode key = std::move(*parent.key);
    parent.key.reset();
    if (key.kind != YamlNode::Kind::scalar) {
      return;
    }
    // Quadratic, but bounded by the check below; maps of labs are short.
    for (const auto& [other, unused] : parent.node.entries) {
      if (other.text == key.text) {
        diagnostics_.push_back(
            {Level::error, key.where,
             "duplicate key '" + key.text + "', first on line " + std::to_string(other.where.line), ""});
        return;
      }
    }
    parent.node.entries.push_back({std::move(key), std::move(value)});
    if (parent.node.entries.size() > 2 * kNodesMax) {
      throw Stop{{}, "more than " + std::to_string(2 * kNodesMax) + " keys in one map"};
    }
  }

  std::string file_;
  std::vector<Diagnostic>& diagnostics_;
  YamlNode root_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<YamlNode, std::size_t>> anchors_;
  std::size_t nodes_ = 0;
  std::size_t anchored_ = 0;
};

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file,
                                   std::vector<Diagnostic>& diagnostics) {
  const auto refuse = [&](SourcePos where, std::string message) {
    diagnostics.push_back({Level::error, std::move(where), std::move(message), ""});
    return std::nullopt;
  };
  if (text.size() > kFileBytesMax) {
    return refuse({std::string(file), 0, 0}, "larger than " + std::to_string(kFileBytesMax >> 20U) + " MiB");
  }
  Builder builder{std::string(file), diagnostics};
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      return refuse({std::string(file), 1, 1}, "the file is empty");
    }
    YamlNode root = builder.take_root();
    std::vector<Diagnostic> ignored;
    Builder second{std::string(file), ignored};
    if (parser.HandleNextDocument(second)) {
      return refuse(second.take_root().where, "a second document; a file holds one lab");
    }
    return root;
  } catch (const Stop& stop) {
    return refuse(builder.position(stop.mark), stop.message);
  } catch (const YAML::Exception& error) {
    return refuse(builder.position(error.mark), "no valid YAML: " + error.msg);
  } catch (const std::exception& error) {
    return refuse({std::string(file), 0, 0}, std::string("no valid YAML: ") + error.what());
  }
}

}  // namespace catflap::topology
