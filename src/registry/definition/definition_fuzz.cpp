#include <cstdint>
#include <string_view>

#include "data/json_text.h"
#include "registry/registry.h"
#include "store/memory/memory_store.h"

// Any bytes as a CustomResourceDefinition: refused, or served so that an object can be made and read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway;
  auto definition = data::parse_json(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!definition || !definition->is_object()) return 0;
  const auto store = store::make_memory_store({});
  registry::Registry registry(*store, {});
  const auto kind = registry.catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  definition->set("apiVersion", "apiextensions.k8s.io/v1");
  definition->set("kind", "CustomResourceDefinition");
  const auto defined = registry.create(*kind, std::move(*definition));
  if (!defined) return 0;
  const std::string group = (**defined).text({"spec", "group"});
  const std::string plural = (**defined).text({"spec", "names", "plural"});
  const auto resource = registry.catalog().find_resource(group, plural);
  if (resource == nullptr) return 0;
  for (const auto& version : resource->versions) {
    data::Json object = meta::make_object(version->gvk(), {resource->namespaced ? "default" : "", "a"});
    const auto created = registry.create(*version, std::move(object));
    if (created && !registry.get(resource->storage(), meta::key_of(**created))) __builtin_trap();
    (void)registry.list_text(*version, {});
  }
  return 0;
}
