// What one access decision costs with 1,000 bindings, and what it costs kube-apiserver's RBAC authorizer
// (tests/real/oracles/access, built by tests/real/build-oracles) over the same roles and questions.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/core.h>
#include <thread>
#include <vector>

#include "apiserver/authorization/default_policy.h"
#include "apiserver/authorization/rbac_authorizer.h"
#include "apiserver/authorization/role_aggregation.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "registry/registry.h"
#include "store/memory/memory_store.h"

namespace slipway::real {
namespace {

using apiserver::AccessAttributes;
using apiserver::UserInfo;
using data::Json;

constexpr const char* kGroup = "rbac.authorization.k8s.io";
constexpr int kPeople = 1'000;
constexpr int kRepeat = 200;

template <typename T>
T must(base::Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().message());
  std::exit(1);
}

// 1,000 people in 50 projects, each with one role in their project, half of them by a group.
Json binding(int number) {
  static const char* const kRoles[] = {"edit", "view", "slipway:edge-operator", "slipway:onboarding-manager"};
  Json object = meta::make_object({kGroup, "v1", "RoleBinding"},
                                  {fmt::format("project-{}", number % 50), fmt::format("person-{}", number)});
  object.set("roleRef", Json::object({{"apiGroup", kGroup}, {"kind", "ClusterRole"}, {"name", kRoles[number % 4]}}));
  object.at("subjects")
      .append(Json::object({{"apiGroup", kGroup},
                            {"kind", number % 2 == 0 ? "User" : "Group"},
                            {"name", fmt::format("person-{}", number)}}));
  return object;
}

std::vector<Json> questions() {
  std::vector<Json> all;
  for (int i = 0; i < kPeople; ++i) {
    const std::string person = fmt::format("person-{}", i);
    const bool own = i % 3 != 0;
    all.push_back(Json::object({{"User", i % 2 == 0 ? person : "somebody"},
                                {"Groups", Json::array({"people", person, "system:authenticated"})},
                                {"Verb", i % 5 == 0 ? "create" : "list"},
                                {"IsResource", true},
                                {"Group", "inventory.slipway.dev"},
                                {"Resource", "hosts"},
                                {"Namespace", fmt::format("project-{}", own ? i % 50 : 49 - i % 50)}}));
  }
  return all;
}

struct Asked {
  UserInfo user;
  const Json* question;
};

double nanoseconds_per_check(apiserver::RbacAuthorizer& authorizer, const std::vector<Asked>& all, int& allowed) {
  const auto begin = std::chrono::steady_clock::now();
  allowed = 0;
  for (int i = 0; i < kRepeat; ++i)
    for (const Asked& asked : all) {
      AccessAttributes attributes{.user = asked.user, .verb = asked.question->text({"Verb"}), .is_resource = true};
      attributes.group = "inventory.slipway.dev";
      attributes.resource = "hosts";
      attributes.ns = asked.question->text({"Namespace"});
      allowed += authorizer.authorize(attributes).decision == apiserver::Decision::kAllow ? 1 : 0;
    }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / (static_cast<double>(kRepeat) * static_cast<double>(all.size()));
}

void print_rival(Json policy) {
  const auto program = std::filesystem::path(SLIPWAY_SOURCE_FOLDER) / "build/real/bin/access-oracle";
  if (!std::filesystem::exists(program))
    return fmt::print("kube-apiserver's RBAC authorizer: not built (tests/real/build-oracles)\n");
  policy.set("Repeat", 5);
  base::ProcessOptions options;
  options.argv = {program};
  options.input = data::to_json(policy) + "\n";
  options.output_limit = 64u << 20;
  options.timeout = std::chrono::minutes(5);
  const auto ran = must(base::run_process(options));
  const Json answer = must(data::parse_json(ran.standard_output));
  int allowed = 0;
  for (const Json& item : answer["answers"].items()) allowed += item["allowed"].bool_or(false) ? 1 : 0;
  fmt::print("kube-apiserver's RBAC authorizer: {:.0f} ns a check, {} of {} allowed\n",
             answer["nanoseconds"].number_or(0), allowed, answer["answers"].size());
}

int run() {
  const auto store = store::make_memory_store({});
  registry::Registry registry(*store, {});
  must(apiserver::AccessPolicyKeeper::start(registry))->stop();
  const auto namespaces = registry.catalog().find("", "v1", "namespaces");
  const auto bindings = registry.catalog().find(kGroup, "v1", "rolebindings");
  for (int i = 0; i < 50; ++i)
    must(registry.create(*namespaces, meta::make_object(namespaces->gvk(), {"", fmt::format("project-{}", i)})));
  Json policy = Json::object();
  for (int i = 0; i < kPeople; ++i) {
    must(registry.create(*bindings, binding(i)));
    policy.at("RoleBindings").append(binding(i));
  }
  for (const auto& [plural, member] :
       {std::pair{"clusterroles", "ClusterRoles"}, {"clusterrolebindings", "ClusterRoleBindings"}})
    for (const auto& object : must(registry.list(*registry.catalog().find(kGroup, "v1", plural), {})).items)
      policy.at(member).append(*object);

  apiserver::RbacAuthorizer authorizer(registry);
  const std::vector<Json> all = questions();
  std::vector<Asked> asked;
  for (const Json& question : all) {
    policy.at("Questions").append(question);
    UserInfo user{.name = question.text({"User"})};
    for (const Json& group : question["Groups"].items()) user.groups.push_back(group.string_or_empty());
    asked.push_back({std::move(user), &question});
  }
  int allowed = 0;
  const double one = nanoseconds_per_check(authorizer, asked, allowed);
  fmt::print("slipwayd, {} bindings:             {:.0f} ns a check, {} of {} allowed\n", kPeople, one,
             allowed / kRepeat, asked.size());
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        int ignored = 0;
        nanoseconds_per_check(authorizer, asked, ignored);
      });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("slipwayd, 4 threads:                 {:.1f} million checks a second\n",
             4.0 * kRepeat * kPeople / took.count() / 1e6);
  print_rival(std::move(policy));
  return 0;
}

}  // namespace
}  // namespace slipway::real

int main() {
  return slipway::real::run();
}
