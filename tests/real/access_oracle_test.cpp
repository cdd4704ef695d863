#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "apiserver/authorization/policy_rule.h"
#include "apiserver/authorization/rbac_index.h"
#include "apiserver/authorization/write_check.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "meta/object.h"

// Access decisions beside the RBAC authorizer that kube-apiserver runs (tests/real/oracles/access): random roles and
// bindings, random questions, the same answers, reasons and escalation messages. SLIPWAY_ACCESS_POLICIES and
// SLIPWAY_ACCESS_SEED say how many and which.
namespace slipway::real {
namespace {

using apiserver::AccessAttributes;
using apiserver::RbacIndex;
using apiserver::UserInfo;
using data::Json;

constexpr const char* kGroup = "rbac.authorization.k8s.io";

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

using Words = std::vector<std::string>;
const Words kVerbs{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*", "", "bind"};
const Words kGroups{"", "x.io", "*", "apps"};
const Words kResources{"a",   "b",          "*",      "a/status", "b/scale", "*/status", "*/scale",
                       "a/*", "*/a/status", "status", "a/",       "/a",      "*/",       "secrets"};
const Words kNames{"n", "m", "", "system:x"};
const Words kNamespaces{"", "one", "two"};
const Words kUrls{"/healthz", "/healthz/*", "*", "/a*", "/a**", "/", "/apis/*", "", "/b"};
const Words kUsers{"jane", "joe", "system:serviceaccount:one:robot", "system:serviceaccount:two:robot", "robot", ""};
const Words kUserGroups{"people", "system:authenticated", "jane"};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  const std::string& one(const Words& from) { return from[random_() % from.size()]; }
  Json some(const Words& from, unsigned most) {
    Json out = Json::array();
    for (auto left = random_() % (most + 1); left > 0; --left) out.append(one(from));
    return out;
  }
  Json rules() {
    Json out = Json::array();
    for (unsigned left = random_() % 4; left > 0; --left) {
      Json rule = Json::object({{"verbs", some(kVerbs, 3)}});
      if (chance(4)) {
        rule.set("nonResourceURLs", some(kUrls, 2));
      } else {
        rule.set("apiGroups", some(kGroups, 2));
        rule.set("resources", some(kResources, 3));
        if (chance(3)) rule.set("resourceNames", some(kNames, 2));
      }
      out.append(std::move(rule));
    }
    return out;
  }
  Json role(const char* kind, const std::string& ns, const std::string& name) {
    Json object = meta::make_object({kGroup, "v1", kind}, {ns, name});
    object.set("rules", rules());
    return object;
  }
  Json binding(const std::string& ns, const std::string& name) {
    Json object = meta::make_object({kGroup, "v1", ns.empty() ? "ClusterRoleBinding" : "RoleBinding"}, {ns, name});
    const bool local = !ns.empty() && chance(2);
    object.set("roleRef", Json::object({{"apiGroup", kGroup},
                                        {"kind", local ? "Role" : "ClusterRole"},
                                        {"name", fmt::format("r{}", random_() % 5)}}));
    for (auto left = 1 + random_() % 3; left > 0; --left) object.at("subjects").append(subject());
    return object;
  }
  Json subject() {
    switch (random_() % 3) {
      case 0:
        return Json::object({{"kind", "User"}, {"name", one(kUsers)}});
      case 1:
        return Json::object({{"kind", "Group"}, {"name", one(kUserGroups)}});
      default:
        return Json::object({{"kind", "ServiceAccount"}, {"name", "robot"}, {"namespace", one(kNamespaces)}});
    }
  }
  Json question() {
    Json out = Json::object({{"User", one(kUsers)}, {"Groups", some(kUserGroups, 2)}, {"Verb", one(kVerbs)}});
    out.set("IsResource", !chance(5));
    if (out["IsResource"].bool_or(false)) {
      out.set("Group", one(kGroups));
      out.set("Resource", one({"a", "b", "secrets", "status", "*"}));
      out.set("Subresource", one({"", "", "status", "scale", "a", "*"}));
      out.set("Name", one(kNames));
      out.set("Namespace", one(kNamespaces));
    } else {
      out.set("Path", one({"/healthz", "/healthz/x", "/a", "/ab", "/apis/x", "/", "", "*"}));
    }
    return out;
  }
  Json escalation() {
    return Json::object(
        {{"User", one(kUsers)}, {"Groups", some(kUserGroups, 2)}, {"Namespace", one(kNamespaces)}, {"Rules", rules()}});
  }

 private:
  std::mt19937_64 random_;
};

Json make_policy(Generator& generator) {
  Json policy = Json::object();
  for (int i = 0; i < 4; ++i) {
    // One more name is bound than there are roles: a missing role is part of the question.
    policy.at("ClusterRoles").append(generator.role("ClusterRole", "", fmt::format("r{}", i)));
    for (const char* ns : {"one", "two"}) policy.at("Roles").append(generator.role("Role", ns, fmt::format("r{}", i)));
  }
  for (int i = 0; i < 3; ++i) {
    policy.at("ClusterRoleBindings").append(generator.binding("", fmt::format("b{}", i)));
    for (const char* ns : {"one", "two"})
      policy.at("RoleBindings").append(generator.binding(ns, fmt::format("b{}", i)));
  }
  for (int i = 0; i < 300; ++i) policy.at("Questions").append(generator.question());
  for (int i = 0; i < 60; ++i) policy.at("Escalations").append(generator.escalation());
  return policy;
}

UserInfo user_of(const Json& asked) {
  UserInfo user{.name = asked.text({"User"})};
  for (const Json& group : asked["Groups"].items()) user.groups.push_back(group.string_or_empty());
  return user;
}

// Where several roles are missing, kube-apiserver names them in any order.
std::string in_order(std::string text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.rfind(']');
  if (!text.starts_with("RBAC: [") || close == text.npos) return text;
  Words parts;
  std::string list = text.substr(open + 1, close - open - 1);
  for (std::size_t at; (at = list.find(", ")) != list.npos; list.erase(0, at + 2)) parts.push_back(list.substr(0, at));
  parts.push_back(list);
  std::ranges::sort(parts);
  std::string out = "RBAC:";
  for (const std::string& part : parts) out += " " + part;
  return out;
}

std::string without_resolution_errors(const std::string& text) {
  return text.substr(0, text.find("; resolution errors: "));
}

void compare(const Json& policy, const Json& theirs, int& differences) {
  RbacIndex index;
  for (const Json& object : policy["Roles"].items()) index.put(RbacIndex::Kind::kRole, object);
  for (const Json& object : policy["ClusterRoles"].items()) index.put(RbacIndex::Kind::kClusterRole, object);
  for (const Json& object : policy["RoleBindings"].items()) index.put(RbacIndex::Kind::kRoleBinding, object);
  for (const Json& object : policy["ClusterRoleBindings"].items())
    index.put(RbacIndex::Kind::kClusterRoleBinding, object);
  const auto expect_same = [&](const Json& asked, const std::string& ours, const std::string& upstream) {
    if (ours == upstream || ++differences > 10) return;
    ADD_FAILURE() << data::to_json(asked) << "\nours:   " << ours << "\ntheirs: " << upstream;
  };
  for (std::size_t i = 0; i < policy["Questions"].size(); ++i) {
    const Json& asked = policy["Questions"].items()[i];
    const UserInfo user = user_of(asked);
    AccessAttributes attributes{.user = user, .verb = asked.text({"Verb"})};
    attributes.is_resource = asked["IsResource"].bool_or(false);
    attributes.group = asked.text({"Group"});
    attributes.resource = asked.text({"Resource"});
    attributes.subresource = asked.text({"Subresource"});
    attributes.name = asked.text({"Name"});
    attributes.ns = asked.text({"Namespace"});
    attributes.path = asked.text({"Path"});
    const auto ours = index.authorize(attributes);
    const Json& answer = theirs["answers"].items()[i];
    const auto text = [](bool allowed, const std::string& reason) {
      return (allowed ? "yes " : "no ") + in_order(reason);
    };
    expect_same(asked, text(ours.decision == apiserver::Decision::kAllow, ours.reason),
                text(answer["allowed"].bool_or(false), answer.text({"reason"})));
  }
  for (std::size_t i = 0; i < policy["Escalations"].size(); ++i) {
    const Json& asked = policy["Escalations"].items()[i];
    const UserInfo user = user_of(asked);
    const auto wanted = apiserver::policy_rules_of(Json::object({{"rules", asked["Rules"]}}));
    const auto held = index.rules_for(user, asked.text({"Namespace"}));
    expect_same(asked, without_resolution_errors(apiserver::escalation_problem(user, held, wanted)),
                without_resolution_errors(theirs["escalations"].items()[i].string_or_empty()));
  }
}

TEST(AccessOracle, DecidesAsKubeApiserver) {
  const auto program = std::filesystem::path(SLIPWAY_SOURCE_FOLDER) / "build/real/bin/access-oracle";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "tests/real/build-oracles has not built " << program;
  Generator generator(number_from("SLIPWAY_ACCESS_SEED", 1));
  std::vector<Json> policies;
  base::ProcessOptions options;
  options.argv = {program};
  options.timeout = std::chrono::minutes(10);
  for (std::uint64_t left = number_from("SLIPWAY_ACCESS_POLICIES", 100); left > 0; --left) {
    policies.push_back(make_policy(generator));
    options.input += data::to_json(policies.back()) + "\n";
  }
  options.output_limit = 1u << 30;
  const auto ran = base::run_process(options);
  ASSERT_TRUE(ran) << ran.error().message();
  ASSERT_EQ(ran->exit_code, 0) << ran->standard_error.substr(0, 4'000);
  std::istringstream lines(ran->standard_output);
  int differences = 0;
  int allowed = 0;
  for (const Json& policy : policies) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto theirs = data::parse_json(line);
    ASSERT_TRUE(theirs);
    for (const Json& answer : (*theirs)["answers"].items()) allowed += answer["allowed"].bool_or(false) ? 1 : 0;
    compare(policy, *theirs, differences);
  }
  EXPECT_EQ(differences, 0);
  EXPECT_GT(allowed, 0);
  fmt::print("{} policies: {} questions ({} allowed), {} escalations\n", policies.size(), policies.size() * 300,
             allowed, policies.size() * 60);
}

}  // namespace
}  // namespace slipway::real
