// kubectl with certificates of people who may not do everything: what docs/access.md says, as it is written there.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/integration/api_door.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: hosts.inventory.slipway.dev}
spec:
  group: inventory.slipway.dev
  scope: Namespaced
  names: {kind: Host, listKind: HostList, plural: hosts, singular: host}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
)";

constexpr const char* kHost =
    "apiVersion: inventory.slipway.dev/v1alpha1\nkind: Host\nmetadata: {name: h1}\nspec: {serialNumber: S1}\n";

class AccessKubectl : public testing::Test {
 protected:
  void SetUp() override {
    program = find_kubectl();
    if (program.empty()) GTEST_SKIP() << "no kubectl";
    door = std::make_unique<ApiDoor>(std::vector<std::string>{kHostCrd});
    jane = door->kubeconfig("jane", "site-team");
    joe = door->kubeconfig("joe", "operators");
    admin({"create", "namespace", "site-a"});
    admin({"create", "namespace", "site-b"});
  }
  std::string run(const std::string& kubeconfig, std::vector<std::string> arguments, const std::string& input,
                  bool succeeds) {
    if (!kubeconfig.empty()) arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig});
    std::string line;
    for (const std::string& argument : arguments) line += " " + argument;
    const auto result = door->kubectl(program, std::move(arguments), input);
    EXPECT_EQ(result.exit_code == 0, succeeds) << "kubectl" << line << "\n"
                                               << result.standard_output << result.standard_error;
    return result.standard_output + result.standard_error;
  }
  std::string admin(std::vector<std::string> arguments, const std::string& input = "") {
    return run("", std::move(arguments), input, true);
  }
  std::string can(const std::string& who, std::vector<std::string> arguments, const std::string& input = "") {
    return run(who, std::move(arguments), input, true);
  }
  std::string cannot(const std::string& who, std::vector<std::string> arguments, const std::string& input = "") {
    return run(who, std::move(arguments), input, false);
  }

  std::string program;
  std::unique_ptr<ApiDoor> door;
  std::string jane;
  std::string joe;
};

TEST_F(AccessKubectl, APersonGetsARoleInOneProject) {
  EXPECT_THAT(cannot(jane, {"get", "hosts", "-n", "site-a"}),
              HasSubstr("hosts.inventory.slipway.dev is forbidden: User \"jane\" cannot list resource \"hosts\" in API "
                        "group \"inventory.slipway.dev\" in the namespace \"site-a\""));
  admin({"create", "rolebinding", "jane", "-n", "site-a", "--clusterrole=slipway:onboarding-manager", "--user=jane"});
  can(jane, {"apply", "-n", "site-a", "-f", "-"}, kHost);
  EXPECT_THAT(can(jane, {"get", "hosts", "-n", "site-a"}), HasSubstr("h1"));
  cannot(jane, {"get", "hosts", "-n", "site-b"});
  cannot(jane, {"get", "hosts", "-A"});
  cannot(jane, {"get", "secrets", "-n", "site-a"});
  EXPECT_THAT(can(jane, {"get", "namespace", "site-a"}), HasSubstr("site-a"));
  cannot(jane, {"get", "namespaces"});
  // A group, everywhere, for reading.
  admin({"create", "clusterrolebinding", "operators", "--clusterrole=slipway:viewer", "--group=operators"});
  EXPECT_THAT(can(joe, {"get", "hosts", "-A"}), HasSubstr("h1"));
  EXPECT_THAT(cannot(joe, {"delete", "host", "h1", "-n", "site-a"}), HasSubstr("cannot delete resource \"hosts\""));
  // And taken away again.
  admin({"delete", "clusterrolebinding", "operators"});
  cannot(joe, {"get", "hosts", "-A"});
  EXPECT_THAT(admin({"get", "rolebindings", "-n", "site-a", "-o", "wide"}),
              AllOf(HasSubstr("ClusterRole/slipway:onboarding-manager"), HasSubstr("jane")));
}

TEST_F(AccessKubectl, AsksWhatIsAllowed) {
  admin({"create", "rolebinding", "jane", "-n", "site-a", "--clusterrole=slipway:viewer", "--user=jane"});
  EXPECT_EQ(can(jane, {"auth", "can-i", "list", "hosts", "-n", "site-a"}), "yes\n");
  EXPECT_EQ(cannot(jane, {"auth", "can-i", "create", "hosts", "-n", "site-a"}), "no\n");
  EXPECT_EQ(admin({"auth", "can-i", "list", "hosts", "-n", "site-a", "--as=jane"}), "yes\n");
  EXPECT_EQ(
      run("", {"auth", "can-i", "create", "hosts", "-n", "site-a", "--as=jane", "--as-group=site-team"}, "", false),
      "no\n");
  EXPECT_EQ(admin({"auth", "can-i", "*", "*", "--all-namespaces"}), "yes\n");
  EXPECT_THAT(can(jane, {"auth", "can-i", "--list", "-n", "site-a"}),
              AllOf(HasSubstr("hosts.inventory.slipway.dev"), HasSubstr("[get list watch]"),
                    HasSubstr("selfsubjectaccessreviews.authorization.k8s.io"), HasSubstr("/openapi/*")));
  EXPECT_THAT(can(jane, {"auth", "can-i", "--list", "-n", "site-b"}), Not(HasSubstr("hosts.inventory.slipway.dev")));
  EXPECT_THAT(can(jane, {"auth", "whoami"}),
              AllOf(HasSubstr("jane"), HasSubstr("site-team"), HasSubstr("system:authenticated")));
  EXPECT_THAT(cannot(jane, {"get", "hosts", "--as=admin"}), HasSubstr("cannot impersonate resource \"users\""));
}

TEST_F(AccessKubectl, ReconcilesRolesAndRefusesEscalation) {
  constexpr const char* kRoles = R"(
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: host-reader, namespace: site-a}
rules: [{apiGroups: [inventory.slipway.dev], resources: [hosts], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: host-reader, namespace: site-a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: host-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: joe}]
)";
  EXPECT_THAT(admin({"auth", "reconcile", "-f", "-"}, kRoles),
              AllOf(HasSubstr("role.rbac.authorization.k8s.io/host-reader reconciled"),
                    HasSubstr("rolebinding.rbac.authorization.k8s.io/host-reader reconciled")));
  can(joe, {"get", "hosts", "-n", "site-a"});
  // A project's admin gives roles away there, and no more than the own.
  admin({"create", "rolebinding", "jane", "-n", "site-a", "--clusterrole=admin", "--user=jane"});
  can(jane, {"create", "rolebinding", "more", "-n", "site-a", "--clusterrole=view", "--user=joe"});
  EXPECT_THAT(
      cannot(jane, {"create", "rolebinding", "much", "-n", "site-a", "--clusterrole=cluster-admin", "--user=jane"}),
      HasSubstr("is attempting to grant RBAC permissions not currently held:\n"
                "{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}"));
  cannot(jane, {"create", "clusterrolebinding", "much", "--clusterrole=view", "--user=jane"});
  EXPECT_THAT(admin({"describe", "clusterrole", "slipway:edge-operator"}), HasSubstr("clusters.cluster.x-k8s.io"));
}

TEST_F(AccessKubectl, AProgramHasATokenOfItsServiceAccount) {
  const std::string bare = door->kubeconfig("robot", "");
  const auto token_of = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"create", "token", "robot", "-n", "site-a"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::string token = admin(arguments);
    while (token.ends_with('\n')) token.pop_back();
    return "--token=" + token;
  };
  admin({"create", "serviceaccount", "robot", "-n", "site-a"});
  admin({"create", "rolebinding", "robot", "-n", "site-a", "--clusterrole=slipway:viewer",
         "--serviceaccount=site-a:robot"});
  const std::string token = token_of({"--duration=24h"});
  EXPECT_THAT(can(bare, {"auth", "whoami", token}),
              AllOf(HasSubstr("system:serviceaccount:site-a:robot"), HasSubstr("system:serviceaccounts:site-a")));
  can(bare, {"get", "hosts", "-n", "site-a", token});
  EXPECT_THAT(cannot(bare, {"get", "hosts", "-n", "site-b", token}), HasSubstr("cannot list resource \"hosts\""));
  EXPECT_THAT(run("", {"create", "token", "robot", "-n", "site-a", "--duration=1m"}, "", false),
              HasSubstr("may not specify a duration less than 10 minutes"));

  admin({"create", "secret", "generic", "lease", "-n", "site-a"});
  const std::string bound = token_of({"--bound-object-kind=Secret", "--bound-object-name=lease"});
  can(bare, {"get", "hosts", "-n", "site-a", bound});
  admin({"delete", "secret", "lease", "-n", "site-a"});
  EXPECT_THAT(cannot(bare, {"get", "hosts", "-n", "site-a", bound}), HasSubstr("Unauthorized"));
  admin({"delete", "serviceaccount", "robot", "-n", "site-a"});
  EXPECT_THAT(cannot(bare, {"get", "hosts", "-n", "site-a", token}), HasSubstr("Unauthorized"));
}

}  // namespace
}  // namespace slipway::integration
