#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pki/kubeconfig.h"

// Kubeconfig files of this machine, by the rules of kubectl (k8s.io/client-go/tools/clientcmd).
namespace slipway::pki {

// `context` "" is the current context.

// One file, which must be there. Files that it names are relative to its folder.
base::Result<Kubeconfig> load_kubeconfig(const std::filesystem::path& file, const std::string& context = {});

// Several files as one: the first to set a value or a named cluster, user or context wins; missing ones are passed
// over. kNotFound when none is there.
base::Result<Kubeconfig> load_kubeconfigs(const std::vector<std::filesystem::path>& files,
                                          const std::string& context = {});

// "a:b" as in the variable KUBECONFIG; empty and repeated names are left out.
std::vector<std::filesystem::path> split_kubeconfig_list(std::string_view list);

// The service account of the Pod this process runs in: KUBERNETES_SERVICE_HOST and _PORT, and the files ca.crt, token
// and namespace of `folder`. kNotFound outside of a Pod.
base::Result<Kubeconfig> in_cluster_kubeconfig(
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

// kubectl's search: `file` unless it is empty, else KUBECONFIG, else ~/.kube/config, else, when no context is asked
// for, the Pod's service account.
base::Result<Kubeconfig> find_kubeconfig(const std::filesystem::path& file = {}, const std::string& context = {});

}  // namespace slipway::pki
