#include "pipeline/rule_files.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/mutex.h"

namespace tocsin::pipeline {

// The files of one load(). Each is read once, so that all attempts see the same texts.
class RuleFiles::Versions final : public sigma::Files {
 public:
  using Texts = std::map<std::string, std::string>;

  explicit Versions(Texts last_good) : last_good_(std::move(last_good)) {}

  Result<std::optional<std::string>> read(const std::string& path,
                                          std::size_t limit) const override;
  std::optional<std::vector<std::string>> instead_of(const std::string& path) const override;

  // Replaces the files that are at fault by their last good versions, or leaves them out. False:
  // no file is to blame.
  bool fall_back(const Faults& faults);
  std::vector<FailedFile> failed() const;
  // What is to be written, and what to be deleted, so that the versions in force are the kept ones.
  struct Difference {
    std::map<std::string_view, std::string_view> changed;  // path, text
    std::vector<std::string> gone;
    std::size_t too_large = 0;  // files beyond limits::kKeptRuleBytes
  };
  Difference difference() const;

 private:
  enum class Use : std::uint8_t { current, last_good, nothing };

  Use use_of(const std::string& path) const;
  std::vector<std::string> last_good_below(const std::string& path) const;
  bool has_other_version(const std::string& path) const;
  bool fall_back(const Diagnostic& error);

  const Texts last_good_;
  mutable Mutex mutex_;  // files are read by several threads
  mutable std::map<std::string, Result<std::string>> current_
      GUARDED_BY(mutex_);           // those that were read
  std::map<std::string, Use> use_;  // those at fault; files and folders
  std::map<std::string, FailedFile> failed_;
};

Result<std::optional<std::string>> RuleFiles::Versions::read(const std::string& path,
                                                             std::size_t limit) const {
  switch (use_of(path)) {
    case Use::nothing:
      return std::nullopt;
    case Use::last_good:
      return last_good_.at(path);
    case Use::current:
      break;
  }
  {
    const MutexLock lock(mutex_);
    if (const auto found = current_.find(path); found != current_.end()) return found->second;
  }
  Result<std::string> text = sigma::read_file(path, limit);
  const MutexLock lock(mutex_);
  return current_.emplace(path, std::move(text)).first->second;
}

// Files are replaced in read(); here, only folders that cannot be listed.
std::optional<std::vector<std::string>> RuleFiles::Versions::instead_of(
    const std::string& path) const {
  if (use_of(path) == Use::current) return std::nullopt;
  return last_good_below(path);
}

RuleFiles::Versions::Use RuleFiles::Versions::use_of(const std::string& path) const {
  const auto found = use_.find(path);
  return found == use_.end() ? Use::current : found->second;
}

// The file at `path`, or the files in that folder.
std::vector<std::string> RuleFiles::Versions::last_good_below(const std::string& path) const {
  const std::string folder = path.ends_with('/') ? path : path + '/';
  std::vector<std::string> files;
  for (const auto& [file, text] : last_good_) {
    if (file == path || file.starts_with(folder)) files.push_back(file);
  }
  return files;
}

bool RuleFiles::Versions::has_other_version(const std::string& path) const {
  if (use_of(path) != Use::current) return false;
  const auto good = last_good_.find(path);
  if (good == last_good_.end()) return !last_good_below(path).empty();
  const MutexLock lock(mutex_);
  const auto current = current_.find(path);
  return current == current_.end() || !current->second || *current->second != good->second;
}

// Of errors that may follow from each other one file is replaced at a time: the first of those that
// have changed since they were good, or the first of all, which is no consequence of another one.
bool RuleFiles::Versions::fall_back(const Faults& faults) {
  if (faults.may_follow) {
    for (const Diagnostic& error : faults.errors) {
      if (has_other_version(error.file)) return fall_back(error);
    }
    return fall_back(faults.errors.front());
  }
  bool any = false;
  std::set<std::string> done;
  for (const Diagnostic& error : faults.errors) {
    if (done.insert(error.file).second) any = fall_back(error) || any;
  }
  return any;
}

bool RuleFiles::Versions::fall_back(const Diagnostic& error) {
  const std::string& path = error.file;
  if (path.empty() || use_of(path) == Use::nothing) return false;
  const bool has_other = has_other_version(path);
  if (has_other) {
    for (const std::string& file : last_good_below(path)) use_[file] = Use::last_good;
  }
  use_[path] = has_other ? Use::last_good : Use::nothing;
  failed_.try_emplace(path, FailedFile{error, false}).first->second.last_version = has_other;
  return true;
}

std::vector<FailedFile> RuleFiles::Versions::failed() const {
  std::vector<FailedFile> failed;
  for (const auto& [path, file] : failed_) failed.push_back(file);
  return failed;
}

RuleFiles::Versions::Difference RuleFiles::Versions::difference() const {
  Difference difference;
  std::size_t bytes = 0;
  const MutexLock lock(mutex_);
  for (const auto& [path, text] : last_good_) {
    if (use_.find(path) != use_.end()) {
      bytes += text.size();
    } else if (current_.find(path) == current_.end()) {
      difference.gone.push_back(path);
    }
  }
  for (const auto& [path, text] : current_) {
    if (!text || use_of(path) != Use::current) continue;
    const auto good = last_good_.find(path);
    if (bytes + text->size() > limits::kKeptRuleBytes) {
      ++difference.too_large;
      if (good != last_good_.end()) difference.gone.push_back(path);
      continue;
    }
    bytes += text->size();
    if (good == last_good_.end() || good->second != *text) difference.changed.emplace(path, *text);
  }
  return difference;
}

RuleFiles::RuleFiles(store::Store& store) : store_(store) {}
RuleFiles::~RuleFiles() = default;

Result<Ruleset> RuleFiles::load(const RulePaths& paths, bool strict) {
  Result<std::map<std::string, std::string>> last_good = store_.kept_files();
  if (!last_good) return tl::unexpected(std::move(last_good.error()));
  versions_ = std::make_unique<Versions>(std::move(*last_good));
  for (;;) {
    Ruleset ruleset = load_ruleset(paths, *versions_);
    const bool is_final =
        strict || ruleset.faults.errors.empty() || !versions_->fall_back(ruleset.faults);
    if (!is_final) continue;
    ruleset.failed = versions_->failed();
    return ruleset;
  }
}

Status RuleFiles::keep() {
  const std::unique_ptr<Versions> versions = std::move(versions_);
  if (versions == nullptr) return {};
  const Versions::Difference difference = versions->difference();
  if (difference.too_large > 0) {
    log::warning("rule and list files are too large for their last good versions to be kept",
                 {{"files", difference.too_large}, {"bytes_kept", limits::kKeptRuleBytes}});
  }
  if (difference.changed.empty() && difference.gone.empty()) return {};
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  for (const auto& [path, text] : difference.changed) {
    if (Status kept = transaction->keep_file(path, text); !kept) return kept;
  }
  for (const std::string& path : difference.gone) {
    if (Status dropped = transaction->drop_file(path); !dropped) return dropped;
  }
  return transaction->commit();
}

std::string place_and_problem(const Diagnostic& diagnostic) {
  return fmt::format("{}:{}:{}: {} {}", diagnostic.file, diagnostic.at.line, diagnostic.at.column,
                     diagnostic.code, diagnostic.message);
}

}  // namespace tocsin::pipeline
