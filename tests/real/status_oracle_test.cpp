// The same requests to kube-apiserver and to slipwayd: the same HTTP status, Status.reason, code, message, details with
// their causes, and warnings. What differs on purpose says so in its row.

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

#include "data/json_text.h"
#include "kubernetes/kubernetes_servers.h"
#include "real/harness.h"
#include "real/http_exchange.h"
#include "real/status_cases.h"

namespace slipway::real {
namespace {

using data::Json;

HttpExchangeRequest request_of(const StatusCase& row) {
  HttpExchangeRequest request{row.method, row.path, row.body, row.headers, row.anonymous};
  if (!row.content_type.empty() && !row.body.empty()) request.headers.push_back("Content-Type: " + row.content_type);
  return request;
}

// What is chance in an answer: uids, times, resourceVersions in messages.
std::string without_chance(std::string text) {
  static const std::regex uid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  static const std::regex time("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z");
  static const std::regex revision("(too old resource version: [0-9]+ |in record )\\([0-9]+\\)|(current: )[0-9]+");
  static const std::regex generated("(Upper-)[0-9a-z]{5}");
  text = std::regex_replace(text, uid, "<uid>");
  text = std::regex_replace(text, time, "<time>");
  text = std::regex_replace(text, generated, "$1<random>");
  return std::regex_replace(text, revision, "$1$2<revision>");
}

// Objects that messages quote: kube-apiserver prints some of them as its own Go types.
std::string without_objects(const std::string& text) {
  static const std::regex object(R"(Invalid value: [\[{].*[\]}]: )");
  return std::regex_replace(text, object, "Invalid value: <object>: ");
}

std::string comparable_text(const std::string& text) {
  return without_objects(without_chance(text));
}

// kube-apiserver finds errors in Go's maps, in any order, and some of them several times.
std::string causes_of(const Json& details) {
  std::vector<std::string> lines;
  for (const Json& cause : details["causes"].items())
    lines.push_back(fmt::format("  {} {}: {}\n", cause.text({"reason"}), cause.text({"field"}),
                                comparable_text(cause.text({"message"}))));
  std::ranges::sort(lines);
  lines.erase(std::ranges::unique(lines).begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

// Where a message is a list of causes, kube-apiserver may order it otherwise each time.
std::string in_order(std::string message) {
  constexpr std::string_view kStrict = "strict decoding error: ";
  std::vector<std::string> parts;
  std::string rest;
  auto open = message.find(": [");
  if (open != message.npos && message.ends_with("]")) {
    rest = message.substr(open + 3, message.size() - open - 4);
  } else if (open = message.find(kStrict); open != message.npos) {
    rest = message.substr(open + kStrict.size());
  } else {
    return message;
  }
  for (std::size_t at; (at = rest.find(", ")) != rest.npos; rest.erase(0, at + 2)) parts.push_back(rest.substr(0, at));
  parts.push_back(rest);
  std::ranges::sort(parts);
  std::string out = message.substr(0, open) + ":";
  for (const std::string& part : parts) out += " " + part;
  return out;
}

// HTTP status, reason and code.
std::string reason_of(const HttpExchangeAnswer& answer) {
  const auto body = data::parse_json(answer.body);
  if (!body || body->text({"kind"}) != "Status") return fmt::format("{}", answer.status);
  return fmt::format("{} {} {}", answer.status, body->text({"reason"}), data::to_json((*body)["code"]));
}

// One answer as lines that two servers must have in common.
std::string comparable(const HttpExchangeAnswer& answer) {
  std::string out = fmt::format("{}\n", answer.status);
  std::vector<std::string> headers;
  for (const auto& [name, value] : answer.headers)
    if (name == "warning" || name == "allow" || name == "www-authenticate" || name == "retry-after")
      headers.push_back(fmt::format("{}: {}\n", name, without_chance(value)));
  std::ranges::sort(headers);
  for (const std::string& header : headers) out += header;
  // Of a watch the first line: an error, or an event, which is no matter of this test.
  const auto body = data::parse_json(answer.body.substr(0, answer.body.find("\n{")));
  if (!body) return out + without_chance(answer.body) + "\n";
  const Json status = body->text({"type"}) == "ERROR" ? (*body)["object"] : *body;
  if (status.text({"kind"}) != "Status") return out;
  const Json& details = status["details"];
  out += fmt::format("{} {} {}\n{}\n", status.text({"status"}), status.text({"reason"}), data::to_json(status["code"]),
                     in_order(comparable_text(status.text({"message"}))));
  out += fmt::format("kind={} group={} name={} uid={} retryAfterSeconds={}\n", details.text({"kind"}),
                     details.text({"group"}), without_chance(details.text({"name"})),
                     without_chance(details.text({"uid"})), data::to_json(details["retryAfterSeconds"]));
  return out + causes_of(details);
}

class StatusOracle : public testing::Test {
 protected:
  void SetUp() override {
    use_programs_with_crash_points();  // of the same build as this test
    const auto programs = source_folder() / "build/real/bin";
    if (const auto missing = kubernetes::KubernetesServers::missing_parts(programs)) GTEST_SKIP() << *missing;
    if (!std::filesystem::exists(program("slipwayd"))) GTEST_SKIP() << program("slipwayd") << " is not built";
    folder_ = std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-status"));
    kubernetes_ = std::make_unique<kubernetes::KubernetesServers>(programs, folder_->path() / "kubernetes");
    const auto launched = kubernetes_->launch();
    ASSERT_TRUE(launched) << launched.error().message();
    auto orchestrator = Orchestrator::start(folder_->path(), {}, {"--api-only"});
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
    const auto started = kubernetes_->wait_until_ready(std::chrono::minutes(2));
    ASSERT_TRUE(started) << started.error().message();
    const auto config = pki::parse_kubeconfig(*base::read_file(orchestrator_->kubeconfig()));
    ASSERT_TRUE(config);
    theirs_ = std::make_unique<HttpExchange>(kubernetes_->administrator());
    ours_ = std::make_unique<HttpExchange>(*config);
  }
  void TearDown() override { use_release_programs(); }

  void prepare() {
    for (HttpExchange* server : {theirs_.get(), ours_.get()}) {
      for (const StatusCase& row : status_preparations()) {
        HttpExchangeAnswer last;
        ASSERT_TRUE(eventually(milliseconds(30'000),
                               [&] {
                                 last = server->send(request_of(row)).value_or(HttpExchangeAnswer{});
                                 return last.status >= 200 && last.status < 300;
                               }))
            << row.name << " " << (server == ours_.get() ? "slipwayd" : "kube-apiserver") << ": " << last.status << " "
            << last.body;
      }
    }
  }

  void compare(const std::vector<StatusCase>& rows) {
    prepare();
    if (HasFatalFailure()) return;
    int same = 0;
    for (const StatusCase& row : rows) {
      const auto theirs = theirs_->send(request_of(row));
      const auto ours = ours_->send(request_of(row));
      const std::string wanted = theirs ? comparable(*theirs) : "no answer: " + theirs.error().message();
      const std::string got = ours ? comparable(*ours) : "no answer: " + ours.error().message();
      if (std::getenv("SLIPWAY_STATUS_SHOW") != nullptr) fmt::print("--- {}\n{}", row.name, wanted);
      same += wanted == got ? 1 : 0;
      if (row.difference.empty()) {
        EXPECT_EQ(wanted, got) << row.name << ": " << row.method << " " << row.path << " " << row.body.substr(0, 400);
        continue;
      }
      EXPECT_NE(wanted, got) << row.name << ": is the same; the row says '" << row.difference << "'";
      if (row.same_reason && theirs && ours) {
        EXPECT_EQ(reason_of(*theirs), reason_of(*ours)) << row.name;
      }
    }
    fmt::print("{} answers, {} the same\n", rows.size(), same);
  }

  std::unique_ptr<base::TemporaryFolder> folder_;
  std::unique_ptr<kubernetes::KubernetesServers> kubernetes_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<HttpExchange> theirs_, ours_;
};

TEST_F(StatusOracle, RefusalsAndWarningsAreThoseOfKubeApiserver) {
  std::vector<StatusCase> rows;
  for (const auto& cases : {object_status_cases, validation_status_cases, definition_status_cases, request_status_cases,
                            patch_status_cases, access_status_cases})
    for (StatusCase& row : cases()) rows.push_back(std::move(row));
  ASSERT_GE(rows.size(), 80u);
  EXPECT_THAT(note_differences(rows), testing::IsEmpty()) << "differences of no row";
  compare(rows);
}

// A server that was started again has no history: who goes on from before is told to list anew.
TEST_F(StatusOracle, WatchesFromBeforeARestartHaveExpired) {
  prepare();
  if (HasFatalFailure()) return;
  kubernetes_->kill_api_server();
  const auto launched = kubernetes_->launch();
  ASSERT_TRUE(launched) << launched.error().message();
  const auto restarted = orchestrator_->restart();
  ASSERT_TRUE(restarted) << restarted.error().message();
  const auto ready = kubernetes_->wait_until_ready(std::chrono::minutes(2));
  ASSERT_TRUE(ready) << ready.error().message();
  // kube-apiserver serves a definition some time after it is ready.
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] {
    const auto served = theirs_->send({.method = "GET", .path = std::string(kCaseSamples)});
    return served && served->status == 200;
  }));
  for (const std::string_view path : {kCaseConfigMaps, kCaseSecrets, kCaseSamples, kCaseNamespace}) {
    const std::string collection(path == kCaseNamespace ? "/api/v1/namespaces" : path);
    const HttpExchangeRequest watch{.method = "GET",
                                    .path = collection + "?watch=true&timeoutSeconds=5&resourceVersion=1"};
    const auto theirs = theirs_->send(watch);
    const auto ours = ours_->send(watch);
    ASSERT_TRUE(theirs && ours) << collection;
    EXPECT_EQ(comparable(*theirs), comparable(*ours)) << collection;
    EXPECT_THAT(comparable(*ours), testing::HasSubstr("Failure Expired 410")) << collection;
  }
}

}  // namespace
}  // namespace slipway::real
