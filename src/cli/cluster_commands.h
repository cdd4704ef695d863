#pragma once

#include <chrono>
#include <string>

#include "cli/command.h"

namespace slipway::cli {

struct ClusterCreateOptions {
  std::string name;
  std::string host;
  std::string cluster_template;  // "" = the default template
  bool wait = true;
  std::chrono::seconds timeout{600};
};
// Plans the Cluster from the template and from what the host reports, creates it, and follows it until its node is
// Ready. kTimeout when that takes longer: the cluster goes on being created.
Status cluster_create(const Context& context, const ClusterCreateOptions& options);

Status cluster_list(const Context& context, bool all_projects);
Status cluster_describe(const Context& context, const std::string& name);

struct ClusterDeleteOptions {
  std::string name;
  std::string policy;  // "" = as the cluster says; reset, deauthorize or keep
  bool wait = true;
  bool yes = false;  // do not ask
  std::chrono::seconds timeout{120};
};
Status cluster_delete(const Context& context, const ClusterDeleteOptions& options);

struct ClusterKubeconfigOptions {
  std::string name;
  std::string file;  // "" = standard output; written with mode 0600
};
Status cluster_kubeconfig(const Context& context, const ClusterKubeconfigOptions& options);

// When each step of the creation was reached, and how long it took.
Status cluster_timeline(const Context& context, const std::string& name);

}  // namespace slipway::cli
