// Where the corpus of real events and rules is. Tests that need it are skipped, loudly, without it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "source_dir.h"

namespace tocsin::corpus {

using Path = std::filesystem::path;

// The folder named by TOCSIN_CORPUS, or shared/corpus beside the source tree; nullopt, with a line
// that says so, when there is none.
inline std::optional<Path> find(const char* needed_by) {
  const char* named = std::getenv("TOCSIN_CORPUS");
  const Path folder = named != nullptr ? Path(named) : Path(TOCSIN_SOURCE_DIR) / "../shared/corpus";
  if (std::filesystem::is_directory(folder / "events")) return folder;
  std::cout << "SKIPPED " << needed_by << ": no corpus at " << folder << " (set TOCSIN_CORPUS)\n";
  return std::nullopt;
}

inline std::vector<std::string> lines_of(const Path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

// The events files in name order, without those that describe others.
inline std::vector<Path> event_files(const Path& corpus) {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus / "events")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".jsonl") && !name.ends_with(".meta.jsonl")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace tocsin::corpus
