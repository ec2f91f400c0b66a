#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/print/documents.hpp"

namespace catflap::calico::print {
namespace {

using nlohmann::json;

TEST(Json, IsIndentedAndEscapedAsGoDoes) {
  EXPECT_EQ(
      go_json(json::parse(R"({"b":[1,{"x":null}],"a":{},"c":[],"d":"<&>\u2028\u0001\n\t\"\\é","e":0.5})")),
      R"({
  "a": {},
  "b": [
    1,
    {
      "x": null
    }
  ],
  "c": [],
  "d": "\u003c\u0026\u003e\u2028\u0001\n\t\"\\é",
  "e": 0.5
})");
  EXPECT_EQ(go_json(json("\xFFok\xC0\x80")), "\"\\ufffdok\\ufffd\\ufffd\"") << "never text that is no UTF-8";
  EXPECT_EQ(go_json_line(json::parse(R"({"a":[1,2],"b":"x"})")), R"({"a":[1,2],"b":"x"})");
}

TEST(Json, OfResourcesHasTheOrderOfTheStructs) {
  const json resource = json::parse(
      R"({"apiVersion":"projectcalico.org/v3","kind":"Node","metadata":{"annotations":{"b":"1","a":"2"},
          "creationTimestamp":"x","labels":{},"name":"n","resourceVersion":"5","uid":"u"},"spec":{"b":1,"a":2}})");
  const KeyOrder order = resource_order([](const std::vector<std::string>& path) {
    return path == std::vector<std::string>{"spec"} ? std::vector<std::string>{"b"}
                                                    : std::vector<std::string>();
  });
  EXPECT_EQ(go_json_line(resource, order),
            R"({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"n","uid":"u",)"
            R"("resourceVersion":"5","creationTimestamp":"x","labels":{},"annotations":{"a":"2","b":"1"}},)"
            R"("spec":{"b":1,"a":2}})");
  const json list = {
      {"kind", "NodeList"}, {"items", json::array({resource})}, {"metadata", {{"resourceVersion", "9"}}}};
  const std::string text = go_json_line(list, order);
  EXPECT_EQ(text.substr(0, 64), R"({"kind":"NodeList","metadata":{"resourceVersion":"9"},"items":[{)");
  EXPECT_NE(text.find(R"("spec":{"b":1,"a":2})"), std::string::npos);
}

TEST(Yaml, OfAResource) {
  EXPECT_EQ(go_yaml(json::parse(R"({"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3",
      "metadata":{"name":"p","creationTimestamp":null,"resourceVersion":"12","labels":{}},
      "spec":{"order":1000000.0,"half":100.5,"types":["Ingress"],"ingress":[{"action":"Allow","source":{"nets":["10.0.0.0/8"]}},{}],
              "selector":"a == 'b'","nested":[["x","y"],[]],"on":true}})")),
            R"(apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  creationTimestamp: null
  labels: {}
  name: p
  resourceVersion: "12"
spec:
  half: 100.5
  ingress:
  - action: Allow
    source:
      nets:
      - 10.0.0.0/8
  - {}
  nested:
  - - x
    - "y"
  - []
  "on": true
  order: 1000000
  selector: a == 'b'
  types:
  - Ingress
)");
}

TEST(Yaml, ScalarsAreQuotedWhereTheyWouldBeSomethingElse) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "\"\""},
      {"plain text", "plain text"},
      {"true", "\"true\""},
      {"Yes", "\"Yes\""},
      {"null", "\"null\""},
      {"~", "\"~\""},
      {"12", "\"12\""},
      {"-1.5", "\"-1.5\""},
      {"1e3", "\"1e3\""},
      {"1_000", "\"1_000\""},
      {"0x1f", "\"0x1f\""},
      {".5", "\".5\""},
      {".", "."},
      {"10.0.0.1", "10.0.0.1"},
      {"10.0.0.0/26", "10.0.0.0/26"},
      {"fd00::1", "fd00::1"},
      {"::1", "::1"},
      {"65000:10", "\"65000:10\""},
      {"65000:100", "65000:100"},
      {"2020-07-14T01:33:13Z", "\"2020-07-14T01:33:13Z\""},
      {"2020-07-14", "\"2020-07-14\""},
      {"937b3885-4442-4899-8c85-69af3ac42674", "937b3885-4442-4899-8c85-69af3ac42674"},
      {"a: b", "'a: b'"},
      {"a:b", "a:b"},
      {"a #b", "'a #b'"},
      {"a#b", "a#b"},
      {"- a", "'- a'"},
      {"-a", "-a"},
      {"*", "'*'"},
      {"[a]", "'[a]'"},
      {"{\"a\":\"b\"}", "'{\"a\":\"b\"}'"},
      {"it's {x", "it's {x"},
      {"'quoted'", "'''quoted'''"},
      {" leading", "' leading'"},
      {"trailing ", "'trailing '"},
      {"tab\there", "\"tab\\there\""},
      {"bell\x07", "\"bell\\a\""},
      {"quote\"\r", "\"quote\\\"\\r\""},
      {"!has(x)", "'!has(x)'"},
      {"has(x) && y in {'a', 'b'}", "has(x) && y in {'a', 'b'}"},
      {"---", "'---'"},
      {"é", "é"},
      {"<<", "\"<<\""},
      {"+.inf", "\"+.inf\""},
      {"=", "="},
  };
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(go_yaml(json{{"k", value}}), "k: " + text + "\n") << value;
  }
}

TEST(Yaml, SeveralLines) {
  EXPECT_EQ(go_yaml(json{{"k", "a\nb\n"}}), "k: |\n  a\n  b\n");
  EXPECT_EQ(go_yaml(json{{"k", "a\n\nb"}}), "k: |-\n  a\n\n  b\n");
  EXPECT_EQ(go_yaml(json{{"k", "a\n\n"}, {"l", 1}}), "k: |+\n  a\n\nl: 1\n");
  EXPECT_EQ(go_yaml(json{{"k", " a\nb"}}), "k: |2-\n   a\n  b\n");
  EXPECT_EQ(go_yaml(json{{"k", "a \nb"}}), "k: \"a \\nb\"\n") << "a blank before the break would be lost";
  EXPECT_EQ(go_yaml(json{{"k", {{"l", "a\nb"}}}}), "k:\n  l: |-\n    a\n    b\n");
  EXPECT_EQ(go_yaml(json::array({"a\nb"})), "- |-\n  a\n  b\n");
  EXPECT_EQ(go_yaml(json{{"a\nb", 1}}), "\"a\\nb\": 1\n");
}

TEST(Yaml, LongLinesAreFolded) {
  const std::string ten = "aaaaaaaaa ";
  std::string text;
  for (int i = 0; i < 10; ++i) {
    text += ten;
  }
  text += "end";
  EXPECT_EQ(go_yaml(json{{"k", text}}),
            "k: aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa\n"
            "  aaaaaaaaa aaaaaaaaa end\n");
  EXPECT_EQ(go_yaml(json{{"k", "'" + text}}),
            "k: '''aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa\n"
            "  aaaaaaaaa aaaaaaaaa end'\n");
  EXPECT_EQ(go_yaml(json{{"k", "\x01" + text}}),
            "k: \"\\x01aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa\n"
            "  aaaaaaaaa aaaaaaaaa end\"\n");
}

TEST(Yaml, KeysAreSortedWithNumbersByValue) {
  const json keys = {{"a10", 1}, {"a2", 1}, {"a-b", 1}, {"ab", 1}, {"A", 1}, {"a", 1}, {"a_b", 1}, {"1", 1}};
  EXPECT_EQ(go_yaml(keys), "\"1\": 1\nA: 1\na: 1\na-b: 1\na_b: 1\na2: 1\na10: 1\nab: 1\n");
}

TEST(Yaml, OfWhatIsNoMapping) {
  EXPECT_EQ(go_yaml(json("x")), "x\n");
  EXPECT_EQ(go_yaml(json(nullptr)), "null\n");
  EXPECT_EQ(go_yaml(json::array()), "[]\n");
  EXPECT_EQ(go_yaml(json::array({json{{"a", 1}, {"b", 2}}, 3})), "- a: 1\n  b: 2\n- 3\n");
}

}  // namespace
}  // namespace catflap::calico::print
