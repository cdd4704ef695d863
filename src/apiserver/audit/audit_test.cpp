#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>

#include "apiserver/audit/audit_log.h"
#include "apiserver/test_door.h"
#include "base/files.h"

namespace slipway::apiserver {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return condition();
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  const std::string text = base::read_file(file).value_or("");
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

struct AuditLogTest : testing::Test {
  base::TemporaryFolder folder = *base::TemporaryFolder::create("slipway-audit");
  base::ManualClock clock;
  fs::path current() const { return folder.path() / "audit.log"; }

  std::unique_ptr<AuditLog> open(AuditLogOptions options = {}) {
    options.folder = folder.path();
    auto log = AuditLog::open(options, clock);
    EXPECT_TRUE(log) << log.error().message();
    return log ? std::move(*log) : nullptr;
  }
  // Each line on its own, so that the number of files is known.
  void write(AuditLog& log, int count) {
    for (int i = 0; i < count; ++i) {
      const auto before = log.written();
      log.write(fmt::format("line {:04}", i));
      ASSERT_TRUE(eventually([&] { return log.written() == before + 1; }));
      clock.advance(std::chrono::seconds(1));
    }
  }
  std::vector<fs::path> old_files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder.path()))
      if (entry.path() != current()) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }
};

TEST_F(AuditLogTest, LinesGoToAFileThatOnlyTheOwnerReads) {
  auto log = open();
  log->write("one");
  log->write("two");
  log.reset();
  EXPECT_THAT(lines_of(current()), testing::ElementsAre("one", "two"));
  struct stat status{};
  ASSERT_EQ(::stat(current().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  open()->write("three");
  EXPECT_THAT(lines_of(current()), testing::ElementsAre("one", "two", "three"));
}

TEST_F(AuditLogTest, AFullFileIsPutAsideAndOldOnesGo) {
  const auto log = open({.max_file_bytes = 30, .max_old_files = 3});  // three lines of ten bytes
  write(*log, 20);
  EXPECT_EQ(old_files().size(), 3u);
  std::vector<std::string> kept;
  for (const fs::path& file : old_files())
    for (std::string& line : lines_of(file)) kept.push_back(std::move(line));
  for (std::string& line : lines_of(current())) kept.push_back(std::move(line));
  ASSERT_EQ(kept.size(), 11u);
  EXPECT_EQ(kept.front(), "line 0009");
  EXPECT_EQ(kept.back(), "line 0019");
}

TEST_F(AuditLogTest, FilesOlderThanTheLimitGo) {
  {
    const auto log = open({.max_file_bytes = 30});
    write(*log, 7);
  }
  EXPECT_EQ(old_files().size(), 2u);
  clock.advance(std::chrono::days(31));
  open();
  EXPECT_EQ(old_files().size(), 0u);
  EXPECT_EQ(lines_of(current()).size(), 1u) << "the current file stays";
}

TEST_F(AuditLogTest, ADiskThatRefusesIsCountedAndDoesNotStopAnybody) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  fs::create_symlink("/dev/full", current());
  const auto refused = AuditLog::open({.folder = folder.path()}, clock);
  ASSERT_FALSE(refused) << "a symbolic link must not lead the log elsewhere";
  fs::remove(current());
  const auto log = open({.max_file_bytes = 15});
  write(*log, 1);
  // The next line needs a new file, which cannot be made.
  fs::remove_all(folder.path());
  log->write("this one is lost");
  EXPECT_TRUE(eventually([&] { return log->dropped() == 1; }));
  ASSERT_TRUE(base::make_folders(folder.path(), 0700));
  log->write("this one is not lost");
  EXPECT_TRUE(eventually([&] { return log->written() == 2; }));
  EXPECT_THAT(lines_of(current()), testing::ElementsAre("this one is not lost"));
}

struct AuditedDoorTest : DoorTest {
  base::TemporaryFolder folder = *base::TemporaryFolder::create("slipway-audit");
  std::shared_ptr<AuditLog> log;

  ApiServerOptions audited(AuditLevel level) {
    log = *AuditLog::open({.folder = folder.path(), .level = level}, test.clock);
    ApiServerOptions with = options;
    with.audit = log;
    return with;
  }
  // Sends as `user` and returns the status.
  static int send_as(ApiServer& server, const UserInfo& user, std::string method, std::string target,
                     std::string body = "", RequestHeaders headers = {}) {
    const net::HttpRequest request =
        test_request(user, std::move(method), std::move(target), std::move(body), std::move(headers));
    FakeResponder responder;
    serve(server, request, responder);
    return responder.response.status;
  }
  std::vector<Json> events() {
    log.reset();
    options.audit.reset();
    std::vector<Json> all;
    for (const std::string& line : lines_of(folder.path() / "audit.log")) all.push_back(json(line));
    return all;
  }
};

const UserInfo kAdmin{.name = "admin", .uid = "", .groups = {"system:masters"}, .extra = {}};
const UserInfo kNobody{.name = "nobody", .uid = "", .groups = {}, .extra = {}};
constexpr std::string_view kSecretBody =
    R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"top-secret-word"}})";

TEST_F(AuditedDoorTest, TellsWhoDidWhatWhenAndHowItEnded) {
  {
    ApiServer server(test.registry, audited(AuditLevel::kWrites));
    EXPECT_EQ(send_as(server, kAdmin, "POST", "/api/v1/namespaces/default/secrets", std::string(kSecretBody),
                      {{"user-agent", "kubectl/v1.36"}, {"authorization", "Bearer hidden-token"}}),
              201);
    EXPECT_EQ(send_as(server, kAdmin, "GET", "/api/v1/namespaces/default/configmaps"), 200);
    EXPECT_EQ(send_as(server, kAdmin, "GET", "/api/v1/namespaces/default/secrets/s"), 200);
    EXPECT_EQ(send_as(server, kNobody, "GET", "/api/v1/namespaces/default/configmaps"), 403);
    EXPECT_EQ(send_as(server, kAdmin, "DELETE", "/api/v1/namespaces/default/secrets/absent"), 404);
    EXPECT_EQ(send_as(server, kAdmin, "GET", "/api/v1/namespaces/default/configmaps", "",
                      {{"impersonate-user", "jane"}, {"impersonate-group", "system:masters"}}),
              200);
  }
  const std::vector<Json> all = events();
  ASSERT_EQ(all.size(), 5u) << "plain reads are not told at this level";
  const Json& created = all[0];
  EXPECT_EQ(created.text({"kind"}), "Event");
  EXPECT_EQ(created.text({"apiVersion"}), "audit.k8s.io/v1");
  EXPECT_EQ(created.text({"verb"}), "create");
  EXPECT_EQ(created.text({"user", "username"}), "admin");
  EXPECT_EQ(created.text({"userAgent"}), "kubectl/v1.36");
  EXPECT_EQ(created.text({"stage"}), "ResponseComplete");
  EXPECT_EQ(created.text({"objectRef", "resource"}), "secrets");
  EXPECT_EQ(created.get({"responseStatus", "code"}), Json(201));
  EXPECT_EQ(created.get({"annotations"}).text({"authorization.k8s.io/decision"}), "allow");
  EXPECT_EQ(all[1].text({"verb"}), "get");
  EXPECT_EQ(all[2].get({"annotations"}).text({"authorization.k8s.io/decision"}), "forbid");
  EXPECT_EQ(all[2].text({"responseStatus", "reason"}), "Forbidden");
  EXPECT_EQ(all[3].text({"responseStatus", "reason"}), "NotFound");
  EXPECT_EQ(all[4].text({"impersonatedUser", "username"}), "jane");
  const std::string text = *base::read_file(folder.path() / "audit.log");
  EXPECT_THAT(text, Not(HasSubstr("top-secret-word")));
  EXPECT_THAT(text, Not(HasSubstr("hidden-token")));
}

TEST_F(AuditedDoorTest, TheAnswerNamesItsLine) {
  std::string id;
  {
    ApiServer server(test.registry, audited(AuditLevel::kAll));
    const net::HttpRequest request = test_request(kAdmin, "GET", "/version");
    FakeResponder responder;
    serve(server, request, responder);
    for (const auto& [name, value] : responder.response.headers)
      if (name == "audit-id") id = value;
  }
  const std::vector<Json> all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].text({"auditID"}), id);
  EXPECT_FALSE(id.empty());
}

TEST_F(AuditedDoorTest, WhatNoHandlerSeesIsToldWhenItHadAHead) {
  std::string id;
  {
    ApiServer server(test.registry, audited(AuditLevel::kWrites));
    const net::HttpRequest request = test_request(kNobody, "POST", "/api/v1/namespaces/default/configmaps");
    const net::HttpResponse answer = server.refuse({413, "too large", &request});
    EXPECT_EQ(json(answer.body).text({"reason"}), "RequestEntityTooLarge");
    for (const auto& [name, value] : answer.headers)
      if (name == "audit-id") id = value;
    EXPECT_EQ(server.refuse({408, "too slow", nullptr}).status, 408);
  }
  const std::vector<Json> all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].text({"auditID"}), id);
  EXPECT_EQ(all[0].text({"verb"}), "create");
  EXPECT_EQ(all[0].text({"user", "username"}), "nobody");
  EXPECT_EQ(all[0].text({"objectRef", "resource"}), "configmaps");
  EXPECT_EQ(all[0].get({"responseStatus", "code"}), Json(413));
  EXPECT_EQ(all[0].text({"responseStatus", "reason"}), "RequestEntityTooLarge");
}

TEST_F(AuditedDoorTest, AWatchIsToldWhenItBegins) {
  {
    ApiServer server(test.registry, audited(AuditLevel::kAll));
    const net::HttpRequest request = test_request(kAdmin, "GET", "/api/v1/namespaces/default/secrets?watch=1");
    FakeResponder responder;
    serve(server, request, responder);
    server.stop();
  }
  const std::vector<Json> all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].text({"verb"}), "watch");
  EXPECT_EQ(all[0].text({"stage"}), "ResponseStarted");
}

TEST(AuditLevel, Names) {
  EXPECT_EQ(*parse_audit_level("none"), AuditLevel::kNone);
  EXPECT_EQ(*parse_audit_level("writes"), AuditLevel::kWrites);
  EXPECT_EQ(*parse_audit_level("all"), AuditLevel::kAll);
  EXPECT_THAT(parse_audit_level("some").error().message(), HasSubstr("use none, writes or all"));
}

}  // namespace
}  // namespace slipway::apiserver
