// The grammar of modifier chains: what a value has become after each modifier, and what can
// follow.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sigma/ast.h"

namespace tocsin::sigma {

// What kind of scalar a chain takes.
enum class Accepts : std::uint8_t { anything, text, pattern, number, boolean };

struct ChainError {
  const ModifierUse* at;    // the modifier that cannot stand there
  std::string_view reason;  // half a sentence, "" when there is nothing to add
};

// nullopt when the chain is legal. The pointer is into `chain`.
std::optional<ChainError> check_chain(const std::vector<ModifierUse>& chain);

// Precondition: the chain is legal.
Accepts accepts(const std::vector<ModifierUse>& chain);

}  // namespace tocsin::sigma
