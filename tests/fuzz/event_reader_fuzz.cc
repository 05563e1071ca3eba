// Any bytes as one record: read alike whatever fields are wanted, and what is read is valid UTF-8.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "event/batch.h"
#include "event/cloudtrail.h"
#include "event/event_reader.h"

namespace {

using namespace tocsin;

// Reads with a few fields, with all of it, and with none.
struct Reading {
  explicit Reading(std::initializer_list<const char*> paths) : reader(fields_of(paths)) {}

  const event::FieldSet& fields_of(std::initializer_list<const char*> paths) {
    for (const char* path : paths) fields.add(path);
    event::FactFields::complete(fields);
    return fields;
  }
  bool read(std::string_view json) {
    if (!reader.read(json, event)) return false;
    for (event::FieldRef field = 0; field < fields.size(); ++field) check(field);
    if (text::find_invalid_utf8(event.json()) != std::string_view::npos) std::abort();
    return true;
  }
  void check(event::FieldRef field) {
    for (event::Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
      if (!event.present(field)) std::abort();
      if (text::find_invalid_utf8(value->text) != std::string_view::npos) std::abort();
      if (event.folded(*value) != text::folded(value->text)) std::abort();
    }
  }

  event::FieldSet fields;
  event::EventReader reader;
  event::Event event;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static Reading none({}),
      some({"a", "a.b", "eventName", "userIdentity", "tocsin.principal", "tocsin.mfa"}),
      all({"", "a.b.c", "a"});
  std::string padded(reinterpret_cast<const char*>(data), size);
  padded.append(event::kPadding, '\0');
  const std::string_view json(padded.data(), size);
  const bool good = none.read(json);
  if (some.read(json) != good || all.read(json) != good) std::abort();
  if (!good) return 0;
  // What was read reads again, now without a repair.
  std::string again(all.event.json());
  const std::size_t length = again.size();
  again.append(event::kPadding, '\0');
  if (!none.read({again.data(), length})) std::abort();
  if ((none.event.notes() & ~event::kLongNumber) != 0) std::abort();
  return 0;
}
