#include "alert_template.h"

#include <ctemplate/template.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <exception>
#include <set>
#include <vector>

#include "alert_variables.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace tocsin::notifiers {
namespace {

using alert::Alert;
using deliver::Item;

constexpr std::size_t kTemplateBytes = std::size_t{64} << 10;
constexpr std::size_t kRenderedBytes = std::size_t{32} << 20;

enum class Escape { json, html, form, none };

constexpr std::string_view kSeparator = "_separator";

bool is_one_of(std::span<const Variable> variables, std::string_view name) {
  return std::any_of(variables.begin(), variables.end(),
                     [&](const Variable& variable) { return variable.name == name; });
}

Escape escape_for(std::string_view content_type) {
  const std::string_view type = text::trim(content_type.substr(0, content_type.find(';')));
  if (type == "application/json" || type.ends_with("+json")) return Escape::json;
  if (type == "text/html" || type.ends_with("xml")) return Escape::html;
  if (type == "application/x-www-form-urlencoded") return Escape::form;
  return Escape::none;
}

// Valid UTF-8; control characters stay out of anything but JSON, where they are escaped.
std::string escaped(const std::string& text, Escape how) {
  if (how == Escape::json) {
    std::string out;
    JsonWriter(out).string(text);
    return out.substr(1, out.size() - 2);
  }
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    char32_t c = text::next_code_point(text, at);
    if (c < 0x20 && c != U'\n' && c != U'\t') c = text::kReplacement;
    const char byte = text[start];
    if (how == Escape::html && std::string_view("&<>\"'").find(byte) != std::string_view::npos) {
      out += fmt::format("&#{};", static_cast<int>(byte));
    } else if (how == Escape::form) {
      std::string bytes;
      text::append_utf8(c, bytes);
      for (const char b : bytes) out += fmt::format("%{:02X}", static_cast<unsigned char>(b));
    } else {
      text::append_utf8(c, out);
    }
  }
  return out;
}

// What a template refers to, found by walking over its tags; and what is wrong with it.
class Walk {
 public:
  Walk(std::string_view text, Escape how) : text_(text), how_(how) {}

  // The first problem, with its line; nothing when the template is good.
  Status run() {
    std::size_t at = 0;
    while ((at = text_.find("{{", at)) != std::string_view::npos) {
      const std::size_t end = text_.find("}}", at);
      if (end == std::string_view::npos) return problem(at, "`{{` is never closed by `}}`");
      if (Status status = tag(at, text_.substr(at + 2, end - at - 2)); !status) return status;
      at = end + 2;
    }
    if (open_.empty()) return {};
    return problem(open_.back().at, fmt::format("the section {} is never closed by `{{{{/{}}}}}`",
                                                open_.back().name, open_.back().name));
  }

  std::set<std::string> names;  // of variables that are used

 private:
  struct Open {
    std::string_view name;
    std::size_t at;
  };

  Status problem(std::size_t at, std::string_view what) const {
    const auto line =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return fail(Code::invalid_input, fmt::format("line {}: {}", line + 1, what));
  }

  Status tag(std::size_t at, std::string_view inside) {
    if (inside.starts_with('!')) return {};  // a comment
    if (inside.starts_with('#')) return open(at, inside.substr(1));
    if (inside.starts_with('/')) return close(at, inside.substr(1));
    if (inside.starts_with('{')) return problem(at, "put a blank between `{` and `{{`");
    if (inside.starts_with('>') || inside.starts_with('=') || inside.starts_with('%')) {
      return problem(at, "includes, other delimiters and pragmas are not supported");
    }
    if (inside.find(':') != std::string_view::npos) {
      return problem(at, "modifiers are not needed: texts are escaped for the content type");
    }
    return variable(at, inside);
  }

  Status open(std::size_t at, std::string_view name) {
    const bool separates = !open_.empty() && name.ends_with(kSeparator) &&
                           name.substr(0, name.size() - kSeparator.size()) == open_.back().name;
    if (!separates && find_section(name) == nullptr) {
      std::vector<std::string_view> known;
      for (const Section& section : sections()) known.push_back(section.name);
      return unknown(at, "section", name, known);
    }
    open_.push_back({name, at});
    return {};
  }

  Status close(std::size_t at, std::string_view name) {
    if (open_.empty() || open_.back().name != name) {
      return problem(at, fmt::format("`{{{{/{}}}}}` closes a section that is not open here",
                                     text::printable(name)));
    }
    open_.pop_back();
    return {};
  }

  Status variable(std::size_t at, std::string_view name) {
    if (name == "BI_NEWLINE" || name == "BI_SPACE") return {};
    std::vector<std::string_view> known;
    for (const Variable& variable : text_variables()) known.push_back(variable.name);
    for (const Variable& variable : json_variables()) known.push_back(variable.name);
    for (const Open& section : open_) {
      if (const Section* found = find_section(section.name)) {
        known.insert(known.end(), found->inside.begin(), found->inside.end());
      }
    }
    if (name.empty() || std::find(known.begin(), known.end(), name) == known.end()) {
      return unknown(at, "variable", name, known);
    }
    if (is_one_of(json_variables(), name) && how_ != Escape::json) {
      return problem(at, fmt::format("{} is JSON, for a `content_type` of JSON only", name));
    }
    names.emplace(name);
    return {};
  }

  Status unknown(std::size_t at, std::string_view what, std::string_view name,
                 const std::vector<std::string_view>& known) const {
    const std::string_view near = text::nearest(name, known);
    return problem(at,
                   fmt::format("there is no {} `{}`{}", what, text::printable(name.substr(0, 80)),
                               near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
  }

  const std::string_view text_;
  const Escape how_;
  std::vector<Open> open_;
};

class Compiled : public AlertTemplate {
 public:
  Compiled(std::unique_ptr<ctemplate::Template> compiled, std::set<std::string> names, Escape how)
      : template_(std::move(compiled)), names_(std::move(names)), escape_(how) {}

  std::string render(const Item& item) const override {
    ctemplate::TemplateDictionary dictionary("alert");
    for (const Variable& variable : text_variables()) {
      if (uses(variable.name)) {
        set(dictionary, variable.name, escaped(variable.value(item), escape_));
      }
    }
    for (const Variable& variable : json_variables()) {
      if (uses(variable.name)) set(dictionary, variable.name, variable.value(item));
    }
    for (const Section& section : sections()) {
      for (const Round& round : section.rounds(item)) {
        ctemplate::TemplateDictionary* inner =
            dictionary.AddSectionDictionary(std::string(section.name));
        for (std::size_t i = 0; i < round.size(); ++i) {
          set(*inner, section.inside[i], escaped(round[i], escape_));
        }
      }
    }
    std::string out;
    template_->Expand(&out, &dictionary);
    if (out.size() > kRenderedBytes) out.resize(kRenderedBytes);
    return out;
  }

 private:
  bool uses(std::string_view name) const { return names_.contains(std::string(name)); }
  static void set(ctemplate::TemplateDictionary& dictionary, std::string_view name,
                  const std::string& value) {
    dictionary.SetValue(std::string(name), value);
  }

  const std::unique_ptr<ctemplate::Template> template_;
  const std::set<std::string> names_;
  const Escape escape_;
};

// An alert in which every text needs escaping, and one in which there is nothing.
std::array<Item, 2> trial_items() {
  constexpr std::string_view kHostile = "\"',}]{{<&\\\n\x01\xFF";
  auto facts = std::make_shared<alert::RuleFacts>();
  facts->description = facts->runbook = kHostile;
  facts->id = facts->title = facts->level = facts->file = facts->author = kHostile;
  facts->tags = facts->references = {std::string(kHostile), std::string(kHostile)};
  Item full;
  Alert& alert = full.alert;
  alert.rule = facts;
  for (const auto& fact : alert::kEventFacts<std::string>) alert.*fact.text = kHostile;
  for (std::string* text : {&alert.id, &alert.fingerprint, &alert.status, &alert.detected_at,
                            &alert.source, &alert.first_seen, &alert.last_seen}) {
    *text = kHostile;
  }
  alert.resources = {{std::string(kHostile), std::string(kHostile)}};
  alert.count = 2;
  const std::string text(kHostile);
  alert.matched.fields = {{text, text, text, text}, {text, text, text, text}};
  alert.event = full.json = "{}";
  Item bare;
  bare.alert.rule = std::make_shared<alert::RuleFacts>();
  bare.alert.event = bare.json = "{}";
  return {full, bare};
}

Status check_json(const AlertTemplate& compiled) {
  for (const Item& item : trial_items()) {
    const std::string body = compiled.render(item);
    boost::json::error_code error;
    boost::json::stream_parser parser;
    const std::size_t read = parser.write_some(body, error);
    if (!error) {
      const std::size_t rest = body.find_first_not_of(" \t\r\n", read);
      if (!parser.done()) parser.finish(error);
      if (!error && rest == std::string::npos) continue;
    }
    const auto upto = static_cast<std::ptrdiff_t>(std::min(read, body.size()));
    return fail(Code::invalid_input,
                fmt::format("what it makes of a trial alert is not JSON, in line {} of it: are "
                            "texts in quotes, and commas where they belong "
                            "(`{{{{#TAGS_separator}}}},{{{{/TAGS_separator}}}}`)?",
                            1 + std::count(body.begin(), body.begin() + upto, '\n')));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const AlertTemplate>> AlertTemplate::parse(
    std::string_view text, std::string_view content_type) try {
  if (text.size() > kTemplateBytes) {
    return fail(Code::limit, fmt::format("it is larger than {} KiB", kTemplateBytes >> 10));
  }
  if (text::find_invalid_utf8(text) != std::string_view::npos ||
      text.find('\0') != std::string_view::npos) {
    return fail(Code::invalid_input, "it is not UTF-8 text");
  }
  const Escape how = escape_for(content_type);
  Walk walk(text, how);
  if (Status status = walk.run(); !status) return tl::unexpected(std::move(status.error()));
  std::unique_ptr<ctemplate::Template> compiled(
      ctemplate::Template::StringToTemplate(text.data(), text.size(), ctemplate::DO_NOT_STRIP));
  if (compiled == nullptr) return fail(Code::invalid_input, "it is not a template");
  auto out = std::make_shared<const Compiled>(std::move(compiled), std::move(walk.names), how);
  if (how == Escape::json) {
    if (Status status = check_json(*out); !status) {
      return tl::unexpected(std::move(status.error()));
    }
  }
  return out;
} catch (const std::exception&) {  // memory
  return fail(Code::limit, "there is not enough memory for it");
}

}  // namespace tocsin::notifiers
