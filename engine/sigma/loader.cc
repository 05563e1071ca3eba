#include "sigma/loader.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "sigma/collection.h"
#include "sigma/file.h"
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

class Loading {
 public:
  void add_path(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      Found found;
      error = found.add_folder(path);
      if (error) return unreadable(path, error.message());
      for (const std::string& folder : found.list_folders) {
        loaded_.lists.load(folder, loaded_.diagnostics);
      }
      for (const std::string& file : found.files) add_file(file);
    } else if (!fs::exists(status)) {
      unreadable(path, "there is no such file or folder");
    } else {
      add_file(path);
    }
  }

  Loaded finish() {
    const LineSource lines = [this](const std::string& file, std::uint32_t line) {
      const auto found = texts_.find(file);
      if (found == texts_.end()) return std::string();
      return std::string(line_of(found->second, line));
    };
    loaded_.stats.rejected += link(loaded_.rules, lines, loaded_.diagnostics);
    return std::move(loaded_);
  }

 private:
  void unreadable(const std::string& path, const std::string& why) {
    Reporter({}, path, loaded_.diagnostics).error("S112", {}, "cannot be read: " + why);
  }

  void add_file(const std::string& path) {
    if (texts_.contains(path)) return;
    auto text = read_file(path, limits::kRuleFileBytes);
    if (!text) return unreadable(path, text.error().message);
    const std::string& kept = texts_.emplace(path, std::move(*text)).first->second;
    load_text(kept, path, loaded_.rules, loaded_.diagnostics, &loaded_.stats);
  }

  Loaded loaded_;
  std::unordered_map<std::string, std::string> texts_;
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

Loaded load_paths(const std::vector<std::string>& paths) {
  Loading loading;
  for (const std::string& path : paths) loading.add_path(path);
  return loading.finish();
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
