#pragma once

#include <string>

#include "alert/alert.h"

namespace tocsin::alert {

// The member "rule" of an alert's JSON, name included; what RuleFacts::json holds.
std::string rule_json(const RuleFacts& facts);

}  // namespace tocsin::alert
