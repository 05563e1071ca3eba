// The reader of plain YAML: what it accepts it reads as yaml-cpp does, place for place.
#include <cstdint>
#include <cstdlib>

#include "../unit/sigma/yaml_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::sigma;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (reading(text, YamlReading::plain_first) != reading(text, YamlReading::library_only)) {
    std::abort();
  }
  return 0;
}
