// Who may do what, through the door.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <thread>

#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const UserInfo kAdmin{.name = "admin", .groups = {"system:masters"}};
const UserInfo kJane{.name = "jane", .groups = {"people"}};

using Headers = RequestHeaders;

struct Answer : FakeResponder {
  int status() const { return response.status; }
  std::string message() const { return json(response.body).text({"message"}); }
};

class Access : public testing::Test {
 protected:
  Answer send(const UserInfo& user, std::string method, std::string target, std::string body = "",
              Headers headers = {}) {
    Answer answer;
    serve(door, test_request(user, std::move(method), std::move(target), std::move(body), std::move(headers)), answer);
    return answer;
  }
  int status(const UserInfo& user, std::string method, std::string target, std::string body = "") {
    return send(user, std::move(method), std::move(target), std::move(body)).status();
  }
  // A Role (in a namespace) or ClusterRole ("").
  Json role(std::string_view ns, std::string_view name, std::string_view rules) {
    Json object = meta::make_object({"rbac.authorization.k8s.io", "v1", ns.empty() ? "ClusterRole" : "Role"},
                                    {std::string(ns), std::string(name)});
    object.set("rules", registry::json(rules));
    return object;
  }
  Json binding(std::string_view ns, std::string_view name, std::string_view role_kind, std::string_view role,
               std::string_view subject_kind, std::string_view subject) {
    Json object =
        meta::make_object({"rbac.authorization.k8s.io", "v1", ns.empty() ? "ClusterRoleBinding" : "RoleBinding"},
                          {std::string(ns), std::string(name)});
    object.set("roleRef", Json::object({{"kind", role_kind}, {"name", role}}));
    object.at("subjects").append(Json::object({{"kind", subject_kind}, {"name", subject}}));
    return object;
  }
  static std::string collection(const Json& object) {
    std::string plural = object.text({"kind"}) + "s";
    std::ranges::transform(plural, plural.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string& ns = meta::ns(object);
    return fmt::format("/apis/rbac.authorization.k8s.io/v1/{}{}", ns.empty() ? "" : "namespaces/" + ns + "/", plural);
  }
  Answer create(const UserInfo& user, const Json& object) {
    return send(user, "POST", collection(object), data::to_json(object));
  }
  void must_create(const Json& object) {
    const auto answer = create(kAdmin, object);
    ASSERT_EQ(answer.status(), 201) << answer.response.body;
  }
  // Jane may do this in namespace default.
  void allow(std::string_view rules) {
    must_create(role("default", "jane", rules));
    must_create(binding("default", "jane", "Role", "jane", "User", "jane"));
  }

  registry::TestRegistry test;
  ApiServer door{test.registry, ApiServerOptions{.clock = &test.clock, .denied_groups = {"slipway:hosts"}}};
};

constexpr std::string_view kReadWidgets =
    R"([{"verbs": ["get", "list", "watch"], "apiGroups": ["example.com"], "resources": ["widgets"]}])";

TEST_F(Access, AGrantCountsFromItsAcknowledgementAndSoDoesItsEnd) {
  EXPECT_EQ(status(kJane, "GET", std::string(kWidgets)), 403);
  allow(kReadWidgets);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(status(kJane, "GET", std::string(kWidgets)), 200);
    const std::string bound = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/jane";
    ASSERT_EQ(status(kAdmin, "DELETE", bound), 200);
    EXPECT_EQ(status(kJane, "GET", std::string(kWidgets)), 403);
    must_create(binding("default", "jane", "Role", "jane", "User", "jane"));
  }
}

TEST_F(Access, AGrantOfAnotherThreadCountsToo) {
  must_create(role("", "read", kReadWidgets));
  const auto give_and_use = [&](int thread) {
    for (int i = 0; i < 25; ++i) {
      const UserInfo user{.name = fmt::format("user-{}-{}", thread, i)};
      must_create(binding("default", user.name, "ClusterRole", "read", "User", user.name));
      EXPECT_EQ(status(user, "GET", std::string(kWidgets)), 200);
    }
  };
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) threads.emplace_back(give_and_use, thread);
}

TEST_F(Access, ANamespaceIsABorder) {
  ASSERT_EQ(status(kAdmin, "POST", "/api/v1/namespaces",
                   R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})"),
            201);
  allow(kReadWidgets);
  EXPECT_EQ(status(kJane, "GET", std::string(kWidgets)), 200);
  EXPECT_EQ(status(kJane, "GET", "/apis/example.com/v1/namespaces/other/widgets"), 403);
  const auto all = send(kJane, "GET", "/apis/example.com/v1/widgets");
  EXPECT_EQ(all.status(), 403);
  EXPECT_EQ(all.message(),
            "widgets.example.com is forbidden: User \"jane\" cannot list resource \"widgets\" in API group "
            "\"example.com\" at the cluster scope");
  EXPECT_EQ(status(kJane, "GET", "/apis/example.com/v1/widgets?watch=1"), 403);
  EXPECT_EQ(status(kJane, "GET", "/apis/example.com/v1/widgets?fieldSelector=metadata.namespace=default"), 403);
  EXPECT_EQ(status(kJane, "DELETE", std::string(kWidgets)), 403);
  EXPECT_EQ(status(kJane, "POST", std::string(kWidgets), data::to_json(registry::widget("a"))), 403);
}

TEST_F(Access, WhoMayNotAskDoesNotLearnWhatIsThere) {
  for (const char* path : {"/api/v1/nothings", "/apis/no.where/v1/things/x", "/apis/example.com/v9/widgets",
                           "/api/v1/namespaces/default/secrets/x", "/api/v1/namespaces/default/secrets/x/nothing",
                           "/api/v1/namespaces/default/secrets/x/y/z", "/nowhere", "/api/v1", "//"}) {
    EXPECT_EQ(status(kJane, "GET", path), 403) << path;
    EXPECT_EQ(status(kAdmin, "GET", path), path == std::string_view("/api/v1") ? 200 : 404) << path;
  }
  EXPECT_EQ(status({}, "GET", "/api/v1/secrets"), 403);
  EXPECT_THAT(send({}, "GET", "/api").message(), HasSubstr("User \"system:anonymous\" cannot get path \"/api\""));
  EXPECT_EQ(status({}, "GET", "/healthz"), 200);
}

TEST_F(Access, AgentsMayDoNothingWhateverTheyAreGiven) {
  const UserInfo host{.name = "host:default:h", .groups = {"slipway:hosts"}};
  must_create(role("", "all", R"([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])"));
  must_create(binding("", "all", "ClusterRole", "all", "Group", "slipway:hosts"));
  must_create(binding("", "all2", "ClusterRole", "all", "Group", "system:authenticated"));
  for (const char* path : {"/api", "/version", "/healthz", "/api/v1/secrets", "/apis/example.com/v1/widgets"})
    EXPECT_EQ(status(host, "GET", path), 403) << path;
  EXPECT_EQ(send(host, "GET", "/api/v1/secrets").message(),
            "secrets is forbidden: User \"host:default:h\" cannot list resource \"secrets\" in API group \"\" at the "
            "cluster scope: members of group \"slipway:hosts\" have no access here");
  EXPECT_EQ(send(kAdmin, "GET", std::string(kWidgets), "",
                 {{"impersonate-user", "x"}, {"impersonate-group", "slipway:hosts"}})
                .status(),
            403);
}

TEST_F(Access, APatchNeedsItsOwnVerbAndTheSubresourceItsOwnRule) {
  ASSERT_EQ(status(kAdmin, "POST", std::string(kWidgets), data::to_json(registry::widget("a"))), 201);
  allow(R"([{"verbs": ["patch"], "apiGroups": ["example.com"], "resources": ["widgets"], "resourceNames": ["a"]},
            {"verbs": ["get"], "apiGroups": ["example.com"], "resources": ["widgets/status"]}])");
  const Headers merge{{"content-type", "application/merge-patch+json"}};
  const std::string a = std::string(kWidgets) + "/a";
  EXPECT_EQ(send(kJane, "PATCH", a, R"({"spec": {"size": 2}})", merge).status(), 200);
  EXPECT_EQ(send(kJane, "PATCH", std::string(kWidgets) + "/b", R"({})", merge).status(), 403);
  EXPECT_EQ(send(kJane, "PATCH", a + "/status", R"({"status": {"phase": "x"}})", merge).status(), 403);
  EXPECT_EQ(status(kJane, "GET", a), 403);
  EXPECT_EQ(status(kJane, "GET", a + "/status"), 200);
  EXPECT_EQ(status(kJane, "PUT", a, "{}"), 403);
}

TEST_F(Access, APatchThatMakesAnObjectNeedsCreateToo) {
  allow(R"([{"verbs": ["patch"], "apiGroups": ["example.com"], "resources": ["widgets"]}])");
  const std::string made = std::string(kWidgets) + "/made?fieldManager=jane";
  const std::string body = data::to_json(registry::widget("made"));
  const Headers apply{{"content-type", "application/apply-patch+yaml"}};
  const auto refused = send(kJane, "PATCH", made, body, apply);
  EXPECT_EQ(refused.status(), 403);
  EXPECT_THAT(refused.message(), HasSubstr("User \"jane\" cannot create resource \"widgets\""));
  EXPECT_EQ(send(kJane, "PATCH", made + "&dryRun=All", body, apply).status(), 403);
  must_create(role("default", "maker", R"([{"verbs": ["create"], "apiGroups": ["example.com"],
                                            "resources": ["widgets"]}])"));
  must_create(binding("default", "maker", "Role", "maker", "User", "jane"));
  EXPECT_EQ(send(kJane, "PATCH", made, body, apply).status(), 201);
  EXPECT_EQ(send(kJane, "PATCH", made, body, apply).status(), 200);
}

TEST_F(Access, ActsAsSomebodyElse) {
  allow(kReadWidgets);
  const auto as = [&](const UserInfo& user, Headers headers) {
    return send(user, "GET", std::string(kWidgets), "", std::move(headers));
  };
  EXPECT_EQ(as(kAdmin, {{"impersonate-user", "jane"}}).status(), 200);
  EXPECT_EQ(as(kAdmin, {{"impersonate-user", "joe"}}).status(), 403);
  EXPECT_EQ(as(kJane, {{"impersonate-user", "admin"}}).message(),
            "users \"admin\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at "
            "the cluster scope");
  EXPECT_EQ(as(kAdmin, {{"impersonate-group", "system:masters"}}).status(), 400);
  EXPECT_EQ(as(kAdmin, {{"impersonate-user", "x"}, {"impersonate-group", "system:masters"}}).status(), 200);
  const UserInfo helper{.name = "helper"};
  must_create(role("", "helper",
                   R"([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["jane"]},
                       {"verbs": ["impersonate"], "apiGroups": ["authentication.k8s.io"],
                        "resources": ["userextras/a/b"], "resourceNames": ["1"]}])"));
  must_create(binding("", "helper", "ClusterRole", "helper", "User", "helper"));
  EXPECT_EQ(as(helper, {{"impersonate-user", "jane"}}).status(), 200);
  EXPECT_EQ(as(helper, {}).status(), 403);
  EXPECT_THAT(as(helper, {{"impersonate-user", "jane"}, {"impersonate-group", "system:masters"}}).message(),
              HasSubstr("cannot impersonate resource \"groups\""));
  EXPECT_THAT(as(helper, {{"impersonate-user", "jane"}, {"impersonate-uid", "7"}}).message(),
              HasSubstr("cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\""));
  EXPECT_EQ(as(helper, {{"impersonate-user", "jane"}, {"impersonate-extra-a%2fb", "1"}}).status(), 200);
  EXPECT_THAT(as(helper, {{"impersonate-user", "jane"}, {"impersonate-extra-a%2fb", "2"}}).message(),
              HasSubstr("cannot impersonate resource \"userextras/a/b\""));
  EXPECT_THAT(as(helper, {{"impersonate-user", "system:serviceaccount:a:b"}}).message(),
              HasSubstr("serviceaccounts \"b\" is forbidden: User \"helper\" cannot impersonate resource "
                        "\"serviceaccounts\" in API group \"\" in the namespace \"a\""));
}

class Escalation : public Access {
 protected:
  void SetUp() override {
    // Not "*": that would contain escalate and bind.
    must_create(role("default", "jane", R"([
        {"verbs": ["get", "list", "create", "update", "patch", "delete"],
         "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]},
        {"verbs": ["get", "list"], "apiGroups": ["example.com"], "resources": ["widgets"]}])"));
    must_create(binding("default", "jane", "Role", "jane", "User", "jane"));
  }
  static constexpr std::string_view kListWidgets =
      R"([{"verbs": ["list"], "apiGroups": ["example.com"], "resources": ["widgets"]}])";
  static constexpr std::string_view kReadSecrets =
      R"([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"]}])";
};

TEST_F(Escalation, NobodyGivesMoreThanTheyHave) {
  EXPECT_EQ(create(kJane, role("default", "a", kListWidgets)).status(), 201);
  const auto refused = create(kJane, role("default", "b", kReadSecrets));
  EXPECT_EQ(refused.status(), 403);
  EXPECT_EQ(refused.message(),
            "roles.rbac.authorization.k8s.io \"b\" is forbidden: user \"jane\" (groups=[\"people\" "
            "\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
  // By an update, a patch, a dry run.
  Json grown = role("default", "a", kReadSecrets);
  const std::string a = collection(grown) + "/a";
  EXPECT_EQ(status(kJane, "PUT", a, data::to_json(grown)), 403);
  EXPECT_EQ(send(kJane, "PATCH", a, fmt::format(R"({{"rules": {}}})", kReadSecrets),
                 {{"content-type", "application/merge-patch+json"}})
                .status(),
            403);
  EXPECT_EQ(status(kJane, "PUT", a + "?dryRun=All", data::to_json(grown)), 403);
  // Whoever has more may.
  EXPECT_EQ(status(kAdmin, "PUT", a, data::to_json(grown)), 200);
  // What is too much already may not even be touched, but collected.
  const Headers merge{{"content-type", "application/merge-patch+json"}};
  EXPECT_EQ(send(kJane, "PATCH", a, R"({"metadata": {"labels": {"x": "y"}}})", merge).status(), 403);
  EXPECT_EQ(send(kJane, "PATCH", a, R"({"metadata": {"finalizers": ["x.io/y"]}})", merge).status(), 200);
}

TEST_F(Escalation, NorByApply) {
  must_create(role("default", "maker", R"([{"verbs": ["create", "patch"],
      "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"]}])"));
  const Headers apply{{"content-type", "application/apply-patch+yaml"}};
  const Json wanted = role("default", "b", kReadSecrets);
  const std::string b = collection(wanted) + "/b?fieldManager=jane&force=true";
  EXPECT_THAT(send(kJane, "PATCH", b, data::to_json(wanted), apply).message(), HasSubstr("not currently held"));
  must_create(role("default", "b", kListWidgets));
  EXPECT_THAT(send(kJane, "PATCH", b, data::to_json(wanted), apply).message(), HasSubstr("not currently held"));
}

TEST_F(Escalation, NobodyBindsMoreThanTheyHave) {
  must_create(role("", "read-secrets", kReadSecrets));
  must_create(role("", "list-widgets", kListWidgets));
  EXPECT_EQ(create(kJane, binding("default", "a", "ClusterRole", "list-widgets", "User", "joe")).status(), 201);
  const auto refused = create(kJane, binding("default", "b", "ClusterRole", "read-secrets", "User", "jane"));
  EXPECT_EQ(refused.status(), 403);
  EXPECT_THAT(refused.message(),
              HasSubstr("rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"jane\" "));
  EXPECT_THAT(refused.message(), EndsWith("{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}"));
  EXPECT_EQ(create(kJane, binding("default", "c", "Role", "nowhere", "User", "jane")).message(),
            "roles.rbac.authorization.k8s.io \"nowhere\" not found");
  EXPECT_EQ(create(kJane, binding("", "d", "ClusterRole", "list-widgets", "User", "jane")).status(), 403);
  // Somebody else's binding to more.
  must_create(binding("default", "e", "ClusterRole", "read-secrets", "User", "joe"));
  EXPECT_EQ(
      send(kJane, "PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/e",
           R"({"subjects": [{"kind": "User", "name": "jane"}]})", {{"content-type", "application/merge-patch+json"}})
          .status(),
      403);
}

TEST_F(Escalation, TheVerbsEscalateAndBindLiftIt) {
  must_create(role("default", "lift", R"([
      {"verbs": ["escalate"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"]},
      {"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"],
       "resourceNames": ["read-secrets"]}])"));
  must_create(role("", "read-secrets", kReadSecrets));
  must_create(role("", "read-secrets-too", kReadSecrets));
  EXPECT_EQ(create(kJane, role("default", "b", kReadSecrets)).status(), 403);
  must_create(binding("default", "lift", "Role", "lift", "User", "jane"));
  EXPECT_EQ(create(kJane, role("default", "b", kReadSecrets)).status(), 201);
  EXPECT_EQ(create(kJane, binding("default", "b", "ClusterRole", "read-secrets", "User", "joe")).status(), 201);
  EXPECT_EQ(create(kJane, binding("default", "c", "ClusterRole", "read-secrets-too", "User", "joe")).status(), 403);
}

TEST_F(Escalation, AnAggregatedRoleCanCollectAnything) {
  must_create(role("", "keeper", R"([{"verbs": ["get", "create", "update", "patch"],
      "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]}])"));
  must_create(binding("", "keeper", "ClusterRole", "keeper", "User", "jane"));
  Json collecting = role("", "c", "[]");
  collecting.set("aggregationRule", registry::json(R"({"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})"));
  EXPECT_EQ(create(kJane, collecting).message(),
            "clusterroles.rbac.authorization.k8s.io \"c\" is forbidden: must have cluster-admin privileges to use the "
            "aggregationRule");
  must_create(collecting);
  EXPECT_EQ(status(kJane, "PUT", collection(collecting) + "/c", data::to_json(role("", "c", "[]"))), 403);
}

}  // namespace
}  // namespace slipway::apiserver
