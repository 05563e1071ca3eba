#include "sigma/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "sigma/reporter.h"

namespace tocsin::sigma {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".txt";

std::vector<std::string> parse_list(std::string_view text, Reporter& report) {
  std::vector<std::string> values;
  std::uint32_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    if (line.size() > limits::kListValueBytes) {
      report.error("S505", {line_number, 1, 1},
                   fmt::format("a value has at most {} bytes", limits::kListValueBytes));
      continue;
    }
    values.emplace_back(line);
  }
  return values;
}

void load_file(const fs::path& path, Lists& lists, Diagnostics& diagnostics, const Files& files) {
  const std::string file = path.string();
  const auto text = files.read(file, limits::kListBytes);
  if (!text) {
    Reporter({}, file, diagnostics)
        .error("S506", {}, "the list cannot be read: " + text.error().message);
    return;
  }
  if (!*text) return;
  Reporter report(**text, file, diagnostics);
  const std::size_t invalid = text::find_invalid_utf8(report.text());
  if (invalid != std::string_view::npos) {
    report.error("Y001", report.span(invalid, 1), "the list is not valid UTF-8 here");
    return;
  }
  std::vector<std::string> values = parse_list(report.text(), report);
  if (report.errors() == 0) lists.set(path.stem().string(), std::move(values));
}

}  // namespace

void Lists::set(std::string name, std::vector<std::string> values) {
  lists_.insert_or_assign(std::move(name), std::move(values));
}

void Lists::merge(const Lists& other) {
  for (const auto& [name, values] : other.lists_) set(name, values);
}

const std::vector<std::string>* Lists::find(std::string_view name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Lists::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, values] : lists_) names.push_back(name);
  return names;
}

void Lists::load(const std::string& path, Diagnostics& diagnostics, const Files& files) {
  if (const auto others = files.instead_of(path)) {
    for (const std::string& file : *others) load_file(file, *this, diagnostics, files);
    return;
  }
  std::error_code error;
  if (!fs::is_directory(path, error)) return load_file(path, *this, diagnostics, files);
  std::vector<fs::path> found;
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& file = entries->path();
    const bool hidden = file.filename().string().starts_with('.');
    if (!hidden && file.extension() == kExtension) found.push_back(file);
  }
  if (error)
    Reporter({}, path, diagnostics)
        .error("S506", {}, "the folder cannot be read: " + error.message());
  std::sort(found.begin(), found.end());
  for (const fs::path& file : found) load_file(file, *this, diagnostics, files);
}

}  // namespace tocsin::sigma
