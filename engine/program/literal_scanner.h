// LiteralScanner: a LiteralSet compiled by Hyperscan (on arm64: Vectorscan, the same interface),
// which is the faster the more and the shorter the literals are.
//
// Without the library, on a processor that it does not support, or when it fails, the LiteralSet
// itself is searched: the answers are the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

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

  std::uint32_t insert(std::string_view literal) { return literals_.insert(literal); }
  // To be called after the last insert(). So many literals are given to Hyperscan.
  void build(std::size_t hyperscan_literals);
  bool empty() const { return literals_.empty(); }

  // To be called for every ScanScratch before it is used here.
  void prepare(ScanScratch& scratch) const;
  // Calls visit(number) at least once for every literal that occurs in `text`; visit must not
  // throw. Texts as for LiteralSet.
  template <class Visit>
  void scan(std::string_view text, ScanScratch& scratch, Visit visit) const {
    const auto call = [](void* context, std::uint32_t number) {
      (*static_cast<Visit*>(context))(number);
    };
    if (database_ != nullptr && scan_with_hyperscan(text, scratch, call, &visit)) return;
    literals_.scan(text, [&visit](std::uint32_t number) {
      visit(number);
      return false;
    });
  }

 private:
  struct Database;
  using Call = void (*)(void* context, std::uint32_t number);
  // False when the library failed; some literals may have been reported then.
  bool scan_with_hyperscan(std::string_view text, ScanScratch& scratch, Call call,
                           void* context) const;

  LiteralSet literals_;
  std::unique_ptr<Database> database_;  // null: not used
};

}  // namespace tocsin::program
