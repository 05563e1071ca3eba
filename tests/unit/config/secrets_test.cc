#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kCanary = "canary-4711";

struct Case {
  std::string_view text;
  std::string_view reported;
  std::string_view secret;
};

FakeFiles files() {
  FakeFiles out;
  out.files = {{"/s/good", {"canary-4711-file\n", false}},
               {"/s/blanks", {"canary-4711-file \t\r\nsecond line", false}},
               {"/s/bare", {"canary-4711-file", false}},
               {"/s/open", {"canary-4711-file\n", true}},
               {"/s/empty", {"", false}},
               {"/s/blank", {" \n", false}},
               {"/s/control", {std::string("canary-4711\0x", 13), false}},
               {"/s/latin", {"canary-4711\xE9\n", false}},
               {"/s/huge", {std::string(kSecretFileBytes + 1, 'x'), false}}};
  return out;
}

const std::map<std::string, std::string> kEnvironment = {{"GOOD", "canary-4711-env"},
                                                         {"NEWLINE", "canary-4711-env\n"},
                                                         {"EMPTY", ""},
                                                         {"CONTROL", "canary-4711\x1b[0m"},
                                                         {"FILE", "/s/good"}};

TEST_CASE("secrets come from a variable or a file, and never appear") {
  const std::vector<Case> cases = {
      {"", "", ""},
      {"key:\nkey_file:", "", ""},
      {"key: ${GOOD}", "", "canary-4711-env"},
      {"key: \"${GOOD}\"", "", "canary-4711-env"},
      {"key: ${NEWLINE}", "", "canary-4711-env"},
      {"key_file: /s/good", "", "canary-4711-file"},
      {"key_file: ../../s/good", "", "canary-4711-file"},
      {"key_file: ${FILE}", "", "canary-4711-file"},
      {"key_file: /s/blanks", "", "canary-4711-file"},
      {"key_file: /s/bare", "", "canary-4711-file"},
      {"key_file: /s/open", "C911 1:1+8", "canary-4711-file"},
      {"key: canary-4711", "C909 1:1+3", ""},
      {"key: canary-4711-${GOOD}", "C909 1:1+3", ""},
      {"key: ${GOOD} ", "", "canary-4711-env"},
      {"key: ${GOOD:-canary-4711}", "C909 1:1+3", ""},
      {"key: $GOOD", "C909 1:1+3", ""},
      {"key: [canary-4711]", "C902 1:1+3", ""},
      {"key: ${MISSING}", "C908 1:1+3", ""},
      {"key: ${EMPTY}", "C910 1:1+3", ""},
      {"key: ${CONTROL}", "C910 1:1+3", ""},
      {"key: ${GOOD}\nkey_file: /s/good", "C917 2:1+8", ""},
      {"key_file: /s/none", "C910 1:1+8", ""},
      {"key_file: /s/empty", "C910 1:1+8", ""},
      {"key_file: /s/blank", "C910 1:1+8", ""},
      {"key_file: /s/control", "C910 1:1+8", ""},
      {"key_file: /s/latin", "C910 1:1+8", ""},
      {"key_file: /s/huge", "C910 1:1+8", ""},
      {"key_file: ''", "C904 1:11+2", ""},
      // Beside other problems, and where the file cannot be understood.
      {"{key: canary-4711, kye: canary-4711}", "C909 1:2+3; C903 1:20+3 key", ""},
      {"key: canary-4711\nkey: canary-4711", "Y011 2:1+3", ""},
      {"key: \"canary-4711", "Y004 1:18+1", ""},
      {"tokn: canary-4711", "C903 1:1+4", ""},
      {"key: 'canary-4711' x: 1", "Y004 1:20+1", ""},
  };
  const FakeFiles fake = files();
  for (const Case& c : cases) {
    INFO(c.text);
    std::string secret;
    const Read found = read(
        c.text, [&](Settings& s) { secret = s.secret("key").reveal(); }, kEnvironment, fake);
    CHECK(found.summary() == c.reported);
    CHECK(secret == c.secret);
    CHECK(found.shown().find(kCanary) == std::string::npos);
  }
}

TEST_CASE("a secret that is required is asked for by both its names") {
  const auto use = [](Settings& s) { (void)s.required_secret("token"); };
  const Read missing = read("x: {}", use);
  CHECK(missing.summary() == "C904 1:1+1; C903 1:1+1");
  CHECK(missing.diagnostics.all()[0].message ==
        "the configuration needs `token: ${NAME}` (an environment variable) or `token_file: PATH`");
  CHECK(read("token: ${NONE}", use).summary() == "C908 1:1+5");
  CHECK(read("token_file: /none", use).summary() == "C910 1:1+10");
}

TEST_CASE("files that secrets were read from are known") {
  const FakeFiles fake = files();
  const Read found = read(
      "key_file: /s/good", [](Settings& s) { (void)s.secret("key"); }, {}, fake);
  CHECK(found.files == std::vector<std::string>{"/s/good"});
}

TEST_CASE("real files: permissions are noticed, and only regular files are read") {
  char name[] = "/tmp/tocsin-secrets-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string folder = name;
  const std::string path = folder + "/token";
  std::ofstream(path) << "some-token\n";
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  auto content = system_files().read(path, kSecretFileBytes);
  REQUIRE(content);
  CHECK(content->text == "some-token\n");
  CHECK_FALSE(content->others_may_read);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  content = system_files().read(path, kSecretFileBytes);
  REQUIRE(content);
  CHECK(content->others_may_read);
  CHECK(system_files().readable(path));
  CHECK_FALSE(system_files().read(path, 4));
  CHECK_FALSE(system_files().read(folder, kSecretFileBytes));
  CHECK_FALSE(system_files().read("/dev/zero", kSecretFileBytes));
  CHECK_FALSE(system_files().readable(folder + "/none"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tocsin::config
