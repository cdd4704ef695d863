#include "cluster/plan_topology.h"

#include <array>
#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "cluster/provider_contract.h"
#include "cluster/text_template.h"
#include "cluster/variables.h"
#include "data/json_text.h"
#include "data/patch.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t kNameLimit = 63;
constexpr std::size_t kSuffixLength = 5;
constexpr std::string_view kLastAppliedAnnotation = "topology.slipway.dev/last-applied";

std::string with_suffix(std::string base, std::string_view suffix) {
  if (base.size() + suffix.size() > kNameLimit) base.resize(kNameLimit - suffix.size());
  return base + std::string(suffix);
}

// The alphabet of Kubernetes' generated names, fed from a content hash: the same content has the same name, so a
// repeated pass finds what an interrupted one made.
std::string content_suffix(std::string_view content) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::uint64_t hash = 14695981039346656037ull;
  for (const char character : content) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ull;
  std::string suffix;
  for (std::size_t i = 0; i < kSuffixLength; ++i, hash /= kAlphabet.size())
    suffix += kAlphabet[hash % kAlphabet.size()];
  return suffix;
}

Result<std::string> generate_name(const Json& naming, const Json& cluster, base::Random& random) {
  const std::string suffix = random.name_suffix(kSuffixLength);
  const std::string& custom = naming.text({"template"});
  if (custom.empty()) return with_suffix(meta::name(cluster) + "-", suffix);
  const Json variables = Json::object({{"cluster", Json::object({{"name", meta::name(cluster)}})}, {"random", suffix}});
  auto name = render_template(custom, variables);
  if (!name.has_value()) return std::move(name).error().with_context(fmt::format("naming template \"{}\"", custom));
  return name->size() <= kNameLimit ? *name : with_suffix(name->substr(0, kNameLimit - kSuffixLength), suffix);
}

Result<Gvk> template_kind(const Json& reference) {
  return meta::gvk_of(reference).with_context(fmt::format("templateRef \"{}\"", reference.text({"name"})));
}

void copy_map(const Json& from, Json& metadata, std::string_view field) {
  for (const auto& [key, value] : from.get({field}).members()) metadata.at(field).set(key, value);
}

// A new object from template.spec.template, with the marks every topology-owned object carries.
Json object_from_template(const Json& source, const Gvk& gvk, const Json& cluster, const std::string& name) {
  Json object = meta::make_object(gvk, {meta::ns(cluster), name});
  const Json& body = source.get({"spec", "template"});
  Json& metadata = object.at("metadata");
  copy_map(body["metadata"], metadata, "labels");
  copy_map(body["metadata"], metadata, "annotations");
  Json spec = body["spec"];
  spec.mutable_members();
  object.set("spec", std::move(spec));
  return object;
}

void mark_owned(Json& object, const Json& cluster, const Json& source) {
  meta::set_label(object, api::cluster::kClusterNameLabel, meta::name(cluster));
  meta::set_label(object, api::cluster::kTopologyOwnedLabel, "");
  meta::set_annotation(object, api::cluster::kClonedFromNameAnnotation, meta::name(source));
  const std::string group = meta::parse_api_version(source.text({"apiVersion"})).group;
  meta::set_annotation(object, api::cluster::kClonedFromGroupKindAnnotation, source.text({"kind"}) + "." + group);
  meta::set_owner_reference(object, cluster, true);
}

// The machine template is copied whole; its name says its content.
Json copy_machine_template(const Json& source, const Json& cluster) {
  const std::string name = with_suffix(meta::name(cluster) + "-", content_suffix(data::to_json(source["spec"])));
  Json copy = Json::object({{"apiVersion", source["apiVersion"]}, {"kind", source["kind"]}});
  Json& metadata = copy.at("metadata");
  metadata.set("name", name);
  metadata.set("namespace", meta::ns(cluster));
  copy_map(source["metadata"], metadata, "labels");
  copy.set("spec", source["spec"]);
  mark_owned(copy, cluster, source);
  return copy;
}

// Machine metadata: class, then the Cluster's topology over it, then what marks the machines.
Json machine_metadata(const Json& cluster, const Json& cluster_class) {
  Json metadata = Json::object();
  for (const Json* from : {&cluster_class.get({"spec", "controlPlane", "metadata"}),
                           &cluster.get({"spec", "topology", "controlPlane", "metadata"})}) {
    copy_map(*from, metadata, "labels");
    copy_map(*from, metadata, "annotations");
  }
  metadata.at("labels").set(api::cluster::kClusterNameLabel, meta::name(cluster));
  metadata.at("labels").set(api::cluster::kTopologyOwnedLabel, "");
  return metadata;
}

// Fields of a control plane that the topology decides; a patch of the template cannot reach them.
void protect_control_plane(const Json& before_patches, Json& spec) {
  static constexpr std::array<std::string_view, 8> kMachineFields = {"metadata",
                                                                     "infrastructureRef",
                                                                     "nodeDrainTimeout",
                                                                     "nodeVolumeDetachTimeout",
                                                                     "nodeDeletionTimeout",
                                                                     "spec",
                                                                     "readinessGates",
                                                                     "taints"};
  if (spec.contains("machineTemplate") || before_patches.contains("machineTemplate"))
    for (const std::string_view field : kMachineFields) {
      const Json& original = before_patches.get({"machineTemplate", field});
      if (original.is_null())
        spec.at("machineTemplate").erase(field);
      else
        spec.at("machineTemplate").set(field, original);
    }
  for (const std::string_view field : {"replicas", "version", "rolloutAfter", "rollout"}) {
    if (before_patches[field].is_null())
      spec.erase(field);
    else
      spec.set(field, before_patches[field]);
  }
}

Json metadata_builtin(const Json& metadata) {
  Json result = Json::object();
  for (const std::string_view field : {"labels", "annotations"})
    if (metadata[field].is_object()) result.set(field, metadata[field]);
  return result;
}

Json control_plane_builtin(const Json& cluster, const std::string& machine_template_name) {
  const Json& topology = cluster.get({"spec", "topology"});
  Json control_plane = Json::object({{"name", cluster.get({"spec", "controlPlaneRef", "name"})},
                                     {"version", topology["version"]},
                                     {"metadata", metadata_builtin(topology.get({"controlPlane", "metadata"}))}});
  if (const Json& replicas = topology.get({"controlPlane", "replicas"}); replicas.is_integer())
    control_plane.set("replicas", replicas);
  if (!machine_template_name.empty())
    control_plane.at({"machineTemplate", "infrastructureRef"}).set("name", machine_template_name);
  return Json::object({{"controlPlane", std::move(control_plane)}});
}

Result<Json> all_variables(const Json& cluster, const Json& cluster_class) {
  FieldErrors errors;
  const Json completed = complete_variables(cluster_class, cluster.get({"spec", "topology", "variables"}),
                                            "spec.topology.variables", errors);
  if (!errors.empty())
    return registry::invalid_object({std::string(api::cluster::kGroup), "Cluster"}, meta::name(cluster), errors);
  Json variables = variables_by_name(completed);
  variables.set("builtin", cluster_builtin(cluster));
  return variables;
}

Result<Json> finish_control_plane(const PatchedTemplate& patched, const Json& source, const Json& cluster,
                                  const Json& cluster_class, const std::optional<Json>& machine_template) {
  const Gvk gvk = object_kind_of_template(SLIPWAY_TRY(meta::gvk_of(source)));
  Json object = object_from_template(patched.object, gvk, cluster, cluster.text({"spec", "controlPlaneRef", "name"}));
  Json& spec = object.at("spec");
  protect_control_plane(source.get({"spec", "template", "spec"}), spec);
  const Json& topology = cluster.get({"spec", "topology"});
  spec.set("version", topology["version"]);
  if (const Json& replicas = topology.get({"controlPlane", "replicas"}); replicas.is_integer())
    spec.set("replicas", replicas);
  spec.at("machineTemplate").set("metadata", machine_metadata(cluster, cluster_class));
  if (machine_template) {
    const Gvk machine_gvk = SLIPWAY_TRY(meta::gvk_of(*machine_template));
    Json* holder = &spec;
    for (const std::string_view step : machine_template_path(gvk)) holder = &holder->at(step);
    *holder = make_versioned_reference(machine_gvk, meta::ns(cluster), meta::name(*machine_template));
  }
  Json& metadata = object.at("metadata");
  for (const char* field : {"labels", "annotations"}) {
    copy_map(cluster_class.get({"spec", "controlPlane", "metadata"}), metadata, field);
    copy_map(topology.get({"controlPlane", "metadata"}), metadata, field);
  }
  mark_owned(object, cluster, source);
  return object;
}

void overlay(Json& target, const Json& wanted) {
  if (!wanted.is_object() || !target.is_object()) {
    target = wanted;
    return;
  }
  for (const auto& [key, value] : wanted.members()) overlay(target.at(key), value);
}

void remove_dropped(Json& target, const Json& before, const Json& wanted) {
  for (const auto& [key, value] : before.members()) {
    if (!wanted.contains(key)) {
      target.erase(key);
    } else if (value.is_object() && target[key].is_object()) {
      remove_dropped(target.at(key), value, wanted[key]);
    }
  }
}

}  // namespace

Json cluster_builtin(const Json& cluster) {
  const Json& topology = cluster.get({"spec", "topology"});
  const Json& class_ref = topology["classRef"];
  const std::string& class_ns =
      class_ref.text({"namespace"}).empty() ? meta::ns(cluster) : class_ref.text({"namespace"});
  Json network = Json::object();
  const Json& wanted = cluster.get({"spec", "clusterNetwork"});
  if (wanted["serviceDomain"].is_string()) network.set("serviceDomain", wanted["serviceDomain"]);
  for (const std::string_view field : {"services", "pods"})
    if (const Json& blocks = wanted.get({field, "cidrBlocks"}); blocks.is_array()) network.set(field, blocks);
  return Json::object(
      {{"cluster", Json::object({{"name", meta::name(cluster)},
                                 {"namespace", meta::ns(cluster)},
                                 {"uid", meta::uid(cluster)},
                                 {"metadata", metadata_builtin(cluster["metadata"])},
                                 {"topology", Json::object({{"version", topology["version"]},
                                                            {"class", class_ref["name"]},
                                                            {"classNamespace", class_ns},
                                                            {"classRef", Json::object({{"name", class_ref["name"]},
                                                                                       {"namespace", class_ns}})}})},
                                 {"network", std::move(network)}})}});
}

Result<bool> plan_references(Json& cluster, const Json& cluster_class, base::Random& random) {
  bool changed = false;
  const auto plan = [&](std::string_view field, std::string_view part) -> base::Status {
    if (is_set(cluster.get({"spec", field}))) return {};
    const Json& definition = cluster_class.get({"spec", part});
    const Gvk gvk = object_kind_of_template(SLIPWAY_TRY(template_kind(definition["templateRef"])));
    const std::string name = SLIPWAY_TRY(generate_name(definition["naming"], cluster, random));
    cluster.at("spec").set(field, make_reference(gvk, name));
    changed = true;
    return {};
  };
  SLIPWAY_TRY(plan("infrastructureRef", "infrastructure"));
  SLIPWAY_TRY(plan("controlPlaneRef", "controlPlane"));
  return changed;
}

Result<TopologyPlan> plan_topology(const Json& cluster, const ClassTemplates& templates) {
  const Json& cluster_class = templates.cluster_class;
  const Json variables = SLIPWAY_TRY(all_variables(cluster, cluster_class));
  // Patches see the name the machine template would have without them; the final name follows the patched content.
  std::string machine_name;
  if (!templates.machine_infrastructure.is_null())
    machine_name = meta::name(copy_machine_template(templates.machine_infrastructure, cluster));
  const Json control_plane_variables = control_plane_builtin(cluster, machine_name);
  std::vector<PatchedTemplate> patched;
  patched.push_back({TemplateRole::kInfrastructureCluster, templates.infrastructure_cluster, Json::object()});
  patched.push_back({TemplateRole::kControlPlane, templates.control_plane, control_plane_variables});
  if (!templates.machine_infrastructure.is_null())
    patched.push_back({TemplateRole::kControlPlaneMachines, templates.machine_infrastructure, control_plane_variables});
  SLIPWAY_TRY(apply_class_patches(cluster_class, variables, patched));

  TopologyPlan plan;
  const Gvk infrastructure = object_kind_of_template(SLIPWAY_TRY(meta::gvk_of(templates.infrastructure_cluster)));
  plan.infrastructure_cluster = object_from_template(patched[0].object, infrastructure, cluster,
                                                     cluster.text({"spec", "infrastructureRef", "name"}));
  mark_owned(plan.infrastructure_cluster, cluster, templates.infrastructure_cluster);
  if (patched.size() > 2) plan.machine_template = copy_machine_template(patched[2].object, cluster);
  plan.control_plane = SLIPWAY_TRY(
      finish_control_plane(patched[1], templates.control_plane, cluster, cluster_class, plan.machine_template));
  for (Json* object : {&plan.infrastructure_cluster, &plan.control_plane})
    meta::set_annotation(*object, kLastAppliedAnnotation, data::to_json((*object)["spec"]));
  return plan;
}

Json merge_desired(const Json& current, const Json& desired) {
  Json result = current;
  if (const auto before = data::parse_json(meta::annotation(current, kLastAppliedAnnotation)))
    remove_dropped(result.at("spec"), *before, desired["spec"]);
  overlay(result.at("spec"), desired["spec"]);
  for (const std::string_view field : {"labels", "annotations"})
    overlay(result.at({"metadata", field}), desired.get({"metadata", field}));
  return result;
}

}  // namespace slipway::cluster
