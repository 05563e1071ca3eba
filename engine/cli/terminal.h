// Terminal: colours, sizes and the progress line. Everything that came from an event or a rule is
// printed through text::printable.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace tocsin::cli {

// A terminal that wants colours: isatty, NO_COLOR not set, TERM not dumb.
bool use_color(std::FILE* stream);
bool is_terminal(std::FILE* stream);
// Columns of the terminal behind `stream`, 100 when unknown.
std::size_t terminal_width(std::FILE* stream);

// "1,234,567"; "1.4 GB"; "0:07", "1:02:03".
std::string with_commas(std::uint64_t number);
std::string human_bytes(std::uint64_t bytes);
std::string human_rate(double per_second);
std::string human_duration(double seconds);

// What ends a style of alert::level_style() ("" without colour).
std::string_view reset_style(bool color);

// At most `width` code points; a cut is shown by "…".
std::string cut(std::string_view text, std::size_t width);

}  // namespace tocsin::cli
