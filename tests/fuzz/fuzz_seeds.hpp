#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

/// What the fuzz targets share. A target whose input has a form that chance hardly finds has
/// CATFLAP_FUZZ_SEEDS in its file: it begins by writing its seeds to the folder that the environment variable
/// CATFLAP_FUZZ_SEED_FOLDER names, which is then also given as the corpus.
namespace catflap::fuzz {

using Seed = std::vector<std::uint8_t>;

/// Ends the program, which libFuzzer takes as a finding.
[[noreturn]] inline void finding(const char* what) {
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

inline void write_seeds(const std::vector<Seed>& seeds) {
  const char* folder = std::getenv("CATFLAP_FUZZ_SEED_FOLDER");
  for (std::size_t n = 0; folder != nullptr && n < seeds.size(); ++n) {
    std::ofstream file(std::string(folder) + "/seed-" + std::to_string(n), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[n].data()), static_cast<std::streamsize>(seeds[n].size()));
    if (!file) {
      std::fprintf(stderr, "cannot write to %s\n", folder);
      std::exit(3);
    }
  }
}

}  // namespace catflap::fuzz

/// Makes the target write the seeds that `make_seeds` returns.
#define CATFLAP_FUZZ_SEEDS(make_seeds)                 \
  extern "C" int LLVMFuzzerInitialize(int*, char***) { \
    catflap::fuzz::write_seeds(make_seeds());          \
    return 0;                                          \
  }
