// Configuration: any text is either a configuration or a list of errors, places lie inside the
// text, and neither what secrets hold nor anything outside of the text is touched or shown.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "pipeline/config.h"
#include "sigma/reporter.h"

namespace {

using namespace tocsin;

constexpr std::string_view kCanary = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

void require(bool condition) {
  if (!condition) std::abort();
}

class FuzzFiles : public config::Files {
 public:
  Result<Content> read(const std::string& path, std::size_t limit) const override {
    if (limit < kCanary.size()) return fail(Code::limit, "too large");
    return Content{std::string(kCanary) + "\n", path.size() % 2 == 0};
  }
  Status readable(const std::string& path) const override {
    if (path.size() % 7 != 0) return {};
    return fail(Code::not_found, "No such file or directory");
  }
};

void check_place(const Span& at, std::string_view text) {
  if (at.line == 0) return;
  const std::string_view line = sigma::line_of(text, at.line);
  require(at.column >= 1);
  require(at.column <= line.size() + 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const FuzzFiles files;
  pipeline::LoadOptions options;
  options.environment = [](const std::string&) { return std::nullopt; };
  options.files = &files;

  Diagnostics first, second;
  const auto config = pipeline::load_config_text(text, "/etc/fuzz.yml", first, options);
  const auto again = pipeline::load_config_text(text, "/etc/fuzz.yml", second, options);
  require(config.has_value() == !first.has_errors());
  require(again.has_value() == config.has_value());
  require(render_json(first) == render_json(second));
  if (config && again) require(pipeline::needs_restart(*config, *again).empty());

  Diagnostics unused;
  const std::string file = "/etc/fuzz.yml";
  const sigma::Reporter report(text, file, unused);  // knows what is not part of the text
  for (const Diagnostic& diagnostic : first.all()) {
    check_place(diagnostic.at, report.text());
    const std::string shown = render_text(diagnostic, true);
    require(text::find_invalid_utf8(shown) == std::string_view::npos);
    require(text.find(kCanary) != std::string_view::npos ||
            shown.find(kCanary) == std::string::npos);
  }
  return 0;
}
