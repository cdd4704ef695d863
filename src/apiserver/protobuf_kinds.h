#pragma once

#include <span>
#include <string_view>

#include "apiserver/protobuf_field.h"

// The tables of all kinds that can be read as protobuf, by the field numbers of the published generated.proto files.
// Each function: the members of one kind; empty for a kind that is not its own.
namespace slipway::apiserver::protobuf {

// v1 (k8s.io/api/core), its Events also as events.k8s.io/v1, coordination.k8s.io/v1, autoscaling/v1 Scale, and
// DeleteOptions of any group.
std::span<const Field> core_fields(std::string_view api_version, std::string_view kind);
// rbac.authorization.k8s.io/v1, authorization.k8s.io/v1, authentication.k8s.io/v1, and ServiceAccount.
std::span<const Field> access_fields(std::string_view api_version, std::string_view kind);
// apiextensions.k8s.io/v1 CustomResourceDefinition.
std::span<const Field> definition_fields(std::string_view api_version, std::string_view kind);

}  // namespace slipway::apiserver::protobuf
