// Payloads as they are, for people to read: golden/ALERT.SETUP.json. With TOCSIN_UPDATE_GOLDEN set
// they are written instead of compared.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "contract/notifiers/kit.h"
#include "differential/reference/json_dom.h"
#include "source_dir.h"

namespace tocsin::contract {
namespace {

using reference::Json;

constexpr char kFolder[] = TOCSIN_SOURCE_DIR "/tests/contract/notifiers/golden/";

// One member or element a line, as far as they are not short.
std::string pretty(const Json& json, const std::string& indent = "") {
  const std::string flat = reference::to_text(json);
  const bool is_object = json.kind == Json::Kind::object;
  if ((!is_object && json.kind != Json::Kind::array) || indent.size() + flat.size() <= 100) {
    return flat;
  }
  const std::string deeper = indent + "  ";
  std::string out = is_object ? "{" : "[";
  std::string before = "\n";
  for (const Json& element : json.elements) {
    out += before + deeper + pretty(element, deeper);
    before = ",\n";
  }
  for (const reference::Member& member : json.members) {
    Json key;
    key.kind = Json::Kind::string;
    key.text = member.key;
    out += before + deeper + reference::to_text(key) + ": " + pretty(member.value, deeper);
    before = ",\n";
  }
  return out + "\n" + indent + (is_object ? "}" : "]");
}

std::string file_name(std::string setup) {
  std::string out;
  for (const char c : setup) {
    if (c == ',') continue;
    out += c == ' ' ? '_' : c;
  }
  return out;
}

void compare(const std::string& name, const std::string& payload) {
  INFO(name);
  const auto json = reference::parse_strict_json(payload, 100);
  REQUIRE(json.has_value());
  const std::string now = pretty(*json) + "\n";
  const std::string path = kFolder + name + ".json";
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << now;
    return;
  }
  CHECK(now == file_text(path));
}

TEST_CASE("payloads are as they were") {
  for (const Setup& setup : setups()) {
    if (setup.type == "stdout" || setup.type == "file") continue;
    const auto notifier = made(setup, "https://receiver.example.org/x");
    for (const std::string name : {"compute_environment", "root_denied", "denied_calls"}) {
      const std::uint64_t count = name == "root_denied" ? 12 : 1;
      compare(name + "." + file_name(setup.name),
              notifier->preview(notification({item(alert_line(name), "k3y", count)})));
    }
    if (entry(setup.type)->traits.digest > 1) {
      compare("digest." + file_name(setup.name),
              notifier->preview(notification({item(alert_line("root_denied"), "k1", 12),
                                              item(alert_line("compute_environment"), "k2"),
                                              item(alert_line("denied_calls"), "k3")})));
    }
  }
}

}  // namespace
}  // namespace tocsin::contract
