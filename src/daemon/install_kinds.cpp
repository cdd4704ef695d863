#include "daemon/install_kinds.h"

#include <condition_variable>
#include <fmt/core.h>
#include <mutex>

#include "api/embedded_crds.h"
#include "data/yaml.h"
#include "meta/conditions.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;

namespace {

const kube::Gvk kDefinition{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};
constexpr std::chrono::seconds kServedLimit{60};
constexpr std::chrono::milliseconds kPause{100};

void pause(base::Clock& clock) {
  std::mutex mutex;
  std::condition_variable_any nobody;
  std::unique_lock lock(mutex);
  const auto until = clock.steady() + kPause;
  while (clock.steady() < until) clock.wait_until(nobody, lock, until, {});
}

// The kind of a definition in the version that is stored; the other versions are not served any more.
kube::Gvk serve_stored_version(Json& definition) {
  kube::Gvk gvk{definition.text({"spec", "group"}), "", definition.text({"spec", "names", "kind"})};
  for (Json& version : definition.at("spec").at("versions").mutable_items()) {
    const bool is_stored = version["storage"].bool_or(false);
    version.set("served", is_stored);
    if (is_stored) gvk.version = version["name"].string_or_empty();
  }
  return gvk;
}

Status wait_until_served(kube::Client& client, base::Clock& clock, const kube::Gvk& gvk,
                         std::chrono::nanoseconds deadline) {
  for (;;) {
    const auto list = client.list(gvk, {.limit = 1});
    if (list) return {};
    // Not known yet; or known, and its storage is being made.
    const ErrorCode code = list.error().code();
    const bool may_pass =
        code == ErrorCode::kNotFound || code == ErrorCode::kUnavailable || code == ErrorCode::kTooManyRequests;
    if (!may_pass || clock.steady() >= deadline)
      return Status(list.error()).with_context(fmt::format("kind {} is not served", gvk.kind));
    pause(clock);
  }
}

}  // namespace

Status install_kinds(kube::Client& client, base::Clock& clock) {
  std::vector<kube::Gvk> kinds;
  for (const api::EmbeddedFile& file : api::embedded_crds()) {
    Json definition = SLIPWAY_TRY(data::parse_yaml(file.content()).with_context(std::string(file.name())));
    kinds.push_back(serve_stored_version(definition));
    kube::ApplyOptions options;
    options.field_manager = "slipwayd";
    options.force = true;
    SLIPWAY_TRY(client.apply(definition, options).with_context(std::string(file.name())));
  }
  const auto deadline = clock.steady() + kServedLimit;
  for (const kube::Gvk& gvk : kinds) SLIPWAY_TRY(wait_until_served(client, clock, gvk, deadline));
  return {};
}

}  // namespace slipway::daemon
