// What one access decision costs with 1,000 bindings, and what it costs kube-apiserver's RBAC authorizer
// (tests/real/oracles/access, built by tests/real/build-oracles; looked for below the working folder) over the same
// roles and questions.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/core.h>
#include <optional>
#include <thread>
#include <vector>

#include "apiserver/authorization/default_policy.h"
#include "apiserver/authorization/rbac_authorizer.h"
#include "apiserver/authorization/role_aggregation.h"
#include "base/figures.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "registry/registry.h"
#include "store/memory/memory_store.h"

namespace slipway::apiserver {
namespace {

using data::Json;

constexpr const char* kGroup = "rbac.authorization.k8s.io";
constexpr int kPeople = 1'000;
constexpr int kRepeat = 200;
constexpr int kThreads = 4;

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

double nanoseconds_per_check(RbacAuthorizer& authorizer, const std::vector<Asked>& all, int& allowed) {
  const auto begin = std::chrono::steady_clock::now();
  allowed = 0;
  for (int i = 0; i < kRepeat; ++i)
    for (const Asked& asked : all) {
      AccessAttributes attributes{.user = asked.user, .verb = asked.question->text({"Verb"}), .is_resource = true};
      attributes.group = "inventory.slipway.dev";
      attributes.resource = "hosts";
      attributes.ns = asked.question->text({"Namespace"});
      allowed += authorizer.authorize(attributes).decision == Decision::kAllow ? 1 : 0;
    }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / (static_cast<double>(kRepeat) * static_cast<double>(all.size()));
}

// The same by kube-apiserver's authorizer; nothing when it is not built. Its answers must be ours.
std::optional<double> rival_nanoseconds(Json policy, int allowed_here) {
  const auto program = std::filesystem::path("build/real/bin/access-oracle");
  if (!std::filesystem::exists(program)) return std::nullopt;
  policy.set("Repeat", 20);
  base::ProcessOptions options;
  options.argv = {program};
  options.input = data::to_json(policy) + "\n";
  options.output_limit = 64u << 20;
  options.timeout = std::chrono::minutes(5);
  const auto ran = must(base::run_process(options));
  const Json answer = must(data::parse_json(ran.standard_output));
  int allowed = 0;
  for (const Json& item : answer["answers"].items()) allowed += item["allowed"].bool_or(false) ? 1 : 0;
  if (allowed != allowed_here) {
    fmt::print(stderr, "kube-apiserver allows {} of the questions, slipwayd {}\n", allowed, allowed_here);
    std::exit(1);
  }
  return answer["nanoseconds"].number_or(0);
}

int run() {
  const auto store = store::make_memory_store({});
  registry::Registry registry(*store, {});
  must(AccessPolicyKeeper::start(registry))->stop();
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

  RbacAuthorizer authorizer(registry);
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
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        int ignored = 0;
        nanoseconds_per_check(authorizer, asked, ignored);
      });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const std::vector<base::Figure> figures{
      {.name = fmt::format("one access check, {} bindings, {} of {} allowed", kPeople, allowed / kRepeat, asked.size()),
       .value = one,
       .unit = "ns",
       .rival = rival_nanoseconds(std::move(policy), allowed / kRepeat),
       .rival_name = "kube-apiserver's RBAC authorizer"},
      {.name = fmt::format("access checks by {} threads", kThreads),
       .value = static_cast<double>(kThreads) * kRepeat * kPeople / took.count() / 1e6,
       .unit = "million/s",
       .smaller_is_better = false}};
  fmt::print("{}", base::figures_table("access decisions", figures));
  const auto written = base::write_figures("build/figures", "access", figures);
  if (!written) fmt::print(stderr, "{}\n", written.error().message());
  return written ? 0 : 1;
}

}  // namespace
}  // namespace slipway::apiserver

int main() {
  return slipway::apiserver::run();
}
