// Routes: which receivers an alert goes to. Pure.
//
// Routes are tried in order. The first that matches decides, and with `continue` the ones after it
// are tried too. An alert that no route matches goes to the default receivers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::route {

// What is routed by.
struct Subject {
  std::string_view level, rule_id, rule_title, account, source;
  const std::vector<std::string>& tags;
};

// All lists that are not empty must match; one entry of a list is enough. Entries are compared
// without case, with `*` for any text. `levels` may also be like ">=high".
struct Match {
  std::vector<std::string> levels, rules, tags, accounts, sources;  // rules: ids or titles
};

struct Route {
  std::string name;  // in messages and counters
  Match match;
  std::vector<std::string> receivers;
  bool go_on = false;  // `continue`
};

class Routes {
 public:
  Routes() = default;
  Routes(std::vector<Route> routes, std::vector<std::string> default_receivers);

  // Names of receivers, each once, in order.
  std::vector<std::string> receivers_of(const Subject& subject) const;

 private:
  std::vector<Route> routes_;
  std::vector<std::string> default_receivers_;
};

}  // namespace tocsin::route
