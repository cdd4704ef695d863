#pragma once

#include <string>
#include <string_view>

#include "data/json.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// The form a client wants its answer in, from its Accept header.
struct Negotiated {
  enum class Shape { kObject, kTable, kPartialObject, kAggregatedDiscovery };
  bool acceptable = true;  // false: 406
  bool yaml = false;
  Shape shape = Shape::kObject;
  std::string discovery_version;  // v2 or v2beta1, with kAggregatedDiscovery
};

// Takes the first offer that can be served, as clients list them by preference: JSON, YAML, and in JSON Tables and
// PartialObjectMetadata (of meta.k8s.io/v1) and, when `discovery`, APIGroupDiscoveryList. Protobuf and CBOR are passed
// over; a client that offers nothing else gets JSON, which Kubernetes' clients always read.
Negotiated negotiate(std::string_view accept, bool discovery);

// A response with `body` as JSON or YAML.
net::HttpResponse make_response(int status, const data::Json& body, const Negotiated& form);

}  // namespace slipway::apiserver
