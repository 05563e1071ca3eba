// Plain YAML is read as yaml-cpp reads it, place for place, or not at all.
#include "sigma/plain_yaml.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "differential/generate/mutator.h"
#include "differential/generate/random.h"
#include "source_dir.h"
#include "unit/sigma/yaml_reading.h"

namespace tocsin::sigma {
namespace {

namespace fs = std::filesystem;

bool is_plain(const std::string& text) {
  const std::string file = "test.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  YamlBuilder builder(report);
  try {
    return read_plain_yaml(report.text(), builder) && diagnostics.empty();
  } catch (const YamlBuilder::Stop&) {
    return false;
  }
}

bool same(const std::string& text) {
  const std::string plain = reading(text, YamlReading::plain_first);
  const std::string library = reading(text, YamlReading::library_only);
  if (plain == library) return true;
  UNSCOPED_INFO("text:\n" << text << "\nplain:" << plain << "\nlibrary:" << library);
  return false;
}

std::vector<std::string> texts_below(const fs::path& root) {
  std::vector<std::string> texts;
  if (!fs::exists(root)) return texts;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".yml") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return texts;
}

fs::path corpus_rules() {
  const char* given = std::getenv("TOCSIN_CORPUS");
  const fs::path corpus =
      given != nullptr ? fs::path(given) : fs::path(TOCSIN_SOURCE_DIR) / ".." / "shared" / "corpus";
  return corpus / "rules";
}

// What the language is made of, in pieces.
const std::vector<std::string> kPieces = {
    "a: b\n",  "  ", "- ",     "-",    ": ",   ":",      "#",        " #",      "\n",
    "'",       "\"", "''",     "|\n",  "|-\n", ">\n",    "---\n",    "...\n",   "{",
    "}",       "[",  "]",      ", ",   "null", "~",      "\\",       "\t",      "\r\n",
    "&a ",     "*a", "!!str ", "? ",   "<<: ", "key:\n", "- x: y\n", "  - z\n", "\xC3\xA9",
    "%YAML\n", "@",  "`",      "    ", "\n\n", "   \n",  "true",     "- - a\n", "\xEF\xBB\xBF"};

// Like `text`, but for lines that are repeated, missing, moved or indented otherwise.
std::string shuffled_lines(differential::Random& random, const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
    lines.push_back(text.substr(start, end - start));
    start = end;
  }
  if (lines.empty()) return text;
  const auto at = [&] {
    return lines.begin() + static_cast<std::ptrdiff_t>(random.below(lines.size()));
  };
  const auto first = at();
  switch (random.below(5)) {
    case 0:
      lines.insert(at(), std::string(*first));
      break;
    case 1:
      std::swap(*first, *at());
      break;
    case 2:
      first->insert(0, random.below(5), ' ');
      break;
    case 3:
      first->erase(0, std::min(first->find_first_not_of(' '), random.below(6)));
      break;
    default:
      lines.erase(first);
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

TEST_CASE("plain YAML: every rule at hand reads the same, and most are plain") {
  std::size_t files = 0, plain = 0;
  for (const fs::path& root : {corpus_rules(), fs::path(TOCSIN_SOURCE_DIR) / "rules"}) {
    for (const std::string& text : texts_below(root)) {
      ++files;
      if (is_plain(text)) ++plain;
      CHECK(same(text));
    }
  }
  WARN(plain << " of " << files << " files are plain");
  CHECK(plain * 100 >= files * 80);
}

TEST_CASE("plain YAML: damaged rules read the same") {
  differential::Random random(differential::seed());
  std::vector<std::string> seeds = texts_below(fs::path(TOCSIN_SOURCE_DIR) / "rules");
  for (std::string& text : texts_below(corpus_rules())) {
    if (text.size() < 3000) seeds.push_back(std::move(text));
  }
  std::size_t plain = 0;
  const std::size_t total = differential::scaled(20'000);
  for (std::size_t i = 0; i < total; ++i) {
    const std::string& seed = random.pick(seeds);
    std::string text = random.percent(50) ? differential::damaged(random, seed, kPieces) : seed;
    if (random.percent(70)) text = shuffled_lines(random, text);
    if (is_plain(text)) ++plain;
    if (!same(text)) FAIL("mutation " << i);
  }
  WARN(plain << " of " << total << " mutations are plain");
  CHECK(plain * 10 >= total);
}

TEST_CASE("plain YAML: small texts made of its pieces read the same") {
  differential::Random random(differential::seed());
  const std::size_t total = differential::scaled(200'000);
  for (std::size_t i = 0; i < total; ++i) {
    std::string text = random.percent(60) ? "a: b\n" : "";
    for (std::size_t pieces = 1 + random.below(9); pieces > 0; --pieces) {
      text += random.pick(kPieces);
      if (random.percent(30)) text += "x y";
    }
    if (!same(text)) FAIL("text " << i);
  }
}

TEST_CASE("plain YAML: what is plain, and what is left to the library") {
  for (const char* text :
       {"a: b\n", "a:\n  b: c\n  d:\n  - e\n  - f: g\n    h:\nk: 'it''s'\n",
        "a: |\n  x\n\n   y\nb: c\n", "a: {b: c, d: e} # f\n", "--- # one\na: b\n---\nc: d\n",
        "'a': \"b\"", "a: []\n", "a:\n  - b  \n   c\n  - d\ne: f\n", ""}) {
    INFO(text);
    CHECK(is_plain(text));
    CHECK(same(text));
  }
  for (const char* text : {"a: b: c\n",
                           "a:\tb\n",
                           "a: b\r\n",
                           "a: \"\\x41\"\n",
                           "a: >\n  b\n",
                           "a: &b c\n",
                           "a: *b\n",
                           "a: !b c\n",
                           "a: b\n\n  c\n",
                           "a: b # c\n  d\n",
                           "- a\n",
                           "a\n",
                           "? a\n",
                           "a: 'b\n  c'\n",
                           "a: [b,\n  c]\n",
                           "a: 1\na: 2\n",
                           "a: b\n...\n",
                           "a:\n  - - b\n",
                           "a: |2\n   b\n",
                           " a: b\n",
                           "\xEF\xBB\xBF\xEF\xBB\xBF"
                           "a: b\n"}) {
    INFO(text);
    CHECK_FALSE(is_plain(text));
    CHECK(same(text));
  }
}

}  // namespace
}  // namespace tocsin::sigma
