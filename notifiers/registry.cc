// The table of notifiers: one line each. (An object that registered itself would be dropped by the
// linker, as nothing refers to it.)
#include <array>

#include "deliver/notifier.h"

// X(type) for every notifier: type.cc defines entry_type().
#define TOCSIN_NOTIFIERS(X) \
  X(slack)                  \
  X(webhook)                \
  X(alertmanager)           \
  X(stdout)                 \
  X(file)

#define TOCSIN_DECLARE(type) deliver::NotifierEntry entry_##type();
#define TOCSIN_CALL(type) notifiers::entry_##type(),

namespace tocsin::notifiers {
TOCSIN_NOTIFIERS(TOCSIN_DECLARE)
}

namespace tocsin::deliver {

std::span<const NotifierEntry> notifiers() {
  static const std::array kEntries = {TOCSIN_NOTIFIERS(TOCSIN_CALL)};
  return kEntries;
}

}  // namespace tocsin::deliver
