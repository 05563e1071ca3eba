// The Sigma document model: what a YAML file says, with positions, before any of it is compiled.
// Source: Sigma specification v2.1.0 (rules, modifiers appendix, filters, correlations).
// Everything here is plain data; parser.h fills it, program/ lowers it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"

namespace tocsin::sigma {

// A YAML scalar with the type that YAML 1.1 core rules give it (quoted scalars are strings).
// `text` is the string itself, or the canonical text of a number or boolean ("true", "42", "1.5";
// integral floats are written as integers, as in the events), or "" for null.
struct Value {
  enum class Kind : std::uint8_t { null, boolean, integer, floating, string };
  Kind kind = Kind::null;
  std::string text;
  Span at;

  bool is_number() const { return kind == Kind::integer || kind == Kind::floating; }
};

// Modifiers of the v2.1 appendix. `i`, `m`, `s` have pySigma's long spellings as aliases
// (ignorecase, multiline, dotall); `wide` is utf16le.
enum class Modifier : std::uint8_t {
  contains,
  startswith,
  endswith,
  all,
  exists,
  cased,
  neq,
  re,
  i,
  m,
  s,
  base64,
  base64offset,
  utf16le,
  utf16be,
  utf16,
  wide,
  windash,
  cidr,
  lt,
  lte,
  gt,
  gte,
  minute,
  hour,
  day,
  week,
  month,
  year,
  expand,
  fieldref,
};
std::string_view to_string(Modifier modifier);

struct ModifierUse {
  Modifier kind;
  Span at;
};

// `field|modifier|…: value(s)`. The parser has checked that the chain is legal and that every
// value has a type that the chain accepts; it has not applied the modifiers.
struct DetectionItem {
  std::string field;  // "" means keywords: any scalar of the event
  std::vector<ModifierUse> modifiers;
  std::vector<Value> values;  // empty only for `field: []`, which reads as null
  Span at;                    // the key, or the first value of a keyword list

  bool has(Modifier modifier) const {
    for (const ModifierUse& use : modifiers) {
      if (use.kind == modifier) return true;
    }
    return false;
  }
};

// A search identifier's content. A map is `all` of its items; a list of maps is `any` of its
// groups; a list of plain values is one keyword item. Exactly one of items and groups is filled.
struct Detection {
  std::vector<DetectionItem> items;  // linked by AND
  std::vector<Detection> groups;     // linked by OR
  Span at;
};

struct NamedDetection {
  std::string name;
  Detection detection;
  Span at;  // the name
};

// The syntax tree of one condition string.
struct Condition {
  enum class Kind : std::uint8_t { identifier, one_of, all_of, conjunction, disjunction, negation };
  Kind kind = Kind::identifier;
  std::string name;             // identifier, or the pattern of one_of/all_of ("them", "sel*")
  std::vector<Condition> args;  // ≥ 2 for and/or, 1 for not, none otherwise
  Span at;
};

struct Logsource {
  std::string category;  // "" = not given
  std::string product;
  std::string service;
  std::string definition;
};

// A key that this engine gives no meaning to; kept so that alerts and tools can show it.
struct CustomField {
  std::string name;
  std::string json;  // the value as compact JSON
};

// Another rule that this one was derived from, replaces, …
struct Related {
  std::string id;
  std::string type;  // derived, obsolete, merged, renamed, similar or correlation
};

// What all three kinds of document share.
struct Meta {
  std::string title;
  std::string id;
  std::string name;
  std::string status;
  std::string level;  // "" = not given
  std::string description;
  std::string author;
  std::string date;
  std::string modified;
  std::string license;
  std::string taxonomy;
  std::vector<std::string> references;
  std::vector<std::string> tags;
  std::vector<std::string> falsepositives;
  std::vector<std::string> fields;
  std::vector<std::string> scope;
  std::vector<Related> related;
  std::vector<CustomField> custom;

  std::string file;  // as given by the user
  Span at;           // the title, or the start of the document
  std::string hash;  // hex of a 64-bit hash of the document's own text and the lists it uses
};

struct Rule {
  Meta meta;
  Logsource logsource;
  std::vector<NamedDetection> detections;  // in document order, unique names
  std::vector<Condition> conditions;       // linked by OR; every name in them resolves
};

struct RuleReference {
  std::string text;  // an id, a name or a title
  Span at;
};

struct Filter {
  Meta meta;
  Logsource logsource;
  bool any_rule = false;             // `rules: any` (2.2 draft): all rules of the log source
  std::vector<RuleReference> rules;  // otherwise these
  std::vector<NamedDetection> detections;
  std::vector<Condition> conditions;
};

struct Correlation {
  enum class Type : std::uint8_t {
    event_count,
    value_count,
    temporal,
    temporal_ordered,
    value_sum,
    value_avg,
    value_percentile,
    value_median,
    new_value,      // extension
    silent_source,  // extension
  };
  enum class Window : std::uint8_t { sliding, tumbling, session };  // the last two: extensions
  enum class Operator : std::uint8_t { lt, lte, gt, gte, eq, neq };
  struct Bound {
    Operator op;
    double value;
    Span at;
  };
  struct Alias {
    std::string name;
    std::vector<std::pair<RuleReference, std::string>> fields;  // rule → its field
    Span at;                                                    // the name
  };
  // A field whose values are IP addresses, compared by network.
  struct Network {
    std::string field;
    unsigned ipv4 = 24, ipv6 = 48;  // lengths of the prefixes
  };

  Meta meta;
  Type type = Type::event_count;
  std::vector<RuleReference> rules;
  std::vector<std::string> group_by;
  std::vector<std::string> fields;  // condition.field of the value_* types; `field` of new_value
  std::vector<Alias> aliases;
  std::uint64_t timespan_seconds = 0;  // 0 for new_value, which has none
  Window window = Window::sliding;
  std::vector<Bound> bounds;            // linked by AND
  std::optional<Condition> expression;  // 2.2 draft: boolean condition over the rules
  std::optional<double> percentile;
  bool generate = false;
  Span type_at;    // the value of `type`
  Span window_at;  // of `window`; line 0 when there is none

  // new_value
  std::uint64_t learning_seconds = 0;  // of a young group nothing is told
  std::uint64_t forget_seconds = 0;    // after so long without use a value is new again; 0: never
  std::uint64_t min_known = 0;         // values a group must have had before something is news
  std::vector<std::string> ignore_versions;  // of `fields`: compared without version numbers
  std::vector<Network> networks;             // of `fields`
};
std::string_view to_string(Correlation::Type type);
std::string_view to_string(Correlation::Window window);

struct RuleSet {
  std::vector<Rule> rules;
  std::vector<Filter> filters;
  std::vector<Correlation> correlations;
};

}  // namespace tocsin::sigma
