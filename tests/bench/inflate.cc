// How fast libdeflate inflates gzip files that are in memory, and nothing else: the limit of any
// reader of compressed logs.
//   bench_inflate PASSES FILE|FOLDER…      (folders: the *.gz files in them)
// Prints one JSON object; "seconds" is the median pass over all files, "cpu_seconds" of the
// processor's time.
#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "timer.h"

namespace {

namespace fs = std::filesystem;

struct File {
  std::string packed;
  std::size_t inflated = 0;  // bytes
};

struct Closer {
  void operator()(libdeflate_decompressor* inflater) const {
    libdeflate_free_decompressor(inflater);
  }
};
using Inflater = std::unique_ptr<libdeflate_decompressor, Closer>;

// Of a file of one member: gzip ends with the size, little-endian (RFC 1952, ISIZE).
std::size_t stored_size(const std::string& packed) {
  std::size_t size = 0;
  if (packed.size() < 18) return size;
  for (std::size_t i = 1; i <= 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(packed[packed.size() - i]);
  }
  return size;
}

File load(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  File file;
  file.packed.assign(std::istreambuf_iterator<char>(stream), {});
  file.inflated = stored_size(file.packed);
  return file;
}

std::vector<File> load_all(const std::vector<std::string>& paths) {
  std::vector<File> files;
  for (const fs::path path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(load(path));
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".gz") files.push_back(load(entry.path()));
    }
  }
  return files;
}

bool one_pass(libdeflate_decompressor* inflater, const std::vector<File>& files,
              std::vector<char>& out) {
  return std::all_of(files.begin(), files.end(), [&](const File& file) {
    return libdeflate_gzip_decompress(inflater, file.packed.data(), file.packed.size(), out.data(),
                                      file.inflated, nullptr) == LIBDEFLATE_SUCCESS;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int passes = argc > 1 ? std::atoi(argv[1]) : 0;
  if (argc < 3 || passes < 1) {
    fmt::print(stderr, "usage: bench_inflate PASSES FILE|FOLDER...\n");
    return 2;
  }
  const std::vector<File> files = load_all({argv + 2, argv + argc});
  std::size_t packed = 0;
  std::size_t inflated = 0;
  std::size_t largest = 0;
  for (const File& file : files) {
    packed += file.packed.size();
    inflated += file.inflated;
    largest = std::max(largest, file.inflated);
  }
  std::vector<char> out(largest + 1);
  const Inflater inflater(libdeflate_alloc_decompressor());
  tocsin::bench::Timer timer;
  for (int i = 0; i < passes; ++i) {
    timer.start();
    if (!one_pass(inflater.get(), files, out)) {
      fmt::print(stderr, "bench_inflate: a file is damaged or has several members\n");
      return 1;
    }
    timer.stop();
  }
  fmt::print("{{{},\"files\":{},\"packed_bytes\":{},\"bytes\":{}}}\n", timer.json(), files.size(),
             packed, inflated);
}
