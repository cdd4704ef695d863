#include <gmock/gmock.h>
#include <limits>

#include "apiserver/observation/process_metrics.h"
#include "apiserver/observation/request_metrics.h"
#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct HealthTest : testing::Test {
  bool broken = false;
  bool late = false;
  HealthChecks checks{{{.name = "store",
                        .test = [this]() -> base::Status {
                          if (broken) return base::fail(base::ErrorCode::kUnavailable, "the disk at /secret is gone");
                          return {};
                        }},
                       {.name = "late",
                        .test = [this]() -> base::Status {
                          if (late) return base::fail(base::ErrorCode::kUnavailable, "not yet");
                          return {};
                        },
                        .only_readiness = true}}};

  std::string ask(const std::string& target) const {
    const auto answer = checks.answer(test_request({}, "GET", target));
    return answer ? fmt::format("{} {}", answer->status, answer->body) : "none";
  }
};

TEST_F(HealthTest, Answers) {
  struct Row {
    bool broken, late;
    std::string target, answer;
  };
  const std::string ready = "[+]ping ok\n[+]store ok\n[+]late ok\n[+]shutdown ok\n";
  for (const Row& row : {
           Row{false, false, "/healthz", "200 ok"},
           Row{false, false, "/livez", "200 ok"},
           Row{false, false, "/readyz", "200 ok"},
           Row{false, false, "/readyz?verbose", "200 " + ready + "readyz check passed\n"},
           Row{false, false, "/livez?verbose=1", "200 [+]ping ok\n[+]store ok\nlivez check passed\n"},
           Row{false, false, "/readyz/store", "200 ok"},
           Row{false, false, "/livez/late", "none"},
           Row{false, false, "/livez/shutdown", "none"},
           Row{false, false, "/readyz/nothing", "none"},
           Row{false, false, "/readyz/", "none"},
           Row{false, false, "/readyzz", "none"},
           Row{false, false, "/", "none"},
           Row{true, false, "/livez", "500 [+]ping ok\n[-]store failed: reason withheld\nlivez check failed\n"},
           Row{true, false, "/healthz/store", "500 internal server error: reason withheld\n"},
           Row{true, false, "/healthz/ping", "200 ok"},
           Row{true, false, "/livez?exclude=store", "200 ok"},
           Row{true, false, "/livez?exclude=store&verbose",
               "200 [+]ping ok\n[+]store excluded: ok\nlivez check passed\n"},
           Row{false, true, "/livez", "200 ok"},
           Row{false, true, "/readyz",
               "500 [+]ping ok\n[+]store ok\n[-]late failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n"},
           Row{true, true, "/readyz?exclude=late&exclude=store", "200 ok"},
           Row{false, false, "/livez?verbose&exclude=x",
               "200 [+]ping ok\n[+]store ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\n"
               "livez check passed\n"},
       }) {
    broken = row.broken;
    late = row.late;
    EXPECT_EQ(ask(row.target), row.answer) << row.target;
  }
}

TEST_F(HealthTest, AServerThatStopsIsNotReadyButAlive) {
  checks.begin_shutdown();
  EXPECT_THAT(ask("/readyz"), AllOf(HasSubstr("500 "), HasSubstr("[-]shutdown failed: reason withheld\n")));
  EXPECT_EQ(ask("/livez"), "200 ok");
  EXPECT_EQ(ask("/healthz"), "200 ok");
}

TEST(ExpositionTest, WritesTheTextFormat) {
  Exposition out;
  out.begin("a_total", Exposition::Type::kCounter, "Some.");
  out.sample({{"x", "quote \" slash \\ line \n byte \xff"}, {"y", ""}}, std::uint64_t{18446744073709551615u});
  out.value("b", Exposition::Type::kGauge, "Other.", 0.5);
  out.value("c", Exposition::Type::kGauge, "Odd.", std::numeric_limits<double>::infinity());
  out.begin("d", Exposition::Type::kHistogram, "Times.");
  const std::array<double, 2> bounds{0.1, 1};
  const std::array<std::uint64_t, 3> counts{2, 0, 1};
  out.histogram({{"v", "GET"}}, bounds, counts, 7.25);
  EXPECT_EQ(out.take(), R"(# HELP a_total Some.
# TYPE a_total counter
a_total{x="quote \" slash \\ line \n byte ?",y=""} 18446744073709551615
# HELP b Other.
# TYPE b gauge
b 0.5
# HELP c Odd.
# TYPE c gauge
c +Inf
# HELP d Times.
# TYPE d histogram
d_bucket{v="GET",le="0.1"} 2
d_bucket{v="GET",le="1"} 2
d_bucket{v="GET",le="+Inf"} 3
d_sum{v="GET"} 7.25
d_count{v="GET"} 3
)");
}

TEST(RequestMetricsTest, ClientsCannotMakeSeriesWithoutEnd) {
  RequestMetrics metrics;
  for (std::size_t i = 0; i < RequestMetrics::kMaxSeries + 100; ++i) {
    const std::string resource = fmt::format("r{}", i);
    metrics.count({.verb = "GET", .resource = resource}, 200, std::chrono::milliseconds(1));
  }
  Exposition out;
  metrics.write(out);
  const std::string text = out.take();
  EXPECT_THAT(text, HasSubstr(fmt::format("resource=\"r{}\"", RequestMetrics::kMaxSeries - 1)));
  EXPECT_THAT(text, Not(HasSubstr(fmt::format("resource=\"r{}\"", RequestMetrics::kMaxSeries))));
  EXPECT_THAT(text, HasSubstr("apiserver_request_total{verb=\"GET\",group=\"\",version=\"\",resource=\"\","
                              "subresource=\"\",scope=\"\",code=\"200\"} 100\n"));
}

TEST(ProcessMetricsTest, TellsThisProcess) {
  Exposition out;
  write_process_metrics(out);
  const std::string text = out.take();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_start_time_seconds", "process_open_fds", "process_max_fds"})
    EXPECT_THAT(text, ContainsRegex(fmt::format("\n{} [0-9.e+]*[1-9]", name)));
}

struct MetricsTest : DoorTest {
  std::string page() { return send("GET", "/metrics").response.body; }
  static std::string total(std::string_view verb, std::string_view scope, int code, int count) {
    return fmt::format(
        "apiserver_request_total{{verb=\"{}\",group=\"example.com\",version=\"v1\",resource=\"widgets\","
        "subresource=\"\",scope=\"{}\",code=\"{}\"}} {}\n",
        verb, scope, code, count);
  }
};

TEST_F(MetricsTest, CountsWhatWasAsked) {
  make("a");
  make("b");
  fails(409, "POST", std::string(kWidgets), data::to_json(registry::widget("a", R"({"size": 1})")));
  ok("GET", std::string(kWidgets));
  ok("GET", "/apis/example.com/v1/widgets");
  fails(404, "GET", object("none"));
  ok("DELETE", object("b"));
  const auto watch = send("GET", std::string(kWidgets) + "?watch=1");
  fails(404, "GET", "/apis/made.up/v1/things/by-a-client");
  fails(405, "BREW", std::string(kWidgets));
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr(total("POST", "resource", 201, 2)));
  EXPECT_THAT(text, HasSubstr(total("POST", "resource", 409, 1)));
  EXPECT_THAT(text, HasSubstr(total("LIST", "namespace", 200, 1)));
  EXPECT_THAT(text, HasSubstr(total("LIST", "cluster", 200, 1)));
  EXPECT_THAT(text, HasSubstr(total("GET", "resource", 404, 1)));
  EXPECT_THAT(text, HasSubstr(total("DELETE", "resource", 200, 1)));
  EXPECT_THAT(text, HasSubstr(total("WATCH", "namespace", 200, 1)));
  EXPECT_THAT(text, Not(AnyOf(HasSubstr("made.up"), HasSubstr("BREW"))));
  EXPECT_THAT(text, HasSubstr("\napiserver_longrunning_requests{verb=\"WATCH\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\napiserver_storage_objects{resource=\"widgets.example.com\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\napiserver_current_inflight_requests{request_kind=\"readOnly\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\napiserver_current_inflight_requests{request_kind=\"mutating\"} 0\n"));
  EXPECT_THAT(text,
              ContainsRegex("apiserver_request_duration_seconds_count.verb=\"POST\",group=\"example.com\",[^}]*. 3"));
  EXPECT_THAT(text, Not(ContainsRegex("apiserver_request_duration_seconds_count.verb=\"WATCH\"")));
  watch.body->go_away();
}

TEST_F(MetricsTest, WhatNoHandlerSeesIsCounted) {
  const net::HttpRequest post = test_request({.name = "jane"}, "POST", std::string(kWidgets));
  const net::HttpRequest list = test_request({.name = "jane"}, "GET", std::string(kWidgets));
  door.refuse({413, "too large", &post});
  door.refuse({429, "too many", &list});
  door.refuse({429, "too many", &list});
  door.refuse({431, "a long head", nullptr});
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr(total("POST", "resource", 413, 1)));
  EXPECT_THAT(text, HasSubstr(total("LIST", "namespace", 429, 2)));
  EXPECT_THAT(text, HasSubstr("apiserver_request_total{verb=\"other\",group=\"\",version=\"\",resource=\"\","
                              "subresource=\"\",scope=\"\",code=\"431\"} 1\n"));
}

TEST_F(MetricsTest, OnlyForThoseWhoMay) {
  const auto status = [&](const UserInfo& user, const std::string& path) {
    FakeResponder responder;
    serve(door, test_request(user, "GET", path), responder);
    return responder.response.status;
  };
  EXPECT_EQ(status({}, "/metrics"), 403);
  EXPECT_EQ(status({.name = "nobody"}, "/metrics"), 403);
  EXPECT_EQ(status({}, "/readyz"), 200);
  EXPECT_EQ(status({}, "/readyz?verbose"), 200);
  EXPECT_EQ(status({}, "/readyz/ping"), 403);
  EXPECT_EQ(status({.name = "admin", .groups = {"system:masters"}}, "/readyz/ping"), 200);
  EXPECT_EQ(status({.name = "admin", .groups = {"system:masters"}}, "/readyz/none"), 404);
}

TEST_F(MetricsTest, TheDoorIsNotReadyWhenItsShutdownBegins) {
  EXPECT_EQ(send("GET", "/readyz").response.status, 200);
  door.begin_shutdown();
  EXPECT_EQ(send("GET", "/readyz").response.status, 500);
  EXPECT_EQ(send("GET", "/livez").response.status, 200);
  make("still-served");
}

}  // namespace
}  // namespace slipway::apiserver
