#include "sigma/loader.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/limits.h"
#include "sigma/collection.h"
#include "sigma/linker.h"
#include "sigma/parser.h"
#include "sigma/reporter.h"
#include "sigma/yaml_reader.h"

namespace tocsin::sigma {
namespace {

namespace fs = std::filesystem;

bool is_rule_file(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".test.yml") || name.ends_with(".test.yaml")) return false;
  return name.ends_with(".yml") || name.ends_with(".yaml");
}

// Rule files and list folders below `root`, each sorted. Hidden entries are left out: they are
// editors' and Kubernetes' own (a mounted ConfigMap holds each file twice, once below `..data`).
struct Found {
  std::vector<std::string> files;
  std::vector<std::string> list_folders;

  std::error_code add_folder(const fs::path& root) {
    std::error_code error;
    fs::recursive_directory_iterator it(root, error), end;
    for (; !error && it != end; it.increment(error)) {
      const fs::path& path = it->path();
      const std::string name = path.filename().string();
      std::error_code ignored;
      const bool folder = it->is_directory(ignored);
      if (folder && (name.starts_with('.') || name == "lists")) it.disable_recursion_pending();
      if (name.starts_with('.')) continue;
      if (folder && name == "lists") list_folders.push_back(path.string());
      if (!folder && is_rule_file(path)) files.push_back(path.string());
    }
    std::sort(files.begin(), files.end());
    std::sort(list_folders.begin(), list_folders.end());
    return error;
  }
};

constexpr std::string_view kListExtension = ".txt";

// What one file gives, or one list folder, or one path that cannot be read.
struct Part {
  std::string file;  // "" = nothing to read
  RuleSet rules;
  Diagnostics diagnostics;
  LoadStats stats;
};

void report_unreadable(const std::string& path, const std::string& why, Diagnostics& diagnostics) {
  Reporter({}, path, diagnostics).error("S112", {}, "cannot be read: " + why);
}

void read_part(Part& part, const Files& files) {
  if (part.file.empty()) return;
  const auto text = files.read(part.file, limits::kRuleFileBytes);
  if (!text) return report_unreadable(part.file, text.error().message, part.diagnostics);
  if (*text) load_text(**text, part.file, part.rules, part.diagnostics, &part.stats);
}

// A thread costs as much as a few files.
constexpr std::size_t kFilesPerThread = 16;
constexpr std::size_t kMostThreads = 16;

// Reads the parts on up to `threads` threads; each part is one thread's alone.
void read_parts(std::vector<Part>& parts, std::size_t threads, const Files& files) {
  const std::size_t processors = std::thread::hardware_concurrency();
  if (threads == 0) threads = std::min(processors, kMostThreads);
  threads = std::min(threads, parts.size() / kFilesPerThread + 1);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < parts.size();) read_part(parts[i], files);
  };
  std::vector<std::future<void>> helpers;
  try {
    while (helpers.size() + 1 < threads) helpers.push_back(std::async(std::launch::async, work));
  } catch (const std::system_error&) {
    // No thread is to be had: this one does the work.
  }
  work();
  for (std::future<void>& helper : helpers) helper.get();
}

template <class T>
void move_all(std::vector<T>& from, std::vector<T>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

class Loading {
 public:
  explicit Loading(const Files& files) : files_(files) {}

  void add_path(const std::string& path) {
    if (const auto others = files_.instead_of(path)) return add_others(path, *others);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      Found found;
      error = found.add_folder(path);
      if (error) return report_unreadable(path, error.message(), parts_.emplace_back().diagnostics);
      for (const std::string& folder : found.list_folders) {
        loaded_.lists.load(folder, parts_.emplace_back().diagnostics, files_);
      }
      for (const std::string& file : found.files) add_file(file);
    } else if (!fs::exists(status)) {
      report_unreadable(path, "there is no such file or folder", parts_.emplace_back().diagnostics);
    } else {
      add_file(path);
    }
  }

  Loaded finish(std::size_t threads) {
    read_parts(parts_, threads, files_);
    loaded_.rules.rules.reserve(parts_.size());
    for (Part& part : parts_) add(part);
    loaded_.linked_from = loaded_.diagnostics.all().size();
    // Texts are not kept: a file with a problem in its references is read again.
    const LineSource lines = [this](const std::string& file, std::uint32_t line) {
      const auto text = files_.read(file, limits::kRuleFileBytes);
      return text && *text ? std::string(line_of(**text, line)) : std::string();
    };
    loaded_.stats.rejected += link(loaded_.rules, lines, loaded_.diagnostics);
    return std::move(loaded_);
  }

 private:
  void add_others(const std::string& path, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      if (file != path && file.ends_with(kListExtension)) {
        loaded_.lists.load(file, parts_.emplace_back().diagnostics, files_);
      } else {
        add_file(file);
      }
    }
  }

  void add_file(const std::string& path) {
    if (known_.insert(path).second) parts_.emplace_back().file = path;
  }

  void add(Part& part) {
    move_all(part.rules.rules, loaded_.rules.rules);
    move_all(part.rules.filters, loaded_.rules.filters);
    move_all(part.rules.correlations, loaded_.rules.correlations);
    loaded_.diagnostics.append(std::move(part.diagnostics));
    loaded_.stats.files += part.stats.files;
    loaded_.stats.documents += part.stats.documents;
    loaded_.stats.rejected += part.stats.rejected;
  }

  const Files& files_;
  Loaded loaded_;
  std::vector<Part> parts_;  // in the order of the paths, which is that of rules and diagnostics
  std::unordered_set<std::string> known_;
};

// Parses the item as what it is. False when there was an error.
bool parse_item(CollectionItem item, RuleSet& rules, Reporter& report) {
  if (!item.valid) return false;
  const YamlEntry* correlation = item.root.find("correlation");
  const YamlEntry* filter = item.root.find("filter");
  const YamlEntry* detection = item.root.find("detection");
  const YamlEntry* second = correlation != nullptr && filter != nullptr ? filter : detection;
  if ((correlation != nullptr || filter != nullptr) && second != nullptr) {
    report.error("S111", second->key.at,
                 "a document is a rule, a filter or a correlation; separate them with `---`");
    return false;
  }
  const auto keep = [&](auto parsed, auto& list) {
    if (!parsed) return false;
    parsed->meta.hash = std::move(item.hash);
    list.push_back(std::move(*parsed));
    return true;
  };
  if (correlation != nullptr) return keep(parse_correlation(item.root, report), rules.correlations);
  if (filter != nullptr) return keep(parse_filter(item.root, report), rules.filters);
  return keep(parse_rule(item.root, report), rules.rules);
}

}  // namespace

Loaded load_paths(const std::vector<std::string>& paths, std::size_t threads, const Files& files) {
  Loading loading(files);
  for (const std::string& path : paths) loading.add_path(path);
  return loading.finish(threads);
}

void load_text(std::string_view text, const std::string& file, RuleSet& rules,
               Diagnostics& diagnostics, LoadStats* stats) {
  LoadStats ignored;
  LoadStats& counts = stats != nullptr ? *stats : ignored;
  Reporter report(text, file, diagnostics);
  ++counts.files;
  for (CollectionItem& item : merge_collection(read_yaml(report), report)) {
    ++counts.documents;
    if (!parse_item(std::move(item), rules, report)) ++counts.rejected;
  }
}

}  // namespace tocsin::sigma
