#include "providers/controlplane/control_plane_machine.h"

#include <charconv>
#include <fmt/core.h>

#include "api/bootstrap/bootstrap.h"
#include "api/cluster/cluster.h"
#include "api/cluster/duration.h"
#include "api/cluster/references.h"
#include "api/controlplane/controlplane.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "pki/certificate.h"

namespace slipway::providers::controlplane {

using base::ErrorCode;
using base::Result;
using meta::Gvk;

namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kSuffixLength = 5;
constexpr std::string_view kNameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

Json owned(const Gvk& gvk, const Json& control_plane, const Json& cluster) {
  Json object = meta::make_object(gvk, {meta::ns(control_plane), machine_name(control_plane)});
  set_machine_metadata(object, control_plane, cluster);
  meta::set_owner_reference(object, control_plane, true);
  return object;
}

// A Go duration ("1h30m", "90s") in whole seconds.
Result<std::int64_t> seconds_of(std::string_view field, const std::string& text) {
  const auto duration = api::cluster::parse_duration(text);
  if (!duration || duration->count() < 0)
    return base::fail(ErrorCode::kInvalid,
                      fmt::format("spec.machineTemplate.{}: '{}' is no duration such as 10m30s", field, text));
  return std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
}

// The name of the control plane as a label value, which has 63 characters at most.
std::string label_of_name(const std::string& name) {
  if (name.size() <= kMaxName) return name;
  constexpr std::size_t kDigits = 32;
  return "hash_" + pki::sha256_hex(name).substr(0, kDigits) + "_z";
}

}  // namespace

std::string machine_name(const Json& control_plane) {
  const std::string hash = pki::sha256_hex(meta::uid(control_plane));
  std::uint64_t number = 0;
  std::from_chars(hash.data(), hash.data() + 15, number, 16);
  std::string suffix;
  for (std::size_t i = 0; i < kSuffixLength; ++i, number /= kNameAlphabet.size())
    suffix += kNameAlphabet[number % kNameAlphabet.size()];
  std::string base = meta::name(control_plane) + "-";
  if (base.size() + kSuffixLength > kMaxName) base.resize(kMaxName - kSuffixLength);
  return base + suffix;
}

void set_machine_metadata(Json& object, const Json& control_plane, const Json& cluster) {
  const Json& wanted = control_plane.get({"spec", "machineTemplate", "metadata"});
  for (const auto& [key, value] : wanted["labels"].members()) meta::set_label(object, key, value.string_or_empty());
  for (const auto& [key, value] : wanted["annotations"].members())
    meta::set_annotation(object, key, value.string_or_empty());
  meta::set_label(object, api::cluster::kClusterNameLabel, meta::name(cluster));
  meta::set_label(object, api::cluster::kControlPlaneLabel, "");
  meta::set_label(object, api::cluster::kControlPlaneNameLabel, label_of_name(meta::name(control_plane)));
}

Result<Json> infrastructure_machine(const Json& control_plane, const Json& cluster, const Json& infra_template) {
  constexpr std::string_view kTemplateSuffix = "Template";
  const std::string& template_kind = infra_template.text({"kind"});
  if (!template_kind.ends_with(kTemplateSuffix) || template_kind.size() == kTemplateSuffix.size())
    return base::fail(
        ErrorCode::kInvalid,
        fmt::format("spec.machineTemplate.infrastructureRef: kind '{}' does not end in Template", template_kind));
  const Gvk template_gvk = SLIPWAY_TRY(meta::gvk_of(infra_template));
  Gvk gvk = template_gvk;
  gvk.kind.resize(gvk.kind.size() - kTemplateSuffix.size());
  Json object = owned(gvk, control_plane, cluster);
  const Json& source = infra_template.get({"spec", "template"});
  for (const auto& [key, value] : source.get({"metadata", "labels"}).members())
    if (meta::label(object, key).empty()) meta::set_label(object, key, value.string_or_empty());
  for (const auto& [key, value] : source.get({"metadata", "annotations"}).members())
    if (meta::annotation(object, key).empty()) meta::set_annotation(object, key, value.string_or_empty());
  meta::set_annotation(object, api::cluster::kClonedFromNameAnnotation, meta::name(infra_template));
  meta::set_annotation(object, api::cluster::kClonedFromGroupKindAnnotation, template_kind + "." + template_gvk.group);
  object.set("spec", source["spec"].is_object() ? source["spec"] : Json::object());
  return object;
}

Json bootstrap_config(const Json& control_plane, const Json& cluster) {
  Json object = owned(api::bootstrap::kKThreesConfig, control_plane, cluster);
  const Json& spec = control_plane.get({"spec", "kthreesConfigSpec"});
  object.set("spec", spec.is_object() ? spec : Json::object());
  return object;
}

base::Status set_timeouts(Json& machine, const Json& control_plane) {
  constexpr std::pair<std::string_view, std::string_view> kTimeouts[] = {
      {"nodeDrainTimeout", "nodeDrainTimeoutSeconds"},
      {"nodeVolumeDetachTimeout", "nodeVolumeDetachTimeoutSeconds"},
      {"nodeDeletionTimeout", "nodeDeletionTimeoutSeconds"}};
  for (const auto& [from, to] : kTimeouts)
    if (const std::string& text = control_plane.text({"spec", "machineTemplate", from}); !text.empty())
      machine.at({"spec", "deletion"}).set(to, SLIPWAY_TRY(seconds_of(from, text)));
  return {};
}

Result<Json> machine(const Json& control_plane, const Json& cluster, const Json& infra_machine) {
  Json object = owned(api::cluster::kMachine, control_plane, cluster);
  if (const Json& server = control_plane.get({"spec", "kthreesConfigSpec", "serverConfig"}); server.is_object())
    meta::set_annotation(object, api::controlplane::kServerConfigurationAnnotation, data::to_json(server));
  object.set("spec",
             Json::object(
                 {{"clusterName", meta::name(cluster)},
                  {"version", control_plane.text({"spec", "version"})},
                  {"bootstrap",
                   Json::object({{"configRef", api::cluster::reference_to(bootstrap_config(control_plane, cluster))}})},
                  {"infrastructureRef", api::cluster::reference_to(infra_machine)}}));
  SLIPWAY_TRY(set_timeouts(object, control_plane));
  return object;
}

}  // namespace slipway::providers::controlplane
