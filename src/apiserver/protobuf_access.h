#pragma once

#include <span>
#include <string_view>

#include "apiserver/protobuf_field.h"

namespace slipway::apiserver::protobuf {

// The kinds about access: those of rbac.authorization.k8s.io/v1, authorization.k8s.io/v1 and authentication.k8s.io/v1,
// and ServiceAccount. Empty for another kind.
std::span<const Field> access_fields(std::string_view api_version, std::string_view kind);

}  // namespace slipway::apiserver::protobuf
