// Names that an attacker may choose: all have the same FNV-1a hash of 64 bits, with their length in
// front of them.
#pragma once

#include <string>
#include <vector>

namespace tocsin {

// 16 of them: each of four places has one of two texts.
inline std::vector<std::string> colliding_names() {
  static constexpr const char* kPlaces[4][2] = {{"MVECKhIRilTLxk", "SKNSJToPqoQLXn"},
                                                {"OZKFBiRKUETPQl", "HoXGIoUTCEIRol"},
                                                {"WHEEWSUQSBINLg", "NKBCWTnGWFQKDa"},
                                                {"PfaOEJqmNAEHyh", "PcZHDOklSKAWGv"}};
  std::vector<std::string> names;
  for (unsigned which = 0; which < 16; ++which) {
    std::string name;
    for (unsigned place = 0; place < 4; ++place) name += kPlaces[place][which >> place & 1];
    names.push_back(name);
  }
  return names;
}

}  // namespace tocsin
