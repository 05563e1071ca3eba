#include "program/literal_scanner.h"

#include <vector>

#ifdef TOCSIN_HYPERSCAN
#include <hs/hs.h>
#endif

namespace tocsin::program {
namespace {

// A LiteralSet of longer ones looks at every fourth byte, or fewer.
constexpr std::size_t kLongestShort = 6;

}  // namespace

void LiteralScanner::build(std::size_t hyperscan_literals) {
  const std::vector<std::string>& texts = literals_.texts();
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    (texts[i].size() > kLongestShort ? long_ : short_).insert(texts[i], i);
  }
  long_.set.build();
  short_.set.build();
  const bool many = !short_.set.empty() && short_.set.size() >= hyperscan_literals;
  if (many && has_hyperscan()) compile();
}

#ifdef TOCSIN_HYPERSCAN

namespace {

struct FreeDatabase {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};

struct Visitor {
  void (*call)(void*, std::uint32_t);
  void* context;
};

int on_match(unsigned id, unsigned long long, unsigned long long, unsigned, void* visitor) {
  const auto* to = static_cast<const Visitor*>(visitor);
  to->call(to->context, id);
  return 0;
}

}  // namespace

struct LiteralScanner::Database {
  std::unique_ptr<hs_database_t, FreeDatabase> hs;
};
struct ScanScratch::Memory {
  std::unique_ptr<hs_scratch_t, FreeScratch> hs;
};

bool LiteralScanner::has_hyperscan() {
  return hs_valid_platform() == HS_SUCCESS;
}

void LiteralScanner::compile() {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (std::uint32_t i = 0; i < short_.set.size(); ++i) {
    texts.push_back(short_.set.literal(i).data());
    sizes.push_back(short_.set.literal(i).size());
  }
  const std::vector<unsigned>& ids = short_.numbers;
  const std::vector<unsigned> flags(ids.size(), HS_FLAG_CASELESS);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const auto status = hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                                           static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                                           nullptr, &database, &error);
  hs_free_compile_error(error);
  if (status != HS_SUCCESS) return;
  database_ = std::make_unique<Database>();
  database_->hs.reset(database);
}

void LiteralScanner::prepare(ScanScratch& scratch) const {
  if (database_ == nullptr) return;
  if (scratch.memory_ == nullptr) scratch.memory_ = std::make_unique<ScanScratch::Memory>();
  hs_scratch_t* memory = scratch.memory_->hs.release();
  (void)hs_alloc_scratch(database_->hs.get(), &memory);  // without it scans fail, and fall back
  scratch.memory_->hs.reset(memory);
}

bool LiteralScanner::scan_with_hyperscan(std::string_view text, ScanScratch& scratch, Call call,
                                         void* context) const {
  if (scratch.memory_ == nullptr) return false;
  Visitor visitor{call, context};
  return hs_scan(database_->hs.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                 scratch.memory_->hs.get(), on_match, &visitor) == HS_SUCCESS;
}

#else

struct LiteralScanner::Database {};
struct ScanScratch::Memory {};

bool LiteralScanner::has_hyperscan() {
  return false;
}
void LiteralScanner::compile() {}
void LiteralScanner::prepare(ScanScratch&) const {}
bool LiteralScanner::scan_with_hyperscan(std::string_view, ScanScratch&, Call, void*) const {
  return false;
}

#endif

ScanScratch::ScanScratch() = default;
ScanScratch::~ScanScratch() = default;
ScanScratch::ScanScratch(ScanScratch&&) noexcept = default;
ScanScratch& ScanScratch::operator=(ScanScratch&&) noexcept = default;
LiteralScanner::LiteralScanner() = default;
LiteralScanner::~LiteralScanner() = default;
LiteralScanner::LiteralScanner(LiteralScanner&&) noexcept = default;
LiteralScanner& LiteralScanner::operator=(LiteralScanner&&) noexcept = default;

}  // namespace tocsin::program
