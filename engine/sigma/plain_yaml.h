// The plain part of YAML, to which nearly every rule file keeps: several times as fast to read as
// the whole language.
#pragma once

#include <string_view>

#include "sigma/yaml_builder.h"

namespace tocsin::sigma {

// Sends the events of `text` to `builder`, the same as yaml-cpp would, and says true; or says
// false, having sent some: then the text is not plain, and neither right nor wrong by that.
//
// Plain are block maps, block sequences and one-line flow collections of words; quoted scalars
// of one line without escapes; other scalars without blank lines; `|` and `|-` blocks; comments;
// documents that begin with `---`. Precondition: UTF-8 without control characters other than tab,
// CR and LF. Throws YamlBuilder::Stop.
bool read_plain_yaml(std::string_view text, YamlBuilder& builder);

}  // namespace tocsin::sigma
