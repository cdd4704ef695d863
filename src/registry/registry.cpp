#include "registry/registry.h"

#include <fmt/core.h>

#include "base/log.h"
#include "registry/builtin_kinds.h"
#include "registry/custom_resource.h"
#include "registry/event_kinds.h"
#include "registry/registry_state.h"
#include "registry/schema_record.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

Registry::Registry(store::Store& store, Options options) : state_(std::make_unique<State>(store, options)) {
  add_builtin_kinds(state_->catalog, state_->strategies);
  set_converter({"events.k8s.io", "Event"}, [](const Json& event, const std::string&) -> base::Result<Json> {
    return convert_event(event, event.text({"apiVersion"}) == "v1" ? "events.k8s.io/v1" : "v1");
  });
  for (const ResourcePtr& resource : state_->catalog.all()) {
    if (const base::Status recorded = record_schema(store, *resource); !recorded)
      base::log_error("registry", "{}: the schema cannot be recorded: {}", resource->group_resource(),
                      recorded.error().message());
  }
  state_->strategies[{"apiextensions.k8s.io", "CustomResourceDefinition"}].prepare =
      [state = state_.get()](Json& definition, const Json* old) { state->definitions.prepare(definition, old); };
  state_->definitions.load();
  const ResourceVersionPtr namespaces = state_->catalog.find("", "v1", "namespaces");
  for (const char* name : {"default", "kube-system"}) {
    auto created = create(*namespaces, meta::make_object(namespaces->gvk(), {"", name}));
    if (!created && created.error().code() != ErrorCode::kAlreadyExists)
      base::log_error("registry", "namespace {} cannot be made: {}", name, created.error().message());
  }
}

Registry::~Registry() = default;

base::Status Registry::add_crd(const Json& crd) {
  auto resource = SLIPWAY_TRY(parse_crd(crd));
  if (state_->catalog.find_group_kind(resource->group_kind()) != nullptr)
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("kind {} of group {} is there already", resource->kind, resource->group));
  SLIPWAY_TRY(record_schema(state_->store, *resource));
  state_->catalog.put(std::move(resource));
  return {};
}

base::Status Registry::install_definition(Json definition) {
  const ResourceVersionPtr kind = state_->catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  const ObjectKey key{"", meta::name(definition)};
  const WriteOptions options{.by_server = true};
  auto installed = create(*kind, definition, options);
  if (!installed && installed.error().code() == ErrorCode::kAlreadyExists)
    // Writes nothing when it is the same as at the last start.
    installed = modify(
        *kind, key,
        [&](const Json& current) -> base::Result<Json> {
          Json next = current;
          next.set("spec", definition["spec"]);
          for (const char* map : {"labels", "annotations"})
            for (const auto& [name, value] : definition["metadata"][map].members())
              next.at({"metadata", map}).set(name, value);
          return next;
        },
        options);
  if (!installed) return installed.error();
  const std::unique_lock lock(state_->structure_lock);
  state_->definitions.protect(key.name);
  return {};
}

void Registry::set_converter(const meta::GroupKind& kind, Converter converter) {
  state_->converters[kind] = std::move(converter);
}

void Registry::set_webhook_caller(WebhookCaller caller) {
  state_->webhook_caller = std::move(caller);
}

void Registry::add_admission(const meta::GroupKind& kind, Admission admission) {
  state_->admissions[kind].push_back(std::move(admission));
}

const ResourceCatalog& Registry::catalog() const {
  return state_->catalog;
}

store::Store& Registry::store() {
  return state_->store;
}

base::Result<ObjectPtr> Registry::remove(const ResourceVersionInfo& resource, const ObjectKey& key,
                                         const DeleteOptions& options) {
  return state_->remove(resource, key, options);
}

}  // namespace slipway::registry
