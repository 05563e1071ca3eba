// Reading configurations with receivers, files and an environment that are made up.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/config.h"
#include "unit/config/support.h"

namespace tocsin::pipeline {

// Everything can be read; secrets hold the path of their file.
class AnyFiles : public config::Files {
 public:
  Result<Content> read(const std::string& path, std::size_t) const override {
    return Content{"secret of " + path + "\n", false};
  }
  Status readable(const std::string& path) const override {
    if (path.find("missing") == std::string::npos) return {};
    return fail(Code::not_found, "No such file or directory");
  }
};

inline std::optional<deliver::Receiver> fake_receiver(config::Settings& settings) {
  deliver::Receiver receiver;
  receiver.name = settings.required_text("name");
  receiver.type = settings.choice("type", {"stdout", "slack"}, "");
  const Secret url = receiver.type == "slack" ? settings.required_secret("url") : Secret();
  settings.finish();
  if (receiver.name.empty() || receiver.type.empty()) return std::nullopt;
  return receiver;
}

struct Loaded {
  std::optional<Config> config;
  Diagnostics diagnostics;

  std::string summary() const { return config::summary(diagnostics); }
};

inline const std::map<std::string, std::string> kEnvironment = {
    {"TOKEN", "0123456789abcdef"}, {"TOKEN2", "0123456789abcdeg"}, {"SHORT", "0123456789abcde"}};

inline Loaded load(std::string_view text) {
  static const AnyFiles files;
  Loaded out;
  LoadOptions options{config::environment_of(kEnvironment), &files, fake_receiver, nullptr};
  out.config = load_config_text(text, "/etc/tocsin/tocsin.yml", out.diagnostics, options);
  return out;
}

}  // namespace tocsin::pipeline
