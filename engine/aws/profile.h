// Profile files: ~/.aws/config and ~/.aws/credentials, as botocore reads them. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::aws {

// Settings by their names in lower case. Of a nested block ("s3 =" and indented lines) as
// "s3.endpoint_url".
using Section = std::map<std::string, std::string, std::less<>>;

// The value; "" when there is none.
std::string_view value_of(const Section& section, std::string_view key);

struct Profiles {
  std::map<std::string, Section, std::less<>> profiles;
  std::map<std::string, Section, std::less<>> services;  // [services NAME]

  // nullptr when there is no such profile.
  const Section* find(std::string_view name) const;
};

// In the config file profiles are called [default] and [profile NAME], in the credentials file
// [NAME]. Later settings replace earlier ones: add the credentials file last. The error names the
// file and the line, and repeats nothing of it: it may be a key.
enum class ProfileFile : std::uint8_t { config, credentials };
Status add_profiles(ProfileFile kind, std::string_view text, const std::string& path,
                    Profiles& profiles);

}  // namespace tocsin::aws
