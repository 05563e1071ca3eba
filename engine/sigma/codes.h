// The table of diagnostic codes. Codes are stable: they are never renumbered or reused, so that
// people can search for them and suppress them.
#pragma once

#include <string_view>

namespace tocsin::sigma {

struct CodeMeaning {
  std::string_view code;
  std::string_view meaning;
};

inline constexpr CodeMeaning kCodes[] = {
    // YAML
    {"Y001", "the file is not valid UTF-8"},
    {"Y002", "a control character, which text files must not contain"},
    {"Y003", "the file is too large"},
    {"Y004", "YAML syntax error"},
    {"Y005", "a quoted text that is never closed"},
    {"Y006", "nested too deeply"},
    {"Y007", "too many YAML nodes in one file"},
    {"Y008", "too many documents in one file"},
    {"Y009", "anchors and aliases are not accepted"},
    {"Y010", "tags are not accepted"},
    {"Y011", "a key is given twice in one map"},
    {"Y012", "a map key must be plain text"},
    {"Y013", "documents must be separated by a line `---`"},
    {"Y014", "merge keys (`<<`) are not accepted"},
    // Structure of documents
    {"S101", "a document must be a map"},
    {"S102", "a required attribute is missing"},
    {"S103", "an attribute has the wrong type"},
    {"S104", "an attribute has a value outside its enumeration"},
    {"S105", "not a date"},
    {"S106", "an attribute must not be empty"},
    {"S107", "a log source names no category, product or service"},
    {"S108", "a detection is empty"},
    {"S109", "a field's value must be a plain value or a list of plain values"},
    {"S110", "unknown collection action"},
    {"S111", "a document is of two kinds at once"},
    {"S112", "a file cannot be read"},
    {"S113", "a related rule is not described by `id` and `type`"},
    // Modifiers and values
    {"S201", "unknown modifier"},
    {"S202", "a modifier that cannot stand at this place of the chain"},
    {"S203", "too many modifiers"},
    {"S204", "a value whose type the modifiers do not accept"},
    {"S205", "a modifier that needs a field"},
    {"S206", "not an IP network in CIDR notation"},
    {"S207", "a wildcard where none can be"},
    {"S208", "a character that the encoding cannot represent as text"},
    {"S209", "a number outside the range of the time unit"},
    {"S210", "`exists` takes exactly one boolean"},
    {"S211", "a keyword cannot be null"},
    {"S212", "`all` on a single value"},
    // Conditions
    {"S301", "condition syntax error"},
    {"S302", "a condition names an unknown search identifier"},
    {"S303", "the pipe syntax was replaced by correlation rules"},
    {"S304", "a condition is nested too deeply"},
    {"S305", "nothing is left of a condition"},
    // Filters and correlations
    {"S401", "a filter's `rules` is neither `any` nor a list of rules"},
    {"S402", "unknown correlation type"},
    {"S403", "not a time span"},
    {"S404", "not a condition of a correlation"},
    {"S405", "the correlation type needs a field"},
    {"S406", "a correlation's rules and its condition do not fit together"},
    {"S407", "a reference to a rule that does not exist"},
    {"S408", "correlations that refer to each other in a circle"},
    {"S409", "unknown key of a filter or a correlation"},
    {"S410", "an alias is not a map from rules to fields"},
    {"S411", "a key that the correlation type does not have"},
    {"S412", "a condition of a correlation that no group can fulfil, or that is too large"},
    {"S413", "a boolean condition that can hold without any event"},
    {"S414", "a setting of `new_value` that is not of its form"},
    {"S415", "an alias that does not fit the correlation's rules"},
    // Rule tests and lists
    {"S501", "a test file is not a map of `tests`"},
    {"S502", "unknown key in a test file"},
    {"S503", "a test needs exactly one of `event` and `event_file`"},
    {"S504", "`without` names something that is not in the event"},
    {"S505", "a list value is too long"},
    {"S506", "a list file is not usable"},
    {"S507", "a moment of a timeline that is not an offset such as +1h30m, or is out of range"},
    {"S508", "a step of a timeline that is incomplete or contradicts itself"},
    {"S509", "the timelines of a test file have too many events"},
    {"S510", "an expected alert that is incomplete or not of its form"},
    // Lint
    {"W601", "a recommended attribute is missing"},
    {"W602", "an id that is not a UUID"},
    {"W603", "a date that is not written YYYY-MM-DD"},
    {"W604", "a tag without a namespace"},
    {"W605", "a title longer than 256 characters"},
    {"W606", "a list is expected"},
    {"W607", "an attribute that looks misspelled"},
    {"W608", "an id, name or title that is used twice"},
    {"W609", "a search identifier that no condition uses"},
    {"W610", "`all` on a single value (now S212)"},
    {"W611", "null in a list of values"},
    {"W612", "a value that matches every text"},
    {"W613", "`expand` without a placeholder"},
    {"W614", "a modifier given twice"},
    {"W615", "a pattern that matches no search identifier"},
    {"W616", "an operator in capitals"},
    {"W617", "a value without quotes that reads differently from how it is written"},
    {"W618", "deprecated syntax"},
    {"W619", "a filter that refers to a rule that is not loaded"},
    {"W620", "a backslash that makes a wildcard of a path literal"},
    {"W621", "a condition of a correlation that every group fulfils"},
    {"W622", "an alias that nothing uses, or that says nothing of one of the rules"},
    {"W623", "a correlation with one group for everything"},
    {"W624", "a percentile that does not say which"},
    {"W625", "a filter with an empty list of rules"},
    // Configuration of the service
    {"C901", "a configuration file cannot be read"},
    {"C902", "a setting has the wrong type"},
    {"C903", "unknown key"},
    {"C904", "a required setting is missing or empty"},
    {"C905", "a setting has a value outside its enumeration"},
    {"C906", "a value that is not of the setting's form"},
    {"C907", "a value out of range"},
    {"C908", "a variable that cannot be replaced"},
    {"C909", "a secret that stands in the configuration itself"},
    {"C910", "a secret that cannot be read or is not usable"},
    {"C911", "a secret that others can read"},
    {"C912", "a name that is used twice"},
    {"C913", "a name that nothing has"},
    {"C914", "a setting without effect"},
    {"C915", "a server that strangers could use or listen to"},
    {"C916", "a file that is named by a setting cannot be read"},
    {"C917", "settings that contradict each other"},
};

// A code that is in the table; anything else does not compile.
class DiagnosticCode {
 public:
  consteval DiagnosticCode(const char* code) : text_(code) {
    for (const CodeMeaning& known : kCodes) {
      if (known.code == text_) return;
    }
    throw "this code is not in kCodes";
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace tocsin::sigma
