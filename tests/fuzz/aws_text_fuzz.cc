// What comes from AWS and from profile files as text: XML, errors in every form, keys, URLs.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/canonical.h"
#include "aws/endpoint.h"
#include "aws/failure.h"
#include "aws/profile.h"
#include "aws/trail_files.h"
#include "aws/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::aws;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_xml(text));

  const Failure failure = classify(400, read_error(text, text), {"s3:GetObject", "r"});
  if (failure.message.size() > 4096) __builtin_trap();
  for (const char c : failure.message) {
    if (static_cast<unsigned char>(c) < 0x20) __builtin_trap();  // nothing a terminal obeys
  }

  const std::string encoded = encode_path(text);
  if (percent_decode(encoded) != text) __builtin_trap();
  if (encode_path(percent_decode(encoded)) != encoded) __builtin_trap();

  Profiles profiles;
  static_cast<void>(add_profiles(ProfileFile::config, text, "config", profiles));
  static_cast<void>(add_profiles(ProfileFile::credentials, text, "credentials", profiles));

  const std::string region = region_of_url(text);
  if (!region.empty() && !is_region(region)) __builtin_trap();
  static_cast<void>(base_of_url(text));
  static_cast<void>(delivery_time(text));
  static_cast<void>(trail_place(text));
  return 0;
}
