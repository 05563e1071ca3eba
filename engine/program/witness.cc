#include "program/witness.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "program/required_literal.h"
#include "program/selectivity.h"

namespace tocsin::program {
namespace {

using Found = std::optional<Witness>;

// A rule with longer lists costs more memory than it saves; the presence of their field must do.
constexpr std::size_t kMaxSigns = 100'000;

// Shorter literals are in so many values that looking for them is dearer than trying the rule.
constexpr std::size_t kShortestLiteral = 3;

// The witnesses of one predicate that holds.
class Signs {
 public:
  Signs(const Predicate& predicate, PredicateId id)
      : predicate_(predicate), id_(id), keywords_(predicate.field_name.empty()) {}

  Found find() {
    if (const auto* exists = std::get_if<MatchExists>(&predicate_.matcher)) {
      return exists->exists ? presence() : std::nullopt;
    }
    if (std::holds_alternative<MatchNull>(predicate_.matcher)) return std::nullopt;
    const bool listed =
        std::visit([this](const auto& matcher) { return list(matcher); }, predicate_.matcher);
    if (!listed || witness_.signs.size() > kMaxSigns) return presence();
    if (!keywords_) {  // a field shows no sign more often than it is there
      witness_.frequency = std::min(witness_.frequency, presence_frequency(predicate_.field_name));
    }
    return std::move(witness_);
  }

  Found presence() const {
    if (keywords_) return std::nullopt;
    return Witness{{{Sign::Kind::presence, predicate_.field, {}, {}}},
                   presence_frequency(predicate_.field_name)};
  }

 private:
  // Each list() adds the signs of which a value that meets the matcher shows one; false when there
  // is none but the presence of the field.
  bool list(const MatchStrings& strings) {
    for (const std::string& text : strings.exact.texts()) {
      if (keywords_) return false;  // keywords are globs
      add_text(text::folded(text), strings.cased ? kNoPredicate : id_);
    }
    for (std::size_t i = 0; i < strings.globs.size(); ++i) {
      const std::string literal =
          keywords_ ? required_literal(strings.globs[i], strings.cased, Haystack::record)
                    : strings.glob_literals[i];
      if (!add_literal(literal)) return false;
    }
    return true;
  }
  bool list(const MatchScalars& scalars) {
    // A value below an object shows the text, too, and meets nothing.
    for (const std::string& text : scalars.exact.texts()) add_text(text, kNoPredicate);
    return !keywords_;
  }
  bool list(const MatchRegexes& regexes) {
    for (std::size_t i = 0; i < regexes.regexes.size(); ++i) {
      const auto literals = keywords_
                                ? required_literals(regexes.regexes[i].re2(), Haystack::record)
                                : regexes.literals[i];
      if (literals.empty()) return false;
      for (const std::string& literal : literals) {
        if (!add_literal(literal)) return false;
      }
    }
    return true;
  }
  bool list(const MatchCidrs& cidrs) {
    for (const IpPrefix& network : cidrs.networks.networks()) {
      witness_.signs.push_back({Sign::Kind::network, predicate_.field, {}, network});
      witness_.frequency += network_frequency(network.length);
    }
    return !keywords_;
  }
  template <class Other>
  bool list(const Other&) {
    return false;
  }

  void add_text(std::string text, PredicateId proves) {
    witness_.frequency += text_frequency(predicate_.field_name, text);
    witness_.signs.push_back({Sign::Kind::text, predicate_.field, std::move(text), {}, proves});
  }
  bool add_literal(const std::string& literal) {
    if (literal.size() < kShortestLiteral) return false;
    witness_.frequency += literal_frequency(predicate_.field_name, literal);
    const auto kind = keywords_ ? Sign::Kind::keyword : Sign::Kind::literal;
    witness_.signs.push_back({kind, predicate_.field, literal, {}});
    return true;
  }

  const Predicate& predicate_;
  const PredicateId id_;
  const bool keywords_;
  Witness witness_;
};

// What holds when a predicate does not.
Found absence(const Predicate& predicate, PredicateId id) {
  const auto* exists = std::get_if<MatchExists>(&predicate.matcher);
  const bool must_be_present = (exists != nullptr && !exists->exists) ||
                               std::holds_alternative<MatchNull>(predicate.matcher);
  return must_be_present ? Signs(predicate, id).presence() : std::nullopt;
}

class Search {
 public:
  explicit Search(const Program& program) : program_(program) {}

  // The witness of the node being true, or, when not `wanted`, being false.
  Found find(NodeId id, bool wanted) const {
    const Node& node = program_.node(id);
    switch (node.kind) {
      case Node::Kind::predicate: {
        const Predicate& predicate = program_.predicates()[node.index];
        return wanted ? Signs(predicate, node.index).find() : absence(predicate, node.index);
      }
      case Node::Kind::selection:
        return find(program_.children(node)[0], wanted);
      case Node::Kind::negation:
        return find(program_.children(node)[0], !wanted);
      case Node::Kind::all:
        return wanted ? rarest(node, true) : any(node, false);
      case Node::Kind::any:
        return wanted ? any(node, true) : rarest(node, false);
    }
    return std::nullopt;
  }

 private:
  // All children are as wanted: any one of them will do.
  Found rarest(const Node& node, bool wanted) const {
    Found best;
    for (const NodeId child : program_.children(node)) {
      Found found = find(child, wanted);
      if (found && (!best || found->frequency < best->frequency)) best = std::move(found);
    }
    return best;
  }

  // Some child is as wanted: it takes the witnesses of all.
  Found any(const Node& node, bool wanted) const {
    Witness all;
    for (const NodeId child : program_.children(node)) {
      Found found = find(child, wanted);
      if (!found || all.signs.size() + found->signs.size() > kMaxSigns) return std::nullopt;
      std::move(found->signs.begin(), found->signs.end(), std::back_inserter(all.signs));
      all.frequency += found->frequency;
    }
    return all;
  }

  const Program& program_;
};

}  // namespace

std::optional<Witness> find_witness(const Program& program, NodeId condition) {
  return Search(program).find(condition, true);
}

}  // namespace tocsin::program
