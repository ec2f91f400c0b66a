#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "yaml/yaml.hpp"

namespace catflap::yaml {
namespace {

/// "{a: [1, 'x']}", with the kinds told apart: quoted texts in quotes, nulls as "null".
std::string show(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return node.quoted ? "'" + node.text + "'" : node.text;
    case Node::Kind::sequence:
      for (const Node& item : node.items) {
        out += (out.empty() ? "" : ", ") + show(item);
      }
      return "[" + out + "]";
    case Node::Kind::map:
      for (const auto& [key, value] : node.entries) {
        out += (out.empty() ? "" : ", ") + key.text + ": " + show(value);
      }
      return "{" + out + "}";
  }
  return out;
}

struct Reading {
  std::string documents;
  std::string problems;
};

Reading read(const std::string& text, const Limits& limits = {}) {
  std::vector<Problem> problems;
  Reading reading;
  for (const Node& document : parse(text, "f", limits, problems)) {
    reading.documents += (reading.documents.empty() ? "" : " | ") + show(document);
  }
  for (const Problem& problem : problems) {
    reading.problems += to_string(problem.where) + ": " + problem.message + "\n";
  }
  return reading;
}

TEST(Yaml, Values) {
  EXPECT_EQ(read("a: 1\nb: '1'\nc: [x, ~, null, \"\"]\nd:\ne: |\n  two\n  lines\n").documents,
            "{a: 1, b: '1', c: [x, null, null, ''], d: null, e: 'two\nlines\n'}");
  EXPECT_EQ(read(R"({"a": {"b": [1, true, null, "é\n"]}})").documents, "{a: {b: [1, true, null, 'é\n']}}");
  EXPECT_EQ(read("a: !!str 12\nb: &x [1]\nc: *x\n").documents, "{a: '12', b: [1], c: [1]}");
}

TEST(Yaml, Documents) {
  Limits two;
  two.documents = 2;
  EXPECT_EQ(read("").documents, "");
  EXPECT_EQ(read("# nothing\n").documents, "");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n", two).documents, "{a: 1} | {b: 2}");
  EXPECT_EQ(read("---\n---\nb: 2\n", two).documents, "null | {b: 2}");
  const Reading third = read("a: 1\n---\nb: 2\n---\nc: 3\n", two);
  EXPECT_EQ(third.documents, "{a: 1} | {b: 2}");
  EXPECT_EQ(third.problems, "f:5:1: more than 2 documents\n");
  EXPECT_EQ(read("a: &x 1\n---\nb: *x\n", two).documents, "{a: 1}") << "an anchor ends with its document";
}

TEST(Yaml, Problems) {
  EXPECT_EQ(read("a: 1\nb: [2\n").problems, "f:3:1: no valid YAML: end of sequence flow not found\n");
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n").documents, "{a: 1, b: 2}");
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n").problems, "f:3:1: duplicate key 'a', first on line 1\n");
  EXPECT_EQ(read("a: &x [*x]\n").problems, "f:1:8: an alias to itself or to nothing\n");
  EXPECT_EQ(read("? [a]\n: 1\nb: 2\n").problems, "f:1:3: a key must be a text\n");
}

TEST(Yaml, DuplicatesHaveAPointer) {
  std::vector<Problem> problems;
  (void)parse("a:\n- x: 1\n- y/z:\n    k: 1\n    k: 2\n", "f", {}, problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].pointer, "/a/1/y~1z/k");
  EXPECT_EQ(problems[0].key, "k");
}

TEST(Yaml, Limits) {
  Limits limits;
  limits.bytes = 1U << 20U;
  EXPECT_EQ(read(std::string((1U << 20U) + 1, ' '), limits).problems, "f: larger than 1 MiB\n");
  limits.depth = 3;
  EXPECT_EQ(read("[[[1]]]", limits).problems, "");
  EXPECT_EQ(read("[[[[1]]]]", limits).problems, "f:1:4: nested deeper than 3 levels\n");
  limits.nodes = 4;
  EXPECT_EQ(read("[1, 2, 3]", limits).problems, "");
  EXPECT_EQ(read("[1, 2, 3, 4]", limits).problems, "f:1:11: too large: more than 4 values\n");
  limits.nodes = 100;
  limits.map_entries = 2;
  EXPECT_EQ(read("a: 1\nb: 2\n", limits).problems, "");
  EXPECT_EQ(read("a: 1\nb: 2\nc: 3\n", limits).problems, "f:1:1: more than 2 keys in one map\n");
}

TEST(Yaml, Finds) {
  std::vector<Problem> problems;
  const std::vector<Node> documents = parse("a: 1\nb:\n  c: 2\n", "f", {}, problems);
  ASSERT_EQ(documents.size(), 1U);
  const Node* b = documents[0].find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->find("c")->text, "2");
  EXPECT_EQ(to_string(b->find("c")->where), "f:3:6");
  EXPECT_EQ(documents[0].find("x"), nullptr);
}

}  // namespace
}  // namespace catflap::yaml
