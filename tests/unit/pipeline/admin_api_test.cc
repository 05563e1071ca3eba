// What the service tells about correlations, as JSON.
#include "pipeline/admin_api.h"

#include "deliver/dispatcher.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("correlations and their live groups can be asked for") {
  Machine machine;
  Running service(machine,
                  rule_yaml("A") + correlation_yaml("pairs",
                                                    "{type: event_count, rules: [A], group-by: "
                                                    "[userIdentity.arn], timespan: 30s, condition: "
                                                    "{gte: 3}}"));
  service.submit(record("e1", "arn:a", "A", at(-3)) + record("e2", "arn:a", "A", at(-2)) +
                 record("e3", "arn:b", "A", at(-1.5)));
  deliver::Dispatcher dispatcher(service.store(), service.registry(), machine.clock,
                                 [](const store::DeliveryWithAlert&, const std::string&) {});
  Intake intake({}, service.live(), service.committer(), service.readiness(), service.store(),
                service.registry(), machine.clock);
  const SourceSupervisor sources({intake, machine.clock, service.registry(), {}});
  const AdminApi api({service.live(), service.store(), intake, service.state(), dispatcher, sources,
                      machine.clock, "1", ""});

  const auto all = api.correlations("");
  REQUIRE(all);
  CHECK(has(*all, R"("title":"Correlation pairs","type":"event_count")"));
  CHECK(has(*all, R"("groups":2,"hits":3,"episodes":0)"));
  CHECK(has(*all, R"("since":0)"));
  const auto one = api.correlations("rule=Correlation%20pairs");
  REQUIRE(one);
  CHECK(has(*one, R"({"group_by":{"userIdentity.arn":"arn:a"},"hits":2,)"));
  CHECK(has(*one, R"("newest":"2026-01-01T11:59:58Z","measure":2,"firing":false})"));
  CHECK(has(*one, R"({"group_by":{"userIdentity.arn":"arn:b"},"hits":1,)"));
  CHECK(has(*one, R"("newest":"2026-01-01T11:59:58.500Z")"));
  const auto first = api.correlations("rule=pairs&limit=1");
  REQUIRE(first);
  CHECK_FALSE(has(*first, "arn:b"));
  CHECK(api.correlations("rule=none").error().code == Code::not_found);
  CHECK(api.correlations("limit=many").error().code == Code::invalid_input);
  CHECK(api.correlations("rle=pairs").error().code == Code::invalid_input);
  service.pass(1);
  CHECK(has(*api.status(), R"("watermark":"2026-01-01T11:44:58.500Z")"));
}

}  // namespace
}  // namespace tocsin::pipeline
