// Lists, gets and watches as text say the same as those that parse.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <random>

#include "data/json_scan.h"
#include "registry/schema_record.h"
#include "registry/test_registry.h"
#include "store/memory/memory_store.h"

namespace slipway::registry {
namespace {

using namespace std::chrono_literals;

class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}

  Json value(int depth) {
    switch (pick(depth > 0 ? 7 : 5)) {
      case 0:
        return nullptr;
      case 1:
        return pick(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random_()) - 1'000'000'000;
      case 3:
        return 0.5 + pick(1000);
      case 4:
        return text();
      case 5: {
        Json array = Json::array();
        for (int i = pick(4); i > 0; --i) array.append(value(depth - 1));
        return array;
      }
      default:
        return object(depth - 1);
    }
  }
  Json object(int depth) {
    Json object = Json::object();
    for (int i = pick(5); i > 0; --i) object.set(text(), value(depth));
    return object;
  }
  std::string text() {
    static const std::vector<std::string> kPieces = {
        "a", "labels", "metadata", "\"", "\\", "\n", "{", "}", "[", "]", ",", ":", "é", "\x01", " ", "resourceVersion"};
    std::string text;
    for (int i = pick(5); i > 0; --i) text += kPieces[static_cast<std::size_t>(pick(static_cast<int>(kPieces.size())))];
    return text;
  }
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  std::mt19937 random_;
};

std::vector<Json> parsed(const std::vector<ObjectText>& texts) {
  std::vector<Json> objects;
  for (const auto& text : texts) objects.push_back(json(*text));
  return objects;
}
std::vector<Json> copied(const std::vector<ObjectPtr>& objects) {
  std::vector<Json> copies;
  for (const auto& object : objects) copies.push_back(*object);
  return copies;
}

// Every way to read a resource in both forms.
void expect_same(Registry& registry, const ResourceVersionInfo& resource, const ListOptions& options) {
  const auto texts = registry.list_text(resource, options);
  const auto objects = registry.list(resource, options);
  ASSERT_TRUE(texts && objects);
  EXPECT_EQ(parsed(texts->items), copied(objects->items));
  EXPECT_EQ(texts->resource_version, objects->resource_version);
  EXPECT_EQ(texts->continue_token, objects->continue_token);
  EXPECT_EQ(texts->remaining_item_count, objects->remaining_item_count);
  for (const auto& object : objects->items) {
    const auto text = registry.get_text(resource, meta::key_of(*object));
    ASSERT_TRUE(text);
    EXPECT_EQ(json(**text), *object);
    EXPECT_EQ(**registry.parse(*text), *object);
  }
}

ListOptions selecting(std::string_view labels, std::string_view fields = "", std::size_t limit = 0) {
  ListOptions options;
  options.labels = *meta::LabelSelector::parse(labels);
  options.fields = *meta::FieldSelector::parse(fields);
  options.limit = limit;
  return options;
}

TEST(ObjectTexts, EqualParsedObjects) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestRegistry test;
    RandomJson random(seed);
    for (int i = 0; i < 20; ++i) {
      Json object = gadget(fmt::format("g{}", i));
      object.set("spec", random.object(4));
      for (const char* label : {"app", "tier"})
        if (random.pick(2) == 0) meta::set_label(object, label, random.pick(2) == 0 ? "x" : "y");
      meta::set_annotation(object, "note", random.text());
      ASSERT_TRUE(test.registry.create(test.gadgets, object));
    }
    for (const auto& options :
         {selecting(""), selecting("app=x"), selecting("app,tier!=y"), selecting("app notin (x)", "metadata.name!=g3"),
          selecting("", "metadata.name=g5"), selecting("", "", 7), selecting("app=x", "", 2)})
      expect_same(test.registry, test.gadgets, options);
  }
}

TEST(ObjectTexts, AreTheStoredBytesInTheStorageVersionOnly) {
  TestRegistry test;
  ASSERT_TRUE(test.registry.create(test.widgets, widget("a", R"({"size": 3, "color": "blue"})")));
  const auto stored = test.store->get("/registry/example.com/widgets/default/a");
  ASSERT_TRUE(stored);
  EXPECT_EQ(*test.registry.get_text(test.widgets, {"default", "a"}), stored->value) << "the same bytes, not a copy";
  const auto& beta = *test.registry.catalog().find("example.com", "v1beta1", "widgets");
  EXPECT_EQ(json(**test.registry.get_text(beta, {"default", "a"})).text({"apiVersion"}), "example.com/v1beta1");
  for (const auto* version : {&test.widgets, &beta}) {
    expect_same(test.registry, *version, selecting(""));
    expect_same(test.registry, *version, selecting("", "spec.color=blue"));
    expect_same(test.registry, *version, selecting("", "spec.color!=blue"));
  }
}

TEST(ObjectTexts, ValuesFromBeforeASchemaChangeGetItsDefaults) {
  const auto store = store::make_memory_store({});
  const auto open = [&](const Json& crd) {
    auto registry = std::make_unique<Registry>(*store, Registry::Options{});
    EXPECT_TRUE(registry->add_crd(crd));
    return registry;
  };
  const auto widgets_of = [](Registry& registry) -> const ResourceVersionInfo& {
    return *registry.catalog().find("example.com", "v1", "widgets");
  };
  const auto color_of = [&](Registry& registry, const char* name) {
    return json(**registry.get_text(widgets_of(registry), {"default", name})).text({"spec", "color"});
  };
  Json crd = widget_crd();
  Json& color = crd.at({"spec", "versions"})
                    .mutable_items()[0]
                    .at({"schema", "openAPIV3Schema", "properties", "spec", "properties", "color"});
  const Json with_default = crd;
  color.erase("default");
  {
    auto registry = open(crd);
    ASSERT_TRUE(registry->create(widgets_of(*registry), widget("old")));
    EXPECT_EQ(color_of(*registry, "old"), "");
  }
  for (int start = 0; start < 2; ++start) {
    auto registry = open(with_default);
    EXPECT_EQ(color_of(*registry, "old"), "red") << "written before the default was there";
    const std::string name = fmt::format("new{}", start);
    ASSERT_TRUE(registry->create(widgets_of(*registry), widget(name)));
    EXPECT_EQ(*registry->get_text(widgets_of(*registry), {"default", name}),
              store->get("/registry/example.com/widgets/default/" + name)->value);
    expect_same(*registry, widgets_of(*registry), selecting(""));
    expect_same(*registry, widgets_of(*registry), selecting("", "spec.color=red"));
    EXPECT_EQ(registry->list_text(widgets_of(*registry), selecting("", "spec.color=red"))->items.size(), start + 2u);
  }
}

TEST(ObjectTexts, WatchesSayTheSame) {
  TestRegistry test;
  const auto& beta = *test.registry.catalog().find("example.com", "v1beta1", "widgets");
  struct Pair {
    std::unique_ptr<Watch> objects;
    std::unique_ptr<TextWatch> texts;
  };
  std::vector<Pair> pairs;
  ASSERT_TRUE(test.registry.create(test.widgets, widget("there")));
  for (const auto* version : {&test.widgets, &beta}) {
    for (const char* fields : {"", "spec.color=red"}) {
      WatchOptions options;
      options.fields = *meta::FieldSelector::parse(fields);
      auto objects = test.registry.watch(*version, options);
      auto texts = test.registry.watch_text(*version, options);
      ASSERT_TRUE(objects && texts);
      pairs.push_back({std::move(*objects), std::move(*texts)});
    }
  }
  ASSERT_TRUE(test.registry.create(test.widgets, widget("a")));
  for (const char* spec : {R"({"color": "blue"})", R"({"color": "red", "size": 7})"})
    ASSERT_TRUE(
        test.registry.patch(test.widgets, {"default", "a"}, PatchType::kMerge, Json::object({{"spec", json(spec)}})));
  ASSERT_TRUE(test.registry.remove(test.widgets, {"default", "a"}));
  for (const Pair& pair : pairs) {
    std::vector<std::pair<WatchEvent::Type, Json>> objects, texts;
    while (objects.size() < 5 || texts.size() < 5) {
      const auto more = pair.objects->next(0ms);
      const auto more_texts = pair.texts->next(0ms);
      ASSERT_TRUE(more && more_texts);
      ASSERT_FALSE(more->empty() && more_texts->empty());
      for (const auto& event : *more) objects.emplace_back(event.type, *event.object);
      for (const auto& event : *more_texts) texts.emplace_back(event.type, json(*event.object));
    }
    EXPECT_EQ(objects, texts);
  }
}

TEST(ObjectTexts, OneTextForAllWatches) {
  TestRegistry test;
  const auto& beta = *test.registry.catalog().find("example.com", "v1beta1", "widgets");
  for (const auto* version : {&test.widgets, &beta}) {
    std::vector<std::unique_ptr<TextWatch>> watches;
    for (int i = 0; i < 3; ++i) watches.push_back(*test.registry.watch_text(*version, {}));
    const std::string name = "a-" + version->version;
    ASSERT_TRUE(test.registry.create(test.widgets, widget(name)));
    std::vector<ObjectText> last;
    for (const auto& watch : watches) {
      ObjectText text;
      while (true) {
        const auto events = watch->next(0ms);
        ASSERT_TRUE(events && !events->empty());
        text = events->back().object;
        if (json(*text).text({"metadata", "name"}) == name) break;
      }
      last.push_back(text);
    }
    EXPECT_EQ(last[0], last[1]);
    EXPECT_EQ(last[0], last[2]);
  }
}

}  // namespace
}  // namespace slipway::registry
