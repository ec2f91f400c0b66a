// MRT files of archives against the text that bgpdump -m gives for them.
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sample_data.hpp"
#include "trace/mrt.hpp"
#include "trace/mrt_text.hpp"

namespace catflap::trace {
namespace {

using Pipe = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// The content of a compressed file.
Pipe unpacked(const std::filesystem::path& path) {
  const std::string program = path.extension() == ".xz" ? "xz" : "gzip";
  return {::popen((program + " -dc '" + path.string() + "'").c_str(), "r"), &::pclose};
}

std::size_t read_some(std::FILE* from, std::array<std::byte, 65536>& buffer) {
  return std::fread(buffer.data(), 1, buffer.size(), from);
}

struct File {
  const char* mrt;
  const char* text;
};

class MrtFiles : public testing::TestWithParam<File> {};

TEST_P(MrtFiles, GiveTheExpectedText) {
  const std::filesystem::path folder = conformance::data_folder() / "mrt";
  if (!std::filesystem::exists(folder / GetParam().mrt)) {
    GTEST_SKIP() << "skipped: no data";
  }
  const Pipe records = unpacked(folder / GetParam().mrt);
  const Pipe expected = unpacked(folder / GetParam().text);
  ASSERT_TRUE(records && expected);
  mrt::Reader reader;
  mrt::TextWriter writer;
  std::array<std::byte, 65536> buffer{};
  std::string text, wanted;
  std::size_t compared = 0;
  const auto compare = [&] {
    while (wanted.size() < text.size()) {
      const std::size_t count = read_some(expected.get(), buffer);
      if (count == 0) {
        break;
      }
      wanted += as_text(BytesView(buffer).first(count));
    }
    const std::size_t end = text.rfind('\n') + 1;
    ASSERT_GE(wanted.size(), end) << "more text than expected: " << text.substr(wanted.size(), 200);
    if (text.compare(0, end, wanted, 0, end) != 0) {
      std::size_t at = 0;
      while (text[at] == wanted[at]) {
        ++at;
      }
      const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
      FAIL() << "after " << compared << " octets\n     got " << text.substr(line, text.find('\n', at) - line)
             << "\nexpected " << wanted.substr(line, wanted.find('\n', at) - line);
    }
    compared += end;
    text.erase(0, end);
    wanted.erase(0, end);
  };
  while (const std::size_t count = read_some(records.get(), buffer)) {
    reader.push(BytesView(buffer).first(count));
    while (true) {
      const auto record = reader.next();
      ASSERT_TRUE(record) << record.error().message;
      if (!*record) {
        break;
      }
      writer.append(**record, text);
    }
    ASSERT_NO_FATAL_FAILURE(compare());
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(text, "");
  EXPECT_EQ(wanted, "");
  EXPECT_EQ(read_some(expected.get(), buffer), 0U) << "text is missing";
  EXPECT_GT(compared, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, MrtFiles,
                         testing::Values(File{"full-table-2015.bgp4mp_et.gz",
                                              "full-table-2015.bgp4mp_et.txt.xz"},
                                         File{"rib-ipv4-add-path.mrt.gz", "rib-ipv4-add-path.txt.gz"},
                                         File{"rib-ipv6-64k-record.mrt.gz", "rib-ipv6-64k-record.txt.gz"},
                                         File{"updates-2002-2octet.mrt.gz", "updates-2002-2octet.txt.gz"},
                                         File{"updates-2007-mixed.mrt.gz", "updates-2007-mixed.txt.gz"}),
                         [](const auto& file) {
                           std::string name = file.param.mrt;
                           for (char& c : name) {
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace catflap::trace
