#pragma once

#include <string_view>

#include "data/json.h"

// The types of k8s.io/apimachinery and autoscaling/v1 that every OpenAPI document refers to.
namespace slipway::apiserver {

inline constexpr std::string_view kMetaTypes = "io.k8s.apimachinery.pkg.apis.meta.v1.";
inline constexpr std::string_view kScaleType = "io.k8s.api.autoscaling.v1.Scale";

// components.schemas with ObjectMeta, ListMeta, Status, DeleteOptions and what they consist of; `group` and `version`
// are those of the document, whose DeleteOptions and WatchEvent they are too.
data::Json meta_types(std::string_view group, std::string_view version);
// autoscaling/v1 Scale and its parts.
data::Json scale_types();

// {"$ref": "#/components/schemas/<type>"}, and the same for a member that has a description of its own.
data::Json reference(std::string_view type);
data::Json described_reference(std::string_view type, std::string_view description);
data::Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind);

}  // namespace slipway::apiserver
