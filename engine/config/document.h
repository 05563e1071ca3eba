// Document: one configuration file while it is read. It owns what Settings refer to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "config/settings.h"
#include "sigma/yaml_node.h"

namespace tocsin::config {

class Document {
 public:
  // `text` must outlive the document; `file` names it in messages.
  Document(std::string_view text, std::string file);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  // To be filled before root() is used.
  Context& context() { return context_; }
  // The whole file as one map; nullopt when it is not YAML, which has been reported.
  std::optional<Settings> root();

  bool has_errors() const { return report_.errors() > 0; }
  // Everything that was reported so far. Of the file they quote what they are about and nothing
  // that stands beside it, as that may be a secret.
  Diagnostics diagnostics() const;

 private:
  std::string file_;
  Diagnostics found_;
  sigma::Reporter report_;
  Context context_;
  std::vector<sigma::YamlDocument> documents_;
  sigma::YamlNode empty_;
};

}  // namespace tocsin::config
