#include <atomic>
#include <fmt/core.h>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "registry/field_errors.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

using base::ErrorCode;

#define ASSERT_OK(expression) \
  if (const auto& result = (expression); !result) FAIL() << result.error().message()

std::string message_of(const auto& result) {
  return result ? "no error" : result.error().message();
}

TEST(Registry, CreateStampsMetadataDefaultsAndPrunes) {
  TestRegistry test;
  Json object = widget("a", R"({"size": 3, "unknown": true})");
  object.set("status", json(R"({"phase": "made up"})"));
  object.at("metadata").set("uid", "chosen");
  object.at("metadata").set("managedFields", Json::array({1}));
  object.at("metadata").set("generation", 7);
  const auto created = test.registry.create(test.widgets, object);
  ASSERT_OK(created);
  const Json& made = **created;
  EXPECT_EQ(made["spec"], json(R"({"size": 3, "color": "red"})"));
  EXPECT_FALSE(made.contains("status"));
  EXPECT_EQ(meta::uid(made).size(), 36u);
  EXPECT_EQ(meta::generation(made), 1);
  EXPECT_EQ(made.text({"metadata", "creationTimestamp"}), "2023-11-14T22:13:20Z");
  EXPECT_EQ(made["metadata"]["managedFields"],
            json(R"([{"apiVersion": "example.com/v1", "fieldsType": "FieldsV1", "manager": "unknown",
              "operation": "Update", "time": "2023-11-14T22:13:20Z",
              "fieldsV1": {"f:spec": {".": {}, "f:color": {}, "f:size": {}}}}])"));
  const auto read = test.registry.get(test.widgets, {"default", "a"});
  ASSERT_OK(read);
  EXPECT_EQ(**read, made);
  EXPECT_EQ(meta::resource_version(made), std::to_string(test.store->revision()));
  // The bytes hold the same, resourceVersion included.
  const auto entry = test.store->get("/registry/example.com/widgets/default/a");
  ASSERT_OK(entry);
  EXPECT_EQ(json(*entry->value), made);
}

// What create() answers, create_later() answers too, to whoever makes the outcome.
TEST(Registry, CreatesLater) {
  TestRegistry test;
  const auto create = [&](Json object, WriteOptions options = {}) {
    std::promise<Registry::Outcome> stored;
    test.registry.create_later(test.widgets, std::move(object), options,
                               [&](Registry::Outcome outcome) { stored.set_value(std::move(outcome)); });
    return stored.get_future().get()();
  };
  ObjectText text;
  const auto made = create(widget("a"), {.written = &text});
  ASSERT_OK(made);
  EXPECT_EQ(json(*text), **made);
  EXPECT_EQ(**test.registry.get(test.widgets, {"default", "a"}), **made);
  EXPECT_EQ(message_of(create(widget("a"))), message_of(test.registry.create(test.widgets, widget("a"))));
  EXPECT_EQ(message_of(create(widget("Not a name"))),
            message_of(test.registry.create(test.widgets, widget("Not a name"))));
  ASSERT_OK(create(widget("dry"), {.dry_run = true}));
  EXPECT_FALSE(test.registry.get(test.widgets, {"default", "dry"}));
  Json unnamed = widget("");
  unnamed.at("metadata").erase("name");
  unnamed.at("metadata").set("generateName", "b-");
  const auto named = create(unnamed);
  ASSERT_OK(named);
  EXPECT_TRUE(test.registry.get(test.widgets, meta::key_of(**named)));
}

// A kind or a namespace stays as it was checked until the object is on the disk; then it may go.
TEST(Registry, NothingIsCreatedLaterInANamespaceThatEnds) {
  TestRegistry test;
  const ResourceVersionPtr namespaces = test.registry.catalog().find("", "v1", "namespaces");
  ASSERT_OK(test.registry.create(*namespaces,
                                 json(R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}})")));
  std::atomic<int> under_way = 0, made = 0;
  std::atomic<bool> refused = false;
  const WriteOptions options;
  for (int i = 0; i < 2'000 && !refused; ++i) {
    Json object = widget(fmt::format("w-{}", i));
    object.at("metadata").set("namespace", "ending");
    ++under_way;
    test.registry.create_later(test.widgets, std::move(object), options, [&](Registry::Outcome outcome) {
      const auto result = outcome();
      if (result)
        ++made;
      else
        refused = true;
      --under_way;
    });
    if (i == 1'000) ASSERT_OK(test.registry.remove(*namespaces, {"", "ending"}));
  }
  while (under_way > 0) std::this_thread::yield();
  EXPECT_TRUE(refused);
  EXPECT_EQ(made, 1'001);
  // Every one of them was there before the namespace was marked.
  const auto marked = test.registry.get(*namespaces, {"", "ending"});
  ASSERT_OK(marked);
  for (const ObjectPtr& object : test.registry.list(test.widgets, {.ns = "ending"})->items)
    EXPECT_LT(std::stoll(meta::resource_version(*object)), std::stoll(meta::resource_version(**marked)));
}

TEST(Registry, GenerateName) {
  TestRegistry test;
  Json object = widget("");
  object.at("metadata").erase("name");
  object.at("metadata").set("generateName", "a-");
  const auto created = test.registry.create(test.widgets, object);
  ASSERT_OK(created);
  EXPECT_EQ(meta::name(**created).size(), 7u);
  EXPECT_TRUE(meta::name(**created).starts_with("a-"));
}

struct RefusedCreate {
  std::string_view pointer;  // dotted path that is set
  std::string_view value;
  ErrorCode code;
  std::string_view message;
};

TEST(Registry, CreateRefuses) {
  const RefusedCreate cases[] = {
      {"kind", R"("Other")", ErrorCode::kBadRequest,
       "the kind in the data (Other) does not match the expected kind (Widget)"},
      {"apiVersion", R"("example.com/v2")", ErrorCode::kBadRequest,
       "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)"},
      {"metadata.name", R"("A_b")", ErrorCode::kInvalid,
       "Widget.example.com \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain "
       "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
       "character (e.g. 'example.com', regex used for validation is "
       "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
      {"metadata.name", "null", ErrorCode::kInvalid,
       "Widget.example.com \"\" is invalid: metadata.name: Required value: name or generateName is required"},
      {"metadata.labels", R"({"a": 1})", ErrorCode::kBadRequest, "metadata.labels must be a map of strings to strings"},
      {"metadata.labels", R"({"-a": "b"})", ErrorCode::kInvalid, "metadata.labels: Invalid value: \"-a\": name part"},
      {"metadata.annotations", R"({"a/b/c": "b"})", ErrorCode::kInvalid,
       "metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of"},
      {"metadata.finalizers", R"(["a b"])", ErrorCode::kInvalid, "metadata.finalizers: Invalid value: \"a b\""},
      {"metadata.ownerReferences", R"([{"apiVersion": "v1", "kind": "Secret", "name": "x"}])", ErrorCode::kInvalid,
       "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty"},
      {"metadata.resourceVersion", R"("5")", ErrorCode::kBadRequest,
       "resourceVersion should not be set on objects to be created"},
      {"metadata.namespace", R"("nowhere")", ErrorCode::kNotFound, "namespaces \"nowhere\" not found"},
      {"metadata.namespace", "null", ErrorCode::kBadRequest, "an empty namespace may not be set during creation"},
      {"spec", "null", ErrorCode::kInvalid, "Widget.example.com \"a\" is invalid: spec: Required value"},
      {"spec", R"({"size": 0, "color": "green"})", ErrorCode::kInvalid,
       "Widget.example.com \"a\" is invalid: [spec.color: Unsupported value: \"green\": supported values: \"red\", "
       "\"blue\", spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1]"},
      {"spec", R"({"size": "1"})", ErrorCode::kInvalid,
       "Widget.example.com \"a\" is invalid: spec.size: Invalid value: \"string\": spec.size in body must be of type "
       "integer: \"string\""},
  };
  TestRegistry test;
  for (const RefusedCreate& row : cases) {
    SCOPED_TRACE(row.value);
    Json object = widget("a");
    const auto dot = row.pointer.find('.');
    Json& place = dot == row.pointer.npos ? object.at(row.pointer)
                                          : object.at({row.pointer.substr(0, dot), row.pointer.substr(dot + 1)});
    place = json(row.value);
    const auto created = test.registry.create(test.widgets, object);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code(), row.code);
    EXPECT_NE(created.error().message().find(row.message), std::string::npos) << created.error().message();
    EXPECT_EQ(created.error().fields().empty(), row.code != ErrorCode::kInvalid);
  }
  ASSERT_OK(test.registry.create(test.widgets, widget("a")));
  const auto again = test.registry.create(test.widgets, widget("a"));
  EXPECT_EQ(message_of(again), "widgets.example.com \"a\" already exists");
}

TEST(Registry, GenerationCountsSpecOnly) {
  TestRegistry test;
  Json object = **test.registry.create(test.widgets, widget("a"));
  meta::set_label(object, "x", "y");
  object = **test.registry.update(test.widgets, object);
  EXPECT_EQ(meta::generation(object), 1);
  object.at("spec").set("size", 5);
  object.set("status", json(R"({"phase": "ignored"})"));
  object = **test.registry.update(test.widgets, object);
  EXPECT_EQ(meta::generation(object), 2);
  EXPECT_FALSE(object.contains("status"));

  object.set("status", json(R"({"phase": "Ready"})"));
  object.at("spec").set("size", 9);
  meta::set_label(object, "x", "z");
  object = **test.registry.update(test.widgets, object, {.subresource = "status"});
  EXPECT_EQ(meta::generation(object), 2);
  EXPECT_EQ(object.text({"status", "phase"}), "Ready");
  EXPECT_EQ(object["spec"]["size"], Json(5));
  EXPECT_EQ(meta::label(object, "x"), "y");

  // Without a status subresource the status is like any other part.
  Json free = **test.registry.create(test.gadgets, gadget("g"));
  free.set("status", json(R"({"phase": "Ready"})"));
  free = **test.registry.update(test.gadgets, free);
  EXPECT_EQ(free.text({"status", "phase"}), "Ready");
  EXPECT_EQ(meta::generation(free), 2);
  EXPECT_EQ(message_of(test.registry.update(test.gadgets, free, {.subresource = "status"})),
            "the server could not find the requested resource");
}

TEST(Registry, OptimisticLocking) {
  TestRegistry test;
  const Json first = **test.registry.create(test.widgets, widget("a"));
  Json second = first;
  second.at("spec").set("size", 2);
  ASSERT_OK(test.registry.update(test.widgets, second));
  second.at("spec").set("size", 3);
  const auto stale = test.registry.update(test.widgets, second);
  EXPECT_EQ(message_of(stale),
            "Operation cannot be fulfilled on widgets.example.com \"a\": the object has been modified; please apply "
            "your changes to the latest version and try again");
  second.at("metadata").erase("resourceVersion");
  EXPECT_EQ(message_of(test.registry.update(test.widgets, second)),
            "widgets.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for "
            "an update");
  // A patch says the version it was made for only when it wants to.
  ASSERT_OK(test.registry.patch(test.widgets, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 4}})")));
  Json with_version = json(R"({"spec": {"size": 5}})");
  with_version.at("metadata").set("resourceVersion", meta::resource_version(first));
  const auto stale_patch = test.registry.patch(test.widgets, {"default", "a"}, PatchType::kMerge, with_version);
  ASSERT_FALSE(stale_patch);
  EXPECT_EQ(stale_patch.error().code(), ErrorCode::kConflict);
  // Kinds of the core overwrite.
  Json secret = meta::make_object({"", "v1", "Secret"}, {"default", "s"});
  ASSERT_OK(test.registry.create(test.secrets, secret));
  secret.set("data", json(R"({"a": "YQ=="})"));
  ASSERT_OK(test.registry.update(test.secrets, secret));
}

TEST(Registry, UnchangedUpdateWritesNothing) {
  TestRegistry test;
  const auto created = test.registry.create(test.widgets, widget("a"));
  const auto before = test.store->revision();
  ASSERT_OK(test.registry.update(test.widgets, **created));
  ASSERT_OK(test.registry.patch(test.widgets, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 1}})")));
  EXPECT_EQ(test.store->revision(), before);
}

TEST(Registry, Patches) {
  TestRegistry test;
  ASSERT_OK(test.registry.create(test.widgets, widget("a", R"({"size": 1, "parts": ["x"]})")));
  const ObjectKey key{"default", "a"};
  const auto patched = test.registry.patch(test.widgets, key, PatchType::kJson,
                                           json(R"([{"op": "test", "path": "/spec/size", "value": 1},
                                   {"op": "add", "path": "/spec/parts/-", "value": "y"}])"));
  ASSERT_OK(patched);
  EXPECT_EQ((**patched)["spec"]["parts"], json(R"(["x", "y"])"));
  const auto cleared = test.registry.patch(test.widgets, key, PatchType::kMerge, json(R"({"spec": {"color": null}})"));
  ASSERT_OK(cleared);
  EXPECT_EQ((**cleared).text({"spec", "color"}), "red");
  EXPECT_EQ(
      message_of(test.registry.patch(test.widgets, key, PatchType::kMerge, json(R"({"metadata": {"name": "b"}})"))),
      "the name of the object (b) does not match the name on the URL (a)");
  const auto failed = test.registry.patch(test.widgets, key, PatchType::kJson,
                                          json(R"([{"op": "test", "path": "/spec/size", "value": 2}])"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(message_of(test.registry.patch(test.widgets, {"default", "b"}, PatchType::kMerge, json("{}"))),
            "widgets.example.com \"b\" not found");
  const auto before = test.store->revision();
  const auto dry =
      test.registry.patch(test.widgets, key, PatchType::kMerge, json(R"({"spec": {"size": 50}})"), {.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_EQ((**dry)["spec"]["size"], Json(50));
  EXPECT_EQ(test.store->revision(), before);
}

TEST(Registry, ImmutableMetadata) {
  TestRegistry test;
  const Json created = **test.registry.create(test.widgets, widget("a"));
  Json object = created;
  object.at("metadata").set("uid", "other");
  EXPECT_EQ(message_of(test.registry.update(test.widgets, object)),
            "Operation cannot be fulfilled on widgets.example.com \"a\": Precondition failed: UID in precondition: "
            "other, UID in object meta: " +
                meta::uid(created));
  object = created;
  object.at("metadata").set("deletionTimestamp", "2026-01-01T00:00:00Z");
  EXPECT_NE(message_of(test.registry.update(test.widgets, object))
                .find("metadata.deletionTimestamp: Invalid value: \"2026-01-01T00:00:00Z\": field is immutable"),
            std::string::npos);
  object = created;
  object.at("metadata").set("creationTimestamp", "2026-01-01T00:00:00Z");
  object.at("metadata").set("generation", 99);
  object.at("metadata").erase("uid");
  const auto updated = test.registry.update(test.widgets, object);
  ASSERT_OK(updated);
  EXPECT_EQ(**updated, created);
}

TEST(Registry, FinalizersHoldADeletion) {
  TestRegistry test;
  Json object = widget("a");
  meta::add_finalizer(object, "example.com/clean");
  ASSERT_OK(test.registry.create(test.widgets, object));
  const ObjectKey key{"default", "a"};
  const auto deleting = test.registry.remove(test.widgets, key);
  ASSERT_OK(deleting);
  object = **deleting;
  EXPECT_EQ(object.text({"metadata", "deletionTimestamp"}), "2023-11-14T22:13:20Z");
  EXPECT_EQ(object.get({"metadata", "deletionGracePeriodSeconds"}), Json(0));
  EXPECT_EQ(meta::generation(object), 2);
  test.clock.advance(std::chrono::seconds(10));
  const auto again = test.registry.remove(test.widgets, key);
  ASSERT_OK(again);
  EXPECT_EQ(**again, object);

  Json more = object;
  meta::add_finalizer(more, "example.com/late");
  EXPECT_EQ(
      message_of(test.registry.update(test.widgets, more)),
      "Widget.example.com \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the "
      "object is being deleted, found new finalizers []string{\"example.com/late\"}");
  meta::remove_finalizer(object, "example.com/clean");
  ASSERT_OK(test.registry.update(test.widgets, object));
  EXPECT_EQ(message_of(test.registry.get(test.widgets, key)), "widgets.example.com \"a\" not found");
}

TEST(Registry, DeletePreconditions) {
  TestRegistry test;
  const Json created = **test.registry.create(test.widgets, widget("a"));
  const ObjectKey key{"default", "a"};
  const auto wrong = test.registry.remove(test.widgets, key, {.precondition_uid = "other"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::kConflict);
  ASSERT_OK(test.registry.remove(test.widgets, key, {.precondition_uid = meta::uid(created), .dry_run = true}));
  ASSERT_OK(test.registry.remove(test.widgets, key, {.precondition_uid = meta::uid(created)}));
  EXPECT_FALSE(test.registry.get(test.widgets, key));
}

TEST(Registry, TerminatingNamespaceTakesNothingNew) {
  TestRegistry test;
  ASSERT_OK(test.registry.create(test.namespaces, meta::make_object({"", "v1", "Namespace"}, {"", "edge"})));
  const auto deleting = test.registry.remove(test.namespaces, {"", "edge"});
  ASSERT_OK(deleting);
  EXPECT_EQ((**deleting).text({"status", "phase"}), "Terminating");
  Json object = widget("a");
  object.at("metadata").set("namespace", "edge");
  EXPECT_EQ(
      message_of(test.registry.create(test.widgets, object)),
      "widgets.example.com \"a\" is forbidden: unable to create new content in namespace edge because it is being "
      "terminated");
  Json space = **test.registry.get(test.namespaces, {"", "edge"});
  space.at("spec").erase("finalizers");
  ASSERT_OK(test.registry.update(test.namespaces, space));
  EXPECT_TRUE(test.registry.get(test.namespaces, {"", "edge"}));
  ASSERT_OK(test.registry.update(test.namespaces, space, {.subresource = "finalize"}));
  EXPECT_FALSE(test.registry.get(test.namespaces, {"", "edge"}));
  EXPECT_EQ(message_of(test.registry.remove(test.namespaces, {"", "default"})),
            "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

TEST(Registry, ServesEveryVersionOfAKind) {
  TestRegistry test;
  const ResourceVersionInfo& old_version = *test.registry.catalog().find("example.com", "v1beta1", "widgets");
  Json object = widget("a");
  object.set("apiVersion", "example.com/v1beta1");
  const auto created = test.registry.create(old_version, object);
  ASSERT_OK(created);
  EXPECT_EQ((**created).text({"apiVersion"}), "example.com/v1beta1");
  EXPECT_EQ((**test.registry.get(test.widgets, {"default", "a"})).text({"apiVersion"}), "example.com/v1");

  test.registry.set_converter({"example.com", "Widget"}, [](const Json& from, const std::string& to) {
    Json converted = from;
    converted.at("spec").set(
        "size", to == "v1" ? from["spec"]["size"].integer_or(0) / 10 : from["spec"]["size"].integer_or(0) * 10);
    return base::Result<Json>(converted);
  });
  EXPECT_EQ((**test.registry.get(old_version, {"default", "a"}))["spec"]["size"], Json(10));
  const auto patched =
      test.registry.patch(old_version, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 70}})"));
  ASSERT_OK(patched);
  EXPECT_EQ((**patched)["spec"]["size"], Json(70));
  EXPECT_EQ((**test.registry.get(test.widgets, {"default", "a"}))["spec"]["size"], Json(7));
}

TEST(Registry, ListPagesAreOneState) {
  TestRegistry test;
  for (const char* name : {"a", "b", "c", "d", "e"}) ASSERT_OK(test.registry.create(test.widgets, widget(name)));
  const auto first = test.registry.list(test.widgets, {.ns = "default", .limit = 2});
  ASSERT_OK(first);
  EXPECT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->remaining_item_count, 3);
  ASSERT_OK(test.registry.create(test.widgets, widget("bb")));
  ASSERT_OK(test.registry.remove(test.widgets, {"default", "d"}));
  std::string names, token = first->continue_token;
  while (!token.empty()) {
    const auto page = test.registry.list(test.widgets, {.ns = "default", .limit = 2, .continue_token = token});
    ASSERT_OK(page);
    EXPECT_EQ(page->resource_version, first->resource_version);
    for (const ObjectPtr& item : page->items) names += meta::name(*item);
    token = page->continue_token;
  }
  EXPECT_EQ(names, "cde");
  for (const char* bad : {"x", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ"})
    EXPECT_EQ(message_of(test.registry.list(test.widgets, {.continue_token = bad})),
              "invalid continue token: continue key is not valid");
}

TEST(Registry, ListSelects) {
  TestRegistry test;
  for (const char* name : {"a", "b", "c", "d"}) {
    Json object = widget(name, std::string_view(name) == "c" ? R"({"size": 1, "color": "blue"})" : R"({"size": 1})");
    meta::set_label(object, "even", std::string_view(name) == "b" || std::string_view(name) == "d" ? "yes" : "no");
    ASSERT_OK(test.registry.create(test.widgets, object));
  }
  const auto even = test.registry.list(test.widgets, {.labels = *meta::LabelSelector::parse("even=yes"), .limit = 1});
  ASSERT_OK(even);
  ASSERT_EQ(even->items.size(), 1u);
  EXPECT_EQ(meta::name(*even->items[0]), "b");
  const auto rest = test.registry.list(
      test.widgets,
      {.labels = *meta::LabelSelector::parse("even=yes"), .limit = 5, .continue_token = even->continue_token});
  ASSERT_OK(rest);
  ASSERT_EQ(rest->items.size(), 1u);
  EXPECT_EQ(meta::name(*rest->items[0]), "d");
  const auto blue = test.registry.list(test.widgets, {.fields = *meta::FieldSelector::parse("spec.color=blue")});
  ASSERT_OK(blue);
  EXPECT_EQ(blue->items.size(), 1u);
  EXPECT_EQ(message_of(test.registry.list(test.widgets, {.fields = *meta::FieldSelector::parse("spec.size=1")})),
            "field label not supported: spec.size");
  EXPECT_EQ(test.registry.list(test.widgets, {.ns = "kube-system"})->items.size(), 0u);
}

TEST(Registry, NamesDoNotReachOtherNamespaces) {
  TestRegistry test;
  ASSERT_OK(test.registry.create(test.widgets, widget("a")));
  EXPECT_FALSE(test.registry.get(test.widgets, {"", "default/a"}));
  EXPECT_FALSE(test.registry.get(test.widgets, {"kube-system/../default", "a"}));
  EXPECT_FALSE(test.registry.get(test.gadgets, {"default", "widgets/default/a"}));
}

TEST(Registry, WhatIsStoredCanBeRead) {
  TestRegistry test;
  Json object = gadget("g");
  object.at("spec").set("text", "a\xff\xc3(z\xe2\x82");
  const auto created = test.registry.create(test.gadgets, object);
  ASSERT_OK(created);
  EXPECT_EQ((**created).text({"spec", "text"}), "a\uFFFD\uFFFD(z\uFFFD\uFFFD");
  EXPECT_EQ(json(*test.store->get("/registry/example.com/gadgets/g")->value), **created);

  // Each patch may be less deep than the limit, and the sum not.
  std::string pointer = "/spec";
  base::ErrorCode code = ErrorCode::kUnknown;
  for (int round = 0; round < 10 && code == ErrorCode::kUnknown; ++round) {
    Json value = Json::object(), patch;
    for (int i = 0; i < 30; ++i) value = Json::object({{"a", value}});
    patch.append(Json::object({{"op", "add"}, {"path", pointer + "/a"}, {"value", value}}));
    for (int i = 0; i < 30; ++i) pointer += "/a";
    const auto patched = test.registry.patch(test.gadgets, {"", "g"}, PatchType::kJson, patch);
    if (!patched) code = patched.error().code();
  }
  EXPECT_EQ(code, ErrorCode::kBadRequest);
  EXPECT_TRUE(test.registry.get(test.gadgets, {"", "g"}));

  object = gadget("big");
  object.at("spec").set("text", std::string(4u << 20, 'x'));
  const auto big = test.registry.create(test.gadgets, object);
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().code(), ErrorCode::kTooLarge);
}

TEST(Registry, NoWriteIsLostBetweenThreads) {
  TestRegistry test;
  ASSERT_OK(test.registry.create(test.gadgets, gadget("g")));
  constexpr int kThreads = 4, kRounds = 50;
  std::atomic<int> conflicts = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds;) {
          const auto done = test.registry.modify(test.gadgets, {"", "g"}, [](const Json& current) {
            Json next = current;
            next.at("spec").set("count", current["spec"]["count"].integer_or(0) + 1);
            return base::Result<Json>(next);
          });
          if (done) ++round;
          // Only a bounded number of tries is made for the caller.
          if (!done && done.error().code() != ErrorCode::kConflict) ++conflicts;
        }
      });
  }
  EXPECT_EQ(conflicts, 0);
  const Json last = **test.registry.get(test.gadgets, {"", "g"});
  EXPECT_EQ(last["spec"]["count"], Json(kThreads * kRounds));
  EXPECT_EQ(meta::generation(last), kThreads * kRounds + 1);
}

TEST(Registry, AdmissionChangesAndRefuses) {
  TestRegistry test;
  test.registry.add_admission({"example.com", "Widget"}, [](AdmissionRequest& request) -> base::Status {
    if (request.object["spec"]["size"] == Json(13)) return base::fail(ErrorCode::kForbidden, "unlucky");
    if (request.old == nullptr) meta::set_label(request.object, "seen", "yes");
    return {};
  });
  const auto created = test.registry.create(test.widgets, widget("a"));
  ASSERT_OK(created);
  EXPECT_EQ(meta::label(**created, "seen"), "yes");
  EXPECT_EQ(message_of(test.registry.create(test.widgets, widget("b", R"({"size": 13})"))), "unlucky");
}

TEST(WriteCheck, SeesWhatWillBeStoredAndMayRefuseIt) {
  TestRegistry test;
  WriteOptions options;
  int creations = 0;
  options.check = [&](const Json* old, const Json& object) -> base::Status {
    if (old == nullptr) ++creations;
    EXPECT_FALSE(object.text({"spec", "color"}).empty());  // defaults are there
    if (object.get({"spec", "size"}) == Json(13)) return forbidden("widgets.example.com", meta::name(object), "13");
    return {};
  };
  EXPECT_TRUE(test.registry.create(test.widgets, widget("a"), options));
  EXPECT_EQ(test.registry.create(test.widgets, widget("b", R"({"size": 13})"), options).error().message(),
            "widgets.example.com \"b\" is forbidden: 13");
  EXPECT_EQ(creations, 2);
  const Json patch = json(R"({"spec": {"size": 13}})");
  const ObjectKey key{"default", "a"};
  EXPECT_EQ(test.registry.patch(test.widgets, key, PatchType::kMerge, patch, options).error().code(),
            base::ErrorCode::kForbidden);
  options.dry_run = true;
  EXPECT_EQ(test.registry.patch(test.widgets, key, PatchType::kMerge, patch, options).error().code(),
            base::ErrorCode::kForbidden);
  EXPECT_EQ((*test.registry.get(test.widgets, key))->get({"spec", "size"}), Json(1));
  EXPECT_EQ(test.registry.get(test.widgets, {"default", "b"}).error().code(), base::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace slipway::registry
