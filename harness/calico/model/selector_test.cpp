#include "calico/model/selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "calico/model/selector_token.hpp"

namespace catflap::calico {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct MatchCase {
  const char* expression;
  Labels labels;
  bool matches;
};

class SelectorMatch : public testing::TestWithParam<MatchCase> {};

TEST_P(SelectorMatch, Evaluates) {
  const MatchCase& c = GetParam();
  const auto selector = Selector::parse(c.expression);
  ASSERT_TRUE(selector) << c.expression << ": " << to_string(selector.error());
  EXPECT_EQ(selector->matches(c.labels), c.matches) << c.expression;
  const auto computed = [&c](std::string_view label) -> std::optional<std::string_view> {
    const auto found = c.labels.find(label);
    return found == c.labels.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
  EXPECT_EQ(selector->matches(computed), c.matches) << c.expression;
  const auto again = Selector::parse(selector->text());
  ASSERT_TRUE(again) << selector->text();
  EXPECT_EQ(*again, *selector) << selector->text();
}

INSTANTIATE_TEST_SUITE_P(
    Operators, SelectorMatch,
    testing::Values(
        MatchCase{"all()", {}, true}, MatchCase{"global()", {}, true}, MatchCase{"\t ", {}, true},
        MatchCase{"a == 'x'", {{"a", "x"}}, true}, MatchCase{"a == 'x'", {{"a", "xx"}}, false},
        MatchCase{"a == 'x'", {}, false}, MatchCase{"a == ''", {{"a", ""}}, true},
        MatchCase{"a == ''", {}, false}, MatchCase{"a == 'X'", {{"a", "x"}}, false},
        MatchCase{"a != 'x'", {{"a", "y"}}, true}, MatchCase{"a != 'x'", {{"a", "x"}}, false},
        MatchCase{"a != 'x'", {}, true}, MatchCase{"a in {'x', 'y'}", {{"a", "y"}}, true},
        MatchCase{"a in {'x', 'y'}", {{"a", "z"}}, false}, MatchCase{"a in {'x', 'y'}", {}, false},
        MatchCase{"a in {}", {{"a", ""}}, false}, MatchCase{"a in {'x',}", {{"a", "x"}}, true},
        MatchCase{"a not in {}", {}, true}, MatchCase{"a not in {'x'}", {{"a", "x"}}, false},
        MatchCase{"a notin {'x'}", {{"a", "y"}}, true}, MatchCase{"a not \t in {'x'}", {}, true},
        MatchCase{"has(a)", {{"a", ""}}, true}, MatchCase{"has( a )", {{"b", ""}}, false},
        MatchCase{"a contains 'el'", {{"a", "hello"}}, true},
        MatchCase{"a contains 'le'", {{"a", "hello"}}, false}, MatchCase{"a contains ''", {{"a", ""}}, true},
        MatchCase{"a contains ''", {}, false}, MatchCase{"a starts with 'he'", {{"a", "hello"}}, true},
        MatchCase{"a startswith 'lo'", {{"a", "hello"}}, false},
        MatchCase{"a starts with 'hello'", {{"a", "hell"}}, false},
        MatchCase{"a ends with 'lo'", {{"a", "hello"}}, true},
        MatchCase{"a endswith 'hello'", {{"a", "lo"}}, false}, MatchCase{"a ends with 'x'", {}, false}));

INSTANTIATE_TEST_SUITE_P(
    Precedence, SelectorMatch,
    testing::Values(MatchCase{"has(a) || has(b) && has(c)", {{"a", ""}}, true},
                    MatchCase{"(has(a) || has(b)) && has(c)", {{"a", ""}}, false},
                    MatchCase{"has(a) && has(b) || has(c)", {{"c", ""}}, true},
                    MatchCase{"!has(a) && has(b)", {{"b", ""}}, true},
                    MatchCase{"!has(a) && has(b)", {}, false},
                    MatchCase{"!(has(a) && has(b))", {{"b", ""}}, true},
                    MatchCase{"!!has(a)", {{"a", ""}}, true}, MatchCase{"! ! ! has(a)", {{"a", ""}}, false},
                    MatchCase{"!a == 'x'", {{"a", "x"}}, false}, MatchCase{"!a != 'x' || all()", {}, true},
                    MatchCase{"has(a) && has(b) && has(c)", {{"a", ""}, {"b", ""}, {"c", ""}}, true},
                    MatchCase{"has(a)||has(b)||has(c)", {{"c", ""}}, true},
                    // Words are labels where an operand begins; of two words the first may be the label.
                    MatchCase{"in in {'in'}", {{"in", "in"}}, true}, MatchCase{"not not in {'x'}", {}, true},
                    MatchCase{"has == 'x' && all == 'y' && global == 'z'",
                              {{"has", "x"}, {"all", "y"}, {"global", "z"}},
                              true},
                    MatchCase{"contains contains'contains'", {{"contains", "contains"}}, true},
                    MatchCase{"-a./_9 == \"it's\"", {{"-a./_9", "it's"}}, true},
                    MatchCase{"a == '\n'", {{"a", "\n"}}, true}));

struct ErrorCase {
  std::string expression;
  std::string message;
  std::uint32_t column;
};

class SelectorError : public testing::TestWithParam<ErrorCase> {};

TEST_P(SelectorError, IsCalicosWithTheColumn) {
  const auto selector = Selector::parse(GetParam().expression);
  ASSERT_FALSE(selector) << GetParam().expression;
  EXPECT_EQ(selector.error().code, Errc::invalid);
  EXPECT_EQ(selector.error().message, GetParam().message) << GetParam().expression;
  ASSERT_TRUE(selector.error().where);
  EXPECT_EQ(selector.error().where->line, 1U);
  EXPECT_EQ(selector.error().where->column, GetParam().column) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Tokens, SelectorError,
    testing::Values(
        ErrorCase{"a = 'b'", "expected ==", 3}, ErrorCase{"a == 'b' & has(c)", "expected &&", 10},
        ErrorCase{"a == 'b' |", "expected ||", 10}, ErrorCase{"a == 'b", "unterminated string", 6},
        ErrorCase{"a == \"b'", "unterminated string", 6}, ErrorCase{"%", "expected identifier", 1},
        ErrorCase{"has(a) && \n", "expected identifier", 11}, ErrorCase{"has()", "expected identifier", 5},
        ErrorCase{"has('a')", "expected identifier", 5},
        ErrorCase{"has(a b)", "no closing ')' after has(", 7},
        ErrorCase{"has(a", "no closing ')' after has(", 6},
        ErrorCase{"all(a)", "no closing ')' after all(", 5},
        ErrorCase{"global(", "no closing ')' after global(", 8},
        ErrorCase{"a b", "expected operator after label \"a\"", 3},
        ErrorCase{"a inf 'x'", "expected operator after label \"a\"", 3},
        ErrorCase{"a containsx 'x'", "expected operator after label \"a\"", 3},
        ErrorCase{"a starts 'x'", "expected operator after label \"a\"", 3},
        ErrorCase{"a starts with b", "expected operator after label \"a\"", 3},
        ErrorCase{"a ends withx 'x'", "expected operator after label \"a\"", 3},
        ErrorCase{"a not has(b)", "expected operator after label \"a\"", 3},
        ErrorCase{"a\n== 'x'", "expected operator after label \"a\"", 2},
        ErrorCase{"b == '' && " + std::string(513, 'x') + " == ''",
                  "label too long: " + std::string(513, 'x'), 12},
        ErrorCase{"has(" + std::string(513, 'x') + ")", "label too long: " + std::string(513, 'x'), 5}));

INSTANTIATE_TEST_SUITE_P(
    Grammar, SelectorError,
    testing::Values(
        ErrorCase{"a", "unexpected end of string looking for op", 2},
        ErrorCase{"(a  ", "unexpected end of string looking for op", 5},
        ErrorCase{"a ==", "expected string", 5}, ErrorCase{"a != b", "expected string", 6},
        ErrorCase{"a contains {'x'}", "expected string", 12},
        ErrorCase{"a in 'x'", "expected set literal", 6},
        ErrorCase{"a not in ('x')", "expected set literal", 10},
        ErrorCase{"a in {'x', || ", "expected }", 12}, ErrorCase{"a in {'x' 'y'}", "expected }", 11},
        ErrorCase{"a in {,}", "expected }", 7}, ErrorCase{"(a == 'x'", "expected )", 10},
        ErrorCase{"(a == 'x' has(b))", "expected )", 11}, ErrorCase{"()", "unexpected token: TokRParen()", 2},
        ErrorCase{"(", "unexpected token: TokEOF()", 2}, ErrorCase{"!", "unexpected token: TokEOF()", 2},
        ErrorCase{"has(a) &&", "unexpected token: TokEOF()", 10},
        ErrorCase{"|| has(a)", "unexpected token: TokOr()", 1},
        ErrorCase{"'a' == 'b'", "unexpected token: TokStringLiteral(a)", 1},
        ErrorCase{"a && b == 'x'", "expected == or != not: TokAnd()", 3},
        ErrorCase{"a) ", "expected == or != not: TokRParen()", 2},
        ErrorCase{"all() has(b) 'x'",
                  "unexpected content at end of selector [TokHas(b) TokStringLiteral(x) TokEOF()]", 7},
        ErrorCase{"has(a))", "unexpected content at end of selector [TokRParen() TokEOF()]", 7}));

TEST(Selector, NestingHasALimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "has(a)" + std::string(depth, ')');
  };
  EXPECT_TRUE(Selector::parse(nested(Selector::kMaxDepth)));
  const auto deeper = Selector::parse(nested(Selector::kMaxDepth + 1));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().message, "the selector is nested more than 256 levels deep");
  EXPECT_EQ(deeper.error().where->column, Selector::kMaxDepth + 1);
  // The canonical text has parentheses where this has none.
  std::string mixed = "has(a)";
  for (std::size_t n = 0; n < Selector::kMaxDepth / 2; ++n) {
    mixed = "has(b) && has(c) || (" + mixed + ")";
  }
  const auto fits = Selector::parse(mixed);
  ASSERT_TRUE(fits);
  EXPECT_TRUE(Selector::parse(fits->text()));
  for (std::size_t n = 0; n < Selector::kMaxDepth / 2; ++n) {
    mixed = "has(b) && (" + mixed + ") || has(c)";
  }
  const auto too_deep = Selector::parse(mixed);
  ASSERT_FALSE(too_deep);
  EXPECT_EQ(too_deep.error().message, "the selector is nested more than 256 levels deep");
  // Not nested, only long.
  std::string text = std::string(100001, '!') + "has(a)";
  for (int n = 0; n < 20000; ++n) {
    text += "||(!has(a)&&!has(b))";
  }
  const auto wide = Selector::parse(text);
  ASSERT_TRUE(wide);
  EXPECT_FALSE(wide->matches({{"a", ""}}));
  EXPECT_TRUE(wide->matches(Labels{}));
  EXPECT_EQ(wide->restrictions().size(), 1U);
}

TEST(Selector, LongestLabel) {
  const std::string label(kMaxLabelNameOctets, 'x');
  EXPECT_TRUE(Selector::parse(label + " == ''"));
  EXPECT_TRUE(is_selector_label(label));
  EXPECT_FALSE(is_selector_label(label + "x"));
  EXPECT_FALSE(is_selector_label(""));
  EXPECT_FALSE(is_selector_label("a b"));
}

struct TextCase {
  const char* expression;
  const char* text;
};

class SelectorText : public testing::TestWithParam<TextCase> {};

TEST_P(SelectorText, IsCanonical) {
  const auto selector = Selector::parse(GetParam().expression);
  ASSERT_TRUE(selector) << GetParam().expression;
  EXPECT_EQ(selector->text(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, SelectorText,
    testing::Values(TextCase{"", "all()"}, TextCase{"global( )", "global()"},
                    TextCase{"((has( a )))", "has(a)"}, TextCase{"!!has(a)", "has(a)"},
                    TextCase{"!!!has(a)", "!has(a)"}, TextCase{"!(!has(a))", "!!has(a)"},
                    TextCase{"a=='b'", "a == \"b\""}, TextCase{"a!='\"'", "a != '\"'"},
                    TextCase{"a contains'b'", "a contains \"b\""},
                    TextCase{"a startswith 'b'", "a starts with \"b\""},
                    TextCase{"a ends   with 'b'", "a ends with \"b\""}, TextCase{"a in{}", "a in {}"},
                    TextCase{"a notin{'c','b','c',}", "a not in {\"b\", \"c\"}"},
                    TextCase{"a in {'\"', \"'\"}", "a in {'\"', \"'\"}"},
                    TextCase{"all()&&has(a)||has(b)", "((all() && has(a)) || has(b))"},
                    TextCase{"!(has(a)||has(b))", "!(has(a) || has(b))"},
                    TextCase{"(has(a) && has(b)) && has(c)", "((has(a) && has(b)) && has(c))"}));

TEST(Selector, UsesGlobal) {
  EXPECT_TRUE(Selector::parse("has(a) || !(global() && has(b))")->uses_global());
  EXPECT_FALSE(Selector::parse("global == 'global()'")->uses_global());
}

TEST(Selector, PrefixReachesEveryLabel) {
  const auto selector = Selector::parse(
      "a == '' && b != '' || c in {'c'} && d not in {} || !e contains 'e' || f starts with '' && "
      "g ends with '' || has(h) || all() || global()");
  ASSERT_TRUE(selector);
  const Selector prefixed = selector->with_prefix("p.");
  EXPECT_EQ(prefixed.text(),
            "((p.a == \"\" && p.b != \"\") || (p.c in {\"c\"} && p.d not in {}) || !p.e contains \"e\" || "
            "(p.f starts with \"\" && p.g ends with \"\") || has(p.h) || all() || global())");
  EXPECT_NE(prefixed.id(), selector->id());
}

struct RestrictionCase {
  const char* expression;
  std::map<std::string, LabelRestriction> expected;
};

class SelectorRestrictions : public testing::TestWithParam<RestrictionCase> {};

TEST_P(SelectorRestrictions, FollowFromTheSelector) {
  const auto selector = Selector::parse(GetParam().expression);
  ASSERT_TRUE(selector) << GetParam().expression;
  EXPECT_EQ(selector->restrictions(), GetParam().expected) << GetParam().expression;
  const auto with_all = Selector::parse("all() && (" + std::string(GetParam().expression) + ")");
  EXPECT_EQ(with_all->restrictions(), GetParam().expected) << GetParam().expression;
}

LabelRestriction present() {
  return {true, false, std::nullopt};
}
LabelRestriction one_of(std::vector<std::string> values) {
  return {true, false, std::move(values)};
}

INSTANTIATE_TEST_SUITE_P(
    All, SelectorRestrictions,
    testing::Values(RestrictionCase{"all()", {}}, RestrictionCase{"global()", {}},
                    RestrictionCase{"a != 'x'", {}}, RestrictionCase{"a not in {'x'}", {}},
                    RestrictionCase{"has(a)", {{"a", present()}}},
                    RestrictionCase{"a contains 'x'", {{"a", present()}}},
                    RestrictionCase{"a starts with 'x'", {{"a", present()}}},
                    RestrictionCase{"a ends with 'x'", {{"a", present()}}},
                    RestrictionCase{"a == 'x'", {{"a", one_of({"x"})}}},
                    RestrictionCase{"a in {'y', 'x'}", {{"a", one_of({"x", "y"})}}},
                    RestrictionCase{"a in {}", {{"a", one_of({})}}},
                    RestrictionCase{"!has(a)", {{"a", {false, true, std::nullopt}}}},
                    RestrictionCase{"!(a == 'x')", {}}, RestrictionCase{"!(has(a) && has(b))", {}},
                    RestrictionCase{"has(a) && !has(a)", {{"a", {true, true, std::nullopt}}}},
                    RestrictionCase{"a == 'x' && has(a) && has(b)", {{"a", one_of({"x"})}, {"b", present()}}},
                    RestrictionCase{"a in {'x','y','z'} && a in {'z','y'}", {{"a", one_of({"y", "z"})}}},
                    RestrictionCase{"a == 'x' && a == 'y'", {{"a", one_of({})}}},
                    RestrictionCase{"a == 'y' || a == 'x'", {{"a", one_of({"x", "y"})}}},
                    RestrictionCase{"a == 'y' || a contains 'x'", {{"a", present()}}},
                    RestrictionCase{"a == 'x' || has(b)", {}}, RestrictionCase{"!has(a) || a == 'x'", {}},
                    RestrictionCase{"!has(a) || !has(a) && has(b)", {{"a", {false, true, std::nullopt}}}},
                    RestrictionCase{"has(a) || all()", {}}, RestrictionCase{"all() || has(a)", {}},
                    RestrictionCase{"a == 'x' || has(b) && has(a)", {{"a", present()}}}));

/// The sample of Calico's tables; null where there is none.
json samples() {
  const char* configured = std::getenv("CATFLAP_DATA");
  const fs::path data =
      configured != nullptr ? fs::path(configured) : fs::path(CATFLAP_SOURCE_DIR) / "../shared/data";
  std::ifstream file(data / "selectors" / "cases.json");
  return file ? json::parse(file) : json();
}

#define LOAD_SAMPLES(name)                                \
  const json name = samples();                            \
  if (name.is_null()) {                                   \
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA"; \
  }

TEST(SelectorSamples, Match) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("match")) {
    const auto selector = Selector::parse(c.at("expr").get<std::string>());
    ASSERT_TRUE(selector) << c;
    EXPECT_EQ(selector->matches(c.at("labels").get<Labels>()), c.at("match").get<bool>()) << c;
  }
}

TEST(SelectorSamples, Invalid) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("invalid")) {
    const auto selector = Selector::parse(c.at("expr").get<std::string>());
    ASSERT_FALSE(selector) << c;
    EXPECT_TRUE(selector.error().where && selector.error().where->column > 0) << c;
  }
}

TEST(SelectorSamples, CanonicalTextAndId) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("canonical")) {
    const auto selector = Selector::parse(c.at("expr").get<std::string>());
    ASSERT_TRUE(selector) << c;
    EXPECT_EQ(selector->text(), c.at("canonical")) << c;
    if (c.at("uid") != "") {
      EXPECT_EQ(selector->id(), c.at("uid")) << c;
    }
  }
}

TEST(SelectorSamples, Prefix) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("visitor")) {
    const auto selector = Selector::parse(c.at("expr").get<std::string>());
    ASSERT_TRUE(selector) << c;
    EXPECT_EQ(selector->with_prefix(c.at("prefix").get<std::string>()).text(), c.at("canonical")) << c;
  }
}

TEST(SelectorSamples, Tokens) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("tokens")) {
    const std::string expression = c.at("expr");
    const auto tokens = tokenize_selector(expression);
    ASSERT_EQ(tokens.has_value(), !c.at("tokens").is_null()) << c;
    if (tokens) {
      json got = json::array();
      for (const SelectorToken& token : *tokens) {
        got.push_back({to_string(token.kind), token.text});
      }
      EXPECT_EQ(got, c.at("tokens")) << c;
    }
  }
}

TEST(SelectorSamples, Restrictions) {
  LOAD_SAMPLES(all)
  for (const json& c : all.at("label_restrictions")) {
    const auto selector = Selector::parse(c.at("expr").get<std::string>());
    ASSERT_TRUE(selector) << c;
    json got = json::object();
    for (const auto& [label, restriction] : selector->restrictions()) {
      json one = json::object();
      if (restriction.must_be_present) {
        one["MustBePresent"] = true;
      }
      if (restriction.must_be_absent) {
        one["MustBeAbsent"] = true;
      }
      if (restriction.must_have_one_of) {
        one["MustHaveOneOfValues"] = *restriction.must_have_one_of;
      }
      got[label] = one;
    }
    EXPECT_EQ(got, c.at("restrictions")) << c;
  }
}

}  // namespace
}  // namespace catflap::calico
