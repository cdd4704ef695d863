#include "registry/resource.h"

#include <gtest/gtest.h>

#include "registry/custom_resource.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

TEST(CustomResource, KeepsWhatDocumentsNeed) {
  Json crd = widget_crd();
  Json& version = crd.at({"spec", "versions"}).mutable_items().front();
  version.at({"schema", "openAPIV3Schema"}).set("description", "A thing.");
  version.at("subresources").set("scale", json(R"({"specReplicasPath": ".spec.size",
    "statusReplicasPath": ".status.size", "labelSelectorPath": ".status.selector"})"));
  version.set("deprecated", true);
  version.set("deprecationWarning", "use v2");
  const auto resource = parse_crd(crd);
  ASSERT_TRUE(resource) << resource.error().message();
  const ResourceVersionInfo& v1 = *(*resource)->version("v1");
  ASSERT_TRUE(v1.scale);
  EXPECT_EQ(v1.scale->spec_replicas, ".spec.size");
  EXPECT_EQ(v1.scale->status_replicas, ".status.size");
  EXPECT_EQ(v1.scale->label_selector, ".status.selector");
  EXPECT_TRUE(v1.deprecated);
  EXPECT_EQ(v1.deprecation_warning, "use v2");
  EXPECT_EQ(v1.schema_document(), version.get({"schema", "openAPIV3Schema"}));
  EXPECT_FALSE((*resource)->version("v1beta1")->scale);
  EXPECT_FALSE((*resource)->version("v1beta1")->deprecated);
}

TEST(ResourceCatalog, EveryKindHasASchemaDocument) {
  TestRegistry test;
  for (const auto& resource : test.registry.catalog().all())
    for (const auto& version : resource->versions)
      EXPECT_EQ(version->schema_document().text({"type"}), "object") << resource->group_resource();
  EXPECT_TRUE(ResourceVersionInfo().schema_document().is_null());
}

TEST(ResourceCatalog, GenerationChangesWithTheCatalog) {
  TestRegistry test;
  const auto before = test.registry.catalog().generation();
  Json crd = gadget_crd();
  crd.at({"spec", "names"}) = json(R"({"kind": "Gizmo", "plural": "gizmos"})");
  crd.at("metadata").set("name", "gizmos.example.com");
  ASSERT_TRUE(test.registry.add_crd(crd));
  EXPECT_NE(test.registry.catalog().generation(), before);
}

ResourcePtr thing(std::string plural, std::string kind) {
  auto resource = std::make_shared<ResourceInfo>();
  resource->group = "example.com";
  resource->plural = std::move(plural);
  resource->kind = std::move(kind);
  auto version = std::make_unique<ResourceVersionInfo>();
  version->resource = resource.get();
  version->version = resource->storage_version = "v1";
  resource->versions.push_back(std::move(version));
  return resource;
}

TEST(ResourceCatalog, WhatWasFoundStaysAsItIs) {
  ResourceCatalog catalog;
  EXPECT_EQ(catalog.put(thing("as", "A")), nullptr);
  catalog.put(thing("bs", "B"));
  const ResourceVersionPtr found = catalog.find("example.com", "v1", "as");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(catalog.put(thing("as", "Renamed")).get(), found->resource);
  EXPECT_EQ(found->resource->kind, "A");
  EXPECT_EQ(catalog.find_kind({"example.com", "v1", "A"}), nullptr);
  EXPECT_NE(catalog.find_kind({"example.com", "v1", "Renamed"}), nullptr);
  EXPECT_EQ(catalog.all().front()->kind, "Renamed");
  EXPECT_NE(catalog.erase("example.com", "as"), nullptr);
  EXPECT_EQ(catalog.erase("example.com", "as"), nullptr);
  EXPECT_EQ(catalog.find("example.com", "v1", "as"), nullptr);
  EXPECT_EQ(catalog.all().size(), 1u);
  EXPECT_EQ(found->resource->storage().version, "v1");
}

TEST(ResourceCatalog, ReplacedResourcesAreFreed) {
  ResourceCatalog catalog;
  std::weak_ptr<const ResourceInfo> old;
  for (int i = 0; i < 10'000; ++i) {
    ResourcePtr next = thing("as", "A" + std::to_string(i));
    const std::weak_ptr<const ResourceInfo> weak = next;
    catalog.put(std::move(next));
    EXPECT_TRUE(old.expired());
    old = weak;
  }
  EXPECT_EQ(catalog.all().size(), 1u);
}

}  // namespace
}  // namespace slipway::registry
