// When the configuration is read again.
#include "pipeline/reloader.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "unit/pipeline/support.h"

namespace tocsin::pipeline {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a signature changes with names, sizes and links, and with nothing else") {
  const Folder folder;
  std::filesystem::create_directories(folder / "a/rules");
  std::filesystem::create_directories(folder / "b/rules");
  write(folder / "a/rules/x.yml", "one");
  write(folder / "b/rules/x.yml", "other text");
  std::filesystem::create_directory_symlink(folder / "a", folder / "data");
  const std::vector<std::string> watched = {folder / "data/rules"};

  const std::string first = signature_of(watched);
  CHECK(signature_of(watched) == first);
  // As Kubernetes does it: a new link takes the place of the old one.
  std::filesystem::create_directory_symlink(folder / "b", folder / "new");
  std::filesystem::rename(folder / "new", folder / "data");
  const std::string swapped = signature_of(watched);
  CHECK(swapped != first);
  write(folder / "b/rules/y.yml", "");
  CHECK(signature_of(watched) != swapped);
  CHECK(signature_of({folder / "absent"}) != signature_of({folder / "b"}));
}

TEST_CASE("requests are answered with what the reload came to") {
  std::atomic<int> reloads{0};
  Reloader reloader(0, {[&]() -> Status {
                          if (++reloads == 1) return {};
                          return fail(Code::invalid_input, "rules/x.yml:3:1: no");
                        },
                        [] { return std::vector<std::string>(); }});
  const auto ask = [&] {
    std::promise<Status> answer;
    reloader.request([&](Status status) { answer.set_value(std::move(status)); });
    return answer.get_future().get();
  };
  CHECK(ask());
  const Status second = ask();
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "rules/x.yml:3:1: no");
  reloader.stop();
  CHECK_FALSE(ask());
}

TEST_CASE("a changed file is read again once it stands still") {
  const Folder folder;
  const std::string file = folder / "x.yml";
  write(file, "one");
  std::promise<void> reloaded;
  std::atomic<bool> told{false};
  Reloader reloader(20, {[&]() -> Status {
                           if (!told.exchange(true)) reloaded.set_value();
                           return {};
                         },
                         [&] { return std::vector<std::string>{file}; }});
  write(file, "another");
  CHECK(reloaded.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
}

}  // namespace tocsin::pipeline
