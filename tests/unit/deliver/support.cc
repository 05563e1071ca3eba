#include "unit/deliver/support.h"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace tocsin::deliver {
namespace {

std::string json_of(const std::string& id) {
  return R"({"id":")" + id + R"(","fingerprint":"00112233445566778899aabbccddeeff",)" +
         R"("status":"firing","rule":{"id":"rule-1","title":"A rule","level":"high"},)" +
         R"("principal":"arn:aws:iam::111122223333:user/a","event_id":"e-)" + id +
         R"(","event":{"eventVersion":"1.08","eventID":"e-)" + id +
         R"(","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",)" +
         R"("sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2","recipientAccountId":)" +
         R"("111122223333","requestParameters":{"userName":")" + std::string(300, 'x') + R"("}}})";
}

}  // namespace

Outbox::Outbox(const Clock& clock) : clock_(clock) {
  std::string path = (std::filesystem::temp_directory_path() / "tocsin_deliver_XXXXXX").string();
  REQUIRE(mkdtemp(path.data()) != nullptr);
  root_ = path;
  reopen();
}

Outbox::~Outbox() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void Outbox::reopen() {
  store_.reset();
  store::StoreOptions options;
  options.folder = folder();
  options.reserve_bytes = 0;
  auto opened = store::Store::open(options);
  if (!opened) FAIL(opened.error().message);
  store_ = std::move(*opened);
}

std::string Outbox::add(const std::string& receiver, int severity, std::int64_t expires_after_ms,
                        std::string json, store::Transaction& transaction) {
  const std::int64_t now = clock_.wall_ms();
  const std::string name = receiver + std::to_string(next_++);
  store::AlertRow alert;
  alert.alert_id = name;
  alert.rule_id = "rule-1";
  alert.rule_title = "A rule";
  alert.level = "high";
  alert.source = "http";
  alert.json = json.empty() ? json_of(name) : std::move(json);
  alert.created = alert.first_seen = alert.last_seen = now;
  store::Delivery delivery;
  delivery.alert = transaction.add_alert(alert).value();
  delivery.receiver = receiver;
  delivery.key = name;
  delivery.severity = severity;
  delivery.first_seen = delivery.last_seen = delivery.received = delivery.created = now;
  delivery.due = now;
  delivery.expires = now + expires_after_ms;
  if (!transaction.enqueue(delivery)) FAIL("the outbox does not take a row");
  return name;
}

std::string Outbox::add(const std::string& receiver, int severity, std::int64_t expires_after_ms) {
  store::Transaction transaction = std::move(store_->begin().value());
  std::string key = add(receiver, severity, expires_after_ms, "", transaction);
  if (!transaction.commit()) FAIL("the outbox does not take a row");
  return key;
}

void Outbox::add_many(const std::string& receiver, std::size_t count) {
  store::Transaction transaction = std::move(store_->begin().value());
  for (std::size_t i = 0; i < count; ++i) add(receiver, 2, 72LL * 3600 * 1000, "", transaction);
  if (!transaction.commit()) FAIL("the outbox does not take rows");
}

void Outbox::add_unreadable(const std::string& receiver) {
  store::Transaction transaction = std::move(store_->begin().value());
  add(receiver, 2, 72LL * 3600 * 1000, "{\"id\": nonsense", transaction);
  if (!transaction.commit()) FAIL("the outbox does not take a row");
}

store::OutboxCount Outbox::count(const std::string& receiver) {
  const std::vector<store::OutboxCount> counts = store_->counts().value();
  for (const store::OutboxCount& count : counts) {
    if (count.receiver == receiver) return count;
  }
  return {};
}

std::uint64_t Outbox::pending(const std::string& receiver) {
  return count(receiver).pending;
}
std::uint64_t Outbox::dead(const std::string& receiver) {
  return count(receiver).dead;
}
std::uint64_t Outbox::attempts(const std::string& receiver) {
  std::uint64_t attempts = 0;
  const auto rows = store_->list(receiver, false, 1'000).value();
  for (const store::DeliveryWithAlert& row : rows) attempts += row.delivery.attempts;
  return attempts;
}

}  // namespace tocsin::deliver
