#include "templates/template_controller.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/templates/templates.h"
#include "control/object_patch.h"
#include "meta/conditions.h"
#include "templates/cluster_class.h"
#include "templates/default_template.h"

namespace slipway::templates {

using base::Result;
using control::Outcome;
using data::Json;
using meta::ConditionStatus;
using meta::ObjectKey;
using meta::ObjectPtr;
namespace condition = api::templates::condition;

namespace {

constexpr std::chrono::milliseconds kInUsePause{30'000};

// The condition that says an object of this kind is there (wire names of the Edge Cluster Manager).
std::string_view condition_of(std::string_view kind) {
  if (kind == "KThreesControlPlaneTemplate") return condition::kControlPlaneTemplateCreated;
  if (kind == "IntelMachineTemplate") return condition::kControlPlaneMachineTemplateCreated;
  if (kind == "IntelClusterTemplate") return condition::kInfraProviderClusterTemplateCreated;
  return condition::kClusterClassCreated;
}

class TemplateReconciler {
 public:
  explicit TemplateReconciler(control::Manager& manager)
      : manager_(manager),
        templates_(manager.informer(api::templates::kClusterTemplate)),
        clusters_(manager.informer(api::cluster::kCluster)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr original = templates_.get(key);
    if (!original) return Outcome::done();
    if (meta::is_deleting(*original)) return remove(*original);
    if (SLIPWAY_TRY(control::ensure_finalizer(manager_.client(), *original, api::templates::kFinalizer)))
      return Outcome::done();  // its own event brings the key back
    Json wanted = *original;
    const auto rendered = render_cluster_class(*original);
    if (!rendered) {
      report(wanted, ConditionStatus::kFalse, "Invalid", rendered.error().message());
    } else {
      SLIPWAY_TRY(provide(*original, *rendered, wanted));
      report(wanted, ConditionStatus::kTrue, "Ready", "");
      wanted.at("status").set("clusterClassRef",
                              Json::object({{"apiVersion", api::cluster::kClusterClass.api_version()},
                                            {"kind", api::cluster::kClusterClass.kind},
                                            {"name", meta::name(*original)},
                                            {"namespace", meta::ns(*original)}}));
    }
    SLIPWAY_TRY(control::patch_object(manager_.client(), *original, wanted));
    return Outcome::done();
  }

  std::vector<ObjectKey> template_of(const Json& cluster) const {
    const std::string& name = cluster.text({"spec", "topology", "classRef", "name"});
    if (name.empty()) return {};
    return {{meta::ns(cluster), name}};
  }

 private:
  base::Status provide(const Json& original, const std::vector<Json>& objects, Json& wanted) {
    for (const Json& object : objects) {
      SLIPWAY_TRY(control::create_or_get(manager_.client(), object, &original)
                      .with_context(fmt::format("{} '{}' of the template", object.text({"kind"}), meta::name(object))));
      set(wanted, condition_of(object.text({"kind"})), ConditionStatus::kTrue, "Created", "");
    }
    set(wanted, condition::kPrerequisitesInstalled, ConditionStatus::kTrue, "NotNeeded", "");
    return {};
  }

  // A template stays while clusters are made from it: its ClusterClass would go with it.
  Result<Outcome> remove(const Json& original) {
    std::string users;
    for (const ObjectPtr& cluster : clusters_.list(meta::ns(original)))
      if (cluster->text({"spec", "topology", "classRef", "name"}) == meta::name(original))
        users += (users.empty() ? "" : ", ") + meta::name(*cluster);
    if (users.empty()) {
      SLIPWAY_TRY(control::drop_finalizer(manager_.client(), original, api::templates::kFinalizer));
      return Outcome::done();
    }
    Json wanted = original;
    report(wanted, ConditionStatus::kFalse, "InUse", fmt::format("is deleted once no cluster uses it: {}", users));
    SLIPWAY_TRY(control::patch_object(manager_.client(), original, wanted));
    return Outcome::after(kInUsePause);  // the clusters' events come first
  }

  void report(Json& wanted, ConditionStatus status, const char* reason, const std::string& message) {
    set(wanted, condition::kReady, status, reason, message);
    wanted.at("status").set("ready", status == ConditionStatus::kTrue);
  }
  void set(Json& wanted, std::string_view type, ConditionStatus status, const char* reason,
           const std::string& message) {
    meta::set_condition(wanted, {std::string(type), status, reason, message}, manager_.clock().now());
  }

  control::Manager& manager_;
  control::Informer &templates_, &clusters_;
};

class DefaultTemplateReconciler {
 public:
  explicit DefaultTemplateReconciler(control::Manager& manager)
      : manager_(manager), namespaces_(manager.informer(kube::kNamespace)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr project = namespaces_.get(key);
    if (!project || meta::is_deleting(*project) || key.name.starts_with("kube-") ||
        !meta::annotation(*project, api::templates::kDefaultTemplateAnnotation).empty())
      return Outcome::done();
    SLIPWAY_TRY(control::create_or_get(manager_.client(), default_cluster_template(key.name)));
    Json wanted = *project;
    meta::set_annotation(wanted, api::templates::kDefaultTemplateAnnotation, kDefaultTemplateName);
    SLIPWAY_TRY(control::patch_object(manager_.client(), *project, wanted));
    return Outcome::done();
  }

 private:
  control::Manager& manager_;
  control::Informer& namespaces_;
};

}  // namespace

void add_template_controller(control::Manager& manager) {
  auto reconciler = std::make_shared<TemplateReconciler>(manager);
  manager.add_controller({.name = "clustertemplate",
                          .for_kind = api::templates::kClusterTemplate,
                          .watches = {{api::cluster::kCluster,
                                       [reconciler](const Json& cluster) { return reconciler->template_of(cluster); }}},
                          .workers = 1},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

void add_default_template_controller(control::Manager& manager) {
  auto reconciler = std::make_shared<DefaultTemplateReconciler>(manager);
  manager.add_controller({.name = "default-template", .for_kind = kube::kNamespace, .workers = 1},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::templates
