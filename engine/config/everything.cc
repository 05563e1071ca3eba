// Settings::everything(): texts with their lengths, so that no two maps are written alike.
#include <filesystem>
#include <string>

#include "config/settings.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kFileBytes = std::size_t{1} << 20;

class Writer {
 public:
  explicit Writer(const Context& context) : context_(context) {}

  void add(const sigma::YamlNode& node, bool names_a_file) {
    switch (node.kind) {
      case sigma::YamlNode::Kind::scalar:
        add_scalar(node.scalar.text, names_a_file);
        return;
      case sigma::YamlNode::Kind::sequence:
        add('[', std::to_string(node.items.size()));
        for (const sigma::YamlNode& item : node.items) add(item, names_a_file);
        return;
      case sigma::YamlNode::Kind::map:
        add('{', std::to_string(node.entries.size()));
        for (const sigma::YamlEntry& entry : node.entries) {
          add('k', entry.key.text);
          add(entry.value, entry.key.text.ends_with("_file"));
        }
        return;
    }
  }

  Secret take() { return Secret(std::move(out_)); }

 private:
  void add(char kind, std::string_view text) {
    out_.append(1, kind).append(std::to_string(text.size())).append(1, ':').append(text);
  }

  void add_scalar(const std::string& text, bool names_a_file) {
    add('s', text);
    const auto expanded = replace_variables(text, context_.environment);
    if (!expanded) return;  // reported by whoever asked for it
    add('v', *expanded);
    if (!names_a_file || expanded->empty()) return;
    const std::filesystem::path path = std::filesystem::path(context_.folder) / *expanded;
    const Result<Files::Content> content = context_.files->read(path.string(), kFileBytes);
    add('f', content ? content->text : content.error().message);
  }

  const Context& context_;
  std::string out_;
};

}  // namespace

Secret Settings::everything() const {
  Writer writer(*context_);
  writer.add(*map_, false);
  return writer.take();
}

}  // namespace tocsin::config
