#include "apiserver/negotiation.h"

#include <map>

#include "apiserver/header_list.h"
#include "data/json_text.h"
#include "data/yaml.h"

namespace slipway::apiserver {

namespace {

struct Offer {
  std::string_view type;
  std::map<std::string_view, std::string_view> parameters;
  std::string_view get(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view() : found->second;
  }
};

Offer parse_offer(std::string_view text) {
  Offer offer;
  offer.type = next_part(text, ';');
  while (!text.empty()) {
    std::string_view parameter = next_part(text, ';');
    const std::string_view name = next_part(parameter, '=');
    offer.parameters[name] = parameter;
  }
  return offer;
}

bool serve(const Offer& offer, bool discovery, Negotiated& out) {
  const bool any = offer.type == "*/*" || offer.type == "application/*";
  out.yaml = offer.type == "application/yaml";
  if (!any && !out.yaml && offer.type != "application/json") return false;
  const std::string_view as = offer.get("as");
  if (as.empty()) return true;
  if (discovery) {
    if (as != "APIGroupDiscoveryList" || offer.get("g") != "apidiscovery.k8s.io") return false;
    if (offer.get("v") != "v2" && offer.get("v") != "v2beta1") return false;
    out.shape = Negotiated::Shape::kAggregatedDiscovery;
    out.discovery_version = std::string(offer.get("v"));
    return true;
  }
  if (offer.get("g") != "meta.k8s.io" || offer.get("v") != "v1") return false;
  if (as == "Table") {
    out.shape = Negotiated::Shape::kTable;
  } else if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
    out.shape = Negotiated::Shape::kPartialObject;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Negotiated negotiate(std::string_view accept, bool discovery) {
  if (trim(accept).empty()) return {};
  bool binary_kubernetes = false;
  while (!accept.empty()) {
    const Offer offer = parse_offer(next_part(accept, ','));
    Negotiated out;
    if (serve(offer, discovery, out)) return out;
    binary_kubernetes |= offer.type.starts_with("application/vnd.kubernetes") || offer.type == "application/cbor" ||
                         offer.type.starts_with("application/json");
  }
  Negotiated out;
  out.acceptable = binary_kubernetes;
  return out;
}

net::HttpResponse make_response(int status, const data::Json& body, const Negotiated& form) {
  net::HttpResponse response;
  response.status = status;
  std::string type = form.yaml ? "application/yaml" : "application/json";
  if (form.shape == Negotiated::Shape::kAggregatedDiscovery)
    type += ";g=apidiscovery.k8s.io;v=" + form.discovery_version + ";as=APIGroupDiscoveryList";
  response.headers.emplace_back("content-type", std::move(type));
  response.headers.emplace_back("cache-control", "no-cache, private");
  response.body = form.yaml ? data::to_yaml(body) : data::to_json(body) + "\n";
  return response;
}

}  // namespace slipway::apiserver
