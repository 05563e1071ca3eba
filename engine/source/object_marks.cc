#include "source/object_marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/json_writer.h"
#include "base/time.h"
#include "net/crypto.h"
#include "source/s3_key.h"

namespace tocsin::source {
namespace {

namespace json = boost::json;

constexpr std::size_t kMarkDigits = 16;
constexpr std::int64_t kDaySeconds = 24LL * 3600;

// Cryptographic: whoever may write to a bucket could otherwise name an object so that another one
// counts as done.
std::uint64_t mark_of(std::string_view bucket, std::string_view key) {
  std::string text(bucket);
  const auto digest = net::sha256(text.append(1, '\0').append(key));
  std::uint64_t mark = 0;
  for (std::size_t i = 0; i < sizeof mark; ++i) mark = mark << 8 | digest[i];
  return mark;
}

template <class T>
T number_of(std::string_view digits, int base) {
  T value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw std::invalid_argument("not a number");
  }
  return value;
}

}  // namespace

Status ObjectMarks::restore(std::string_view text) {
  if (text.empty()) return {};
  try {
    const json::object object = json::parse({text.data(), text.size()}).as_object();
    if (object.at("v").to_number<int>() != 1) {
      throw std::invalid_argument("it was written by another version");
    }
    const MutexLock lock(mutex_);
    from_ = std::max(from_, object.at("from").to_number<std::int64_t>());
    for (const auto& [day, marks] : object.at("days").as_object()) {
      auto& known = days_[number_of<std::int64_t>({day.data(), day.size()}, 10)];
      const std::string_view digits(marks.as_string().data(), marks.as_string().size());
      for (std::size_t at = 0; at < digits.size(); at += kMarkDigits) {
        known.insert(number_of<std::uint64_t>(digits.substr(at, kMarkDigits), 16));
      }
      count_ += known.size();
    }
    return {};
  } catch (const std::exception& problem) {
    return fail(Code::invalid_input,
                fmt::format("the saved position cannot be read: {}", problem.what()));
  }
}

// The newest days first, as far as there is room.
std::string ObjectMarks::text() const {
  const MutexLock lock(mutex_);
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("v").number(std::int64_t{1}).key("from").number(from_);
  writer.key("days").begin_object();
  std::size_t room = kWritten;
  for (auto day = days_.rbegin(); day != days_.rend(); ++day) {
    std::string marks;
    for (const std::uint64_t mark : day->second) {
      if (room == 0) break;
      --room;
      fmt::format_to(std::back_inserter(marks), "{:016x}", mark);
    }
    if (!marks.empty()) writer.member(std::to_string(day->first), marks);
  }
  writer.end_object().end_object();
  return out;
}

bool ObjectMarks::contains(std::string_view bucket, std::string_view key) const {
  const std::int64_t day = day_number(read_key(key).day);
  const MutexLock lock(mutex_);
  const auto known = days_.find(day);
  return known != days_.end() && known->second.contains(mark_of(bucket, key));
}

bool ObjectMarks::add(std::string_view bucket, std::string_view key, std::int64_t day) {
  const MutexLock lock(mutex_);
  if (day < from_) return true;  // it is not asked for again
  if (count_ >= kRemembered) return false;
  if (days_[day].insert(mark_of(bucket, key)).second) {
    ++count_;
    changed_ = true;
  }
  return true;
}

std::int64_t ObjectMarks::from() const {
  const MutexLock lock(mutex_);
  return from_;
}

void ObjectMarks::complete_before(std::int64_t day) {
  const MutexLock lock(mutex_);
  if (day <= from_) return;
  from_ = day;
  changed_ = true;
  while (!days_.empty() && days_.begin()->first < from_) {
    count_ -= days_.begin()->second.size();
    days_.erase(days_.begin());
  }
}

bool ObjectMarks::take_changed() {
  const MutexLock lock(mutex_);
  return std::exchange(changed_, false);
}

std::int64_t day_number(std::string_view day) {
  if (day.size() != 10) return -1;
  const auto time = parse_time(
      fmt::format("{}-{}-{}T00:00:00Z", day.substr(0, 4), day.substr(5, 2), day.substr(8, 2)));
  return time ? time->unix_seconds() / kDaySeconds : -1;
}

std::string day_text(std::int64_t day) {
  const std::string time = format_time(day * kDaySeconds);
  return fmt::format("{}/{}/{}/", time.substr(0, 4), time.substr(5, 2), time.substr(8, 2));
}

}  // namespace tocsin::source
