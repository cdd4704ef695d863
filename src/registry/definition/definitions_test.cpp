#include <atomic>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <thread>

#include "registry/garbage_collector.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

struct Server {
  ResourceVersionPtr definitions() {
    return registry.catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  }
  base::Result<ObjectPtr> define(const Json& crd) { return registry.create(*definitions(), crd); }
  base::Result<ObjectPtr> redefine(const std::string& name, std::string_view merge_patch,
                                   const std::string& subresource = "") {
    return registry.patch(*definitions(), {"", name}, PatchType::kMerge, json(merge_patch),
                          {.subresource = subresource});
  }
  ResourceVersionPtr widgets(std::string_view version = "v1") {
    return registry.catalog().find("example.com", version, "widgets");
  }
  void collect() {
    while (true) {
      const auto more = garbage_collector.run_once(std::chrono::milliseconds(50));
      ASSERT_TRUE(more) << more.error().message();
      if (!*more) return;
    }
  }

  base::ManualClock clock;
  std::unique_ptr<store::Store> store = store::make_memory_store({});
  Registry registry{*store, {&clock, &base::SystemRandom::instance()}};
  GarbageCollector garbage_collector{registry};
};

std::string condition(const Json& definition, std::string_view type) {
  for (const Json& item : definition.get({"status", "conditions"}).items())
    if (item.text({"type"}) == type) return item.text({"status"}) + " " + item.text({"reason"});
  return "";
}

TEST(Definitions, ServesAtOnceWhatWasDefined) {
  Server server;
  const auto before = server.registry.catalog().generation();
  const auto defined = server.define(widget_crd());
  ASSERT_TRUE(defined) << defined.error().message();
  EXPECT_EQ(condition(**defined, "NamesAccepted"), "True NoConflicts");
  EXPECT_EQ(condition(**defined, "Established"), "True InitialNamesAccepted");
  EXPECT_EQ((**defined).get({"status", "storedVersions"}), json(R"(["v1"])"));
  EXPECT_EQ((**defined).get({"status", "acceptedNames", "shortNames"}), json(R"(["wd"])"));
  EXPECT_EQ((**defined).text({"spec", "names", "listKind"}), "WidgetList");
  EXPECT_EQ((**defined).text({"spec", "conversion", "strategy"}), "None");
  EXPECT_NE(server.registry.catalog().generation(), before);
  ASSERT_NE(server.widgets(), nullptr);
  const auto created = server.registry.create(*server.widgets(), widget("a"));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ((**created).text({"spec", "color"}), "red");
  const auto beta = server.registry.get(*server.widgets("v1beta1"), {"default", "a"});
  ASSERT_TRUE(beta);
  EXPECT_EQ((**beta).text({"apiVersion"}), "example.com/v1beta1");
}

TEST(Definitions, AreServedAgainAfterARestart) {
  const auto store = store::make_memory_store({});
  {
    Registry registry(*store, {});
    ASSERT_TRUE(registry.create(*registry.catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
                                widget_crd()));
    ASSERT_TRUE(registry.create(*registry.catalog().find("example.com", "v1", "widgets"), widget("a")));
  }
  Registry again(*store, {});
  const auto widgets = again.catalog().find("example.com", "v1", "widgets");
  ASSERT_NE(widgets, nullptr);
  EXPECT_TRUE(again.get(*widgets, {"default", "a"}));
}

TEST(Definitions, AnUpdateChangesTheSchemaForNewAndOldObjects) {
  Server server;
  Json crd = widget_crd();
  crd.at({"spec", "versions"}).mutable_items().pop_back();
  ASSERT_TRUE(server.define(crd));
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("old", R"({"size": 1, "parts": ["a"]})")));
  const ResourceVersionPtr held = server.widgets();

  Json next = crd;
  Json& properties = next.at({"spec", "versions"})
                         .mutable_items()[0]
                         .at({"schema", "openAPIV3Schema", "properties", "spec", "properties"});
  properties.erase("parts");
  properties.set("weight", json(R"({"type": "integer", "default": 7})"));
  const auto updated = server.registry.modify(*server.definitions(), {"", "widgets.example.com"},
                                              [&](const Json& current) -> base::Result<Json> {
                                                Json changed = current;
                                                changed.set("spec", next["spec"]);
                                                return changed;
                                              });
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(meta::generation(**updated), 2);
  const auto old = server.registry.get(*server.widgets(), {"default", "old"});
  ASSERT_TRUE(old);
  EXPECT_EQ((**old)["spec"], json(R"({"color": "red", "size": 1, "weight": 7})"));
  const auto list = server.registry.list_text(*server.widgets(), {});
  ASSERT_TRUE(list);
  EXPECT_NE(list->items.at(0)->find("\"weight\":"), std::string::npos);
  EXPECT_EQ(list->items.at(0)->find("\"parts\":"), std::string::npos);
  // Whoever still holds the old form is sent away instead of storing in it.
  const auto late = server.registry.create(*held, widget("late"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), base::ErrorCode::kConflict);
}

TEST(Definitions, WatchesEndWhenTheFormChangesAndOnlyThen) {
  Server server;
  ASSERT_TRUE(server.define(widget_crd()));
  auto watch = server.registry.watch(*server.widgets(), {});
  ASSERT_TRUE(watch);
  ASSERT_TRUE(server.redefine("widgets.example.com", R"({"metadata": {"labels": {"a": "b"}}})"));
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("a")));
  const auto seen = (*watch)->next(std::chrono::seconds(5));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->size(), 1u);
  ASSERT_TRUE(server.redefine("widgets.example.com", R"({"spec": {"names": {"categories": ["all"]}}})"));
  const auto ended = (*watch)->next(std::chrono::seconds(5));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), base::ErrorCode::kCancelled);
  // From where it was, in the new form.
  WatchOptions from;
  from.resource_version = meta::resource_version(*seen->at(0).object);
  auto next = server.registry.watch(*server.widgets(), from);
  ASSERT_TRUE(next);
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("b")));
  const auto more = (*next)->next(std::chrono::seconds(5));
  ASSERT_TRUE(more);
  EXPECT_EQ(meta::name(*more->at(0).object), "b");
}

TEST(Definitions, NamesBelongToWhoeverWasFirst) {
  Server server;
  ASSERT_TRUE(server.define(widget_crd()));
  Json rival = gadget_crd();
  rival.at({"spec", "names"}).set("shortNames", json(R"(["wd"])"));
  const auto refused = server.define(rival);
  ASSERT_TRUE(refused) << refused.error().message();
  EXPECT_EQ(condition(**refused, "NamesAccepted"), "False ShortNamesConflict");
  EXPECT_EQ(condition(**refused, "Established"), "False NotAccepted");
  EXPECT_EQ(server.registry.catalog().find("example.com", "v1", "gadgets"), nullptr);
  // It gets the name when it is free.
  ASSERT_TRUE(server.registry.remove(*server.definitions(), {"", "widgets.example.com"}));
  server.collect();
  EXPECT_NE(server.registry.catalog().find("example.com", "v1", "gadgets"), nullptr);
  const auto accepted = server.registry.get(*server.definitions(), {"", "gadgets.example.com"});
  EXPECT_EQ(condition(**accepted, "NamesAccepted"), "True NoConflicts");
}

TEST(Definitions, ABuiltInKindKeepsItsNames) {
  Server server;
  Json crd = gadget_crd();
  crd.at("metadata").set("name", "leases.coordination.k8s.io");
  crd.at("metadata").set("annotations", json(R"({"api-approved.kubernetes.io": "unapproved, a test"})"));
  crd.at("spec").set("group", "coordination.k8s.io");
  crd.at({"spec", "names"}) = json(R"({"kind": "Lease", "plural": "leases"})");
  const auto defined = server.define(crd);
  ASSERT_TRUE(defined) << defined.error().message();
  EXPECT_EQ(condition(**defined, "NamesAccepted"), "False ListKindConflict");
  const ResourcePtr built_in = server.registry.catalog().find_resource("coordination.k8s.io", "leases");
  EXPECT_TRUE(built_in->namespaced);
  // Neither a later change of the definition nor its removal reaches the built-in kind.
  ASSERT_TRUE(server.redefine("leases.coordination.k8s.io", R"({"metadata": {"labels": {"a": "b"}}})"));
  const auto changed = server.registry.get(*server.definitions(), {"", "leases.coordination.k8s.io"});
  ASSERT_TRUE(changed);
  EXPECT_EQ(condition(**changed, "NamesAccepted"), "False ListKindConflict");
  EXPECT_EQ(server.registry.catalog().find_resource("coordination.k8s.io", "leases"), built_in);
  ASSERT_TRUE(server.registry.remove(*server.definitions(), {"", "leases.coordination.k8s.io"}));
  server.collect();
  EXPECT_EQ(server.registry.catalog().find_resource("coordination.k8s.io", "leases"), built_in);
}

TEST(Definitions, DeletionTakesTheObjectsWithIt) {
  Server server;
  ASSERT_TRUE(server.define(widget_crd()));
  Json held = widget("held");
  meta::add_finalizer(held, "example.com/hold");
  ASSERT_TRUE(server.registry.create(*server.widgets(), held));
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("free")));
  auto watch = server.registry.watch(*server.widgets(), {});
  ASSERT_TRUE(watch);
  const auto deleted = server.registry.remove(*server.definitions(), {"", "widgets.example.com"});
  ASSERT_TRUE(deleted);
  EXPECT_EQ((**deleted).get({"metadata", "finalizers"}), json(R"(["customresourcecleanup.apiextensions.k8s.io"])"));
  EXPECT_EQ(condition(**deleted, "Terminating"), "True InstanceDeletionInProgress");
  const auto late = server.registry.create(*server.widgets(), widget("late"));
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message().find("terminating"), std::string::npos) << late.error().message();
  server.collect();
  const auto rest = server.registry.list(*server.widgets(), {});
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->items.size(), 1u);
  EXPECT_TRUE(meta::is_deleting(*rest->items[0]));

  ASSERT_TRUE(server.registry.patch(*server.widgets(), {"default", "held"}, PatchType::kMerge,
                                    json(R"({"metadata": {"finalizers": null}})")));
  server.collect();
  EXPECT_FALSE(server.registry.get(*server.definitions(), {"", "widgets.example.com"}));
  EXPECT_EQ(server.widgets(), nullptr);
  bool ended = false;
  for (int i = 0; i < 10 && !ended; ++i) ended = !(*watch)->next(std::chrono::seconds(5)).has_value();
  EXPECT_TRUE(ended);
  // A namespace that held them goes, too; and the kind can come back.
  ASSERT_TRUE(server.define(widget_crd()));
  EXPECT_TRUE(server.registry.list(*server.widgets(), {})->items.empty());
}

TEST(Definitions, StoredVersionsAreKeptUntilSomebodyMigrates) {
  Server server;
  ASSERT_TRUE(server.define(widget_crd()));
  const auto switched =
      server.registry.patch(*server.definitions(), {"", "widgets.example.com"}, PatchType::kJson,
                            json(R"([{"op": "replace", "path": "/spec/versions/0/storage", "value": false},
               {"op": "replace", "path": "/spec/versions/1/storage", "value": true}])"));
  ASSERT_TRUE(switched) << switched.error().message();
  EXPECT_EQ((**switched).get({"status", "storedVersions"}), json(R"(["v1", "v1beta1"])"));
  const auto gone = server.registry.patch(*server.definitions(), {"", "widgets.example.com"}, PatchType::kJson,
                                          json(R"([{"op": "remove", "path": "/spec/versions/0"}])"));
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message().find("v1 was previously a storage version"), std::string::npos);
  ASSERT_TRUE(server.redefine("widgets.example.com", R"({"status": {"storedVersions": ["v1beta1"]}})", "status"));
  EXPECT_TRUE(server.registry.patch(*server.definitions(), {"", "widgets.example.com"}, PatchType::kJson,
                                    json(R"([{"op": "remove", "path": "/spec/versions/0"}])")));
}

TEST(Definitions, WhatComesWithTheProgramIsProtected) {
  Server server;
  ASSERT_TRUE(server.registry.install_definition(widget_crd()));
  const auto first = server.registry.get(*server.definitions(), {"", "widgets.example.com"});
  ASSERT_TRUE(server.registry.install_definition(widget_crd()));
  const auto second = server.registry.get(*server.definitions(), {"", "widgets.example.com"});
  EXPECT_EQ(meta::resource_version(**first), meta::resource_version(**second));
  EXPECT_TRUE(server.redefine("widgets.example.com", R"({"metadata": {"labels": {"a": "b"}}})"));
  const auto changed = server.redefine("widgets.example.com", R"({"spec": {"names": {"categories": ["all"]}}})");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), base::ErrorCode::kForbidden);
  const auto removed = server.registry.remove(*server.definitions(), {"", "widgets.example.com"});
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code(), base::ErrorCode::kForbidden);
  Json newer = widget_crd();
  newer.at({"spec", "names"}).set("categories", json(R"(["all"])"));
  ASSERT_TRUE(server.registry.install_definition(newer));
  EXPECT_EQ(server.widgets()->resource->categories, std::vector<std::string>{"all"});
}

TEST(Definitions, RulesThatAreNotEvaluatedAreNamed) {
  Server server;
  Json crd = gadget_crd();
  Json& schema = crd.at({"spec", "versions"}).mutable_items()[0].at({"schema", "openAPIV3Schema"});
  schema.at({"properties", "spec"}).set("x-kubernetes-validations", json(R"([{"rule": "not a rule ("}])"));
  const auto defined = server.define(crd);
  ASSERT_TRUE(defined) << defined.error().message();
  EXPECT_EQ(condition(**defined, "ValidationRulesEvaluated"), "False UnsupportedRules");
  const auto warnings = server.registry.warnings(*server.definitions(), **defined);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("properties[spec].x-kubernetes-validations[0]"), std::string::npos) << warnings[0];
}

Json webhook_crd(std::string_view client) {
  Json crd = widget_crd();
  crd.at("spec").set("conversion", json(R"({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}})"));
  crd.at({"spec", "conversion", "webhook"}).set("clientConfig", json(client));
  return crd;
}

TEST(Definitions, VersionsAreConvertedByTheWebhook) {
  Server server;
  std::string problem;
  server.registry.set_webhook_caller([&](const ConversionWebhook& webhook, const std::string& body) {
    EXPECT_EQ(webhook.url, "https://convert.example.com/widgets");
    const Json review = json(body);
    Json object = review.get({"request", "objects"}).items()[0];
    object.set("apiVersion", review.text({"request", "desiredAPIVersion"}));
    object.at({"metadata", "labels"}).set("converted", "yes");
    object.at("metadata").set("generation", 99);
    if (problem == "name") object.at("metadata").set("name", "other");
    const Json response = Json::object(
        {{"uid", problem == "uid" ? "0" : review.text({"request", "uid"})},
         {"result", Json::object({{"status", problem == "status" ? "Failed" : "Success"}, {"message", "no way"}})},
         {"convertedObjects", Json::array({object})}});
    return base::Result<std::string>(data::to_json(Json::object(
        {{"apiVersion", "apiextensions.k8s.io/v1"}, {"kind", "ConversionReview"}, {"response", response}})));
  });
  ASSERT_TRUE(server.define(webhook_crd(R"({"url": "https://convert.example.com/widgets"})")));
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("a")));
  const auto beta = server.registry.get(*server.widgets("v1beta1"), {"default", "a"});
  ASSERT_TRUE(beta) << beta.error().message();
  EXPECT_EQ((**beta).text({"apiVersion"}), "example.com/v1beta1");
  EXPECT_EQ(meta::label(**beta, "converted"), "yes");
  EXPECT_EQ(meta::generation(**beta), 1);
  for (const auto& [what, message] :
       {std::pair{"uid", "another uid"}, {"status", "no way"}, {"name", "metadata.name"}}) {
    problem = what;
    const auto refused = server.registry.get(*server.widgets("v1beta1"), {"default", "a"});
    ASSERT_FALSE(refused) << what;
    EXPECT_NE(refused.error().message().find(message), std::string::npos) << refused.error().message();
  }
}

TEST(Definitions, AWebhookOutOfReachIsNamed) {
  Server server;
  const auto defined = server.define(webhook_crd(R"({"service": {"namespace": "n", "name": "s"}})"));
  ASSERT_TRUE(defined) << defined.error().message();
  EXPECT_EQ(server.registry.warnings(*server.definitions(), **defined).size(), 1u);
  ASSERT_TRUE(server.registry.create(*server.widgets(), widget("a")));
  EXPECT_TRUE(server.registry.get(*server.widgets(), {"default", "a"}));
  const auto other = server.registry.get(*server.widgets("v1beta1"), {"default", "a"});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("the Service n/s cannot be reached"), std::string::npos);
}

TEST(Definitions, ADryRunServesNothing) {
  Server server;
  ASSERT_TRUE(server.registry.create(*server.definitions(), widget_crd(), {.dry_run = true}));
  EXPECT_EQ(server.widgets(), nullptr);
}

TEST(Definitions, AThousandUpdatesKeepOneForm) {
  Server server;
  ASSERT_TRUE(server.define(gadget_crd()));
  std::weak_ptr<const ResourceInfo> old;
  for (int i = 0; i < 1'000; ++i) {
    const auto updated =
        server.redefine("gadgets.example.com", fmt::format(R"({{"spec": {{"names": {{"categories": ["c{}"]}}}}}})", i));
    ASSERT_TRUE(updated) << updated.error().message();
    EXPECT_TRUE(old.expired());
    old = server.registry.catalog().find_resource("example.com", "gadgets");
  }
}

TEST(Definitions, ChangeWhileEverybodyWorks) {
  Server server;
  server.garbage_collector.start();
  ASSERT_TRUE(server.define(widget_crd()));
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const auto widgets = server.widgets();
        if (widgets == nullptr) continue;
        if (server.registry.create(*widgets, widget(fmt::format("w{}-{}", t, i)))) ++written;
        (void)server.registry.patch(*widgets, {"default", fmt::format("w{}-{}", t, i)}, PatchType::kMerge,
                                    json(R"({"spec": {"size": 2}})"));
      }
    });
  threads.emplace_back([&] {
    while (!stop) {
      const auto widgets = server.widgets("v1beta1");
      if (widgets == nullptr) continue;
      (void)server.registry.list(*widgets, {});
      auto watch = server.registry.watch(*widgets, {});
      if (watch)
        while ((*watch)->next(std::chrono::milliseconds(1)) && !stop) continue;
    }
  });
  for (int round = 0; round < 20; ++round) {
    while (written < 20 * (round + 1)) std::this_thread::yield();
    (void)server.redefine("widgets.example.com",
                          fmt::format(R"({{"spec": {{"names": {{"categories": ["c{}"]}}}}}})", round));
    if (round % 5 != 4) continue;
    ASSERT_TRUE(server.registry.remove(*server.definitions(), {"", "widgets.example.com"}));
    while (server.registry.get(*server.definitions(), {"", "widgets.example.com"})) std::this_thread::yield();
    EXPECT_EQ(server.store->list("/registry/example.com/widgets/")->entries.size(), 0u);
    ASSERT_TRUE(server.define(widget_crd()));
  }
  stop = true;
  threads.clear();
  server.garbage_collector.stop();
}

}  // namespace
}  // namespace slipway::registry
