// aws_driver: the clients of engine/aws, one call a process, for tests/aws/run.py.
//
//   aws_driver [--region R] [--profile P] [--role ARN] [--external-id X] [--endpoint URL]
//              [--clock SECONDS] [--repeat N] [--pause MS] [--metrics FILE] COMMAND ARGUMENT…
//
// Prints one JSON object: the result, or {"kind", "code", "message", "retryable"} of the failure,
// and exits with 0 or 1. Of `get` the object's bytes go to the file that is named.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "aws/cloudtrail.h"
#include "aws/s3.h"
#include "aws/session.h"
#include "aws/sqs.h"
#include "aws/sts.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "net/crypto.h"

namespace tocsin::aws {
namespace {

const std::atomic<bool> kGoOn{false};

// A clock that is wrong.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(std::int64_t seconds) : ahead_ms_(seconds * 1000) {}
  std::int64_t wall_ms() const override { return system_clock().wall_ms() + ahead_ms_; }
  std::int64_t steady_ms() const override { return system_clock().steady_ms(); }

 private:
  std::int64_t ahead_ms_;
};

void write_failure(const Failure& failure, JsonWriter& json) {
  json.begin_object().member("kind", name(failure.kind)).member("code", failure.code);
  json.member("message", failure.message).key("retryable").boolean(failure.is_retryable);
  json.end_object();
}

class Driver {
 public:
  Driver(Session& session, std::vector<std::string> arguments, JsonWriter& json)
      : session_(session), arguments_(std::move(arguments)), json_(json) {}

  bool run() {
    static const std::map<std::string, bool (Driver::*)()> kCommands = {
        {"receive", &Driver::receive},
        {"delete", &Driver::remove},
        {"visibility", &Driver::change},
        {"attributes", &Driver::attributes},
        {"queue-url", &Driver::queue},
        {"get", &Driver::get},
        {"list", &Driver::list},
        {"identity", &Driver::identity},
        {"keys", &Driver::keys},
        {"events", &Driver::events},
        {"credentials", &Driver::credentials}};
    const auto command = kCommands.find(argument(0));
    if (command == kCommands.end()) {
      std::cerr << "no such command\n";
      std::exit(2);
    }
    return (this->*command->second)();
  }

 private:
  const std::string& argument(std::size_t i) const {
    static const std::string kNone;
    return i < arguments_.size() ? arguments_[i] : kNone;
  }
  bool fail(const Failure& failure) {
    write_failure(failure, json_);
    return false;
  }
  bool say(const std::vector<EntryFailure>& failures) {
    json_.begin_object().key("failed").begin_array();
    for (const EntryFailure& failure : failures) {
      json_.begin_object().key("index").number(std::uint64_t{failure.index}).key("failure");
      write_failure(failure.failure, json_);
      json_.end_object();
    }
    json_.end_array().end_object();
    return failures.empty();
  }

  // QUEUE COUNT WAIT [VISIBILITY]
  bool receive() {
    Sqs queue(session_, argument(1));
    std::optional<int> visibility;
    if (!argument(4).empty()) visibility = std::stoi(argument(4));
    const auto messages =
        queue.receive(std::stoi(argument(2)), std::stoi(argument(3)), visibility, kGoOn);
    if (!messages) return fail(messages.error());
    json_.begin_object().key("messages").begin_array();
    for (const Message& message : *messages) {
      json_.begin_object().member("id", message.id).member("handle", message.receipt_handle);
      json_.member("body", message.body).key("count").number(std::int64_t{message.receive_count});
      json_.key("sent_ms").number(message.sent_ms).key("first_received_ms");
      json_.number(message.first_received_ms).end_object();
    }
    json_.end_array().end_object();
    return true;
  }
  // QUEUE HANDLE…
  bool remove() {
    const std::vector<std::string> handles(arguments_.begin() + 2, arguments_.end());
    return say(Sqs(session_, argument(1)).remove(handles, kGoOn));
  }
  // QUEUE SECONDS HANDLE…
  bool change() {
    std::vector<VisibilityChange> changes;
    for (std::size_t i = 3; i < arguments_.size(); ++i) {
      changes.push_back({arguments_[i], std::stoi(argument(2))});
    }
    return say(Sqs(session_, argument(1)).change_visibility(changes, kGoOn));
  }
  bool attributes() {
    const auto found = Sqs(session_, argument(1)).attributes(kGoOn);
    if (!found) return fail(found.error());
    json_.begin_object().member("arn", found->arn).key("visible").number(found->visible);
    json_.key("in_flight").number(found->in_flight);
    json_.key("timeout").number(std::int64_t{found->visibility_timeout_seconds});
    json_.member("dlq", found->dead_letter_arn).key("max_receive_count");
    json_.number(std::int64_t{found->max_receive_count}).end_object();
    return true;
  }
  // NAME [OWNER]
  bool queue() {
    const auto url = queue_url(session_, argument(1), argument(2), kGoOn);
    if (!url) return fail(url.error());
    json_.begin_object().member("url", *url).end_object();
    return true;
  }
  // BUCKET KEY FILE [REGION] [requester]
  bool get() {
    ObjectName object{argument(1), argument(2), argument(4), {}, argument(5) == "requester"};
    auto opened = S3(session_).get(object, kGoOn);
    if (!opened) return fail(opened.error());
    S3Object& source = **opened;
    std::ofstream file(argument(3), std::ios::binary);
    for (char chunk[65536];;) {
      const Result<std::size_t> size = source.read(chunk, sizeof chunk);
      if (!size) return fail(*source.failure());
      if (*size == 0) break;
      file.write(chunk, static_cast<std::streamsize>(*size));
    }
    json_.begin_object().key("bytes").number(source.consumed());
    json_.member("etag", source.info().etag).key("metadata").begin_object();
    for (const auto& [key, value] : source.info().metadata) json_.member(key, value);
    json_.end_object().end_object();
    return true;
  }
  // BUCKET PREFIX [START_AFTER] [DELIMITER] [MAX_KEYS] [requester]: all pages
  bool list() {
    ListRequest request;
    request.bucket = argument(1);
    request.prefix = argument(2);
    request.start_after = argument(3);
    request.delimiter = argument(4);
    request.requester_pays = argument(6) == "requester";
    if (!argument(5).empty()) request.max_keys = std::stoi(argument(5));
    std::string objects, prefixes;
    JsonWriter object_list(objects), prefix_list(prefixes);
    object_list.begin_array();
    prefix_list.begin_array();
    std::int64_t pages = 0;
    do {
      const auto page = S3(session_).list(request, kGoOn);
      if (!page) return fail(page.error());
      ++pages;
      for (const ListedObject& object : page->objects) {
        object_list.begin_object().member("key", object.key).key("size").number(object.size);
        object_list.end_object();
      }
      for (const std::string& prefix : page->prefixes) prefix_list.string(prefix);
      request.continuation = page->continuation;
    } while (!request.continuation.empty());
    object_list.end_array();
    prefix_list.end_array();
    json_.begin_object()
        .key("pages")
        .number(pages)
        .key("objects")
        .raw(objects)
        .key("prefixes")
        .raw(prefixes);
    json_.end_object();
    return true;
  }
  bool identity() {
    const auto who = caller_identity(session_, kGoOn);
    if (!who) return fail(who.error());
    json_.begin_object().member("account", who->account).member("arn", who->arn).end_object();
    return true;
  }
  // REGION FROM TO
  bool keys() {
    const auto found = list_public_keys(session_, argument(1), std::stoll(argument(2)),
                                        std::stoll(argument(3)), kGoOn);
    if (!found) return fail(found.error());
    json_.begin_object().key("keys").begin_array();
    for (const PublicKey& key : *found) {
      json_.begin_object().member("fingerprint", key.fingerprint);
      json_.member("der", net::hex(key.der)).key("from").number(key.valid_from);
      json_.key("to").number(key.valid_to).end_object();
    }
    json_.end_array().end_object();
    return true;
  }
  // REGION FROM TO: all pages
  bool events() {
    std::vector<std::string> all;
    std::string token;
    do {
      const auto page = lookup_events(session_, argument(1), std::stoll(argument(2)),
                                      std::stoll(argument(3)), token, kGoOn);
      if (!page) return fail(page.error());
      all.insert(all.end(), page->events.begin(), page->events.end());
      token = page->next_token;
    } while (!token.empty());
    json_.begin_object().key("events").begin_array();
    for (const std::string& event : all) json_.string(event);
    json_.end_array().end_object();
    return true;
  }
  // Whose they are, never what they are.
  bool credentials() {
    const auto found = session_.credentials(kGoOn);
    if (!found) return fail(found.error());
    json_.begin_object().member("access_key", found->access_key).member("origin", found->origin);
    json_.key("expires_ms").number(found->expires_ms.value_or(0)).end_object();
    return true;
  }

  Session& session_;
  const std::vector<std::string> arguments_;
  JsonWriter& json_;
};

int drive(int count, char** values) {
  std::map<std::string, std::string> options;
  int at = 1;
  for (; at + 1 < count && std::string_view(values[at]).starts_with("--"); at += 2) {
    options[values[at] + 2] = values[at + 1];
  }
  Settings settings;
  settings.region = options["region"];
  settings.profile = options["profile"];
  settings.role_arn = options["role"];
  settings.external_id = options["external-id"];
  settings.endpoint = options["endpoint"];
  const WrongClock clock(std::atoll(options["clock"].c_str()));
  metrics::Registry metrics;
  std::string line;
  JsonWriter json(line);
  bool is_good = true;
  const auto session = Session::open(settings, process_environment(), metrics, clock);
  if (!session) {
    json.begin_object().member("kind", "configuration").member("message", session.error().message);
    json.end_object();
    is_good = false;
  } else {
    for (int i = std::max(1, std::atoi(options["repeat"].c_str())); i > 0; --i) {
      if (!line.empty()) wait_ms(std::atoi(options["pause"].c_str()), kGoOn);
      line.clear();
      JsonWriter writer(line);
      is_good = Driver(**session, {values + at, values + count}, writer).run();
    }
  }
  std::cout << line << '\n';
  if (options.contains("metrics")) std::ofstream(options["metrics"]) << metrics.text();
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace tocsin::aws

int main(int count, char** values) {
  tocsin::log::configure(tocsin::log::Level::debug, tocsin::log::Format::text);
  return tocsin::aws::drive(count, values);
}
