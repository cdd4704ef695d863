#include <ctime>
#include <fmt/core.h>
#include <vector>

#include "data/json_text.h"
#include "registry/test_registry.h"

// What recording managers costs: creates, and status updates as a controller makes them, of objects as Cluster API has
// them (30 fields of spec, 6 conditions). The same updates of objects whose managers were forgotten stand beside them:
// those are not tracked. Prints microseconds of processor time of one write and bytes of one object.
namespace {

using namespace slipway;
using namespace slipway::registry;

constexpr int kObjects = 500;
constexpr int kUpdates = 40;

data::Json machine_crd() {
  return json(R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "machines.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Machine", "plural": "machines"},
      "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
          "spec": {"type": "object", "additionalProperties": {"type": "string"}},
          "status": {"type": "object", "properties": {
            "phase": {"type": "string"}, "observedGeneration": {"type": "integer"},
            "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
              "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"},
                "status": {"type": "string"}, "reason": {"type": "string"}, "message": {"type": "string"},
                "lastTransitionTime": {"type": "string", "format": "date-time"}}}}}}}}}}]}})");
}

data::Json machine(int number) {
  data::Json object = meta::make_object({"example.com", "v1", "Machine"}, {"default", fmt::format("m{}", number)});
  meta::set_label(object, "cluster.x-k8s.io/cluster-name", "c");
  meta::add_finalizer(object, "example.com/machine");
  for (int i = 0; i < 30; ++i) object.at("spec").set(fmt::format("field{}", i), fmt::format("value {}", i));
  return object;
}

void set_status(data::Json& object, int round) {
  data::Json& status = object.at("status");
  status.set("phase", round % 2 == 0 ? "Running" : "Provisioned");
  status.set("observedGeneration", 1);
  data::Json conditions = data::Json::array();
  for (const char* type : {"Ready", "Available", "UpToDate", "BootstrapReady", "InfrastructureReady", "Deleting"})
    conditions.append(data::Json::object({{"type", type},
                                          {"status", round % 2 == 0 ? "True" : "False"},
                                          {"reason", "AsExpected"},
                                          {"message", fmt::format("round {}", round)},
                                          {"lastTransitionTime", "2026-01-02T03:04:05Z"}}));
  status.set("conditions", std::move(conditions));
}

// Of processor time, so that other programs do not count.
double microseconds(std::clock_t start, int count) {
  return static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC / count;
}

double update_statuses(TestRegistry& test, const ResourceVersionInfo& machines) {
  WriteOptions options;
  options.subresource = "status";
  options.field_manager = "controller";
  const auto start = std::clock();
  for (int round = 1; round <= kUpdates; ++round) {
    for (int i = 0; i < kObjects; ++i) {
      data::Json object = **test.registry.get(machines, {"default", fmt::format("m{}", i)});
      set_status(object, round);
      if (!test.registry.update(machines, std::move(object), options)) std::abort();
    }
  }
  return microseconds(start, kObjects * kUpdates);
}

std::size_t stored_bytes(TestRegistry& test) {
  return test.store->get("/registry/example.com/machines/default/m0")->value->size();
}

}  // namespace

int main() {
  TestRegistry test;
  if (!test.registry.add_crd(machine_crd())) return 1;
  const ResourceVersionPtr machines = test.registry.catalog().find("example.com", "v1", "machines");
  auto start = std::clock();
  for (int i = 0; i < kObjects; ++i)
    if (!test.registry.create(*machines, machine(i))) return 1;
  const double create = microseconds(start, kObjects);
  const double tracked = update_statuses(test, *machines);
  const std::size_t tracked_bytes = stored_bytes(test);
  for (int i = 0; i < kObjects; ++i) {
    data::Json object = **test.registry.get(*machines, {"default", fmt::format("m{}", i)});
    object.at("metadata").set("managedFields", data::Json::array());
    if (!test.registry.update(*machines, std::move(object))) return 1;
  }
  const double untracked = update_statuses(test, *machines);
  fmt::print(
      "create {:.1f} us; status update {:.1f} us, without managers {:.1f} us; object {} bytes, without {} bytes\n",
      create, tracked, untracked, tracked_bytes, stored_bytes(test));
  return 0;
}
