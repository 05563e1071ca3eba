#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "event/record_reader.h"

namespace tocsin::event {
namespace {

namespace fs = std::filesystem;

TEST_CASE("inputs: files, folders, globs and what is none of them") {
  std::string name = (fs::temp_directory_path() / "tocsin-test-XXXXXX").string();
  const fs::path root = ::mkdtemp(name.data());
  const auto write = [&](const std::string& path) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << "{}";
    return (root / path).string();
  };
  const std::string b = write("b.json");
  const std::string a = write("a.json");
  const std::string z = write("folder/z.json");
  const std::string c = write("folder/deep/c.json");
  const std::string star = write("odd/[x]*.json");
  write("folder/.hidden/d.json");
  write("folder/.e.json");
  fs::create_directory_symlink(root, root / "folder" / "loop");
  fs::create_symlink(root / "nowhere", root / "odd" / "dangling");
  fs::create_symlink(a, root / "odd" / "link");
  const std::string link = (root / "odd" / "link").string();
  const auto at = [&](const char* path) { return (root / path).string(); };
  using Files = std::vector<std::string>;

  Inputs inputs = expand_inputs({b, at("folder")});
  CHECK(inputs.files == Files{b, c, z});
  CHECK(inputs.errors.empty());
  CHECK(inputs.total_bytes == 6);

  inputs = expand_inputs({at("*.json"), at("odd/[x]*.json")});
  CHECK(inputs.files == Files{a, b, star});

  inputs = expand_inputs({at("odd"), at("odd/dang*"), at("none*"), at("none"), ""});
  CHECK(inputs.files == Files{star, link});
  REQUIRE(inputs.errors.size() == 5);
  CHECK(inputs.errors[2].message == "no file matches " + at("none*"));
  CHECK(inputs.errors[3].message == "there is no file " + at("none"));

  inputs = expand_inputs({a, "-"});
  CHECK(inputs.files == Files{a, "-"});
  CHECK(inputs.total_bytes == 0);

  fs::remove_all(root);
}

}  // namespace
}  // namespace tocsin::event
