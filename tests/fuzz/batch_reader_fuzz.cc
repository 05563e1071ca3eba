// Any bytes between two good lines: read in runs as they are read record by record.
#include <cstdlib>
#include <string>
#include <string_view>

#include "unit/event/two_ways.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace tocsin::event;
  static const Wanted wanted({"a", "a.b", "eventName", "userIdentity", "", "tocsin.principal"},
                             {"eventName", "a.b.c", "tocsin.mfa"});
  static TwoWays ways(wanted);
  static const std::string kGood = R"({"eventName":"good","eventSource":"a\/b"})";
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!broken_law(ways.slow(bytes), ways.fast(bytes)).empty()) std::abort();
  const std::string lines = kGood + '\n' + std::string(bytes) + '\n' + kGood + '\n';
  if (!broken_law(ways.slow(lines), ways.fast(lines), {kGood}).empty()) std::abort();
  return 0;
}
