// Conditions of correlations, brought into the form in which they are evaluated.
#pragma once

#include <vector>

#include "base/result.h"
#include "correlate/correlations.h"
#include "sigma/ast.h"

namespace tocsin::correlate {

// Of the boolean condition; none when the document has no such condition. An alternative that
// contradicts itself is left out. An error when there are too many, when none is left, or when one
// of them asks for no input at all.
Result<std::vector<Alternative>> alternatives_of(const sigma::Correlation& document);

Decision decision_of(const sigma::Correlation& document,
                     const std::vector<Alternative>& alternatives);

}  // namespace tocsin::correlate
