// Regex: a regular expression of RE2, and what running it may cost.
//
// RE2 is linear in the text, but a step may cost as much as there are instructions in the regex
// (its NFA), and RE2 does not say whether it will. So the cost is bounded beforehand by the number
// of instructions, and what is shown to a large regex is short enough for it. Immutable, shared by
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "program/work.h"

namespace re2 {
class RE2;
}

namespace tocsin::program {

class Regex {
 public:
  struct Options {
    bool ignore_case = false, dot_all = false, multi_line = false;
  };
  // Code::unsupported when RE2 cannot run it, Code::limit when it is larger than
  // limits::kRegexProgramSize.
  static Result<Regex> compile(std::string source, const Options& options);

  // Whether it matches somewhere in the beginning of `text`; what is cut off is noted in `work`.
  Truth matches(std::string_view text, Work& work) const;

  // So much of a value is shown to it.
  std::size_t subject_limit() const { return subject_limit_; }
  // At most so many units of work for a text of this size.
  std::uint64_t bound(std::size_t text_size) const;

  const std::string& pattern() const;
  const re2::RE2& re2() const { return *regex_; }

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> regex);

  std::shared_ptr<const re2::RE2> regex_;
  std::size_t subject_limit_;
};

}  // namespace tocsin::program
