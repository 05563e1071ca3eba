// LiteralScanner: a LiteralSet for long texts. The few literals that are so short that a LiteralSet
// would have to look at nearly every byte are searched for by Hyperscan (on arm64: Vectorscan, the
// same interface), which compiles so few in no time.
//
// Without the library, on a processor that it does not support, or when it fails, LiteralSets are
// all that is searched: the answers are the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_table.h"
#include "program/literal_set.h"

namespace tocsin::program {

// The scratch memory that scanning takes; one per thread.
class ScanScratch {
 public:
  ScanScratch();
  ~ScanScratch();
  ScanScratch(ScanScratch&&) noexcept;
  ScanScratch& operator=(ScanScratch&&) noexcept;

  std::string text;  // for callers that put together what is scanned

 private:
  friend class LiteralScanner;
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

class LiteralScanner {
 public:
  LiteralScanner();
  ~LiteralScanner();
  LiteralScanner(LiteralScanner&&) noexcept;
  LiteralScanner& operator=(LiteralScanner&&) noexcept;

  // The library can be used here.
  static bool has_hyperscan();

  // The number of `literal`: 0, 1, 2, … in the order of first insertion. Precondition: not empty.
  std::uint32_t insert(std::string_view literal) { return literals_.insert(literal); }
  // To be called after the last insert(). So many short literals are given to Hyperscan.
  void build(std::size_t hyperscan_literals);
  bool empty() const { return literals_.empty(); }

  // To be called for every ScanScratch before it is used here.
  void prepare(ScanScratch& scratch) const;
  std::size_t size() const { return literals_.size(); }
  // Calls visit(number) at least once for every literal that occurs in `text`; visit must not
  // throw. Texts as for LiteralSet. False when `work` ran out: some literals were not looked for.
  template <class Visit>
  bool scan(std::string_view text, ScanScratch& scratch, Work& work, Visit visit) const {
    const auto call = [](void* context, std::uint32_t number) {
      (*static_cast<Visit*>(context))(number);
    };
    const auto search = [&](const Part& part) {
      const auto report = [&](std::uint32_t literal) {
        visit(part.numbers[literal]);
        return false;
      };
      return part.set.scan(text, work, report) != Truth::unknown;
    };
    if (!search(long_)) return false;
    return (database_ != nullptr && scan_with_hyperscan(text, scratch, call, &visit)) ||
           search(short_);
  }

 private:
  // Some of the literals.
  struct Part {
    LiteralSet set;
    std::vector<std::uint32_t> numbers;  // by number in the set

    void insert(const std::string& literal, std::uint32_t number) {
      set.insert(literal);
      numbers.push_back(number);
    }
  };
  struct Database;
  using Call = void (*)(void* context, std::uint32_t number);
  // False when the library failed; some literals may have been reported then.
  bool scan_with_hyperscan(std::string_view text, ScanScratch& scratch, Call call,
                           void* context) const;

  void compile();

  StringTable literals_;
  Part long_, short_;
  std::unique_ptr<Database> database_;  // of short_; null: not used
};

}  // namespace tocsin::program
