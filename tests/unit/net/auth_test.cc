#include "net/auth.h"

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

constexpr auto kIngest = static_cast<std::uint8_t>(Role::ingest);
constexpr auto kRead = static_cast<std::uint8_t>(Role::read);
constexpr auto kAdmin = static_cast<std::uint8_t>(Role::admin);

TEST_CASE("who may do what") {
  const Auth auth({{"sender", Secret("send-me"), kIngest},
                   {"scraper", Secret("scrape-me"), kRead},
                   {"operator", Secret("operate-me"), kAdmin},
                   {"everything", Secret("all-of-it"), kIngest | kAdmin},
                   {"unset", Secret(""), kIngest | kRead | kAdmin},
                   {"sender's other role", Secret("send-me"), kRead}},
                  {{"agent", kIngest}, {"viewer", kRead}});
  CHECK_FALSE(auth.is_open());
  struct Case {
    const char* token;
    const char* client;
    Verdict ingest;
    Verdict read;
    Verdict admin;
  };
  constexpr auto kNo = Verdict::forbidden;
  constexpr auto kYes = Verdict::allowed;
  constexpr auto kWho = Verdict::unauthenticated;
  const Case kCases[] = {
      {"", "", kWho, kWho, kWho},
      {"send-me", "", kYes, kYes, kNo},
      {"scrape-me", "", kNo, kYes, kNo},
      {"operate-me", "", kNo, kYes, kYes},
      {"all-of-it", "", kYes, kYes, kYes},
      {"send-m", "", kWho, kWho, kWho},
      {"send-me ", "", kWho, kWho, kWho},
      {"SEND-ME", "", kWho, kWho, kWho},
      {"unset", "", kWho, kWho, kWho},
      {"", "agent", kYes, kNo, kNo},
      {"", "viewer", kNo, kYes, kNo},
      {"", "Agent", kWho, kWho, kWho},
      {"scrape-me", "agent", kYes, kYes, kNo},
      {"wrong", "agent", kYes, kNo, kNo},
  };
  for (const Case& one : kCases) {
    INFO(one.token << " " << one.client);
    CHECK(auth.check(Role::ingest, one.token, one.client) == one.ingest);
    CHECK(auth.check(Role::read, one.token, one.client) == one.read);
    CHECK(auth.check(Role::admin, one.token, one.client) == one.admin);
  }
}

TEST_CASE("without tokens and certificates all is open; an empty token opens nothing") {
  const Auth open({}, {});
  CHECK(open.is_open());
  CHECK(open.check(Role::admin, "", "") == Verdict::allowed);
  const Auth unset({{"unset", Secret(""), kAdmin}}, {});
  CHECK_FALSE(unset.is_open());
  CHECK(unset.check(Role::admin, "", "") == Verdict::unauthenticated);
}

TEST_CASE("tokens in an Authorization header") {
  struct Case {
    const char* header;
    const char* token;
  };
  const Case kCases[] = {
      {"Bearer abc", "abc"},
      {"bearer abc", "abc"},
      {"BEARER   abc  ", "abc"},
      {"Bearer", ""},
      {"Bearer ", ""},
      {"Bearerabc", ""},
      {"Token abc", ""},
      {"", ""},
      {" Bearer abc", ""},
      {"Basic dXNlcjpwYXNz", "pass"},       // user:pass
      {"basic dXNlcjpwYTpzcw==", "pa:ss"},  // user:pa:ss
      {"Basic OnBhc3M=", "pass"},           // :pass
      {"Basic dXNlcjo=", ""},               // user:
      {"Basic dXNlcg==", ""},               // user
      {"Basic dXNlcjpwYXN", ""},            // cut off
      {"Basic dXNlcjpwYXN*", ""},
      {"Basic dXNlcjpw=XNz", ""},
      {"Basic dXNlcjpwYTpzcx==", ""},  // bits after the end
      {"Basic ====", ""},
      {"Basic =", ""},
  };
  for (const Case& one : kCases) {
    INFO(one.header);
    CHECK(presented_token(one.header) == one.token);
  }
}

}  // namespace
}  // namespace tocsin::net
