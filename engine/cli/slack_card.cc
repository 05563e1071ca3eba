#include "cli/slack_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <vector>

#include "base/text.h"

namespace tocsin::cli {
namespace {

namespace bj = boost::json;

std::string member(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains(name);
  const bj::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

const bj::array& list(const bj::object& object, std::string_view name) {
  static const bj::array kNone;
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = text::next_code_point(text, at);
    count += c >= 0x1F300 ? 2u : c == 0xFE0F ? 0u : 1u;
  }
  return count;
}

std::string unescaped(std::string text) {
  for (const auto& [entity, c] :
       {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&amp;", "&")}) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at) {
      text.replace(at, std::string_view(entity).size(), c);
    }
  }
  return text;
}

// `<!date^…|text>` and `<url|text>` as their text, `*name*` as the name.
std::string readable(std::string text) {
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    const std::size_t end = text.find('>', at);
    const std::size_t bar = text.find('|', at);
    if (end == std::string::npos || bar == std::string::npos || bar > end) break;
    text = text.substr(0, at) + text.substr(bar + 1, end - bar - 1) + text.substr(end + 1);
  }
  std::string out;
  bool code = false;
  for (const char c : text) {
    if (c == '`') code = !code;
    if (c == '`' || (c == '*' && !code)) continue;
    out += c;
  }
  return unescaped(out);
}

class Page {
 public:
  Page(bool color, std::size_t width)
      : color_(color), width_(std::clamp<std::size_t>(width, 40, 110)) {}

  void blocks(const bj::array& blocks, std::string_view bar) {
    for (const bj::value& value : blocks) {
      if (!value.is_object()) continue;
      const bj::object& block = value.get_object();
      const std::string type = member(block, "type");
      if (const bj::value* text = block.if_contains("text"); text != nullptr && text->is_object()) {
        paragraph(bar, readable(member(text->get_object(), "text")),
                  type == "header" ? "\x1b[1m" : "");
      }
      fields(list(block, "fields"), bar);
      for (const bj::value& element : list(block, "elements")) {
        if (!element.is_object()) continue;
        paragraph(bar, readable(member(element.get_object(), "text")), "\x1b[2m");
      }
    }
  }

  std::string take() && { return std::move(out_); }

 private:
  // Two columns, as Slack shows them where there is room.
  void fields(const bj::array& fields, std::string_view bar) {
    const std::size_t half = (width_ - 4) / 2;
    std::vector<std::vector<std::string>> cells;
    for (const bj::value& field : fields) {
      if (field.is_object()) {
        cells.push_back(wrapped(readable(member(field.get_object(), "text")), half - 1));
      }
    }
    for (std::size_t i = 0; i < cells.size(); i += 2) {
      const std::vector<std::string> none;
      const auto& right = i + 1 < cells.size() ? cells[i + 1] : none;
      for (std::size_t line = 0; line < std::max(cells[i].size(), right.size()); ++line) {
        const std::string left = line < cells[i].size() ? cells[i][line] : "";
        std::string text = left + std::string(half - std::min(columns(left), half), ' ');
        if (line < right.size()) text += right[line];
        put(bar, text, line == 0 ? "\x1b[1m" : "");
      }
      put(bar, "", "");
    }
  }

  void paragraph(std::string_view bar, const std::string& text, std::string_view style) {
    for (const std::string& line : wrapped(text, width_ - 4)) put(bar, line, style);
    put(bar, "", "");
  }

  static std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
    std::vector<std::string> out(1);
    std::size_t used = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t start = at;
      const char32_t c = text::next_code_point(text, at);
      if (c == U'\n' || used >= width) {
        out.emplace_back();
        used = 0;
        if (c == U'\n') continue;
      }
      const std::string piece = text.substr(start, at - start);
      out.back() += piece;
      used += columns(piece);
    }
    return out;
  }

  void put(std::string_view bar, const std::string& line, std::string_view style) {
    out_ += bar;
    out_ += ' ';
    const bool styled = color_ && !style.empty() && !line.empty();
    if (styled) out_ += style;
    out_ += text::printable(line);
    if (styled) out_ += "\x1b[0m";
    while (out_.ends_with(' ')) out_.pop_back();
    out_ += '\n';
  }

  const bool color_;
  const std::size_t width_;
  std::string out_;
};

// "▌" in the colour "#rrggbb".
std::string bar_of(const std::string& color, bool colored) {
  if (!colored || color.size() != 7 || color[0] != '#' ||
      color.find_first_not_of("0123456789abcdefABCDEF", 1) != std::string::npos) {
    return "▌";
  }
  const auto part = [&](std::size_t at) { return std::stoi(color.substr(at, 2), nullptr, 16); };
  return fmt::format("\x1b[38;2;{};{};{}m▌\x1b[0m", part(1), part(3), part(5));
}

}  // namespace

std::string render_slack_message(std::string_view payload, bool color, std::size_t width) try {
  bj::error_code error;
  const bj::value json = bj::parse(payload, error);
  if (error || !json.is_object()) return {};
  Page page(color, width);
  page.blocks(list(json.get_object(), "blocks"), " ");
  for (const bj::value& attachment : list(json.get_object(), "attachments")) {
    if (!attachment.is_object()) continue;
    page.blocks(list(attachment.get_object(), "blocks"),
                bar_of(member(attachment.get_object(), "color"), color));
  }
  return std::move(page).take();
} catch (const std::exception&) {  // memory
  return {};
}

}  // namespace tocsin::cli
