#include "kube/remote_client.h"

#include <deque>
#include <gmock/gmock.h>

#include "data/json_text.h"

namespace slipway::kube {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;

const Gvk kPod{"", "v1", "Pod"};
const Gvk kHost{"inventory.slipway.dev", "v1alpha1", "Host"};

class ScriptedStream final : public RawStream {
 public:
  explicit ScriptedStream(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  base::Result<std::vector<std::string>> next(std::chrono::milliseconds) override {
    if (lines_.empty()) return base::fail(ErrorCode::kUnavailable, "the server ended the stream");
    return std::exchange(lines_, {});
  }
  void close() override {}

 private:
  std::vector<std::string> lines_;
};

// Answers from a table and writes down what was asked.
class ScriptedServer final : public RawClient {
 public:
  base::Result<RawResponse> request(const RawRequest& request) override {
    asked.push_back(request.method + " " + request.path);
    last = request;
    if (request.path == "/api/v1") {
      return RawResponse{200, "", R"({"resources": [{"name": "pods/log", "kind": "Pod", "namespaced": true},
        {"name": "pods", "kind": "Pod", "namespaced": true}]})"};
    }
    if (request.path == "/apis/inventory.slipway.dev/v1alpha1") {
      return RawResponse{200, "", R"({"resources": [{"name": "hosts", "kind": "Host", "namespaced": true}]})"};
    }
    return answer;
  }
  base::Result<std::unique_ptr<RawStream>> open_stream(const RawRequest& request) override {
    asked.push_back("WATCH " + request.path);
    return std::unique_ptr<RawStream>(std::make_unique<ScriptedStream>(lines));
  }
  std::vector<std::string> asked;
  RawRequest last;
  RawResponse answer{200, "", "{}"};
  std::vector<std::string> lines;
};

class RemoteClientTest : public ::testing::Test {
 protected:
  std::shared_ptr<ScriptedServer> server_ = std::make_shared<ScriptedServer>();
  RemoteClient remote_{server_};
  Client& client_ = remote_;
};

TEST_F(RemoteClientTest, PathsComeFromDiscoveryOnce) {
  ASSERT_TRUE(client_.get(kPod, {"ns", "a"}));
  ASSERT_TRUE(client_.get(kHost, {"edge", "h 1"}));
  ASSERT_TRUE(client_.get(kHost, {"edge", "h2"}));
  EXPECT_THAT(server_->asked,
              ElementsAre("GET /api/v1", "GET /api/v1/namespaces/ns/pods/a", "GET /apis/inventory.slipway.dev/v1alpha1",
                          "GET /apis/inventory.slipway.dev/v1alpha1/namespaces/edge/hosts/h%201",
                          "GET /apis/inventory.slipway.dev/v1alpha1/namespaces/edge/hosts/h2"));
}

TEST_F(RemoteClientTest, UnknownKindAndMissingName) {
  const auto unknown = client_.get({"", "v1", "Nothing"}, {"ns", "a"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(unknown.error().message(), "no matches for kind \"Nothing\" in version \"v1\"");
  EXPECT_EQ(client_.get(kPod, {"ns", ""}).error().code(), ErrorCode::kBadRequest);
  EXPECT_EQ(client_.remove(kPod, {"ns", ""}).error().code(), ErrorCode::kBadRequest);
}

TEST_F(RemoteClientTest, ListOptionsAndItemsWithoutKind) {
  server_->answer.body = R"({"kind": "PodList", "metadata": {"resourceVersion": "7", "continue": "t",
    "remainingItemCount": 3}, "items": [{"metadata": {"name": "a"}}]})";
  const auto list = client_.list(kPod, {.ns = "ns",
                                        .labels = *meta::LabelSelector::parse("a=b,c in (d, e)"),
                                        .fields = *meta::FieldSelector::parse("metadata.name=x"),
                                        .limit = 2,
                                        .continue_token = "k=="});
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->resource_version, "7");
  EXPECT_EQ(list->remaining_item_count, 3);
  EXPECT_EQ(meta::gvk_of(*list->items.at(0)).value(), kPod);
  EXPECT_THAT(server_->asked.back(), ::testing::StartsWith("GET /api/v1/namespaces/ns/pods?labelSelector=a%3Db%2C"));
  EXPECT_THAT(server_->asked.back(), ::testing::HasSubstr("&fieldSelector=metadata.name%3Dx&limit=2&continue=k%3D%3D"));
}

TEST_F(RemoteClientTest, PatchAndDelete) {
  ASSERT_TRUE(
      client_.patch(kPod, {"ns", "a"}, PatchType::kJson, Json::array(), {.subresource = "status", .dry_run = true}));
  EXPECT_EQ(server_->asked.back(), "PATCH /api/v1/namespaces/ns/pods/a/status?dryRun=All");
  EXPECT_EQ(server_->last.content_type, "application/json-patch+json");
  server_->answer.body = R"({"kind": "Status", "status": "Success", "details": {"uid": "u1"}})";
  const auto removed = client_.remove(kPod, {"ns", "a"}, {.precondition_uid = "u1"});
  ASSERT_TRUE(removed);
  EXPECT_EQ(meta::key_of(**removed).text(), "ns/a");
  EXPECT_EQ(meta::uid(**removed), "u1");
  EXPECT_EQ(data::parse_json(server_->last.body)->text({"preconditions", "uid"}), "u1");
}

TEST_F(RemoteClientTest, WatchEventsAndErrors) {
  server_->lines = {
      R"({"type": "ADDED", "object": {"metadata": {"name": "a"}}})",
      R"({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}})",
      R"({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "old"}})"};
  const auto watch = client_.watch(kPod, {.resource_version = "5", .allow_bookmarks = true});
  ASSERT_TRUE(watch);
  EXPECT_EQ(server_->asked.back(), "WATCH /api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5");
  const auto events = (*watch)->next(std::chrono::seconds(1));
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[1].type, WatchEvent::Type::kBookmark);
  const auto after = (*watch)->next(std::chrono::seconds(1));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code(), ErrorCode::kExpired);
}

TEST_F(RemoteClientTest, GarbageInAWatchIsAnError) {
  for (const char* line : {"{", "[]", R"({"type": "NEWS", "object": {}})"}) {
    server_->lines = {line};
    const auto watch = client_.watch(kPod, {});
    ASSERT_TRUE(watch);
    EXPECT_FALSE((*watch)->next(std::chrono::seconds(1))) << line;
  }
}

}  // namespace
}  // namespace slipway::kube
