// Every verb on every resource in every namespace by every kind of user of every role, through the door, beside a
// second, plain evaluation of the same roles written here.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <random>
#include <ranges>

#include "apiserver/authorization/default_policy.h"
#include "apiserver/authorization/role_aggregation.h"
#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

struct Question {
  std::string verb, group, version, resource, subresource, name, ns;
  std::string path;      // of a question about no resource
  std::string selector;  // a field selector that limits a list or watch to `name`
};

std::vector<std::string> words(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list.items()) out.push_back(item.string_or_empty());
  return out;
}

bool any(const Json& list, const std::vector<std::string>& accepted) {
  return std::ranges::any_of(words(list),
                             [&](const auto& word) { return std::ranges::find(accepted, word) != accepted.end(); });
}

// What a rule says, as the documentation of RBAC puts it.
bool rule_says_yes(const Json& rule, const Question& question) {
  if (!any(rule["verbs"], {"*", question.verb})) return false;
  if (!question.path.empty()) {
    return std::ranges::any_of(words(rule["nonResourceURLs"]), [&](const std::string& url) {
      if (!url.ends_with("*")) return url == question.path;
      return question.path.substr(0, url.size() - 1) == url.substr(0, url.size() - 1);
    });
  }
  if (!any(rule["apiGroups"], {"*", question.group})) return false;
  std::vector<std::string> resources{"*", question.resource};
  if (!question.subresource.empty())
    resources = {"*", question.resource + "/" + question.subresource, "*/" + question.subresource};
  if (!any(rule["resources"], resources)) return false;
  return rule["resourceNames"].empty() || any(rule["resourceNames"], {question.name});
}

struct Person {
  UserInfo user;
  std::string role;      // of the ClusterRole, "" = none
  std::string bound_in;  // a namespace, "" = everywhere
};

class Matrix : public testing::Test {
 protected:
  void SetUp() override {
    auto started = AccessPolicyKeeper::start(test.registry);
    ASSERT_TRUE(started) << started.error().message();
    (*started)->stop();
    const auto ns = test.registry.catalog().find("", "v1", "namespaces");
    ASSERT_TRUE(test.registry.create(*ns, meta::make_object(ns->gvk(), {"", "other"})));
    for (const char* name : {"a", "b"})
      for (const char* where : {"default", "other"}) {
        Json widget = registry::widget(name);
        widget.at("metadata").set("namespace", where);
        ASSERT_TRUE(test.registry.create(test.widgets, widget));
      }
    add_random_roles(20);
    const auto roles = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
    const auto listed = test.registry.list(*roles, {});
    for (const auto& role : listed->items) rules[meta::name(*role)] = (*role)["rules"];
    int number = 0;
    for (const auto& [role, ignored] : rules) add_people(role, number++);
    people.push_back({{.name = "nobody"}, "", ""});
    people.push_back({{.name = ""}, "", ""});
  }

  void add_random_roles(int count) {
    std::mt19937 random(20261121);
    const auto pick = [&](const std::vector<std::string>& from, unsigned most) {
      Json out = Json::array();
      const auto wanted = static_cast<unsigned>(1 + random() % most);
      for (unsigned i = 0; i < wanted; ++i) out.append(from[random() % from.size()]);
      return out;
    };
    const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
    for (int i = 0; i < count; ++i) {
      Json role = meta::make_object(resource->gvk(), {"", fmt::format("random-{}", i)});
      for (unsigned rule = 0; rule < 1 + random() % 3; ++rule) {
        Json made = Json::object({{"verbs", pick({"get", "list", "watch", "create", "update", "patch", "delete",
                                                  "deletecollection", "post", "*"},
                                                 4)}});
        if (random() % 5 == 0) {
          made.set("nonResourceURLs", pick({"/healthz", "/version", "/api*", "/apis/*", "/metrics", "*"}, 2));
        } else {
          made.set("apiGroups", pick({"", "example.com", "rbac.authorization.k8s.io", "*"}, 2));
          made.set("resources", pick({"widgets", "widgets/status", "gadgets", "secrets", "configmaps", "namespaces",
                                      "roles", "*/status", "*/scale", "events", "*"},
                                     3));
          if (random() % 3 == 0) made.set("resourceNames", pick({"a", "b", "default"}, 2));
        }
        role.at("rules").append(std::move(made));
      }
      const auto created = test.registry.create(*resource, role);
      ASSERT_TRUE(created) << created.error().message();
    }
  }

  void add_people(const std::string& role, int number) {
    const auto bind = [&](std::string_view ns, const Json& subject, const char* suffix) {
      const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1",
                                                         ns.empty() ? "clusterrolebindings" : "rolebindings");
      Json binding = meta::make_object(resource->gvk(), {std::string(ns), fmt::format("p{}-{}", number, suffix)});
      binding.set("roleRef", Json::object({{"kind", "ClusterRole"}, {"name", role}}));
      binding.at("subjects").append(subject);
      const auto created = test.registry.create(*resource, binding);
      ASSERT_TRUE(created) << created.error().message();
    };
    const std::string name = fmt::format("p{}", number);
    bind("", Json::object({{"kind", "User"}, {"name", name}}), "user");
    people.push_back({{.name = name}, role, ""});
    bind("default", Json::object({{"kind", "Group"}, {"name", name + "-group"}}), "group");
    people.push_back({{.name = name + "-member", .groups = {"x", name + "-group"}}, role, "default"});
    bind("other", Json::object({{"kind", "ServiceAccount"}, {"name", name}, {"namespace", "default"}}), "account");
    people.push_back({{.name = "system:serviceaccount:default:" + name}, role, "other"});
  }

  // Everything that the catalog has.
  std::vector<Question> questions() const {
    std::vector<Question> all;
    for (const auto& resource : test.registry.catalog().all())
      for (const auto& version : resource->versions) {
        std::vector<std::string> parts{""};
        if (version->has_status) parts.emplace_back("status");
        if (version->scale) parts.emplace_back("scale");
        // Below a Namespace, anything but its own subresources is a resource in it.
        parts.emplace_back(resource->group_kind() == meta::GroupKind{"", "Namespace"} ? "finalize" : "nowhere");
        const auto places =
            resource->namespaced ? std::vector<std::string>{"default", "other", ""} : std::vector<std::string>{""};
        for (const std::string& ns : places)
          for (const std::string& part : parts) add_questions(*resource, version->version, ns, part, all);
      }
    for (const char* path : {"/", "/api", "/api/v1", "/apis", "/apis/example.com", "/apis/example.com/v1", "/healthz",
                             "/version", "/metrics", "/openapi/v3", "/nowhere", "/readyz/x"})
      for (const char* verb : {"get", "post"}) all.push_back({.verb = verb, .path = path});
    return all;
  }
  static void add_questions(const registry::ResourceInfo& resource, const std::string& version, const std::string& ns,
                            const std::string& part, std::vector<Question>& all) {
    const Question base{.group = resource.group, .version = version, .resource = resource.plural, .ns = ns};
    const auto add = [&](const char* verb, const char* name, const char* selector = "") {
      Question question = base;
      question.verb = verb;
      question.name = name;
      question.subresource = part;
      question.selector = selector;
      all.push_back(std::move(question));
    };
    if (part.empty()) {
      for (const char* verb : {"list", "watch", "create", "deletecollection"}) add(verb, "");
      for (const char* verb : {"list", "watch"}) add(verb, "a", "metadata.name=a");
    }
    if (resource.namespaced && ns.empty()) return;
    for (const char* verb : {"get", "update", "patch", "delete"}) add(verb, "a");
    add("get", "c");
    if (resource.plural == "namespaces")
      for (const char* verb : {"get", "update", "patch", "delete"}) add(verb, "default");
  }

  bool expected(const Person& person, const Question& question) const {
    const auto role_says_yes = [&](const std::string& role) {
      const auto found = rules.find(role);
      return found != rules.end() && std::ranges::any_of(found->second.items(), [&](const Json& rule) {
               return rule_says_yes(rule, question);
             });
    };
    const bool health = question.path == "/healthz" || question.path == "/livez" || question.path == "/readyz";
    if (health && question.verb == "get") return true;
    if (role_says_yes("system:public-info-viewer")) return true;
    if (!person.user.name.empty() && (role_says_yes("system:discovery") || role_says_yes("system:basic-user")))
      return true;
    if (person.role.empty()) return false;
    // An object of kind Namespace is in the namespace of its name.
    const std::string ns = question.resource == "namespaces" && question.selector.empty() ? question.name : question.ns;
    const bool reaches = person.bound_in.empty() || (question.path.empty() && person.bound_in == ns);
    return reaches && role_says_yes(person.role);
  }

  net::HttpRequest request(const Person& person, const Question& question) const {
    static const std::map<std::string, std::string> methods{
        {"get", "GET"},    {"list", "GET"},    {"watch", "GET"},     {"create", "POST"},
        {"update", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}, {"deletecollection", "DELETE"},
        {"post", "POST"}};
    std::string target = question.path;
    if (target.empty()) {
      target = question.group.empty() ? "/api/" + question.version
                                      : fmt::format("/apis/{}/{}", question.group, question.version);
      if (!question.ns.empty()) target += "/namespaces/" + question.ns;
      target += "/" + question.resource;
      if (question.selector.empty() && !question.name.empty()) target += "/" + question.name;
      if (!question.subresource.empty()) target += "/" + question.subresource;
    }
    const bool reads = methods.at(question.verb) == "GET";
    target += reads ? "?" : "?dryRun=All";  // the matrix stays as it is
    if (question.verb == "watch") target += "&watch=1&resourceVersion=1000000000";
    net::HttpRequest made = test_request(person.user, methods.at(question.verb), target, reads ? "" : "{}",
                                         {{"content-type", "application/merge-patch+json"}});
    if (question.verb != "patch") made.headers = {{"content-type", "application/json"}};
    if (!question.selector.empty()) made.query.emplace("fieldSelector", question.selector);
    return made;
  }

  registry::TestRegistry test;
  std::map<std::string, Json> rules;  // of each ClusterRole
  std::vector<Person> people;
  ApiServer door{test.registry, ApiServerOptions{.clock = &test.clock}};
};

TEST_F(Matrix, NobodyGetsMoreOrLessThanTheirRole) {
  const std::vector<Question> all = questions();
  const store::Revision before = test.store->revision();
  std::size_t allowed = 0, refused = 0, wrong = 0;
  for (const Person& person : people)
    for (const Question& question : all) {
      const net::HttpRequest asked = request(person, question);
      FakeResponder answer;
      serve(door, asked, answer);
      // A refusal of this very verb; others (a protected namespace) come later and are no matter of roles.
      const std::string user = person.user.name.empty() ? "system:anonymous" : person.user.name;
      const bool no = answer.response.status == 403 &&
                      answer.response.body.find(fmt::format("User \\\"{}\\\" cannot {} ", user, question.verb)) !=
                          std::string::npos;
      const bool yes = expected(person, question);
      ++(yes ? allowed : refused);
      if (no != yes) continue;
      if (++wrong <= 20)
        ADD_FAILURE() << person.user.name << " (" << person.role << " in '" << person.bound_in << "'): " << asked.method
                      << " " << asked.target << " must be " << (yes ? "allowed" : "refused") << ", is "
                      << answer.response.status << " " << answer.response.body;
    }
  EXPECT_EQ(wrong, 0u) << "of " << allowed + refused;
  EXPECT_EQ(test.store->revision(), before);
  EXPECT_GT(allowed, 3'000u);
  EXPECT_GT(refused, 50'000u);
  fmt::print("{} requests by {} users of {} roles: {} allowed, {} refused, {} wrong\n", allowed + refused,
             people.size(), rules.size(), allowed, refused, wrong);
}

TEST_F(Matrix, AListShowsOnlyItsNamespace) {
  for (const Person& person : people)
    for (const char* ns : {"default", "other", ""}) {
      const std::string where = *ns ? fmt::format("namespaces/{}/", ns) : "";
      FakeResponder answer;
      serve(door, test_request(person.user, "GET", fmt::format("/apis/example.com/v1/{}widgets", where)), answer);
      if (answer.response.status != 200) continue;
      std::size_t seen = 0;
      const Json list = json(answer.response.body);
      for (const Json& item : list["items"].items()) {
        ++seen;
        if (*ns) {
          EXPECT_EQ(meta::ns(item), ns) << person.user.name;
        }
      }
      EXPECT_EQ(seen, *ns ? 2u : 4u);
    }
}

}  // namespace
}  // namespace slipway::apiserver
