#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

/// What the fuzz targets share. A target whose input has a form that chance hardly finds writes seeds: it
/// defines fuzz_seeds() and has CATFLAP_FUZZ_SEEDS in its file; "-seed_corpus=DIR" then writes them to DIR
/// and ends.
namespace catflap::fuzz {

using Seed = std::vector<std::uint8_t>;

/// Ends the program, which libFuzzer takes as a finding.
[[noreturn]] inline void finding(const char* what) {
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

inline void write_seeds(int argc, char** argv, const std::vector<Seed>& seeds) {
  static constexpr char kOption[] = "-seed_corpus=";
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], kOption, sizeof kOption - 1) != 0) {
      continue;
    }
    const std::string folder = argv[i] + sizeof kOption - 1;
    for (std::size_t n = 0; n < seeds.size(); ++n) {
      std::ofstream file(folder + "/seed-" + std::to_string(n), std::ios::binary);
      file.write(reinterpret_cast<const char*>(seeds[n].data()),
                 static_cast<std::streamsize>(seeds[n].size()));
      if (!file) {
        std::fprintf(stderr, "cannot write to %s\n", folder.c_str());
        std::exit(3);
      }
    }
    std::exit(0);
  }
}

}  // namespace catflap::fuzz

/// Defines the option "-seed_corpus=DIR" with the seeds that `make_seeds` returns.
#define CATFLAP_FUZZ_SEEDS(make_seeds)                           \
  extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) { \
    catflap::fuzz::write_seeds(*argc, *argv, make_seeds());      \
    return 0;                                                    \
  }
