// Bad input and hostile clients: each gets a clear Status or a closed connection, nothing changes, others are served.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "data/json_text.h"
#include "tests/hostile/daemon.h"

namespace slipway::hostile {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kMaps = "/api/v1/namespaces/default/configmaps";
constexpr std::string_view kJson = "application/json";

std::string config_map(std::string_view rest) {
  return fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap",{}}})", rest);
}

std::string nested(std::string_view open, std::string_view close, int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += open;
  out += "1";
  for (int i = 0; i < depth; ++i) out += close;
  return out;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

struct HostileTest : testing::Test {
  static void SetUpTestSuite() {
    std::signal(SIGPIPE, SIG_IGN);
    daemon = std::make_unique<Daemon>();
    ASSERT_EQ(daemon->ask("POST", kMaps, kJson, config_map(R"("metadata":{"name":"present"})")).status, 201);
  }
  static void TearDownTestSuite() { daemon.reset(); }
  void TearDown() override { EXPECT_EQ(daemon->ask("GET", "/readyz").body, "ok"); }

  static inline std::unique_ptr<Daemon> daemon;
};

TEST_F(HostileTest, BodiesThatAreRefusedChangeNothing) {
  struct Row {
    std::string name, method, target, type, body;
    int status;
    std::string reason;
  };
  const std::string strict = kMaps + "?fieldValidation=Strict";
  const std::string present = kMaps + "/present";
  const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const std::vector<Row> rows{
      {"empty", "POST", kMaps, "application/json", "", 400, "BadRequest"},
      {"cut JSON", "POST", kMaps, "application/json", R"({"kind":)", 400, "BadRequest"},
      {"JSON and more", "POST", kMaps, "application/json", config_map(R"("metadata":{"name":"x"})") + "{}", 400,
       "BadRequest"},
      {"array", "POST", kMaps, "application/json", "[]", 400, "BadRequest"},
      {"null", "POST", kMaps, "application/json", "null", 400, "BadRequest"},
      {"malformed YAML", "POST", kMaps, "application/yaml", "a: {b", 400, "BadRequest"},
      {"YAML alias in itself", "POST", kMaps, "application/yaml", "a: &a [*a, *a]\n", 400, "BadRequest"},
      {"YAML alias bomb", "POST", kMaps, "application/yaml",
       "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
       "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
       "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
       400, "BadRequest"},
      {"invalid UTF-8", "POST", kMaps, "application/json",
       config_map("\"metadata\":{\"name\":\"x\"},\"data\":{\"a\":\"\xff\xfe\"}"), 400, "BadRequest"},
      {"lone surrogate half in UTF-8", "POST", kMaps, "application/json",
       config_map("\"metadata\":{\"name\":\"x\"},\"data\":{\"a\":\"\xed\xa0\x80\"}"), 400, "BadRequest"},
      {"deep array", "POST", kMaps, "application/json", nested("[", "]", 100'000), 400, "BadRequest"},
      {"deep object", "POST", kMaps, "application/json",
       config_map(R"("metadata":{"name":"x"},"x":)" + nested(R"({"a":)", "}", 50'000)), 400, "BadRequest"},
      {"deep YAML", "POST", kMaps, "application/yaml", nested("[", "]", 50'000), 400, "BadRequest"},
      {"a number without end", "POST", kMaps, "application/json", config_map(R"("metadata":{"name":"x"},"x":1e99999)"),
       400, "BadRequest"},
      {"unknown kind", "POST", kMaps, "application/json", R"({"apiVersion":"v1","kind":"Gadget"})", 400, "BadRequest"},
      {"unknown version", "POST", kMaps, "application/json",
       R"({"apiVersion":"v9","kind":"ConfigMap","metadata":{"name":"x"}})", 400, "BadRequest"},
      {"no name", "POST", kMaps, "application/json", "{}", 422, "Invalid"},
      {"metadata is text", "POST", kMaps, "application/json", config_map(R"("metadata":"no")"), 400, "BadRequest"},
      {"protobuf that lies about its length", "POST", kMaps, "application/vnd.kubernetes.protobuf",
       std::string("k8s\0\x0a\xff\xff\xff\xff\x0f", 10), 400, "BadRequest"},
      {"duplicate keys", "POST", strict, "application/json",
       config_map(R"("metadata":{"name":"x"},"data":{"a":"1","a":"2"})"), 400, "BadRequest"},
      {"duplicate keys in YAML", "POST", strict, "application/yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: '1'\n  a: '2'\n", 400, "BadRequest"},
      {"unknown field", "POST", strict, "application/json", config_map(R"("metadata":{"name":"x"},"daat":{})"), 400,
       "BadRequest"},
      {"no media type that is known", "POST", kMaps, "image/png", "x", 415, "UnsupportedMediaType"},
      {"media type without end", "POST", kMaps, "application/" + std::string(1'000, 'x'), "x", 415,
       "UnsupportedMediaType"},
      {"too large", "POST", kMaps, "application/json", std::string(4u << 20, ' '), 413, "RequestEntityTooLarge"},
      {"unknown resource", "POST", "/api/v1/namespaces/default/gadgets", "application/json", "{}", 404, "NotFound"},
      {"unknown group", "GET", "/apis/made.up/v1/things", "", "", 404, "NotFound"},
      {"a path out of the name", "GET", kMaps + "/%2e%2e%2f%2e%2e%2fsecrets", "", "", 404, "NotFound"},
      {"a name that is a path", "POST", kMaps, "application/json", config_map(R"("metadata":{"name":"../../x"})"), 422,
       "Invalid"},
      {"a name without end", "POST", kMaps, "application/json",
       config_map(fmt::format(R"("metadata":{{"name":"{}"}})", std::string(100'000, 'a'))), 422, "Invalid"},
      {"no such namespace", "POST", "/api/v1/namespaces/none/configmaps", "application/json",
       config_map(R"("metadata":{"name":"x"})"), 404, "NotFound"},
      {"name of another", "PUT", present, "application/json", config_map(R"("metadata":{"name":"x"})"), 400,
       "BadRequest"},
      {"there already", "POST", kMaps, "application/json", config_map(R"("metadata":{"name":"present"})"), 409,
       "AlreadyExists"},
      {"an update from an old state", "PUT", present, "application/json",
       config_map(R"("metadata":{"name":"present","resourceVersion":"1"})"), 409, "Conflict"},
      {"a patch of an old state", "PATCH", present, "application/merge-patch+json",
       R"({"metadata":{"resourceVersion":"1"},"data":{"a":"b"}})", 409, "Conflict"},
      {"malformed JSON patch", "PATCH", present, "application/json-patch+json", R"([{"op":"burn"}])", 400,
       "BadRequest"},
      {"JSON patch of nothing", "PATCH", present, "application/json-patch+json",
       R"([{"op":"remove","path":"/data/none"}])", 422, "Invalid"},
      {"patch of no type", "PATCH", present, "application/json", "{}", 415, "UnsupportedMediaType"},
      {"delete of another one", "DELETE", present, "application/json",
       R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}})",
       409, "Conflict"},
      {"definition with a broken schema", "POST", definitions, "application/json",
       R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"bads.example.com"},
           "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"bads","kind":"Bad"},"versions":[{"name":"v1",
           "served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"nothing"}}}}}]}})",
       422, "Invalid"},
      {"unreadable selector", "GET", kMaps + "?labelSelector=%3D%3D%3D", "", "", 400, "BadRequest"},
      {"unreadable limit", "GET", kMaps + "?limit=x", "", "", 400, "BadRequest"},
      {"unreadable continue", "GET", kMaps + "?continue=x", "", "", 400, "BadRequest"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string before = daemon->revision();
    const Answer answer = daemon->ask(row.method, row.target, row.type, row.body);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    const auto status = data::parse_json(answer.body);
    if (!status) {
      ADD_FAILURE() << "no Status: " << answer.head << "\n" << answer.body;
      continue;
    }
    EXPECT_EQ(status->text({"kind"}), "Status");
    EXPECT_EQ(status->text({"reason"}), row.reason) << answer.body;
    EXPECT_NE(status->text({"message"}), "");
    EXPECT_EQ(daemon->revision(), before);
  }
}

TEST_F(HostileTest, HeadsThatAreRefusedEndTheConnection) {
  struct Row {
    std::string name, bytes;
    int status;
  };
  const std::string start = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\n";
  const std::string second = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const Row& row : std::vector<Row>{
           {"length and chunks", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
            400},
           {"chunks and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + second,
            400},
           {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + second, 400},
           {"a list of lengths", start + "Content-Length: 5, 6\r\n\r\nhello" + second, 400},
           {"negative length", start + "Content-Length: -1\r\n\r\n" + second, 400},
           {"signed length", start + "Content-Length: +5\r\n\r\nhello" + second, 400},
           {"unknown encoding", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second, 400},
           {"chunks not last", start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + second, 400},
           {"a space before the colon", start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + second, 400},
           {"chunk of no size", start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + second, 400},
           {"chunk without end", start + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n" + second, 413},
           {"a huge body announced", start + "Content-Length: 9999999999\r\n\r\n", 413},
           {"a huge header", "GET /readyz HTTP/1.1\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n", 431},
           {"a header without end", "GET /readyz HTTP/1.1\r\nX: " + std::string(200'000, 'x'), 431},
           {"a huge target", "GET /" + std::string(200'000, 'x') + " HTTP/1.1\r\n\r\n", 431},
           {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
           {"HTTP/0.9", "GET /readyz\r\n\r\n", 400},
           {"a NUL in the head", std::string("GET /readyz HTTP/1.1\r\nX: a\0b\r\n\r\n", 31), 400},
           {"no path", "GET example.com HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"a broken escape", "GET /api/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
       }) {
    SCOPED_TRACE(row.name);
    const std::string before = daemon->revision();
    Client client = daemon->admin();
    (void)client.send(row.bytes);
    const std::string text = client.read_all(seconds(5));
    EXPECT_THAT(text, StartsWith(fmt::format("HTTP/1.1 {} ", row.status)));
    EXPECT_THAT(text, HasSubstr("\"kind\":\"Status\""));
    EXPECT_EQ(count_of(text, "HTTP/1.1 "), 1u) << "a second request was read: " << text;
    EXPECT_EQ(daemon->revision(), before);
  }
}

TEST_F(HostileTest, WhatNoHandlerAnswersIsCountedAndAudited) {
  const auto counted = [] {
    const std::string metrics = daemon->ask("GET", "/metrics").body;
    const std::string series =
        R"(apiserver_request_total{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",code="413"} )";
    const auto at = metrics.find(series);
    return at == metrics.npos ? 0 : std::atoi(metrics.c_str() + at + series.size());
  };
  const int before = counted();
  const Answer answer = daemon->ask("POST", kMaps, kJson, std::string(4u << 20, ' '));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(counted(), before + 1);
  const auto at = answer.head.find("audit-id: ");
  ASSERT_NE(at, answer.head.npos) << answer.head;
  const std::string id = answer.head.substr(at + 10, 36);
  std::string log;
  for (int i = 0; i < 500 && log.find(id) == log.npos; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    log = base::read_file(daemon->folder() + "/data/audit/audit.log").value_or("");
  }
  const auto line = log.substr(log.rfind('\n', log.find(id)) + 1);
  EXPECT_THAT(line.substr(0, line.find('\n')), testing::AllOf(HasSubstr("slipway-admin"), HasSubstr("\"code\":413")));
}

// Those who say nothing, or say it a byte at a time, are cut; meanwhile everybody else is served.
TEST_F(HostileTest, SlowAndSilentClientsHoldUpNobody) {
  // The server has the same limit and holds as many.
  const std::size_t count = std::min<std::size_t>(10'000, raise_open_file_limit() / 2);
  std::vector<base::UniqueFd> silent;
  for (std::size_t i = 0; i < count; ++i) {
    silent.push_back(daemon->connect());
    ASSERT_TRUE(silent.back().valid()) << i;
  }
  const std::string head = "POST " + kMaps + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  const auto start = steady_clock::now();
  Client slow_head = daemon->admin(), slow_body = daemon->admin();
  ASSERT_TRUE(slow_head.send(head));
  ASSERT_TRUE(slow_body.send(head + "Content-Length: 1000\r\n\r\n"));

  const auto ended = [](int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  };
  milliseconds worst{0};
  double head_seconds = 0, body_seconds = 0;
  while (steady_clock::now() - start < seconds(45) && (head_seconds == 0 || body_seconds == 0)) {
    const auto before = steady_clock::now();
    EXPECT_EQ(daemon->ask("GET", kMaps + "/present").status, 200);
    worst = std::max(worst, std::chrono::duration_cast<milliseconds>(steady_clock::now() - before));
    const double now = std::chrono::duration<double>(steady_clock::now() - start).count();
    if (head_seconds == 0 && (ended(slow_head.fd()) || !slow_head.send("x"))) head_seconds = now;
    if (body_seconds == 0 && (ended(slow_body.fd()) || !slow_body.send(" "))) body_seconds = now;
    std::this_thread::sleep_for(milliseconds(200));  // the pace of the slow ones
  }
  fmt::print("{} half-open connections: worst get {} ms; slow head cut after {:.1f} s, slow body after {:.1f} s\n",
             count, worst.count(), head_seconds, body_seconds);
  EXPECT_THAT(head_seconds, testing::AllOf(testing::Gt(5), testing::Lt(20)));
  EXPECT_THAT(body_seconds, testing::AllOf(testing::Gt(20), testing::Lt(45)));
  EXPECT_LT(worst, seconds(2));
  EXPECT_THAT(slow_head.read_all(seconds(5)), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(slow_body.read_all(seconds(5)), StartsWith("HTTP/1.1 408 "));
  const auto open = std::ranges::count_if(silent, [&](const base::UniqueFd& fd) { return !ended(fd.get()); });
  EXPECT_EQ(open, 0);
}

TEST(HostileLimitTest, WithFewFileDescriptorsTheServerWaitsInsteadOfSpinning) {
  Daemon daemon({}, 96);
  std::vector<base::UniqueFd> many;
  for (int i = 0; i < 150; ++i) many.push_back(daemon.connect());
  const milliseconds before = daemon.cpu_time();
  std::this_thread::sleep_for(seconds(2));  // the time over which its work is measured
  const milliseconds used = daemon.cpu_time() - before;
  fmt::print("150 connections to a server of 64: {} ms of processor time in 2 s\n", used.count());
  EXPECT_LT(used, milliseconds(300));
  EXPECT_THAT(
      base::read_file(daemon.folder() + "/log").value_or(""),
      HasSubstr(fmt::format("127.0.0.1:{} cannot accept a connection: it has 64, as many as it may; new ones wait",
                            daemon.port())));
  many.clear();
  EXPECT_EQ(daemon.ask("GET", "/readyz").body, "ok");
}

// One user's thousand lists at once leave the administrator's requests quick.
TEST_F(HostileTest, AThousandListsOfAnotherUserHoldUpNobody) {
  if (raise_open_file_limit() < 2'000)
    GTEST_SKIP() << "needs 2,000 open files, for a server that holds 1,000 connections";
  const std::string binding =
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"lister"},
          "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
          "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"lister"}]})";
  ASSERT_EQ(daemon->ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", kJson, binding).status, 201);
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(daemon
                  ->ask("POST", kMaps, kJson,
                        config_map(fmt::format(R"("metadata":{{"name":"m{}"}},"data":{{"a":"{}"}})", i,
                                               std::string(4'000, 'x'))))
                  .status,
              201);
  const std::string list = request("GET", kMaps, "", "");
  std::vector<Client> clients;
  for (int i = 0; i < 1'000; ++i) {
    clients.push_back(daemon->user("lister"));
    ASSERT_TRUE(clients.back().connected()) << i;
    // The server ends connections that say nothing at first, and a slow machine takes long for a thousand handshakes.
    ASSERT_TRUE(clients.back().send(request("GET", "/version", "", "")));
    ASSERT_EQ(clients.back().read_answer().status, 200);
  }
  Client admin = daemon->admin();
  for (Client& client : clients) ASSERT_TRUE(client.send(list));
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const auto start = steady_clock::now();
    ASSERT_TRUE(admin.send(request("GET", kMaps + "/present", "", "")));
    ASSERT_EQ(admin.read_answer().status, 200);
    times.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
    // Each list that was answered is asked for again.
    for (int k = 0; k < 5; ++k) {
      Client& client = clients[static_cast<std::size_t>(i * 5 + k)];
      ASSERT_EQ(client.read_answer().status, 200);
      ASSERT_TRUE(client.send(list));
    }
  }
  std::ranges::sort(times);
  fmt::print("get beside 1,000 connections that list 400 KiB: median {:.1f} ms, p99 {:.1f} ms (target < 100 ms)\n",
             times[times.size() / 2], times[times.size() * 99 / 100]);
  EXPECT_LT(times[times.size() * 99 / 100], 1'000);  // a loaded machine; the printed figure is the measure
}

TEST(HostileLimitTest, SigtermEndsWatchesAndRequestsCleanly) {
  Daemon daemon({"--shutdown-delay", "1"});
  Client watch = daemon.admin(), idle = daemon.admin(), probe = daemon.stranger(), silent = daemon.stranger();
  ASSERT_TRUE(watch.send(request("GET", "/api/v1/namespaces?watch=1", "", "")));
  ASSERT_TRUE(watch.read_until("\"ADDED\""));
  ASSERT_TRUE(idle.send(request("GET", "/version", "", "")));
  ASSERT_EQ(idle.read_answer().status, 200);
  ASSERT_TRUE(probe.send(request("GET", "/readyz", "", "")));
  ASSERT_EQ(probe.read_answer().status, 200);

  const auto start = steady_clock::now();
  daemon.terminate();
  Answer ready{.status = 200, .head = {}, .body = {}};
  while (ready.status == 200) {
    ASSERT_TRUE(probe.send(request("GET", "/readyz?verbose", "", "")));
    ready = probe.read_answer();
  }
  EXPECT_EQ(ready.status, 500);
  EXPECT_THAT(ready.body, HasSubstr("[-]shutdown failed: reason withheld"));
  ASSERT_TRUE(idle.send(request("GET", "/livez", "", "")));
  EXPECT_EQ(idle.read_answer().status, 200) << "it serves on until the delay is over";
  EXPECT_TRUE(watch.read_all().ends_with("0\r\n\r\n")) << "the watch was cut, not ended";
  EXPECT_EQ(daemon.wait(seconds(10)), 0);
  fmt::print("SIGTERM with a delay of 1 s: gone after {} ms\n",
             std::chrono::duration_cast<milliseconds>(steady_clock::now() - start).count());
}

// Whoever reads slowly gets the whole answer within the grace period; whoever does not read at all is cut at its end.
TEST(HostileLimitTest, SigtermWaitsForASlowReaderAndCutsOneThatNeverReads) {
  Daemon daemon;
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(daemon
                  .ask("POST", kMaps, kJson,
                       config_map(fmt::format(R"("metadata":{{"name":"m{}"}},"data":{{"a":"{}"}})", i,
                                              std::string(900'000, 'x'))))
                  .status,
              201);
  Client slow = daemon.admin(), deaf = daemon.admin();
  for (Client* client : {&slow, &deaf}) {
    ASSERT_TRUE(client->send(request("GET", kMaps, "", "")));
    ASSERT_TRUE(client->read_until("HTTP/1.1 200 OK\r\n"));
  }
  const auto start = steady_clock::now();
  daemon.terminate();
  std::this_thread::sleep_for(seconds(2));  // the slow one's pace
  const Answer list = slow.read_answer();
  const auto parsed = data::parse_json(list.body);
  ASSERT_TRUE(parsed) << list.body.size() << " bytes came";
  EXPECT_GE((*parsed)["items"].size(), 20u);
  EXPECT_EQ(daemon.wait(seconds(20)), 0);
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  fmt::print("SIGTERM beside a list of {} bytes that is read slowly, and one that is never read: gone after {} ms\n",
             list.body.size(), took.count());
  EXPECT_GT(took, seconds(9));
  EXPECT_LT(took, seconds(15));
  EXPECT_LT(deaf.read_all(seconds(1)).size(), list.body.size());
}

}  // namespace
}  // namespace slipway::hostile
