// Selectivity: how many of 10,000 records a question lets through, guessed from the question alone.
// The guesses only order the ways to match a rule; a bad one costs time, never a match.
#pragma once

#include <string_view>

namespace tocsin::program {

// The texts that audit events are full of, folded: made-up records of CloudTrail and of Sysmon.
std::string_view ordinary_text();

// A field has exactly this folded text.
double text_frequency(std::string_view field, std::string_view text);
// A value of the field contains this folded literal. Field "": a value anywhere in the record.
double literal_frequency(std::string_view field, std::string_view literal);
// An address of the field lies in a network of this many bits (of 128).
double network_frequency(unsigned length);
// The field is there at all.
double presence_frequency(std::string_view field);

}  // namespace tocsin::program
