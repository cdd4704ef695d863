#pragma once

#include <span>

#include "api/embedded_file.h"

namespace slipway::api {

// Every file of api/crds/, in order of name: one CustomResourceDefinition (apiextensions.k8s.io/v1, YAML) each.
std::span<const EmbeddedFile> embedded_crds();

}  // namespace slipway::api
