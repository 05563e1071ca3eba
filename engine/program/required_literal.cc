#include "program/required_literal.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "program/selectivity.h"

namespace tocsin::program {
namespace {

bool is_ascii(char c) {
  return static_cast<signed char>(c) >= 0;
}

// Written in JSON as it is, in a record that is_spelled_out().
bool is_verbatim(char c) {
  return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && is_ascii(c);
}

// A number's canonical text may differ from how the record writes it.
bool may_be_number(std::string_view text) {
  return text.find_first_not_of("0123456789+-.e") == std::string_view::npos;
}

// Calls visit(run) for every longest run of characters that satisfy `good`.
template <class Good, class Visit>
void for_each_run(std::string_view text, Good good, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && good(text[end])) ++end;
    if (end > i) visit(text.substr(i, end - i));
    i = end + 1;
  }
}

// Keeps the rarest of the texts it is offered.
class Rarest {
 public:
  void offer(std::string_view text) {
    const double frequency = literal_frequency("?", text);
    if (!best_.empty() &&
        (frequency > frequency_ || (frequency == frequency_ && text.size() <= best_.size()))) {
      return;
    }
    best_ = text;
    frequency_ = frequency;
  }
  std::string take() { return std::move(best_); }

 private:
  std::string best_;
  double frequency_ = 0;
};

// What RE2 says a regex needs: a condition over atoms that is true whenever the regex matches, and
// stays true when more atoms occur.
class Needs {
 public:
  explicit Needs(const re2::RE2& regex) : filter_(kMinAtom) {
    int id = 0;
    if (filter_.Add(regex.pattern(), regex.options(), &id) != re2::RE2::NoError) return;
    filter_.Compile(&atoms_);
  }

  const std::vector<std::string>& atoms() const { return atoms_; }

  // Whether the regex may match a text that contains all atoms but those of `absent`.
  bool possible_without(const std::vector<bool>& absent) const {
    std::vector<int> present, possible;
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      if (!absent[i]) present.push_back(static_cast<int>(i));
    }
    filter_.AllPotentials(present, &possible);
    return !possible.empty();
  }

 private:
  static constexpr int kMinAtom = 3;
  re2::FilteredRE2 filter_;
  std::vector<std::string> atoms_;
};

// RE2 lowers atoms by its own rules, which agree with ours on letters that are written as ASCII.
bool is_plain_source(std::string_view source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (!is_ascii(source[i])) return false;
    if (source[i] != '\\' || i + 1 == source.size()) continue;
    if (std::string_view("xpPC01234567").find(source[++i]) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

std::string usable_part(std::string_view folded, Haystack haystack) {
  if (haystack == Haystack::value) return std::string(folded);
  Rarest rarest;
  for_each_run(folded, is_verbatim, [&](std::string_view run) {
    if (!may_be_number(run)) rarest.offer(run);
  });
  return rarest.take();
}

std::string required_literal(const Glob& glob, bool cased, Haystack haystack) {
  Rarest rarest;
  const auto offer = [&](std::string_view folded) {
    const std::string usable = usable_part(folded, haystack);
    if (!usable.empty()) rarest.offer(usable);
  };
  glob.for_each_literal([&](std::string_view piece) {
    if (!cased) return offer(piece);
    // Folding may change bytes that are no whole characters.
    for_each_run(piece, is_ascii, [&](std::string_view run) { offer(text::folded(run)); });
  });
  return rarest.take();
}

std::vector<std::string> required_literals(const re2::RE2& regex, Haystack haystack) {
  if (!is_plain_source(regex.pattern())) return {};
  const Needs needs(regex);
  std::vector<std::pair<double, std::size_t>> usable;  // frequency, atom
  std::vector<bool> absent(needs.atoms().size(), false);
  std::vector<std::string> literals(needs.atoms().size());
  for (std::size_t i = 0; i < literals.size(); ++i) {
    const std::string& atom = needs.atoms()[i];
    if (!std::all_of(atom.begin(), atom.end(), is_ascii)) continue;
    literals[i] = usable_part(text::folded(atom), haystack);
    if (literals[i].empty()) continue;
    absent[i] = true;
    usable.emplace_back(literal_frequency("?", literals[i]), i);
  }
  if (usable.empty() || needs.possible_without(absent)) return {};
  // One of all usable atoms must occur. Leave out, most common first, those that can be spared.
  std::sort(usable.rbegin(), usable.rend());
  for (const auto& [frequency, atom] : usable) {
    absent[atom] = false;
    if (needs.possible_without(absent)) absent[atom] = true;
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    if (absent[i]) out.push_back(std::move(literals[i]));
  }
  return out;
}

}  // namespace tocsin::program
