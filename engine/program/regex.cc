#include "program/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace tocsin::program {
namespace {

// Units (work.h), measured with texts that make RE2 give up its DFA or build a state of it at every
// byte.
constexpr std::uint64_t kStateUnits = 300;         // a state of the DFA
constexpr std::uint64_t kStates = 8192;            // RE2 fills its memory twice, then gives it up
constexpr std::uint64_t kInstructionUnits = 4;     // of the NFA: a byte and an instruction
constexpr std::uint64_t kFirstInstructions = 300;  // beyond so many, most of them rest
constexpr std::uint64_t kRestingPerUnit = 1;
constexpr std::uint64_t kByteUnits = 2;  // a byte and a state that is known

re2::RE2::Options to_re2(const Regex::Options& options, std::int64_t memory) {
  re2::RE2::Options out(re2::RE2::Quiet);
  out.set_case_sensitive(!options.ignore_case);
  out.set_dot_nl(options.dot_all);
  out.set_max_mem(memory);
  return out;
}

std::string lookaround_hint(std::string_view pattern) {
  for (const std::string_view construct : {"(?=", "(?!", "(?<=", "(?<!"}) {
    if (pattern.find(construct) != std::string_view::npos) {
      return "; RE2 has no look-around: put the excluded part into a selection of its own and "
             "negate it in the condition";
    }
  }
  return {};
}

}  // namespace

Result<Regex> Regex::compile(std::string source, const Options& options) {
  if (options.multi_line) source.insert(0, "(?m)");
  auto large = std::make_shared<const re2::RE2>(source, to_re2(options, limits::kRegexMemoryBytes));
  if (!large->ok()) {
    return fail(Code::unsupported, fmt::format("RE2 cannot run this regular expression: {}{}",
                                               large->error(), lookaround_hint(source)));
  }
  if (large->ProgramSize() > limits::kRegexProgramSize) {
    return fail(Code::limit, fmt::format("this regular expression needs {} instructions, more than "
                                         "{}; use smaller repetition counts",
                                         large->ProgramSize(), limits::kRegexProgramSize));
  }
  const std::int64_t memory =
      limits::kRegexMemoryBase + large->ProgramSize() * limits::kRegexMemoryPerInstruction;
  auto small = std::make_shared<const re2::RE2>(
      source, to_re2(options, std::min(memory, limits::kRegexMemoryBytes)));
  return Regex(small->ok() ? std::move(small) : std::move(large));
}

Regex::Regex(std::shared_ptr<const re2::RE2> regex)
    : regex_(std::move(regex)), subject_limit_(limits::kRegexSubjectBytes) {
  while (bound(subject_limit_) > limits::kRegexWork) subject_limit_ -= subject_limit_ / 16;
}

const std::string& Regex::pattern() const {
  return regex_->pattern();
}

std::uint64_t Regex::bound(std::size_t text_size) const {
  const auto instructions = static_cast<std::uint64_t>(regex_->ProgramSize());
  const std::uint64_t busy = std::min(instructions, kFirstInstructions);
  return std::min<std::uint64_t>(text_size, kStates) * kStateUnits +
         text_size * (busy * kInstructionUnits + (instructions - busy) * kRestingPerUnit);
}

Truth Regex::matches(std::string_view text, Work& work) const {
  if (text.size() > subject_limit_) {
    work.note_cut_subject();
    text = text.substr(0, subject_limit_);
  }
  if (!work.spend(kByteUnits * text.size()) || !work.spend_on_regex(bound(text.size()))) {
    return Truth::unknown;
  }
  return re2::RE2::PartialMatch({text.data(), text.size()}, *regex_) ? Truth::yes : Truth::no;
}

}  // namespace tocsin::program
