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

namespace {

class TemplateReconciler {
 public:
  explicit TemplateReconciler(control::Manager& manager)
      : manager_(manager), templates_(manager.informer(api::templates::kClusterTemplate)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr original = templates_.get(key);
    if (!original || meta::is_deleting(*original)) return Outcome::done();
    Json wanted = *original;
    const auto rendered = render_cluster_class(*original);
    if (!rendered) {
      report(wanted, ConditionStatus::kFalse, "Invalid", rendered.error().message());
    } else {
      for (const Json& object : *rendered)
        SLIPWAY_TRY(
            control::create_or_get(manager_.client(), object, original.get())
                .with_context(fmt::format("{} '{}' of the template", object.text({"kind"}), meta::name(object))));
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

 private:
  void report(Json& wanted, ConditionStatus status, const char* reason, const std::string& message) {
    meta::set_condition(wanted, {std::string(api::templates::condition::kReady), status, reason, message},
                        manager_.clock().now());
    wanted.at("status").set("ready", status == ConditionStatus::kTrue);
  }

  control::Manager& manager_;
  control::Informer& templates_;
};

constexpr std::string_view kGivenAnnotation = "slipway.dev/default-cluster-template";

class DefaultTemplateReconciler {
 public:
  explicit DefaultTemplateReconciler(control::Manager& manager)
      : manager_(manager), namespaces_(manager.informer(kube::kNamespace)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr project = namespaces_.get(key);
    if (!project || meta::is_deleting(*project) || key.name.starts_with("kube-") ||
        !meta::annotation(*project, kGivenAnnotation).empty())
      return Outcome::done();
    SLIPWAY_TRY(control::create_or_get(manager_.client(), default_cluster_template(key.name)));
    Json wanted = *project;
    meta::set_annotation(wanted, kGivenAnnotation, kDefaultTemplateName);
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
  manager.add_controller({.name = "clustertemplate", .for_kind = api::templates::kClusterTemplate, .workers = 1},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

void add_default_template_controller(control::Manager& manager) {
  auto reconciler = std::make_shared<DefaultTemplateReconciler>(manager);
  manager.add_controller({.name = "default-template", .for_kind = kube::kNamespace, .workers = 1},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::templates
