#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "data/json_text.h"
#include "registry/registry.h"
#include "store/memory/memory_store.h"

// A registry over a store in memory with two test kinds, for tests only.
namespace slipway::registry {

// A text that is no JSON is a mistake in the test and ends it.
inline data::Json json(std::string_view text) {
  auto parsed = data::parse_json(text);
  if (parsed) return *parsed;
  std::fprintf(stderr, "test data: %s\n%.*s\n", parsed.error().message().c_str(), static_cast<int>(text.size()),
               text.data());
  std::abort();
}

// Letters and digits only, for the names of table rows in test reports.
inline std::string plain_text(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts)
    for (const char c : text)
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        out += c;
      else if (!out.empty() && out.back() != '_')
        out += '_';
  return out;
}

// Namespaced, v1 stored and v1beta1 served, status subresource, a default and limits.
inline data::Json widget_crd() {
  constexpr std::string_view kVersion = R"({"name": "NAME", "served": true, "storage": STORAGE,
    "subresources": {"status": {}},
    "selectableFields": [{"jsonPath": ".spec.color"}],
    "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
    "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
      "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
      "spec": {"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 100},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "parts": {"type": "array", "items": {"type": "string"}}}},
      "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}}})";
  const auto version = [&](std::string_view name, std::string_view storage) {
    std::string text(kVersion);
    text.replace(text.find("NAME"), 4, name);
    text.replace(text.find("STORAGE"), 7, storage);
    return json(text);
  };
  data::Json crd = json(R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced",
      "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wd"]}}})");
  crd.at({"spec", "versions"}).append(version("v1", "true"));
  crd.at({"spec", "versions"}).append(version("v1beta1", "false"));
  return crd;
}

// Cluster-scoped, no status subresource, a spec without schema.
inline data::Json gadget_crd() {
  return json(R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.example.com"},
    "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Gadget", "plural": "gadgets"},
      "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
          "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}})");
}

// Widget `name` in namespace default.
inline data::Json widget(std::string_view name, std::string_view spec = R"({"size": 1})") {
  data::Json object = meta::make_object({"example.com", "v1", "Widget"}, {"default", std::string(name)});
  object.set("spec", json(spec));
  return object;
}
inline data::Json gadget(std::string_view name) {
  return meta::make_object({"example.com", "v1", "Gadget"}, {"", std::string(name)});
}

struct TestRegistry {
  explicit TestRegistry(store::StoreOptions store_options = {})
      : store(store::make_memory_store(store_options)),
        registry(*store, {&clock, &base::SystemRandom::instance()}),
        widgets(add(widget_crd(), "widgets")),
        gadgets(add(gadget_crd(), "gadgets")),
        namespaces(keep(registry.catalog().find("", "v1", "namespaces"))),
        secrets(keep(registry.catalog().find("", "v1", "secrets"))) {}

  const ResourceVersionInfo& add(const data::Json& crd, std::string_view plural) {
    if (const auto added = registry.add_crd(crd); !added) {
      std::fprintf(stderr, "%s\n", added.error().message().c_str());
      std::abort();
    }
    return keep(registry.catalog().find("example.com", "v1", plural));
  }
  const ResourceVersionInfo& keep(ResourceVersionPtr resource) { return *kept.emplace_back(std::move(resource)); }

  base::ManualClock clock;
  std::unique_ptr<store::Store> store;
  Registry registry;
  std::vector<ResourceVersionPtr> kept;  // what the references below are into
  const ResourceVersionInfo& widgets;
  const ResourceVersionInfo& gadgets;
  const ResourceVersionInfo& namespaces;
  const ResourceVersionInfo& secrets;
};

}  // namespace slipway::registry
