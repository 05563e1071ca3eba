#include "sigma/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sigma/formats.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

struct TextAttribute {
  std::string_view name;
  std::string Meta::*member;
  bool may_be_empty;
};

constexpr TextAttribute kTexts[] = {
    {"title", &Meta::title, false},       {"id", &Meta::id, false},
    {"name", &Meta::name, false},         {"status", &Meta::status, false},
    {"level", &Meta::level, false},       {"date", &Meta::date, true},
    {"modified", &Meta::modified, true},  {"description", &Meta::description, true},
    {"author", &Meta::author, true},      {"license", &Meta::license, true},
    {"taxonomy", &Meta::taxonomy, false},
};

struct ListAttribute {
  std::string_view name;
  std::vector<std::string> Meta::*member;
};

constexpr ListAttribute kLists[] = {
    {"references", &Meta::references},
    {"tags", &Meta::tags},
    {"falsepositives", &Meta::falsepositives},
    {"fields", &Meta::fields},
    {"scope", &Meta::scope},
};

constexpr std::string_view kStatuses[] = {"stable", "test", "experimental", "deprecated",
                                          "unsupported"};
constexpr std::string_view kLevels[] = {"informational", "low", "medium", "high", "critical"};
constexpr std::string_view kRelations[] = {"derived", "obsolete", "merged",
                                           "renamed", "similar",  "correlation"};
constexpr std::string_view kObsoletes = "obsoletes";  // of Sigma 1
constexpr std::size_t kTitleCharacters = 256;

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t pos = 0; pos < text.size(); ++count) text::next_code_point(text, pos);
  return count;
}

// The lower-case spelling when `value` is one of `allowed` in any case.
template <std::size_t N>
void check_enumeration(const YamlEntry& entry, const std::string_view (&allowed)[N],
                       std::string& value, Reporter& report) {
  const std::string lower = text::folded(value);
  if (std::find(std::begin(allowed), std::end(allowed), lower) != std::end(allowed)) {
    value = lower;
    return;
  }
  const std::vector<std::string_view> names(std::begin(allowed), std::end(allowed));
  report.error("S104", entry.value.at(),
               fmt::format("`{}` is not a {}; it is one of {}", text::printable(value),
                           entry.key.text, fmt::join(names, ", ")),
               std::string(text::nearest(lower, names)));
}

void check_date(const YamlEntry& entry, std::string_view value, Reporter& report) {
  if (value.empty()) return;
  switch (shape_of_date(value)) {
    case DateShape::iso:
      return;
    case DateShape::other:
      report.warning("W603", entry.value.at(), "write dates as YYYY-MM-DD");
      return;
    case DateShape::invalid:
      break;
  }
  report.error("S105", entry.value.at(),
               fmt::format("`{}` is not a date; write it as YYYY-MM-DD", text::printable(value)));
}

void check_text(const YamlEntry& entry, std::string& value, Reporter& report) {
  const std::string_view key = entry.key.text;
  if (key == "status") check_enumeration(entry, kStatuses, value, report);
  if (key == "level") check_enumeration(entry, kLevels, value, report);
  if (key == "date" || key == "modified") check_date(entry, value, report);
  if (key == "id" && !is_uuid(value)) {
    report.warning("W602", entry.value.at(), "an id should be a UUID");
  }
  if (key == "title" && character_count(value) > kTitleCharacters) {
    report.warning("W605", entry.value.at(),
                   fmt::format("a title has at most {} characters", kTitleCharacters));
  }
}

void check_tags(const YamlEntry& entry, Reporter& report) {
  for (const YamlNode& tag : entry.value.items) {
    if (!tag.is_scalar() || tag.scalar.text.find('.') != std::string::npos) continue;
    report.warning("W604", tag.at(), "a tag is written namespace.name, for example attack.t1078");
  }
}

std::vector<Related> parse_related(const YamlEntry& entry, Reporter& report) {
  std::vector<Related> related;
  if (entry.value.is_null()) return related;
  if (!entry.value.is_sequence()) {
    report.error("S103", entry.key.at, "`related` must be a list of maps with `id` and `type`");
    return related;
  }
  for (const YamlNode& item : entry.value.items) {
    const YamlEntry* id = item.find("id");
    const YamlEntry* type = item.find("type");
    if (id == nullptr || type == nullptr) {
      report.error("S113", item.at(), "a related rule needs `id` and `type`");
      continue;
    }
    Related one{read_text(*id, report), read_text(*type, report)};
    if (text::folded(one.type) == kObsoletes) {
      one.type = "obsolete";
      report.warning("W618", type->value.at(), "Sigma 2 spells this relation `obsolete`", one.type);
    } else {
      check_enumeration(*type, kRelations, one.type, report);
    }
    related.push_back(std::move(one));
  }
  return related;
}

void warn_if_misspelled(const YamlScalar& key, Reporter& report) {
  std::vector<std::string_view> known{"related", "logsource", "detection", "correlation", "filter"};
  for (const TextAttribute& attribute : kTexts) known.push_back(attribute.name);
  for (const ListAttribute& attribute : kLists) known.push_back(attribute.name);
  const std::string_view near = text::nearest(key.text, known);
  if (near.empty()) return;
  report.warning(
      "W607", key.at,
      fmt::format("`{}` is not an attribute of the specification", text::printable(key.text)),
      std::string(near));
}

// True when the entry is one of the tables' attributes.
bool parse_known(const YamlEntry& entry, Meta& meta, Reporter& report) {
  for (const TextAttribute& attribute : kTexts) {
    if (attribute.name != entry.key.text) continue;
    if (entry.value.is_null()) return true;
    const std::size_t errors = report.errors();
    std::string& value = meta.*attribute.member;
    value = read_text(entry, report);
    if (report.errors() != errors) return true;
    if (value.empty() && !attribute.may_be_empty) {
      report.error("S106", entry.key.at, fmt::format("`{}` is empty", attribute.name));
    } else {
      check_text(entry, value, report);
    }
    return true;
  }
  for (const ListAttribute& attribute : kLists) {
    if (attribute.name != entry.key.text) continue;
    meta.*attribute.member = read_texts(entry, report);
    if (attribute.name == "tags") check_tags(entry, report);
    return true;
  }
  if (entry.key.text != "related") return false;
  meta.related = parse_related(entry, report);
  return true;
}

}  // namespace

std::string read_text(const YamlEntry& entry, Reporter& report) {
  if (entry.value.is_null()) return {};
  if (entry.value.is_text()) return entry.value.scalar.text;
  if (entry.value.is_scalar()) {
    report.error("S103", entry.value.at(),
                 fmt::format("`{}` must be text; put it in quotes", entry.key.text),
                 fmt::format("'{}'", entry.value.scalar.text));
  } else {
    report.error("S103", entry.key.at, fmt::format("`{}` must be text", entry.key.text));
  }
  return {};
}

std::vector<std::string> read_texts(const YamlEntry& entry, Reporter& report) {
  std::vector<std::string> texts;
  if (entry.value.is_null()) return texts;
  if (entry.value.is_scalar()) {
    report.warning("W606", entry.value.at(), fmt::format("`{}` should be a list", entry.key.text));
    texts.push_back(entry.value.scalar.text);
    return texts;
  }
  if (entry.value.is_map()) {
    report.error("S103", entry.key.at, fmt::format("`{}` must be a list", entry.key.text));
    return texts;
  }
  for (const YamlNode& item : entry.value.items) {
    if (item.is_scalar()) {
      texts.push_back(item.scalar.text);
    } else {
      report.error("S103", item.at(),
                   fmt::format("`{}` must be a list of plain values", entry.key.text));
    }
  }
  return texts;
}

Span place_of(const YamlNode& root) {
  const YamlEntry* title = root.find("title");
  return title != nullptr && !title->value.is_null() ? title->value.at() : root.at();
}

Meta parse_meta(const YamlNode& root, std::initializer_list<std::string_view> sections,
                Reporter& report) {
  Meta meta;
  meta.file = report.file();
  meta.at = place_of(root);
  for (const YamlEntry& entry : root.entries) {
    if (std::find(sections.begin(), sections.end(), entry.key.text) != sections.end()) continue;
    if (parse_known(entry, meta, report)) continue;
    warn_if_misspelled(entry.key, report);
    meta.custom.push_back({entry.key.text, to_json(entry.value)});
  }
  const YamlEntry* title = root.find("title");
  if (title == nullptr || title->value.is_null()) {
    report.error("S102", meta.at, "the document has no `title`");
  }
  return meta;
}

Logsource parse_logsource(const YamlNode& root, const Span& document, Reporter& report) {
  Logsource logsource;
  const YamlEntry* section = root.find("logsource");
  if (section == nullptr) {
    report.error("S102", document, "the document has no `logsource`");
    return logsource;
  }
  if (!section->value.is_map()) {
    report.error("S103", section->key.at, "`logsource` must be a map");
    return logsource;
  }
  const std::size_t errors = report.errors();
  const std::vector<std::string_view> keys{"category", "product", "service", "definition"};
  for (const YamlEntry& entry : section->value.entries) {
    const std::string_view key = entry.key.text;
    if (key == "category") {
      logsource.category = read_text(entry, report);
    } else if (key == "product") {
      logsource.product = read_text(entry, report);
    } else if (key == "service") {
      logsource.service = read_text(entry, report);
    } else if (key == "definition") {
      logsource.definition = read_text(entry, report);
    } else if (const std::string_view near = text::nearest(key, keys); !near.empty()) {
      report.warning("W607", entry.key.at,
                     fmt::format("`{}` does not select a log source", text::printable(key)),
                     std::string(near));
    }
  }
  const bool named =
      !logsource.category.empty() || !logsource.product.empty() || !logsource.service.empty();
  if (!named && report.errors() == errors) {
    report.error("S107", section->key.at,
                 "`logsource` must name a `category`, `product` or `service`");
  }
  return logsource;
}

}  // namespace tocsin::sigma
