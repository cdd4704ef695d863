#include "apiserver/authorization/access_reviews.h"

#include <gmock/gmock.h>

#include "apiserver/authorization/role_aggregation.h"
#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using ::testing::HasSubstr;

class Reviews : public testing::Test {
 protected:
  void SetUp() override {
    auto started = AccessPolicyKeeper::start(test.registry);
    ASSERT_TRUE(started) << started.error().message();
    keeper = std::move(*started);
    bind("rolebindings", "default", R"({"kind": "User", "name": "jane"})", "view");
  }
  void bind(std::string_view plural, std::string_view ns, std::string_view subject, std::string_view role) {
    const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", plural);
    Json binding = meta::make_object(resource->gvk(), {std::string(ns), "b-" + std::string(role)});
    binding.set("roleRef", Json::object({{"kind", "ClusterRole"}, {"name", role}}));
    binding.at("subjects").append(json(subject));
    const auto created = test.registry.create(*resource, binding);
    ASSERT_TRUE(created) << created.error().message();
  }
  // The status of the answer, or of the error.
  Json ask(const UserInfo& user, int status, std::string path, std::string_view kind, std::string_view rest) {
    const std::string group = path.substr(0, path.find('/'));
    Json body = json(rest);
    body.set("kind", kind);
    body.set("apiVersion", group + "/v1");
    FakeResponder answer;
    serve(door, test_request(user, "POST", "/apis/" + path, data::to_json(body)), answer);
    EXPECT_EQ(answer.response.status, status) << answer.response.body;
    const Json result = json(answer.response.body);
    return status == 201 ? result["status"] : result;
  }
  bool can(const UserInfo& user, std::string_view attributes) {
    const std::string spec = fmt::format(R"({{"spec": {{"resourceAttributes": {}}}}})", attributes);
    return ask(user, 201, "authorization.k8s.io/v1/selfsubjectaccessreviews", "SelfSubjectAccessReview",
               spec)["allowed"]
        .bool_or(false);
  }

  registry::TestRegistry test;
  std::unique_ptr<AccessPolicyKeeper> keeper;
  ApiServer door{test.registry, ApiServerOptions{.clock = &test.clock}};
  const UserInfo jane{.name = "jane", .groups = {"people"}};
  const UserInfo admin{.name = "admin", .groups = {"system:masters"}};
};

TEST_F(Reviews, OfOneself) {
  EXPECT_TRUE(can(jane, R"({"verb": "list", "resource": "configmaps", "namespace": "default"})"));
  EXPECT_FALSE(can(jane, R"({"verb": "list", "resource": "configmaps", "namespace": "other"})"));
  EXPECT_FALSE(can(jane, R"({"verb": "list", "resource": "configmaps"})"));
  EXPECT_FALSE(can(jane, R"({"verb": "get", "resource": "secrets", "namespace": "default"})"));
  EXPECT_TRUE(can(jane, R"({"verb": "get", "group": "cluster.x-k8s.io", "resource": "clusters",
                            "subresource": "status", "name": "c", "namespace": "default"})"));
  EXPECT_TRUE(can(admin, R"({"verb": "delete", "group": "x", "resource": "y"})"));
  EXPECT_EQ(ask(jane, 201, "authorization.k8s.io/v1/selfsubjectaccessreviews", "SelfSubjectAccessReview",
                R"({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/apis/x"}}})"),
            json(R"({"allowed": true})"));
  const Json nobody = ask(jane, 201, "authentication.k8s.io/v1/selfsubjectreviews", "SelfSubjectReview", "{}");
  EXPECT_EQ(nobody.text({"userInfo", "username"}), "jane");
  EXPECT_EQ(nobody["userInfo"]["groups"], json(R"(["people", "system:authenticated"])"));
}

TEST_F(Reviews, OfRules) {
  const Json status = ask(jane, 201, "authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview",
                          R"({"spec": {"namespace": "default"}})");
  EXPECT_EQ(status["incomplete"], Json(false));
  EXPECT_THAT(data::to_json(status["resourceRules"]), HasSubstr("\"configmaps\""));
  EXPECT_THAT(data::to_json(status["nonResourceRules"]), HasSubstr("\"/openapi/*\""));
  const Json other = ask(jane, 201, "authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview",
                         R"({"spec": {"namespace": "other"}})");
  EXPECT_THAT(data::to_json(other["resourceRules"]), Not(HasSubstr("\"configmaps\"")));
  bind("clusterrolebindings", "", R"({"kind": "User", "name": "jane"})", "nowhere");
  EXPECT_EQ(ask(jane, 201, "authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview",
                R"({"spec": {"namespace": "default"}})")
                .text({"evaluationError"}),
            "clusterrole.rbac.authorization.k8s.io \"nowhere\" not found");
  EXPECT_EQ(ask(jane, 400, "authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview", "{}")
                .text({"message"}),
            "no namespace on request");
}

TEST_F(Reviews, OfOthersNeedARight) {
  constexpr std::string_view kSpec = R"({"spec": {"user": "jane", "resourceAttributes":
      {"verb": "list", "resource": "configmaps", "namespace": "default"}}})";
  const std::string path = "authorization.k8s.io/v1/subjectaccessreviews";
  EXPECT_EQ(ask(admin, 201, path, "SubjectAccessReview", kSpec), json(R"({"allowed": true})"));
  EXPECT_THAT(ask(jane, 403, path, "SubjectAccessReview", kSpec).text({"message"}),
              HasSubstr("User \"jane\" cannot create resource \"subjectaccessreviews\""));
  const std::string local = "authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews";
  EXPECT_EQ(ask(admin, 201, local, "LocalSubjectAccessReview", kSpec)["allowed"], Json(true));
  EXPECT_EQ(ask(admin, 201, path, "SubjectAccessReview",
                R"({"spec": {"groups": ["g"], "resourceAttributes": {"verb": "list", "resource": "configmaps"}}})"),
            json(R"({"allowed": false})"));
  ask(admin, 404, "authorization.k8s.io/v1/localsubjectaccessreviews", "LocalSubjectAccessReview", kSpec);
  ask(admin, 404, "authorization.k8s.io/v1/namespaces/default/subjectaccessreviews", "SubjectAccessReview", kSpec);
}

TEST_F(Reviews, WrongOnes) {
  const auto why = [&](const char* plural, const char* kind, std::string_view rest, int status = 422) {
    return ask(admin, status, std::string("authorization.k8s.io/v1/") + plural, kind, rest).text({"message"});
  };
  EXPECT_THAT(why("selfsubjectaccessreviews", "SelfSubjectAccessReview", "{}"),
              HasSubstr("exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  EXPECT_THAT(why("subjectaccessreviews", "SubjectAccessReview",
                  R"({"spec": {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get"}}})"),
              AllOf(HasSubstr("cannot be specified in combination with resourceAttributes"),
                    HasSubstr("spec.user: Invalid value: \"\": at least one of user or group must be specified")));
  EXPECT_THAT(why("selfsubjectaccessreviews", "SelfSubjectAccessReview",
                  R"({"metadata": {"name": "x"}, "spec": {"resourceAttributes": {"verb": "get"}}})"),
              HasSubstr("metadata: Invalid value: {\"name\":\"x\"}: must be empty"));
  EXPECT_THAT(why("namespaces/default/localsubjectaccessreviews", "LocalSubjectAccessReview",
                  R"({"spec": {"user": "x", "resourceAttributes": {"verb": "get", "namespace": "other"}}})"),
              HasSubstr("must match metadata.namespace"));
  EXPECT_THAT(why("selfsubjectaccessreviews", "SubjectAccessReview", "{}", 400), HasSubstr("is expected here"));
  FakeResponder read;
  serve(door, test_request(admin, "GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"), read);
  EXPECT_EQ(read.response.status, 405);
}

TEST_F(Reviews, AreDiscovered) {
  FakeResponder list;
  serve(door, test_request(jane, "GET", "/apis/authorization.k8s.io/v1"), list);
  EXPECT_EQ(json(list.response.body)["resources"].size(), 4u);
  FakeResponder groups;
  serve(door, test_request(jane, "GET", "/apis"), groups);
  EXPECT_THAT(groups.response.body, HasSubstr("authentication.k8s.io/v1"));
}

}  // namespace
}  // namespace slipway::apiserver
