// Any bytes as a file or an HTTP body: every record and every error has its own number, and every
// record may be read with padding.
#include <cstdlib>
#include <set>
#include <string_view>

#include "event/record_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace tocsin::event;
  const Batch batch = read_records({reinterpret_cast<const char*>(data), size});
  std::set<std::uint64_t> numbers;
  unsigned sum = 0;
  for (const Record& record : batch.records) {
    if (!numbers.insert(record.origin.record).second) std::abort();
    if (!record.json.starts_with('{') || !record.json.ends_with('}')) std::abort();
    for (std::size_t i = 0; i < kPadding; ++i) {
      sum += static_cast<unsigned char>(record.json.data()[record.json.size() + i]);
    }
  }
  for (const RecordError& error : batch.errors) {
    if (error.origin.record != 0 && !numbers.insert(error.origin.record).second) std::abort();
  }
  if (!numbers.empty() && *numbers.rbegin() != numbers.size()) std::abort();
  if (sum == ~0u) std::abort();  // so that the reads are not optimised away
  return 0;
}
