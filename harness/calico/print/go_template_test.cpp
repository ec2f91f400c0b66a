#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/print/go_template.hpp"

namespace catflap::calico::print {
namespace {

using nlohmann::json;

const json& peers() {
  static const json data = json::parse(R"([{"kind":"BGPPeerList","metadata":{"resourceVersion":"7"},"items":[
    {"kind":"BGPPeer","metadata":{"name":"one","labels":{"b":"2","a":"1"}},"spec":{"peerIP":"10.0.0.1","asNumber":64512}},
    {"kind":"BGPPeer","metadata":{"name":"two"},"spec":{"peerIP":"10.0.0.2","node":"n2","order":1000000.0,
     "filters":["f","g"],"on":true}}]}])");
  return data;
}

std::string rendered(std::string_view text, const json& data = peers()) {
  const Result<GoTemplate> parsed = GoTemplate::parse(text);
  if (!parsed) {
    return "parse: " + parsed.error().message;
  }
  const Result<std::string> out =
      parsed->render(data, [](std::string_view name) { return "config of " + std::string(name); });
  return out ? *out : "render: " + out.error().message;
}

TEST(GoTemplate, FieldsAndRange) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"plain", "plain"},
      {"{{range .}}{{range .Items}}{{.ObjectMeta.Name}} {{.Spec.PeerIP}},{{end}}{{end}}",
       "one 10.0.0.1,two 10.0.0.2,"},
      {"{{range .}}{{range .Items}}{{.Name}}={{.Spec.ASNumber}};{{end}}{{end}}", "one=64512;two=;"},
      {"{{range .}}{{range .items}}{{.metadata.name}} {{end}}{{end}}", "one two "},
      {"{{range $i, $p := (index . 0).Items}}{{$i}}:{{$p.Name}} {{end}}", "0:one 1:two "},
      {"{{range $k, $v := (index (index . 0).Items 0).Labels}}{{$k}}={{$v}} {{end}}", "a=1 b=2 "},
      {"{{range .None}}x{{else}}none{{end}}", "render: template: get:1:9: can't evaluate field None in "},
      {"{{range (index . 0).None}}x{{else}}none{{end}}", "none"},
      {"{{range $p := (index . 0).Items}}{{if eq $p.Name \"two\"}}{{break}}{{end}}{{$p.Name}}{{end}}", "one"},
      {"{{range $p := (index . 0).Items}}{{if eq $p.Name \"one\"}}{{continue}}{{end}}{{$p.Name}}{{end}}",
       "two"},
      {"{{range 3}}{{.}}{{end}}", "012"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string out = rendered(text);
    EXPECT_EQ(
        expected.back() == ' ' && expected.rfind("render", 0) == 0 ? out.substr(0, expected.size()) : out,
        expected)
        << text;
  }
}

TEST(GoTemplate, ControlAndVariables) {
  const json two = peers()[0]["items"][1];
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{if .Spec.Node}}{{.Spec.Node}}{{else if .Spec.NodeSelector}}sel{{else}}(global){{end}}", "n2"},
      {"{{if .Spec.None}}a{{else if .Spec.NodeSelector}}sel{{else}}(global){{end}}", "(global)"},
      {"{{with .Spec}}{{.PeerIP}}{{end}}", "10.0.0.2"},
      {"{{with .None}}x{{else}}y{{end}}", "y"},
      {"{{with .None}}x{{else with .Spec}}{{.Node}}{{end}}", "n2"},
      {"{{$x := .Name}}{{$x}}{{$x = \"z\"}}{{$x}}", "twoz"},
      {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
      {"{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"},
      {"{{range .Spec.Filters}}{{$.Name}}.{{.}} {{end}}", "two.f two.g "},
      {"a {{- \"b\" -}} c", "abc"},
      {"a\n{{- /* comment */ -}}\n b", "ab"},
      {"a{{/* c */}}b", "ab"},
      {"{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .Name}}{{template \"t\" 3}}", "<two><3>"},
      {"{{\"x\\ty\\u00e9\"}}{{`raw\\n`}}{{'a'}}", "x\ty\xC3\xA9raw\\n97"},
      {"{{.Spec.Order}} {{.Spec.On}} {{.Spec.Filters}} {{1.5}} {{-3}} {{0x10}}",
       "1e+06 true [f g] 1.5 -3 16"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(rendered(text, two), expected) << text;
  }
}

TEST(GoTemplate, Functions) {
  const json two = peers()[0]["items"][1];
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{len .Spec.Filters}} {{len \"abc\"}}", "2 3"},
      {"{{index .Spec.Filters 1}}", "g"},
      {"{{index .Spec \"peerIP\"}}", "10.0.0.2"},
      {"{{slice \"abcdef\" 1 3}}", "bc"},
      {"{{printf \"%-5s|%5s|%d|%v|%q|%%|%05d|%.2f\" \"a\" \"b\" 3 true \"q\" 42 1.0}}",
       "a    |    b|3|true|\"q\"|%|00042|1.00"},
      {"{{printf \"%d\" \"x\"}}{{printf \"%s\"}}{{printf \"a\" 1}}", "%!d(string=x)%!s(MISSING)a%!(EXTRA 1)"},
      {"{{.Name | printf \"%s-%s\" \"x\"}}", "x-two"},
      {"{{print 1 2 \"a\" 3}}{{println \"x\" 1}}", "1 2a3x 1\n"},
      {"{{eq 1 1}} {{eq .Name \"a\" \"two\"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}",
       "true true true true true true false"},
      {"{{and 1 0}} {{and 1 2}} {{or 0 3}} {{or \"\" 0}} {{not 1}}", "0 2 3 0 false"},
      {"{{if or .None (and .Name (not .None))}}y{{end}}", "y"},
      {"{{join .Spec.Filters \",\"}}", "f,g"},
      {"{{join .None \",\"}}", ""},
      {"{{joinAndTruncate .Spec.Filters \",\" 80}}", "f,g"},
      {"{{config \"asNumber\"}}", "config of asNumber"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(rendered(text, two), expected) << text;
  }
}

TEST(GoTemplate, ErrorsSayWhere) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{", "parse: template: get:1:1: unclosed action"},
      {"a\n{{.x", "parse: template: get:2:1: unclosed action"},
      {"{{}}", "parse: template: get:1:3: missing value for command"},
      {"{{if}}x{{end}}", "parse: template: get:1:5: missing value for if"},
      {"{{if .x}}", "parse: template: get:1:10: unexpected EOF"},
      {"{{end}}", "parse: template: get:1:6: unexpected {{end}}"},
      {"{{nosuch .x}}", "parse: template: get:1:3: function \"nosuch\" not defined"},
      {"{{$x}}", "parse: template: get:1:3: undefined variable \"$x\""},
      {"{{if .a}}{{else}}{{else}}{{end}}", "parse: template: get:1:24: expected end; found {{else}}"},
      {"{{\"a}}", "parse: template: get:1:3: unterminated quoted string"},
      {"{{/* a }}", "parse: template: get:1:1: unclosed comment"},
      {"{{.a | 3}}", "parse: template: get:1:8: non executable command in pipeline stage 2"},
      {"{{(.a}}", "parse: template: get:1:6: unexpected \"}}\" in operand"},
      {"{{break}}", "parse: template: get:1:3: {{break}} outside {{range}}"},
      {"{{12x}}", "parse: template: get:1:3: bad number syntax: \"12x\""},
      {"{{%}}", "parse: template: get:1:3: unexpected character '%' in action"},
      {"{{index . 5}}", "render: template: get:1:3: error calling index: index out of range: 5"},
      {"{{range 1.5}}{{end}}", "render: template: get:1:3: range can't iterate over 1.5"},
      {"{{len}}", "render: template: get:1:3: wrong number of args for len: want 1 got 0"},
      {"{{template \"t\"}}", "render: template: get:1:3: template \"t\" not defined"},
      {"{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}",
       "render: template: get:1:17: exceeded maximum template depth (100)"},
      {"{{. 1}}", "render: template: get:1:3: can't give argument to non-function"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(rendered(text), expected) << text;
  }
  EXPECT_NE(rendered(std::string("{{") + std::string(1000, '(') + "}}").find("nested too deeply"),
            std::string::npos);
}

TEST(GoTemplate, WorkIsBounded) {
  const std::string_view text = "{{range 1000}}0123456789{{end}}";
  const Result<GoTemplate> parsed = GoTemplate::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->render(peers()));
  for (const GoTemplate::Limits limits : {GoTemplate::Limits{9000, 10000}, GoTemplate::Limits{20000, 900}}) {
    const Result<std::string> out = parsed->render(peers(), {}, limits);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().message, "template: get:1:15: the template writes or does too much");
  }
}

TEST(Join, CutsAtTheLimit) {
  EXPECT_EQ(join(json::array({"abcdef", "ghi"}), ",", 8), "abcde...");
  EXPECT_EQ(join(json::array({"abcd", "efg"}), ",", 8), "abcd,efg");
  EXPECT_EQ(join(json{{"b", 1}, {"a", "x"}}, ",", 0), "a=x,b=1");
  EXPECT_EQ(join(json(nullptr), ","), "");
  EXPECT_EQ(join(json("x"), ","), "x");
}

}  // namespace
}  // namespace catflap::calico::print
