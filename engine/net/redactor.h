// Redactor: takes out of an answer what only the sender knew. Servers like to say what they were
// sent ("Cannot POST /services/T00/B00/secret"), and answers end up in logs and dead letters.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "net/http_client.h"

namespace tocsin::net {

class Redactor {
 public:
  explicit Redactor(const HttpRequest& request);

  // Replaces every occurrence of the path, of parts of it that look like keys, of values of the
  // query and of values of headers. `text` does not grow.
  void apply(std::string& text) const;

 private:
  void add(std::string_view text, std::size_t least);
  void add_url(std::string_view url);

  std::vector<Secret> secrets_;  // the longest first
};

}  // namespace tocsin::net
