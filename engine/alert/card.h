// The card: an alert as a terminal shows it, in a few lines. Texts are safe to print, whoever wrote
// them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "alert/alert.h"

namespace tocsin::alert {

// Ends with an empty line. Lines are cut at `width` code points.
std::string render_card(const Alert& alert, bool color, std::size_t width);

// ANSI style for a severity level ("" without colour).
std::string_view level_style(std::string_view level, bool color);

}  // namespace tocsin::alert
