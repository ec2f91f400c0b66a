#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "calico/client/client.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/store/memory_store.hpp"

/// What the tests of this module share: a client of a store in memory, with a world that can be foreseen.
namespace catflap::calico {

class ClientTest : public testing::Test {
 protected:
  ClientTest()
      : client_(store_, ClientWorld{[this] { return uid(++uids_); },
                                    [] { return std::string("2026-11-20T20:00:00Z"); },
                                    [this](Duration pause) {
                                      pauses_.push_back(pause);
                                      if (in_pause_) {
                                        in_pause_();
                                      }
                                    },
                                    [this] { return ++clock_; }}) {}

  static std::string uid(unsigned number) {
    std::string digits = std::to_string(number);
    return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
  }

  /// The one resource in a YAML text.
  static Resource yaml(std::string_view text) {
    ReadReport report = read_resources(text, "test.yaml");
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : to_string(report.diagnostics.front()));
    EXPECT_EQ(report.resources.size(), 1U);
    return report.resources.empty() ? Resource(*find_kind("node")) : report.resources.front();
  }
  static Resource resource(std::string_view kind, std::string_view name, std::string_view spec_json = "{}") {
    Resource made(*find_kind(kind));
    made.set_name(name);
    made.spec() = nlohmann::json::parse(spec_json);
    return made;
  }
  static ResourceId id(std::string_view kind, std::string_view name, std::string_view name_space = "") {
    return {find_kind(kind), std::string(name_space), std::string(name)};
  }

  template <class T>
  static std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().message;
  }

  MemoryStore store_;
  unsigned uids_ = 0;
  std::int64_t clock_ = 0;
  std::vector<Duration> pauses_;
  std::function<void()> in_pause_;
  Client client_;
};

}  // namespace catflap::calico
