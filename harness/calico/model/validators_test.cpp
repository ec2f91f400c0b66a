#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/tables.hpp"

/// A sample of the tables in Calico's own validator tests. Cases whose verdict needs the schemas of the CRDs
/// are counted apart.
namespace catflap::calico {
namespace {

std::optional<Json> load_cases() {
  const char* configured = std::getenv("CATFLAP_DATA");
  const std::filesystem::path folder = configured != nullptr
                                           ? std::filesystem::path(configured)
                                           : std::filesystem::path(CATFLAP_SOURCE_DIR "/../shared/data");
  std::ifstream file(folder / "validators/v3.json");
  return file ? std::optional(Json::parse(file).at("cases")) : std::nullopt;
}

/// What is wrong with the object, in Calico's words; "" if it is accepted.
std::string verdict(const Json& object, const TypeInfo& type, const Rules& rules) {
  const auto decoded = decode_part(type, object);
  if (!decoded) {
    return decoded.error().message;
  }
  const std::vector<Diagnostic> found = validate_part(*decoded, type, rules);
  return found.empty() ? "" : calico_text(found);
}

std::string verdict(const Json& one, const Rules& rules) {
  if (one.contains("kind")) {
    const KindInfo* kind = find_kind("projectcalico.org/v3", one["kind"].get<std::string>());
    if (kind == nullptr) {
      return "unknown kind";
    }
    const TypeInfo type{.shape = Shape::object, .object = kind->object};
    return verdict(one["object"], type, rules);
  }
  const std::string part = one["part"];
  if (part == "Protocol") {
    return verdict(one["object"], tables::kProtocol, rules);
  }
  const StructInfo* info = find_struct(part);
  if (info == nullptr) {
    return "unknown part " + part;
  }
  const TypeInfo type{.shape = Shape::object, .object = info};
  return verdict(one["object"], type, rules);
}

/// The number of cases with this value of `crd`; each is checked.
std::size_t check(const Json& cases, bool crd) {
  std::size_t count = 0;
  for (const Json& one : cases) {
    if (one["crd"].get<bool>() != crd) {
      continue;
    }
    ++count;
    Rules rules;
    rules.crd = crd;
    const std::string text = verdict(one, rules);
    const std::string name = one["suite"].get<std::string>() + ": " + one["name"].get<std::string>() + "\n" +
                             one["object"].dump().substr(0, 500);
    EXPECT_EQ(text.empty(), one["valid"].get<bool>()) << name << "\n" << text;
    if (one.contains("error")) {
      EXPECT_NE(text.find(one["error"].get<std::string>()), std::string::npos) << name << "\n" << text;
    }
  }
  return count;
}

TEST(ValidatorSamples, OfTheGoValidator) {
  const auto cases = load_cases();
  if (!cases) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  EXPECT_GT(check(*cases, false), 0U);
}

TEST(ValidatorSamples, OfTheCrds) {
  const auto cases = load_cases();
  if (!cases) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  EXPECT_GT(check(*cases, true), 0U);
}

/// What the Go validator accepts of whole resources, all rules together accept too: a file is held against
/// both.
TEST(ValidatorSamples, AreDecidedByAllRulesTogether) {
  const auto cases = load_cases();
  if (!cases) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  for (const Json& one : *cases) {
    if (one.contains("kind")) {
      EXPECT_EQ(verdict(one, Rules{}).empty(), one["valid"].get<bool>()) << one.dump().substr(0, 500);
    }
  }
}

}  // namespace
}  // namespace catflap::calico
