// tocsin check --cost: what each rule is likely to take on every record, and what to change.
#pragma once

#include <string>

#include "program/program.h"

namespace tocsin::cli {

// A table, the dearest rule first, with advice below the dear ones.
void print_costs(const program::Program& program);
// The same as a JSON array.
std::string costs_json(const program::Program& program);

}  // namespace tocsin::cli
