#include <algorithm>
#include <fmt/core.h>

#include "registry/builtin_kind.h"
#include "registry/definition/conversion_webhook.h"
#include "registry/definition/definition_status.h"
#include "registry/definition/definition_validation.h"
#include "registry/definition/schema_document.h"

namespace slipway::registry {

namespace {

// The schemas inside are looked at by rules of their own: their grammar has no end.
constexpr std::string_view kDefinitionSchema = R"({"type":"object","required":["spec"],
 "description":"CustomResourceDefinition adds a kind to this server.","properties":{
 "spec":{"type":"object","title":"CustomResourceDefinitionSpec","description":"The kind and its versions.",
  "required":["group","names","scope","versions"],"properties":{
  "group":{"type":"string","description":"API group of the kind, such as example.com."},
  "names":{"type":"object","title":"CustomResourceDefinitionNames","description":"How the kind is called.",
   "required":["plural","kind"],"properties":{
   "plural":{"type":"string","description":"Name in URLs, lower case; with the group it is the definition's name."},
   "singular":{"type":"string","description":"Name of one on a command line; the kind in lower case without it."},
   "shortNames":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"},
    "description":"Abbreviations for command lines."},
   "kind":{"type":"string","description":"Name in manifests, in CamelCase."},
   "listKind":{"type":"string","description":"Kind of a list; the kind with List behind it without it."},
   "categories":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"},
    "description":"Groups of resources that are asked for together, such as all."}}},
  "scope":{"type":"string","description":"Cluster or Namespaced."},
  "versions":{"type":"array","x-kubernetes-list-type":"atomic","description":"Every version that is or was served.",
   "items":{"type":"object","title":"CustomResourceDefinitionVersion","description":"One version.",
    "required":["name","served","storage"],"properties":{
    "name":{"type":"string","description":"Such as v1 or v1beta2."},
    "served":{"type":"boolean","description":"Whether it can be asked for."},
    "storage":{"type":"boolean","description":"Whether objects are stored in it; true for exactly one."},
    "deprecated":{"type":"boolean","description":"Whether answers warn of its use."},
    "deprecationWarning":{"type":"string","description":"The warning, instead of the usual one."},
    "schema":{"type":"object","title":"CustomResourceValidation","description":"What objects look like.","properties":{
     "openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
      "description":"A structural OpenAPI v3 schema."}}},
    "subresources":{"type":"object","title":"CustomResourceSubresources","description":"Parts with URLs of their own.",
     "properties":{
     "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"description":"Status is written apart."},
     "scale":{"type":"object","description":"Where the scale subresource finds its numbers.",
      "required":["specReplicasPath","statusReplicasPath"],"properties":{
      "specReplicasPath":{"type":"string","description":"A path under .spec."},
      "statusReplicasPath":{"type":"string","description":"A path under .status."},
      "labelSelectorPath":{"type":"string","description":"A path under .spec or .status to a selector as text."}}}}},
    "additionalPrinterColumns":{"type":"array","x-kubernetes-list-type":"atomic",
     "description":"What tables show beside the name.","items":{"type":"object","properties":{
      "name":{"type":"string","description":"Head of the column."},
      "type":{"type":"string","description":"integer, number, string, boolean or date."},
      "format":{"type":"string","description":"A hint for clients."},
      "description":{"type":"string","description":"What it shows."},
      "priority":{"type":"integer","format":"int32","description":"Above 0: only in wide tables."},
      "jsonPath":{"type":"string","description":"Where the value is."}}}},
    "selectableFields":{"type":"array","x-kubernetes-list-type":"atomic",
     "description":"Fields that field selectors may name.","items":{"type":"object","required":["jsonPath"],
      "properties":{"jsonPath":{"type":"string","description":"Where the value is."}}}}}}},
  "conversion":{"type":"object","title":"CustomResourceConversion","description":"How versions are made of each other.",
   "properties":{
   "strategy":{"type":"string","description":"None or Webhook."},
   "webhook":{"type":"object","description":"Whom to ask.","properties":{
    "clientConfig":{"type":"object","description":"How to reach it.","properties":{
     "url":{"type":"string","description":"https://host/path."},
     "service":{"type":"object","description":"A Service of the cluster.","properties":{
      "namespace":{"type":"string","description":"Its namespace."},"name":{"type":"string","description":"Its name."},
      "path":{"type":"string","description":"Path of the URL."},
      "port":{"type":"integer","format":"int32","description":"443 without it."}}},
     "caBundle":{"type":"string","format":"byte","description":"Certificates it is checked with, PEM in base64."}}},
    "conversionReviewVersions":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"},
     "description":"Versions of ConversionReview it understands."}}}}},
  "preserveUnknownFields":{"type":"boolean","description":"Must be false."}}},
 "status":{"type":"object","title":"CustomResourceDefinitionStatus","description":"What became of it.","properties":{
  "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],
   "description":"NamesAccepted, Established, Terminating and others.","items":{"type":"object",
    "required":["type","status"],"properties":{
    "type":{"type":"string","description":"What was observed."},
    "status":{"type":"string","description":"True, False or Unknown."},
    "lastTransitionTime":{"type":"string","format":"date-time","nullable":true,
     "description":"When the status changed last."},
    "reason":{"type":"string","description":"One CamelCase word that says why."},
    "message":{"type":"string","description":"The same for people."},
    "observedGeneration":{"type":"integer","format":"int64","description":"The generation that was looked at."}}}},
  "acceptedNames":{"type":"object","description":"The names it is served under.","properties":{
   "plural":{"type":"string"},"singular":{"type":"string"},
   "shortNames":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"}},
   "kind":{"type":"string"},"listKind":{"type":"string"},
   "categories":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"}}}},
  "storedVersions":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"string"},
   "description":"Versions in which objects may still be stored."},
  "observedGeneration":{"type":"integer","format":"int64","description":"The generation that was looked at."}}}}})";

std::vector<std::string> definition_warnings(const data::Json& definition) {
  std::vector<std::string> warnings;
  for (const data::Json& version : definition.get({"spec", "versions"}).items()) {
    const std::vector<std::string> formats = unrecognized_formats(version.get({"schema", "openAPIV3Schema"}));
    for (const std::string& format : formats) {
      std::string text = fmt::format("unrecognized format \"{}\"", format);
      if (std::ranges::find(warnings, text) == warnings.end()) warnings.push_back(std::move(text));
    }
  }
  for (const data::Json& condition : definition.get({"status", "conditions"}).items())
    if (condition.text({"type"}) == kRulesEvaluated) warnings.push_back(condition.text({"message"}));
  const ConversionWebhook webhook = read_conversion_webhook(definition);
  if (!webhook.service.empty())
    warnings.push_back(
        fmt::format("the conversion webhook of Service {} cannot be reached from this server: other "
                    "versions than the stored one cannot be read or written",
                    webhook.service));
  return warnings;
}

}  // namespace

std::vector<BuiltinKind> definition_kinds() {
  return {{.group = "apiextensions.k8s.io",
           .version = "v1",
           .kind = "CustomResourceDefinition",
           .plural = "customresourcedefinitions",
           .singular = "customresourcedefinition",
           .short_names = {"crd", "crds"},
           .categories = {"api-extensions"},
           .namespaced = false,
           .has_status = true,
           .schema = kDefinitionSchema,
           .columns = {{"Created At", "string", "", "When the object was made.", ".metadata.creationTimestamp", 0}},
           .strategy = {.warn = definition_warnings, .validate = validate_definition}}};
}

}  // namespace slipway::registry
