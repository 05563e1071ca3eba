// ObjectMarks: which objects are done, so that a listing leaves them out. Objects are sorted by the
// day in their keys; a day that is complete needs no marks. Thread-safe.
//
// As text it is a position of the source. Version 1:
// {"v":1,"from":day,"days":{"day":"hex, 16 digits an object",…}}, days counted from 1970-01-01.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/mutex.h"
#include "base/result.h"

namespace tocsin::source {

class ObjectMarks {
 public:
  static constexpr std::size_t kRemembered = 1'000'000;  // some 40 MB
  // Of those, the newest are part of the text; the others are read again after a restart, and their
  // events are known by their ids.
  static constexpr std::size_t kWritten = 60'000;

  explicit ObjectMarks(std::int64_t from) : from_(from) {}

  // Takes up what was written. "" is nothing.
  Status restore(std::string_view text);
  std::string text() const;

  bool contains(std::string_view bucket, std::string_view key) const;
  // `day`: that of the key. False: too many are remembered, and this one is not.
  bool add(std::string_view bucket, std::string_view key, std::int64_t day);
  // The first day that is not complete.
  std::int64_t from() const;
  void complete_before(std::int64_t day);
  // Whether something was added or completed since the last call.
  bool take_changed();

 private:
  mutable Mutex mutex_;
  std::int64_t from_ GUARDED_BY(mutex_);
  std::map<std::int64_t, std::unordered_set<std::uint64_t>> days_ GUARDED_BY(mutex_);
  std::size_t count_ GUARDED_BY(mutex_) = 0;
  bool changed_ GUARDED_BY(mutex_) = false;
};

// The day of "2026/11/30" in days since 1970; -1: it is none.
std::int64_t day_number(std::string_view day);
// "2026/11/30/": as it stands in keys.
std::string day_text(std::int64_t day);

}  // namespace tocsin::source
