// Where a notifier sends to, and what came back: what the HTTP notifiers share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/settings.h"
#include "deliver/notifier.h"

namespace tocsin::notifiers {

using Headers = std::vector<std::pair<std::string, Secret>>;

// `key: URL`, where `${NAME}` may stand for all or part of it, or `key_file: PATH`. Problems are
// reported, among them a URL that is not one; the result is empty then, and when there is none.
Secret url_setting(config::Settings& settings, const std::string& key);

// `headers:`, a map whose values may name environment variables, and `bearer_token` or
// `bearer_token_file`. Headers that the notifier or HTTP itself decides are refused.
Headers header_settings(config::Settings& settings);

// Sends, and judges the answer with `judge`.
deliver::Outcome exchange(deliver::Channel& channel, const net::HttpRequest& request,
                          deliver::Outcome (*judge)(const net::HttpAnswer&) = deliver::classify);

}  // namespace tocsin::notifiers
