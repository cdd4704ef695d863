#include "registry/definition/definitions.h"

#include <fmt/core.h>

#include "base/log.h"
#include "registry/custom_resource.h"
#include "registry/registry_state.h"
#include "registry/schema_record.h"

namespace slipway::registry {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::string_view kGroup = "apiextensions.k8s.io";
constexpr std::string_view kPlural = "customresourcedefinitions";

// What decides about the served form of a definition.
Json served_form_of(const Json& definition) {
  return Json::object({{"spec", definition["spec"]}, {"names", definition.get({"status", "acceptedNames"})}});
}

Json without_versions(const Json& definition) {
  Json out = definition;
  out.at("spec").erase("versions");
  return out;
}

base::Result<std::shared_ptr<ResourceInfo>> make_resource(const Json& definition) {
  Json accepted = definition;
  accepted.at("spec").set("names", definition.get({"status", "acceptedNames"}));
  std::shared_ptr<ResourceInfo> resource = SLIPWAY_TRY(parse_crd(accepted));
  resource->terminating = meta::is_deleting(definition);
  return resource;
}

}  // namespace

bool Definitions::concerns(const ResourceInfo& resource) {
  return resource.group == kGroup && resource.plural == kPlural;
}

void Definitions::load() {
  const ResourcePtr kind = state_.catalog.find_resource(kGroup, kPlural);
  const auto page = state_.store.list(storage_prefix(*kind, ""));
  if (!page) return base::log_error("registry", "definitions cannot be read: {}", page.error().message());
  for (const store::Entry& entry : page->entries) {
    const auto definition = state_.decode(*kind, entry.value, false);
    if (!definition) {
      base::log_error("registry", "{}: {}", entry.key, definition.error().message());
      continue;
    }
    auto change = stage(*kind, meta::name(**definition), definition->get());
    if (change)
      change->keep();
    else
      base::log_error("registry", "{} is not served: {}", meta::name(**definition), change.error().message());
  }
}

TakenNames Definitions::taken_beside(const std::string& group, const std::string& name) const {
  TakenNames taken;
  std::set<ResourcePtr> defined;
  for (const auto& [other, known] : known_) {
    if (known.group != group) continue;
    defined.insert(known.served);
    if (other != name) add_accepted_names(known.definition, taken);
  }
  // A built-in kind is told from a defined one by who serves it, not by its name: a definition may be named like it.
  for (const ResourcePtr& resource : state_.catalog.all()) {
    if (resource->group != group || defined.contains(resource)) continue;
    taken.resources.insert({resource->plural, resource->singular});
    taken.resources.insert(resource->short_names.begin(), resource->short_names.end());
    taken.kinds.insert({resource->kind, resource->list_kind});
  }
  return taken;
}

void Definitions::prepare(Json& definition, const Json* old) const {
  complete_definition(definition);
  if (!definition["spec"].is_object()) return;
  const std::string now = base::format_rfc3339(state_.clock.now());
  update_definition_status(definition, taken_beside(definition.text({"spec", "group"}), meta::name(definition)), now);
  if (old == nullptr || (*old)["spec"]["versions"] != definition["spec"]["versions"])
    update_rules_condition(definition, now);
}

void Definitions::begin_removal(Json& definition) const {
  meta::add_finalizer(definition, kCleanupFinalizer);
  set_definition_condition(definition, "Terminating", "True", "InstanceDeletionInProgress",
                           "CustomResource deletion is in progress", base::format_rfc3339(state_.clock.now()));
}

base::Status Definitions::check_change(const Json& before, const Json& after) const {
  const std::string& name = meta::name(before);
  if (!protected_.contains(name) || before["spec"] == after["spec"]) return {};
  return forbidden("customresourcedefinitions.apiextensions.k8s.io", name,
                   "this definition comes with slipwayd, only its labels and annotations may be changed");
}

base::Status Definitions::check_removal(const std::string& name) const {
  if (!protected_.contains(name)) return {};
  return forbidden("customresourcedefinitions.apiextensions.k8s.io", name,
                   "this definition comes with slipwayd and may not be deleted");
}

base::Result<Definitions::Change> Definitions::stage(const ResourceInfo& resource, const std::string& name,
                                                     const Json* definition) {
  Change change;
  if (!concerns(resource)) return change;
  const auto known = known_.find(name);
  const ResourcePtr before = known != known_.end() ? known->second.served : nullptr;
  change.name_ = name;
  change.before_ = before;
  change.after_ = nullptr;
  if (definition != nullptr) {
    change.definition_ = *definition;
    if (is_condition_true(*definition, "Established")) {
      const bool same = before != nullptr && before->terminating == meta::is_deleting(*definition) &&
                        known->second.served_form == served_form_of(*definition);
      change.after_ = before;
      if (!same) {
        const std::shared_ptr<ResourceInfo> made = SLIPWAY_TRY(make_resource(*definition));
        SLIPWAY_TRY(record_schema(state_.store, *made));
        const bool same_form = before != nullptr && known->second.served_form == served_form_of(*definition);
        made->form = same_form ? before->form : ++last_form_;
        change.after_ = made;
      }
    }
  }
  if (change.after_ != before) replace(before, change.after_);
  change.definitions_ = this;
  return change;
}

void Definitions::replace(const ResourcePtr& before, const ResourcePtr& after) {
  if (after != nullptr)
    state_.catalog.put(after);
  else if (before != nullptr)
    state_.catalog.erase(before->group, before->plural);
}

Definitions::Change::~Change() {
  if (definitions_ == nullptr || before_ == after_) return;
  if (before_ != nullptr)
    definitions_->replace(after_, before_);
  else
    definitions_->replace(after_, nullptr);
}

void Definitions::Change::keep() {
  Definitions* definitions = std::exchange(definitions_, nullptr);
  if (definitions == nullptr) return;
  if (definition_) {
    Known& known = definitions->known_[name_];
    known.group = definition_->text({"spec", "group"});
    known.served_form = served_form_of(*definition_);
    known.definition = without_versions(*definition_);
    known.served = after_;
  } else {
    definitions->known_.erase(name_);
  }
  if (before_ != nullptr && (after_ == nullptr || after_->form != before_->form))
    definitions->state_.open_watches.end(*before_);
}

std::vector<std::string> Definitions::waiting_for_names(const std::string& group) const {
  std::vector<std::string> out;
  for (const auto& [name, known] : known_)
    if (known.group == group && !is_condition_true(known.definition, "NamesAccepted")) out.push_back(name);
  return out;
}

}  // namespace slipway::registry
