#include "daemon/resource_plane.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/conversion.h"
#include "api/embedded_crds.h"
#include "cluster/admission.h"
#include "data/yaml.h"
#include "inventory/inventory_controllers.h"
#include "kube/webhook_caller.h"
#include "providers/controlplane/admission.h"
#include "store/sqlite/sqlite_store.h"
#include "templates/template_admission.h"

namespace slipway::daemon {

using base::Result;
using base::Status;
using data::Json;

namespace {

Status add_kinds(registry::Registry& registry) {
  for (const api::EmbeddedFile& file : api::embedded_crds()) {
    const Json crd = SLIPWAY_TRY(data::parse_yaml(file.content()).with_context(std::string(file.name())));
    SLIPWAY_TRY(registry.install_definition(crd).with_context(std::string(file.name())));
  }
  for (const char* kind : {"Cluster", "ClusterClass", "Machine"})
    registry.set_converter({"cluster.x-k8s.io", kind}, [](const Json& object, const std::string& version) {
      return api::cluster::convert(object, version);
    });
  inventory::add_host_admission(registry);
  const auto classes = registry.catalog().find_kind(api::cluster::kClusterClass);
  const auto find_class = [&registry, classes](const meta::ObjectKey& key) -> meta::ObjectPtr {
    auto found = registry.get(*classes, key);
    return found ? *found : nullptr;
  };
  const std::string group(api::cluster::kGroup);
  registry.add_admission({group, "Cluster"}, cluster::cluster_admission(base::SystemClock::instance(), find_class));
  registry.add_admission({group, "ClusterClass"}, cluster::cluster_class_admission());
  registry.add_admission({group, "Machine"}, cluster::machine_admission());
  providers::controlplane::add_admissions(registry);
  registry.add_admission({"edge-orchestrator.intel.com", "ClusterTemplate"}, templates::cluster_template_admission());
  return {};
}

}  // namespace

Result<std::unique_ptr<ResourcePlane>> ResourcePlane::open(const std::filesystem::path& data_folder, Kinds kinds,
                                                           const std::vector<std::string>& sealed) {
  store::SqliteOptions options;
  for (const std::string& resource : sealed) {
    const auto dot = resource.find('.');
    options.encryption.prefixes.push_back(fmt::format(
        "/registry/{}/{}/", dot == resource.npos ? "core" : resource.substr(dot + 1), resource.substr(0, dot)));
  }
  return over(SLIPWAY_TRY(store::open_sqlite_store(data_folder, {}, options)), kinds);
}

Result<std::unique_ptr<ResourcePlane>> ResourcePlane::over(std::unique_ptr<store::Store> store, Kinds kinds) {
  auto plane = std::unique_ptr<ResourcePlane>(new ResourcePlane());
  plane->store_ = std::move(store);
  plane->registry_ = std::make_unique<registry::Registry>(*plane->store_, registry::Registry::Options{});
  plane->registry_->set_webhook_caller(kube::webhook_caller());
  if (kinds == Kinds::kSlipway) SLIPWAY_TRY(add_kinds(*plane->registry_));
  plane->client_ = std::make_unique<kube::LocalClient>(*plane->registry_);
  plane->garbage_collector_ = std::make_unique<registry::GarbageCollector>(*plane->registry_);
  plane->garbage_collector_->start();
  return plane;
}

Status ResourcePlane::check_store() {
  const auto read = store_->get("/registry/");  // no key is only a prefix
  if (read || read.error().code() == base::ErrorCode::kNotFound) return {};
  return read.error();
}

void ResourcePlane::stop() {
  if (garbage_collector_) garbage_collector_->stop();
  if (store_) store_->close();
}

}  // namespace slipway::daemon
