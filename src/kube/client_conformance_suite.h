#pragma once

#include <algorithm>

#include "kube/client_conformance.h"
#include "registry/test_registry.h"

// The tests themselves: see client_conformance.h.
namespace slipway::kube {

using registry::gadget;
using registry::json;
using registry::widget;

inline const Gvk kWidget{"example.com", "v1", "Widget"};
inline const Gvk kGadget{"example.com", "v1", "Gadget"};

inline void expect_error(const auto& result, base::ErrorCode code, std::string_view message) {
  ASSERT_FALSE(result) << "expected: " << message;
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  EXPECT_NE(result.error().message().find(message), std::string::npos) << result.error().message();
}

// Events as "ADDED a" until `count` have come; bookmarks are left out.
inline std::vector<std::string> read_events(Watch& watch, std::size_t count) {
  std::vector<std::string> seen;
  for (int wait = 0; wait < 100 && seen.size() < count; ++wait) {
    const auto events = watch.next(std::chrono::milliseconds(200));
    if (!events) {
      seen.push_back("error: " + events.error().message());
      return seen;
    }
    for (const WatchEvent& event : *events)
      if (event.type != WatchEvent::Type::kBookmark)
        seen.push_back(std::string(registry::watch_event_type_text(event.type)) + " " + meta::name(*event.object));
  }
  return seen;
}

TEST_P(ClientConformance, CreateAndGet) {
  const auto created = client().create(widget("a"));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ(meta::gvk_of(**created).value(), kWidget);
  EXPECT_FALSE(meta::uid(**created).empty());
  EXPECT_EQ((**created).text({"spec", "color"}), "red");
  const auto read = client().get(kWidget, {"default", "a"});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(**read, **created);
}

TEST_P(ClientConformance, ClusterScopedKind) {
  ASSERT_TRUE(client().create(gadget("g")));
  EXPECT_TRUE(client().get(kGadget, {"", "g"}));
  EXPECT_EQ(client().list(kGadget)->items.size(), 1u);
  EXPECT_TRUE(client().remove(kGadget, {"", "g"}));
}

TEST_P(ClientConformance, ErrorsSayWhatIsWrong) {
  using base::ErrorCode;
  expect_error(client().get(kWidget, {"default", "a"}), ErrorCode::kNotFound, "widgets.example.com \"a\" not found");
  expect_error(client().remove(kWidget, {"default", "a"}), ErrorCode::kNotFound, "widgets.example.com \"a\" not found");
  ASSERT_TRUE(client().create(widget("a")));
  expect_error(client().create(widget("a")), ErrorCode::kAlreadyExists, "widgets.example.com \"a\" already exists");
  const auto invalid = client().create(widget("b", R"({"size": 0, "color": "green"})"));
  expect_error(invalid, ErrorCode::kInvalid, "Widget.example.com \"b\" is invalid: ");
  ASSERT_EQ(invalid.error().fields().size(), 2u);
  const base::FieldError expected{"spec.color", "FieldValueNotSupported",
                                  "Unsupported value: \"green\": supported values: \"red\", \"blue\""};
  // kube-apiserver says them in any order.
  EXPECT_TRUE(std::ranges::count(invalid.error().fields(), expected) == 1) << invalid.error().message();
  expect_error(client().get({"example.com", "v9", "Widget"}, {"default", "a"}), ErrorCode::kNotFound, "");
  expect_error(client().get({"example.com", "v1", "Nothing"}, {"default", "a"}), ErrorCode::kNotFound, "");
  Json object = widget("c");
  object.at("metadata").set("namespace", "nowhere");
  expect_error(client().create(object), ErrorCode::kNotFound, "namespaces \"nowhere\" not found");
}

TEST_P(ClientConformance, UpdateIsLockedByResourceVersion) {
  Json first = **client().create(widget("a"));
  Json object = first;
  object.at("spec").set("size", 2);
  const auto updated = client().update(object);
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(meta::generation(**updated), 2);
  expect_error(client().update(object), base::ErrorCode::kConflict, "the object has been modified");
  first.at("metadata").erase("resourceVersion");
  expect_error(client().update(first), base::ErrorCode::kInvalid, "metadata.resourceVersion");
}

TEST_P(ClientConformance, StatusIsApart) {
  Json object = **client().create(widget("a"));
  object.set("status", json(R"({"phase": "Ready"})"));
  object.at("spec").set("size", 50);
  const auto updated = client().update_status(object);
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ((**updated).text({"status", "phase"}), "Ready");
  EXPECT_EQ((**updated)["spec"]["size"], Json(1));
  EXPECT_EQ(meta::generation(**updated), 1);
  const auto patched =
      client().patch(kWidget, {"default", "a"}, PatchType::kMerge,
                     json(R"({"status": {"phase": "Gone"}, "spec": {"size": 3}})"), {.subresource = "status"});
  ASSERT_TRUE(patched) << patched.error().message();
  EXPECT_EQ((**patched).text({"status", "phase"}), "Gone");
  EXPECT_EQ((**patched)["spec"]["size"], Json(1));
}

TEST_P(ClientConformance, Patch) {
  ASSERT_TRUE(client().create(widget("a", R"({"size": 1, "parts": ["x"]})")));
  const ObjectKey key{"default", "a"};
  const auto merged = client().patch(kWidget, key, PatchType::kMerge, json(R"({"metadata": {"labels": {"a": "b"}}})"));
  ASSERT_TRUE(merged) << merged.error().message();
  EXPECT_EQ(meta::label(**merged, "a"), "b");
  const auto changed = client().patch(kWidget, key, PatchType::kJson,
                                      json(R"([{"op": "replace", "path": "/spec/parts/0", "value": "y"}])"));
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ((**changed)["spec"]["parts"], json(R"(["y"])"));
  const auto dry = client().patch(kWidget, key, PatchType::kMerge, json(R"({"spec": {"size": 9}})"), {.dry_run = true});
  ASSERT_TRUE(dry) << dry.error().message();
  EXPECT_EQ((**dry)["spec"]["size"], Json(9));
  EXPECT_EQ((**client().get(kWidget, key))["spec"]["size"], Json(1));
  expect_error(client().patch(kWidget, key, PatchType::kMerge, json(R"({"metadata": {"resourceVersion": "1"}})")),
               base::ErrorCode::kConflict, "the object has been modified");
}

inline ApplyOptions as_manager(std::string name, bool force = false) {
  ApplyOptions options;
  options.field_manager = std::move(name);
  options.force = force;
  return options;
}

// The managers of an object, as "alpha Apply".
inline std::vector<std::string> managers(const Json& object) {
  std::vector<std::string> out;
  for (const Json& entry : object["metadata"]["managedFields"].items())
    out.push_back(entry.text({"manager"}) + " " + entry.text({"operation"}) +
                  (entry.contains("subresource") ? " " + entry.text({"subresource"}) : ""));
  return out;
}

TEST_P(ClientConformance, ApplyMakesMergesAndConflicts) {
  const auto made = client().apply(widget("a", R"({"size": 1, "parts": ["x"]})"), as_manager("alpha"));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ((**made).text({"spec", "color"}), "red");
  EXPECT_EQ(managers(**made), std::vector<std::string>{"alpha Apply"});

  const auto same = client().apply(widget("a", R"({"size": 1, "parts": ["x"]})"), as_manager("alpha"));
  ASSERT_TRUE(same) << same.error().message();
  EXPECT_EQ(meta::resource_version(**same), meta::resource_version(**made));

  const auto refused = client().apply(widget("a", R"({"size": 2})"), as_manager("beta"));
  expect_error(refused, base::ErrorCode::kConflict,
               "Apply failed with 1 conflict: conflict with \"alpha\": .spec.size");
  EXPECT_EQ(refused.error().fields(),
            (std::vector<base::FieldError>{{".spec.size", "FieldManagerConflict", "conflict with \"alpha\""}}));
  const auto forced = client().apply(widget("a", R"({"size": 2})"), as_manager("beta", true));
  ASSERT_TRUE(forced) << forced.error().message();
  EXPECT_EQ((**forced)["spec"]["size"], Json(2));
  EXPECT_EQ((**forced)["spec"]["parts"], json(R"(["x"])"));

  // What alpha does not want any more, and nobody else owns, goes.
  const auto dropped = client().apply(widget("a", R"({"size": 2})"), as_manager("alpha"));
  ASSERT_TRUE(dropped) << dropped.error().message();
  EXPECT_FALSE((**dropped)["spec"].contains("parts"));
  EXPECT_EQ((**dropped)["spec"]["size"], Json(2));
}

TEST_P(ClientConformance, ApplyToTheStatus) {
  ASSERT_TRUE(client().create(widget("a")));
  Json status = widget("a", R"({"size": 9})");
  status.set("status", json(R"({"phase": "Ready"})"));
  ApplyOptions options = as_manager("reporter");
  options.subresource = "status";
  const auto applied = client().apply(status, options);
  ASSERT_TRUE(applied) << applied.error().message();
  EXPECT_EQ((**applied).text({"status", "phase"}), "Ready");
  EXPECT_EQ((**applied)["spec"]["size"], Json(1));
  EXPECT_EQ(managers(**applied).front(), "reporter Apply status");
}

TEST_P(ClientConformance, ApplyRefusesAndDryRuns) {
  expect_error(client().apply(widget("a"), as_manager("")), base::ErrorCode::kInvalid,
               "fieldManager: Required value: is required for apply patch");
  Json object = widget("a");
  object.at("metadata").set("uid", "other");
  expect_error(client().apply(object, as_manager("alpha")), base::ErrorCode::kConflict,
               "uid mismatch: the provided object specified uid other, and no existing object was found");
  ApplyOptions options = as_manager("alpha");
  options.dry_run = true;
  ASSERT_TRUE(client().apply(widget("a"), options));
  expect_error(client().get(kWidget, {"default", "a"}), base::ErrorCode::kNotFound, "not found");
  ASSERT_TRUE(client().create(widget("a")));
  object = widget("a");
  object.at("metadata").set("resourceVersion", "1");
  expect_error(client().apply(object, as_manager("alpha")), base::ErrorCode::kConflict, "the object has been modified");
}

TEST_P(ClientConformance, WritersAreRecorded) {
  Json object = **client().create(widget("a"));
  ASSERT_EQ(managers(object).size(), 1u);
  object.at("spec").set("size", 2);
  object = **client().update(object);
  EXPECT_EQ(managers(object).size(), 1u);
  const auto patched = client().patch(kWidget, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 3}})"),
                                      {.field_manager = "patcher"});
  ASSERT_TRUE(patched) << patched.error().message();
  object = **patched;
  ASSERT_EQ(managers(object).size(), 2u);
  object.at("metadata").set("managedFields", Json::array());
  const auto kept = client().update(object);
  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ(managers(**kept).size(), 2u) << "whoever does not know the field takes nothing away";
  object = **kept;
  object.at("metadata").set("managedFields", Json::array({Json::object()}));
  const auto reset = client().update(object);
  ASSERT_TRUE(reset) << reset.error().message();
  EXPECT_TRUE(managers(**reset).empty());
}

TEST_P(ClientConformance, FinalizersHoldADeletion) {
  Json object = widget("a");
  meta::add_finalizer(object, "example.com/hold");
  object = **client().create(object);
  const auto wrong = client().remove(kWidget, {"default", "a"}, {.precondition_uid = "other"});
  expect_error(wrong, base::ErrorCode::kConflict,
               "the UID in the precondition (other) does not match the UID in record");
  const auto removed = client().remove(kWidget, {"default", "a"}, {.precondition_uid = meta::uid(object)});
  ASSERT_TRUE(removed) << removed.error().message();
  object = **client().get(kWidget, {"default", "a"});
  EXPECT_TRUE(meta::is_deleting(object));
  meta::remove_finalizer(object, "example.com/hold");
  ASSERT_TRUE(client().update(object));
  expect_error(client().get(kWidget, {"default", "a"}), base::ErrorCode::kNotFound, "not found");
}

TEST_P(ClientConformance, ListSelectsAndPages) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    Json object = widget(name);
    meta::set_label(object, "name", name);
    ASSERT_TRUE(client().create(object));
  }
  Json elsewhere = widget("z");
  elsewhere.at("metadata").set("namespace", "kube-system");
  ASSERT_TRUE(client().create(elsewhere));
  EXPECT_EQ(client().list(kWidget)->items.size(), 6u);
  EXPECT_EQ(client().list(kWidget, {.ns = "kube-system"})->items.size(), 1u);
  const auto selected = client().list(kWidget, {.labels = *meta::LabelSelector::parse("name in (b, d)")});
  ASSERT_TRUE(selected) << selected.error().message();
  EXPECT_EQ(selected->items.size(), 2u);
  EXPECT_EQ(client().list(kWidget, {.fields = *meta::FieldSelector::parse("metadata.name=c")})->items.size(), 1u);

  std::string names, token;
  do {
    const auto page = client().list(kWidget, {.ns = "default", .limit = 2, .continue_token = token});
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_LE(page->items.size(), 2u);
    EXPECT_FALSE(page->resource_version.empty());
    for (const ObjectPtr& item : page->items) {
      names += meta::name(*item);
      EXPECT_EQ(meta::gvk_of(*item).value(), kWidget);
    }
    token = page->continue_token;
  } while (!token.empty());
  EXPECT_EQ(names, "abcde");
}

TEST_P(ClientConformance, WatchContinuesAList) {
  ASSERT_TRUE(client().create(widget("a")));
  const auto list = client().list(kWidget);
  ASSERT_TRUE(list);
  auto watch = client().watch(kWidget, {.resource_version = list->resource_version});
  ASSERT_TRUE(watch) << watch.error().message();
  ASSERT_TRUE(client().create(widget("b")));
  ASSERT_TRUE(client().patch(kWidget, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 2}})")));
  ASSERT_TRUE(client().remove(kWidget, {"default", "b"}));
  EXPECT_EQ(read_events(**watch, 3), (std::vector<std::string>{"ADDED b", "MODIFIED a", "DELETED b"}));
  (*watch)->close();
  const auto after = (*watch)->next(std::chrono::seconds(10));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code(), base::ErrorCode::kCancelled);
}

TEST_P(ClientConformance, WatchWithoutRevisionStartsWithWhatIsThere) {
  Json object = widget("a");
  meta::set_label(object, "wanted", "yes");
  ASSERT_TRUE(client().create(object));
  ASSERT_TRUE(client().create(widget("b")));
  auto watch = client().watch(kWidget, {.ns = "default", .labels = meta::LabelSelector::equals("wanted", "yes")});
  ASSERT_TRUE(watch) << watch.error().message();
  EXPECT_EQ(read_events(**watch, 1), std::vector<std::string>{"ADDED a"});
  ASSERT_TRUE(client().patch(kWidget, {"default", "a"}, PatchType::kMerge,
                             json(R"({"metadata": {"labels": {"wanted": "no"}}})")));
  ASSERT_TRUE(client().patch(kWidget, {"default", "b"}, PatchType::kMerge,
                             json(R"({"metadata": {"labels": {"wanted": "yes"}}})")));
  EXPECT_EQ(read_events(**watch, 2), (std::vector<std::string>{"DELETED a", "ADDED b"}));
}

}  // namespace slipway::kube
