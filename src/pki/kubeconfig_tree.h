#pragma once

#include <filesystem>
#include <string_view>

#include "pki/kubeconfig.h"

// The steps of reading a kubeconfig; internal to kubeconfig.cpp and kubeconfig_files.cpp.
namespace slipway::pki {

// Whether a configuration may name files and programs of this machine.
enum class KubeconfigTrust { kText, kFile };

// The YAML of one file; null for an empty one. Relative names of files become names below `folder`.
base::Result<data::Json> parse_kubeconfig_tree(std::string_view text, const std::filesystem::path& folder);

// Adds what `into` does not have yet: the first file to set a value or a named entry wins, as in kubectl.
void merge_kubeconfig_tree(data::Json& into, const data::Json& other);

// The current context of a tree.
base::Result<Kubeconfig> resolve_kubeconfig(const data::Json& tree, KubeconfigTrust trust);

}  // namespace slipway::pki
