#include "pipeline/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/limits.h"
#include "config/document.h"
#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

namespace fs = std::filesystem;
using config::Settings;

// The folder of `file`, absolute; the current one for "".
std::string folder_of(const std::string& file) {
  std::error_code error;
  const fs::path path = file.empty() ? fs::current_path(error) / "_" : fs::absolute(file, error);
  return path.lexically_normal().parent_path().string();
}

void read_all(Settings& root, Reading& reading) {
  read_server(root, reading);
  read_rules(root, reading);
  read_sources(root, reading);
  read_store(root, reading);
  read_alerts(root, reading);
  read_receivers(root, reading);
  read_routes(root, reading);
  read_limits(root, reading);
  read_correlation(root, reading);
  read_operation(root, reading);
  root.finish();
}

std::vector<std::string> files_of(const Config& config, const config::Context& context) {
  std::vector<std::string> out = context.files_read;
  const net::TlsFiles& tls = config.server.tls;
  for (const std::string& path : {tls.certificate_file, tls.key_file, tls.client_ca_file}) {
    if (!path.empty()) out.push_back(path);
  }
  std::error_code error;
  if (!config.file.empty()) out.push_back(fs::absolute(config.file, error).lexically_normal());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

std::optional<Config> load_config_text(std::string_view text, const std::string& file,
                                       Diagnostics& diagnostics, const LoadOptions& options) {
  config::Document document(text, file);
  config::Context& context = document.context();
  context.environment = options.environment;
  context.folder = folder_of(file);
  context.files = options.files;
  context.asked = options.asked;

  Config config;
  config.file = file;
  Reading reading{options, config};
  if (std::optional<Settings> root = document.root()) read_all(*root, reading);
  config.files = files_of(config, context);
  config.fixed = fixed_parts(config);
  const bool failed = document.has_errors() || reading.further.has_errors();
  diagnostics.append(document.diagnostics());
  diagnostics.append(std::move(reading.further));
  if (failed) return std::nullopt;
  return config;
}

std::optional<Config> load_config(const std::string& path, Diagnostics& diagnostics,
                                  const LoadOptions& options) {
  const Result<config::Files::Content> content = options.files->read(path, limits::kRuleFileBytes);
  if (content) return load_config_text(content->text, path, diagnostics, options);
  Diagnostic problem;
  problem.code = "C901";
  problem.file = path;
  problem.message = fmt::format("the configuration cannot be read: {}", content.error().message);
  diagnostics.add(std::move(problem));
  return std::nullopt;
}

std::optional<Config> default_config(Diagnostics& diagnostics, const LoadOptions& options) {
  return load_config_text("", "", diagnostics, options);
}

std::vector<std::string> needs_restart(const Config& running, const Config& next) {
  std::vector<std::string> out;
  for (const Config::Fixed& fixed : next.fixed) {
    const bool same =
        std::find(running.fixed.begin(), running.fixed.end(), fixed) != running.fixed.end();
    if (!same) out.push_back(fixed.section);
  }
  return out;
}

}  // namespace tocsin::pipeline
