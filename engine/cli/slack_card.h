// A message for Slack as a terminal shows it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::cli {

// `payload`: the JSON that a `slack` receiver would send. "" when it is something else.
std::string render_slack_message(std::string_view payload, bool color, std::size_t width);

}  // namespace tocsin::cli
