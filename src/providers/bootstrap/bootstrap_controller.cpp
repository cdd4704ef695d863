#include "providers/bootstrap/bootstrap_controller.h"

#include <fmt/core.h>

#include "api/bootstrap/bootstrap.h"
#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "api/cluster/workload_endpoint.h"
#include "base/crash_point.h"
#include "control/object_patch.h"
#include "data/encoding.h"
#include "distro/k3s/bootstrap_document.h"
#include "meta/conditions.h"
#include "providers/bootstrap/cluster_secrets.h"
#include "providers/bootstrap/init_lock.h"
#include "providers/bootstrap/user_files.h"

namespace slipway::providers::bootstrap {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using control::Outcome;
using meta::ConditionStatus;
using meta::ObjectPtr;

namespace condition = api::bootstrap::condition;
namespace reason = api::bootstrap::reason;

namespace {

constexpr std::size_t kMaxDocumentBytes = 1u << 20;  // what a Secret holds, and what agents accept
constexpr std::chrono::milliseconds kRetryPause{30'000};

// A config and what it belongs to, as this pass sees them.
struct Subject {
  const Json& config;
  const Json& machine;
  const Json& cluster;
};

// Why there is no data yet.
struct Problem {
  std::string_view reason;
  std::string message;
  bool certificates = false;  // it lies with the certificates
};

bool is_created(const Json& config) {
  return config.get({"status", "initialization", "dataSecretCreated"}).bool_or(false);
}

bool is_paused(const Json& config, const Json& cluster) {
  return cluster.get({"spec", "paused"}).bool_or(false) ||
         config.get({"metadata", "annotations"}).contains(api::cluster::kPausedAnnotation);
}

// Wrong input, which somebody must change; everything else is worth a retry.
bool is_input_error(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorrupt:
      return true;
    default:
      return false;
  }
}

class KThreesConfigReconciler {
 public:
  explicit KThreesConfigReconciler(control::Manager& manager)
      : manager_(manager),
        configs_(manager.informer(api::bootstrap::kKThreesConfig)),
        machines_(manager.informer(api::cluster::kMachine)),
        clusters_(manager.informer(api::cluster::kCluster)),
        lock_(manager) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr config = configs_.get(key);
    if (!config || meta::is_deleting(*config) || is_created(*config)) return Outcome::done();
    const Json* owner = meta::owner_of_kind(*config, {std::string(api::cluster::kGroup), "Machine"});
    if (owner == nullptr) return Outcome::done();
    const ObjectPtr machine = machines_.get({key.ns, owner->text({"name"})});
    if (!machine) return Outcome::done();
    const ObjectPtr cluster = clusters_.get({key.ns, machine->text({"spec", "clusterName"})});
    if (!cluster || is_paused(*config, *cluster)) return Outcome::done();
    return provide_data({*config, *machine, *cluster});
  }

  // The configs without data that an object of this cluster ("" = any of the namespace) may bring forward.
  std::vector<ObjectKey> waiting_configs(const std::string& ns, std::string_view cluster_name) const {
    std::vector<ObjectKey> keys;
    for (const ObjectPtr& config : configs_.list(ns))
      if (!is_created(*config) &&
          (cluster_name.empty() || meta::label(*config, api::cluster::kClusterNameLabel) == cluster_name))
        keys.push_back(meta::key_of(*config));
    return keys;
  }

 private:
  Result<Outcome> provide_data(const Subject& subject) {
    // A Machine that has its data already was moved here from another management cluster.
    if (const std::string& name = subject.machine.text({"spec", "bootstrap", "dataSecretName"}); !name.empty())
      return report_created(subject, name);
    if (!subject.cluster.get({"status", "initialization", "infrastructureProvisioned"}).bool_or(false))
      return report_waiting(subject,
                            {reason::kWaitingForClusterInfrastructure,
                             fmt::format("cluster '{}' has no infrastructure yet", meta::name(subject.cluster))});
    // A crash between the Secret and the status left the Secret: what is in it counts, it may be in use.
    const auto present = manager_.client().get(kube::kSecret, meta::key_of(subject.config));
    if (!present && present.error().code() != ErrorCode::kNotFound) return present.error();
    if (present) return adopt(subject, **present);
    if (!subject.machine.get({"metadata", "labels"}).contains(api::cluster::kControlPlaneLabel))
      return report_waiting(subject, {reason::kDataSecretGenerationFailed,
                                      fmt::format("machine '{}' is no control-plane machine; clusters here have one "
                                                  "server and no workers",
                                                  meta::name(subject.machine))});
    std::string holder;
    if (!SLIPWAY_TRY(lock_.acquire(subject.cluster, meta::name(subject.machine), holder)))
      return report_waiting(subject, {reason::kDataSecretGenerationFailed,
                                      fmt::format("machine '{}' is already the one server of cluster '{}'", holder,
                                                  meta::name(subject.cluster))});
    return generate(subject);
  }

  Result<Outcome> adopt(const Subject& subject, const Json& secret) {
    const Json* owner = meta::controller_reference(secret);
    if (owner != nullptr && owner->text({"uid"}) == meta::uid(subject.config))
      return report_created(subject, meta::name(secret));
    return report_waiting(
        subject,
        {reason::kDataSecretGenerationFailed,
         fmt::format("Secret '{}' exists but does not belong to this KThreesConfig; remove it", meta::name(secret))});
  }

  Result<Outcome> generate(const Subject& subject) {
    const auto authorities = ensure_authorities(manager_, meta::key_of(subject.cluster), subject.config);
    if (!authorities) {
      if (authorities.error().code() == ErrorCode::kCorrupt)
        return report_waiting(subject, {reason::kCertificatesCorrupted, authorities.error().message(), true});
      return authorities.error();
    }
    const std::string token = SLIPWAY_TRY(ensure_token(manager_, meta::key_of(subject.cluster), subject.config));
    const auto text = render(subject, *authorities, token);
    if (!text) {
      if (!is_input_error(text.error())) return text.error();
      return report_waiting(subject, {reason::kDataSecretGenerationFailed, text.error().message()});
    }
    base::crash_point("bootstrap.before-secret");
    Json secret = make_cluster_secret(meta::key_of(subject.config), meta::name(subject.cluster), subject.config);
    secret.at("data").set(api::cluster::kSecretValueKey, data::base64_encode(*text));
    secret.at("data").set("format", data::base64_encode("cloud-config"));
    SLIPWAY_TRY(control::create_or_get(manager_.client(), std::move(secret), &subject.config));
    base::crash_point("bootstrap.secret-created");
    return report_created(subject, meta::name(subject.config));
  }

  Result<std::string> render(const Subject& subject, const ClusterAuthorities& authorities, const std::string& token) {
    const Json& spec = subject.config["spec"];
    const auto authority = [](const pki::KeyAndCertificate& pair) {
      return distro::k3s::Authority{pair.certificate_pem, pair.key_pem};
    };
    const distro::k3s::BootstrapInput input{
        .spec = spec,
        .version = subject.machine.text({"spec", "version"}),
        .token = token,
        .authorities = distro::k3s::Authorities{authority(authorities.server), authority(authorities.client),
                                                authority(authorities.etcd)},
        .files = SLIPWAY_TRY(resolve_files(manager_.client(), meta::ns(subject.config), spec["files"])),
        .endpoint_host = subject.cluster.text({"spec", "controlPlaneEndpoint", "host"}),
        .server_names = {api::cluster::workload_server_name(meta::key_of(subject.cluster))}};
    const cloudinit::Document document = SLIPWAY_TRY(distro::k3s::bootstrap_document(input));
    std::string text = SLIPWAY_TRY(cloudinit::render(document));
    if (text.size() > kMaxDocumentBytes)
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the bootstrap data has {} bytes, more than {}; make spec.files smaller", text.size(),
                              kMaxDocumentBytes));
    return text;
  }

  Result<Outcome> report_waiting(const Subject& subject, const Problem& problem) {
    Json wanted = subject.config;
    const bool has_certificates = meta::is_condition_true(wanted, condition::kCertificatesAvailable);
    const bool failed_after_certificates = problem.reason == reason::kDataSecretGenerationFailed;
    set(wanted, condition::kCertificatesAvailable,
        problem.certificates                            ? ConditionStatus::kFalse
        : has_certificates || failed_after_certificates ? ConditionStatus::kTrue
                                                        : ConditionStatus::kUnknown,
        problem.certificates                            ? std::string(problem.reason)
        : has_certificates || failed_after_certificates ? "Available"
                                                        : "NotYetReported",
        problem.certificates ? problem.message : "");
    set(wanted, condition::kDataSecretAvailable, ConditionStatus::kFalse, std::string(problem.reason), problem.message);
    SLIPWAY_TRY(save(subject.config, wanted));
    if (problem.reason != reason::kWaitingForClusterInfrastructure)
      manager_.events().warning(subject.config, problem.reason, problem.message);
    return Outcome::after(kRetryPause);
  }

  Result<Outcome> report_created(const Subject& subject, const std::string& secret_name) {
    Json cluster = subject.cluster;
    if (api::cluster::add_timeline_step(cluster, "bootstrapDataReady", manager_.clock().now()))
      SLIPWAY_TRY(control::patch_object(manager_.client(), subject.cluster, cluster));
    Json wanted = subject.config;
    set(wanted, condition::kCertificatesAvailable, ConditionStatus::kTrue, "Available", "");
    set(wanted, condition::kDataSecretAvailable, ConditionStatus::kTrue, "Available", "");
    Json& status = wanted.at("status");
    status.set("ready", true);
    status.set("dataSecretName", secret_name);
    status.at("initialization").set("dataSecretCreated", true);
    SLIPWAY_TRY(save(subject.config, wanted));
    return Outcome::done();
  }

  void set(Json& config, std::string_view type, ConditionStatus status, std::string why, std::string message) {
    meta::set_condition(config, {std::string(type), status, std::move(why), std::move(message)},
                        manager_.clock().now());
  }

  base::Status save(const Json& config, Json& wanted) {
    meta::set_condition(wanted,
                        meta::summarize_conditions(wanted, condition::kReady,
                                                   {{std::string(condition::kCertificatesAvailable)},
                                                    {std::string(condition::kDataSecretAvailable)}}),
                        manager_.clock().now());
    wanted.at("status").set("observedGeneration", meta::generation(config));
    SLIPWAY_TRY(control::patch_object(manager_.client(), config, wanted));
    return {};
  }

  control::Manager& manager_;
  control::Informer &configs_, &machines_, &clusters_;
  InitLock lock_;
};

}  // namespace

void add_kthrees_config_controller(control::Manager& manager) {
  auto reconciler = std::make_shared<KThreesConfigReconciler>(manager);
  const auto config_of_machine = [](const Json& machine) -> std::vector<ObjectKey> {
    const Json& reference = machine.get({"spec", "bootstrap", "configRef"});
    if (reference.text({"kind"}) != "KThreesConfig") return {};
    return {{meta::ns(machine), reference.text({"name"})}};
  };
  manager.add_controller(
      {.name = "kthreesconfig",
       .for_kind = api::bootstrap::kKThreesConfig,
       .watches = {{api::cluster::kMachine, config_of_machine},
                   {api::cluster::kCluster,
                    [reconciler](const Json& cluster) {
                      return reconciler->waiting_configs(meta::ns(cluster), meta::name(cluster));
                    }},
                   // Certificates, tokens and the sources of files; the latter carry no label.
                   {kube::kSecret,
                    [reconciler](const Json& secret) { return reconciler->waiting_configs(meta::ns(secret), ""); }}}},
      [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::providers::bootstrap
