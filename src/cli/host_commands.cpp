#include "cli/host_commands.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "cli/output.h"
#include "cli/wait.h"
#include "meta/conditions.h"

namespace slipway::cli {

using base::ErrorCode;

namespace {

std::string kubernetes_of(const Json& host) {
  const Json& kubernetes = host.get({"status", "kubernetes"});
  if (kubernetes.text({"version"}).empty()) return "";
  std::string text = kubernetes.text({"implementation"}) + " " + kubernetes.text({"version"});
  if (kubernetes["embedded"].bool_or(false)) text += " (embedded)";
  return text;
}

std::string addresses_of(const Json& host) {
  std::string text;
  for (const Json& address : host.get({"status", "addresses"}).items())
    text += (text.empty() ? "" : ", ") + address.text({"address"});
  return text;
}

Json list_object(const std::vector<ObjectPtr>& items) {
  Json list = Json::object({{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}});
  for (const ObjectPtr& item : items) list.at("items").append(*item);
  return list;
}

}  // namespace

Status host_list(const Context& context, bool all_projects) {
  registry::ListOptions options;
  if (!all_projects) options.ns = context.project;
  const auto hosts = SLIPWAY_TRY(context.client->list(api::inventory::kHost, options));
  if (print_structured(context, list_object(hosts.items))) return {};
  if (hosts.items.empty()) {
    print(context.err, all_projects ? "no hosts\n" : fmt::format("no hosts in project '{}'\n", context.project));
    return {};
  }
  std::vector<std::string> header{"NAME", "PHASE", "CONNECTED", "KUBERNETES", "CLUSTER", "SERIAL", "AGE"};
  if (all_projects) header.insert(header.begin(), "PROJECT");
  Table table(header);
  for (const ObjectPtr& host : hosts.items) {
    std::vector<std::string> row{meta::name(*host),
                                 host->text({"status", "phase"}),
                                 meta::is_condition_true(*host, "Connected") ? "yes" : "no",
                                 kubernetes_of(*host),
                                 meta::label(*host, "cluster.x-k8s.io/cluster-name"),
                                 host->text({"spec", "serialNumber"}),
                                 age(context, host->text({"metadata", "creationTimestamp"}))};
    if (all_projects) row.insert(row.begin(), meta::ns(*host));
    table.add(std::move(row));
  }
  print(context.out, table.text());
  return {};
}

Status host_describe(const Context& context, const std::string& name) {
  const ObjectPtr host = SLIPWAY_TRY(context.client->get(api::inventory::kHost, {context.project, name}));
  if (print_structured(context, *host)) return {};
  Description description;
  description.field("Name", name);
  description.field("Project", context.project);
  description.field("Phase", host->text({"status", "phase"}));
  description.field("Serial number", host->text({"spec", "serialNumber"}));
  description.field("UUID", host->text({"spec", "uuid"}));
  description.field("Authorized", host->get({"spec", "authorized"}).bool_or(true) ? "yes" : "no");
  description.field("Operating system",
                    host->text({"status", "os", "name"}) + " " + host->text({"status", "os", "version"}));
  description.field("Image",
                    host->text({"status", "os", "imageID"}) + " " + host->text({"status", "os", "imageVersion"}));
  description.field("Kubernetes", kubernetes_of(*host));
  description.field("Addresses", addresses_of(*host));
  description.field(
      "Used by", host->text({"spec", "consumerRef", "kind"}).empty()
                     ? ""
                     : host->text({"spec", "consumerRef", "kind"}) + " " + host->text({"spec", "consumerRef", "name"}));
  description.field("Agent", host->text({"status", "agent", "version"}));
  const Json& assignment = host->get({"status", "assignment"});
  if (assignment.is_object()) {
    description.title("Work");
    description.field("Phase", assignment.text({"phase"}), 1);
    description.field("Step", assignment.text({"step"}), 1);
    description.field("Message", assignment.text({"message"}), 1);
  }
  description.title("History");
  for (const Json& entry : host->get({"status", "timeline"}).items())
    description.field(entry.text({"time"}), entry.text({"phase"}) + " (" + entry.text({"reason"}) + ")", 1);
  describe_conditions(description, context, *host);
  describe_events(description, context, *host);
  print(context.out, description.text());
  return {};
}

Status host_delete(const Context& context, const HostDeleteOptions& options) {
  const ObjectKey key{context.project, options.name};
  const ObjectPtr host = SLIPWAY_TRY(context.client->get(api::inventory::kHost, key));
  const std::string& consumer = host->text({"spec", "consumerRef", "name"});
  if (!consumer.empty()) {
    const std::string& cluster = meta::label(*host, "cluster.x-k8s.io/cluster-name");
    return Status(ErrorCode::kConflict,
                  fmt::format("host '{}' is in use by {}; delete it first: slipway cluster delete {}", options.name,
                              cluster.empty() ? consumer : fmt::format("cluster '{}'", cluster),
                              cluster.empty() ? "CLUSTER" : cluster));
  }
  registry::DeleteOptions remove;
  remove.precondition_uid = meta::uid(*host);
  SLIPWAY_TRY(context.client->remove(api::inventory::kHost, key, remove));
  if (options.wait) SLIPWAY_TRY(wait_until_gone(context, api::inventory::kHost, *host, options.timeout, {}));
  if (context.format == OutputFormat::kTable)
    print(context.out, fmt::format("host '{}' is deleted; its credentials are revoked\n", options.name));
  return {};
}

Status host_set_authorized(const Context& context, const std::string& name, bool authorized) {
  const Json patch = Json::object({{"spec", Json::object({{"authorized", authorized}})}});
  const ObjectPtr host = SLIPWAY_TRY(
      context.client->patch(api::inventory::kHost, {context.project, name}, kube::PatchType::kMerge, patch));
  if (print_structured(context, *host)) return {};
  print(context.out,
        authorized
            ? fmt::format("host '{}' is authorized; it needs a new join token: slipway host token {}\n", name, name)
            : fmt::format("host '{}' is deauthorized: its connection is closed and its certificate refused\n", name));
  return {};
}

}  // namespace slipway::cli
