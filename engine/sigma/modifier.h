// Modifiers: their names, which chains are legal, and which values a chain accepts.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sigma/ast.h"
#include "sigma/reporter.h"

namespace tocsin::sigma {

// Knows the aliases too.
std::optional<Modifier> find_modifier(std::string_view name);
// The name nearest to a misspelled one, "" when none is near.
std::string_view nearest_modifier(std::string_view name);

// Reports what is wrong with the chain, and with the values under it.
void check_item(const DetectionItem& item, Reporter& report);

}  // namespace tocsin::sigma
