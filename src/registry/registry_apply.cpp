#include <fmt/core.h>

#include "registry/apply/field_manager.h"
#include "registry/registry_state.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr int kApplyAttempts = 10;

// Versions of one kind as the catalog has them now.
class CatalogVersions final : public VersionConverter {
 public:
  CatalogVersions(const Registry::State& state, const ResourceInfo& resource) : state_(state), resource_(resource) {}

  base::Result<std::optional<TypedValue>> convert(const TypedValue& object, const std::string& api_version) override {
    const ResourceVersionPtr from = find(object.value->text({"apiVersion"}));
    const ResourceVersionPtr to = find(api_version);
    if (from == nullptr || to == nullptr) return std::optional<TypedValue>();
    Json stored = SLIPWAY_TRY(state_.to_storage(*from, *object.value));
    ObjectPtr converted = SLIPWAY_TRY(state_.to_version(*to, std::make_shared<const Json>(std::move(stored))));
    held_.push_back(to);
    return std::optional(TypedValue{std::move(converted), MergeType::resource(to->schema.get())});
  }

 private:
  // The version, when its objects are stored where this kind's are.
  ResourceVersionPtr find(const std::string& api_version) const {
    const meta::GroupVersion wanted = meta::parse_api_version(api_version);
    if (wanted.group == resource_.group) {
      const ResourceVersionInfo* version = resource_.version(wanted.version);
      return version != nullptr ? share(*version) : nullptr;
    }
    ResourceVersionPtr found = state_.catalog.find_kind({wanted.group, wanted.version, resource_.kind});
    const bool same = found != nullptr && &found->resource->storage() == &resource_.storage();
    return same ? std::move(found) : nullptr;
  }

  const Registry::State& state_;
  const ResourceInfo& resource_;
  std::vector<ResourceVersionPtr> held_;  // the schemas that types refer to
};

// What a write cannot change belongs to nobody through it.
FieldSet reset_fields(const ResourceVersionInfo& version, std::string_view subresource) {
  FieldSet reset;
  const auto add = [&](std::string_view name) { reset.insert({PathElement::field(name)}); };
  if (subresource == "status") {
    add("metadata");
    add("spec");
    return reset;
  }
  if (version.has_status) add("status");
  // The server sets a namespace's finalizers.
  if (subresource.empty() && version.resource->group_kind() == meta::GroupKind{"", "Namespace"}) add("spec");
  return reset;
}

FieldManagerScope scope_of(const ResourceVersionInfo& version, std::string_view subresource, base::Clock& clock) {
  FieldManagerScope scope;
  scope.gvk = version.gvk();
  scope.subresource = std::string(subresource);
  scope.type = MergeType::resource(version.schema.get());
  scope.reset = reset_fields(version, subresource);
  scope.now = base::format_rfc3339(clock.now());
  return scope;
}

base::Error invalid_options(base::FieldError error) {
  return invalid_object({"meta.k8s.io", "PatchOptions"}, "", {std::move(error)});
}

base::Status check_options(const ApplyOptions& options) {
  if (options.field_manager.empty())
    return invalid_options(required_value("fieldManager", "is required for apply patch"));
  FieldErrors errors;
  validate_field_manager(options.field_manager, "fieldManager", errors);
  if (!errors.empty()) return invalid_object({"meta.k8s.io", "PatchOptions"}, "", std::move(errors));
  return {};
}

// The merged object is the one that the request is about.
base::Status check_key(const ResourceInfo& resource, const ObjectKey& key, Json& object) {
  Json& metadata = object.at("metadata");
  if (resource.namespaced && meta::ns(object).empty()) metadata.set("namespace", key.ns);
  if (resource.namespaced && meta::ns(object) != key.ns)
    return fail(ErrorCode::kBadRequest,
                "the namespace of the provided object does not match the namespace sent on the request");
  if (meta::name(object).empty()) metadata.set("name", key.name);
  if (meta::name(object) != key.name)
    return fail(ErrorCode::kBadRequest,
                fmt::format("the name of the object ({}) does not match the name on the URL ({})", meta::name(object),
                            key.name));
  return {};
}

}  // namespace

Json Registry::State::track_managers(const ResourceVersionInfo& version, const Json& before, const Json& after,
                                     const Json& sent, const WriteOptions& options) const {
  CatalogVersions versions(*this, *version.resource);
  const std::string_view subresource = options.tracked_subresource();
  return FieldManager(scope_of(version, subresource, clock), versions)
      .update(before, after, sent, options.field_manager);
}

base::Result<Registry::Applied> Registry::State::apply(const ResourceVersionInfo& version, const ObjectKey& key,
                                                       const Json& configuration, const ApplyOptions& options) {
  const ResourceInfo& resource = *version.resource;
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_subresource(version, options.subresource));
  if (!configuration.is_object()) return fail(ErrorCode::kBadRequest, "the applied configuration must be an object");
  for (int attempt = 0; attempt < kApplyAttempts; ++attempt) {
    CatalogVersions versions(*this, resource);
    FieldManager fields(scope_of(version, options.subresource, clock), versions);
    const auto stored = read(resource, key);
    if (!stored && stored.error().code() != ErrorCode::kNotFound) return stored.error();
    if (!stored) {
      if (!options.subresource.empty()) return stored.error();
      auto created = create_applied(version, key, configuration, options, fields);
      if (created) return Applied{std::move(*created), true};
      if (created.error().code() != ErrorCode::kAlreadyExists) return created.error();
      continue;
    }
    const ObjectPtr live = SLIPWAY_TRY(to_version(version, stored->object));
    auto applied = SLIPWAY_TRY(fields.apply(*live, configuration, options.field_manager, options.force));
    SLIPWAY_TRY(check_key(resource, key, applied.object));
    auto written = replace(version, key, *stored, *live, std::move(applied.object), options, &applied.managed_fields);
    if (written) return Applied{std::move(*written), false};
    if (!is_write_race(written.error())) return written.error();
  }
  return modified_conflict(resource.group_resource(), key.name);
}

base::Result<ObjectPtr> Registry::State::create_applied(const ResourceVersionInfo& version, const ObjectKey& key,
                                                        const Json& configuration, const ApplyOptions& options,
                                                        FieldManager& fields) {
  const meta::Gvk gvk = version.gvk();
  const Json nothing = Json::object({{"apiVersion", gvk.api_version()}, {"kind", gvk.kind}});
  auto applied = SLIPWAY_TRY(fields.apply(nothing, configuration, options.field_manager, options.force));
  if (!meta::uid(applied.object).empty())
    return conflict(version.resource->group_resource(), key.name,
                    fmt::format("uid mismatch: the provided object specified uid {}, and no existing object was found",
                                meta::uid(applied.object)));
  if (meta::name(applied.object).empty())
    return fail(
        ErrorCode::kBadRequest,
        fmt::format("the name of the object ({} based on URL) was undeterminable: name must be provided", key.name));
  SLIPWAY_TRY(check_key(*version.resource, key, applied.object));
  applied.object.at("metadata").erase("resourceVersion");
  return create(version, std::move(applied.object), options, &applied.managed_fields);
}

base::Result<Registry::Applied> Registry::apply(const ResourceVersionInfo& resource, const ObjectKey& key,
                                                const Json& configuration, const ApplyOptions& options) {
  return state_->apply(resource, key, configuration, options);
}

}  // namespace slipway::registry
