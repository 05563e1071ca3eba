// Schema: the tables, and how an older database becomes a current one. FORMAT.md describes them.
//
// A migration is one step from a version to the next, in one transaction with the version number:
// after a crash in between, the database is still the older one. Steps are never changed once
// released; a new version is a new step.
#pragma once

#include <span>

#include "base/result.h"
#include "store/database.h"

namespace tocsin::store {

inline constexpr int kApplicationId = 0x546F6373;  // "Tocs"

// Statements that make version i + 1 out of version i.
std::span<const char* const> migrations();

// The format of a database that is Tocsin's; 0: it is empty. Fails as migrate() does.
Result<std::int64_t> format_of(Database& database, std::span<const char* const> steps);

// Makes the database current. Code::unsupported for a newer one, Code::refused for one that is not
// Tocsin's; neither is touched.
Status migrate(Database& database, std::span<const char* const> steps);

// Without migrating: it must be current.
Status check_schema(Database& database, std::span<const char* const> steps);

}  // namespace tocsin::store
