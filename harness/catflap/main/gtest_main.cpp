#include <gtest/gtest.h>

namespace {
constexpr int kExitSkipped = 77;
}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  const bool only_skipped =
      result == 0 && all.skipped_test_count() > 0 && all.skipped_test_count() == all.test_to_run_count();
  return only_skipped ? kExitSkipped : result;
}
