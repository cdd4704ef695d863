#pragma once

#include <string_view>

#include "data/json.h"
#include "meta/gvk.h"

// Cluster API v1beta2 refers to objects of other groups by group and kind, without a version:
// {apiGroup, kind, name}, always in the namespace of the object that refers.
namespace slipway::api::cluster {

// The version in which this build serves a group that Cluster API refers to; "v1beta1" for groups it does not know.
std::string_view version_of_group(std::string_view group);

// What a reference means: {apiGroup, kind} as above, or {apiVersion, kind} as the templates of a ClusterClass have it.
meta::Gvk kind_of_reference(const data::Json& reference);

// {apiGroup, kind, name} of an object.
data::Json reference_to(const data::Json& object);

}  // namespace slipway::api::cluster
