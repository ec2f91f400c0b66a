#pragma once

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "catflap/lab.hpp"
#include "catflap/suite_lab.hpp"

/// Labs in GoogleTest. A lab that this machine cannot run skips the test with the reason; a failed
/// expectation shows the explanation.
///
///   class TwoRouter : public catflap::LabTest<"two-router.yaml"> {};
///   TEST_F(TwoRouter, RouteReachesTheKernel) {
///     auto [r1, r2] = nodes("r1", "r2");
///     ASSERT_SOON(r1.session(r2).established());
///     EXPECT_SOON(r2.fib().has("203.0.113.0/24"_pfx).via(r1), within(3s));
///   }
namespace catflap {
namespace detail {

/// As a result for gtest, with the explanation as its message.
inline testing::AssertionResult to_assertion(const lab::CheckResult& result) {
  return result.passed() ? testing::AssertionSuccess() : testing::AssertionFailure() << result.text;
}
inline testing::AssertionResult soon(const Expectation& expectation) {
  return to_assertion(expectation.eventually());
}
inline testing::AssertionResult soon(const Expectation& expectation, Within limit) {
  return to_assertion(expectation.eventually(limit.time));
}
inline testing::AssertionResult always(const Expectation& expectation, During time) {
  return to_assertion(expectation.holds(time.time));
}
inline testing::AssertionResult never(const Expectation& expectation, During time) {
  return to_assertion(expectation.never(time.time));
}

}  // namespace detail

/// One lab for all tests of a suite, from a topology file. Between tests it is reset: links up, speakers
/// running.
template <detail::FixedString File>
class LabTest : public testing::Test {
 public:
  static void SetUpTestSuite() { suite().up(std::string(File.view())); }
  static void TearDownTestSuite() { suite().down(); }

 protected:
  void SetUp() override {
    suite().before_test();
    if (const auto& error = suite().error()) {
      if (error->is_missing_capability()) {
        GTEST_SKIP() << error->what();
      }
      FAIL() << error->what();
    }
  }

  /// Of a test that runs, hence a lab that is up.
  Lab& lab() { return *suite().lab(); }
  Node node(const std::string& name) { return lab()[name]; }
  template <class... Names>
  std::array<Node, sizeof...(Names)> nodes(const Names&... names) {
    return lab().nodes(names...);
  }

 private:
  static detail::SuiteLab& suite() {
    static detail::SuiteLab one;
    return one;
  }
};

}  // namespace catflap

#define CATFLAP_EXPECT_(result, text)                             \
  switch (0)                                                      \
  case 0:                                                         \
  default:                                                        \
    if (const testing::AssertionResult catflap_result = (result)) \
      ;                                                           \
    else /* NOLINT */                                             \
      ADD_FAILURE() << text << "\n" << catflap_result.failure_message()
#define CATFLAP_ASSERT_THAT_(result, text)                        \
  switch (0)                                                      \
  case 0:                                                         \
  default:                                                        \
    if (const testing::AssertionResult catflap_result = (result)) \
      ;                                                           \
    else /* NOLINT */                                             \
      FAIL() << text << "\n" << catflap_result.failure_message()

/// Becomes true: EXPECT_SOON(what) or EXPECT_SOON(what, within(3s)).
#define EXPECT_SOON(...) \
  CATFLAP_EXPECT_(::catflap::detail::soon(__VA_ARGS__), "EXPECT_SOON(" #__VA_ARGS__ ")")
#define ASSERT_SOON(...) \
  CATFLAP_ASSERT_THAT_(::catflap::detail::soon(__VA_ARGS__), "ASSERT_SOON(" #__VA_ARGS__ ")")
/// Is true and stays so: EXPECT_ALWAYS(what, during(2s)).
#define EXPECT_ALWAYS(...) \
  CATFLAP_EXPECT_(::catflap::detail::always(__VA_ARGS__), "EXPECT_ALWAYS(" #__VA_ARGS__ ")")
#define ASSERT_ALWAYS(...) \
  CATFLAP_ASSERT_THAT_(::catflap::detail::always(__VA_ARGS__), "ASSERT_ALWAYS(" #__VA_ARGS__ ")")
/// Does not become true: EXPECT_NEVER(what, during(2s)).
#define EXPECT_NEVER(...) \
  CATFLAP_EXPECT_(::catflap::detail::never(__VA_ARGS__), "EXPECT_NEVER(" #__VA_ARGS__ ")")
#define ASSERT_NEVER(...) \
  CATFLAP_ASSERT_THAT_(::catflap::detail::never(__VA_ARGS__), "ASSERT_NEVER(" #__VA_ARGS__ ")")
