#include "apiserver/protobuf_kinds.h"

namespace slipway::apiserver::protobuf {

namespace {

// A schema holds schemas: declared before it is defined.
extern const Field kSchema[44];

constexpr Field kExternalDocs[] = {{1, "description", Type::kText}, {2, "url", Type::kText}};
constexpr Field kRule[] = {
    {1, "rule", Type::kText},   {2, "message", Type::kText},   {3, "messageExpression", Type::kText},
    {4, "reason", Type::kText}, {5, "fieldPath", Type::kText}, {6, "optionalOldSelf", Type::kBool}};
// In the order in which apiextensions/v1/marshal.go looks at them.
constexpr Field kSchemaOrBool[] = {{2, "schema", Type::kMessage, kSchema}, {1, "allows", Type::kBool}};
constexpr Field kSchemaOrList[] = {{2, "schemas", Type::kMessages, kSchema}, {1, "schema", Type::kMessage, kSchema}};
constexpr Field kSchemaOrTexts[] = {{2, "property", Type::kTexts}, {1, "schema", Type::kMessage, kSchema}};

constinit const Field kSchema[44] = {{1, "id", Type::kText},
                                     {2, "$schema", Type::kText},
                                     {3, "$ref", Type::kText},
                                     {4, "description", Type::kText},
                                     {5, "type", Type::kText},
                                     {6, "format", Type::kText},
                                     {7, "title", Type::kText},
                                     {8, "default", Type::kJson},
                                     {9, "maximum", Type::kNumber},
                                     {10, "exclusiveMaximum", Type::kFlag},
                                     {11, "minimum", Type::kNumber},
                                     {12, "exclusiveMinimum", Type::kFlag},
                                     {13, "maxLength", Type::kInteger},
                                     {14, "minLength", Type::kInteger},
                                     {15, "pattern", Type::kText},
                                     {16, "maxItems", Type::kInteger},
                                     {17, "minItems", Type::kInteger},
                                     {18, "uniqueItems", Type::kFlag},
                                     {19, "multipleOf", Type::kNumber},
                                     {20, "enum", Type::kJsons},
                                     {21, "maxProperties", Type::kInteger},
                                     {22, "minProperties", Type::kInteger},
                                     {23, "required", Type::kTexts},
                                     {24, "items", Type::kFirstOf, kSchemaOrList},
                                     {25, "allOf", Type::kMessages, kSchema},
                                     {26, "oneOf", Type::kMessages, kSchema},
                                     {27, "anyOf", Type::kMessages, kSchema},
                                     {28, "not", Type::kMessage, kSchema},
                                     {29, "properties", Type::kMessageMap, kSchema},
                                     {30, "additionalProperties", Type::kFirstOf, kSchemaOrBool},
                                     {31, "patternProperties", Type::kMessageMap, kSchema},
                                     {32, "dependencies", Type::kFirstOfMap, kSchemaOrTexts},
                                     {33, "additionalItems", Type::kFirstOf, kSchemaOrBool},
                                     {34, "definitions", Type::kMessageMap, kSchema},
                                     {35, "externalDocs", Type::kMessage, kExternalDocs},
                                     {36, "example", Type::kJson},
                                     {37, "nullable", Type::kFlag},
                                     {38, "x-kubernetes-preserve-unknown-fields", Type::kBool},
                                     {39, "x-kubernetes-embedded-resource", Type::kFlag},
                                     {40, "x-kubernetes-int-or-string", Type::kFlag},
                                     {41, "x-kubernetes-list-map-keys", Type::kTexts},
                                     {42, "x-kubernetes-list-type", Type::kText},
                                     {43, "x-kubernetes-map-type", Type::kText},
                                     {44, "x-kubernetes-validations", Type::kMessages, kRule}};

constexpr Field kValidation[] = {{1, "openAPIV3Schema", Type::kMessage, kSchema}};
constexpr Field kScaleSubresource[] = {{1, "specReplicasPath", Type::kText},
                                       {2, "statusReplicasPath", Type::kText},
                                       {3, "labelSelectorPath", Type::kText}};
constexpr Field kSubresources[] = {{1, "status", Type::kMessage}, {2, "scale", Type::kMessage, kScaleSubresource}};
constexpr Field kColumn[] = {{1, "name", Type::kText},      {2, "type", Type::kText},
                             {3, "format", Type::kText},    {4, "description", Type::kText},
                             {5, "priority", Type::kCount}, {6, "jsonPath", Type::kText}};
constexpr Field kSelectableField[] = {{1, "jsonPath", Type::kText}};
constexpr Field kVersion[] = {{1, "name", Type::kText},
                              {2, "served", Type::kBool},
                              {3, "storage", Type::kBool},
                              {4, "schema", Type::kMessage, kValidation},
                              {5, "subresources", Type::kMessage, kSubresources},
                              {6, "additionalPrinterColumns", Type::kMessages, kColumn},
                              {7, "deprecated", Type::kFlag},
                              {8, "deprecationWarning", Type::kText},
                              {9, "selectableFields", Type::kMessages, kSelectableField}};
constexpr Field kNames[] = {{1, "plural", Type::kText}, {2, "singular", Type::kText}, {3, "shortNames", Type::kTexts},
                            {4, "kind", Type::kText},   {5, "listKind", Type::kText}, {6, "categories", Type::kTexts}};
constexpr Field kService[] = {
    {1, "namespace", Type::kText}, {2, "name", Type::kText}, {3, "path", Type::kText}, {4, "port", Type::kInteger}};
constexpr Field kClientConfig[] = {
    {1, "service", Type::kMessage, kService}, {2, "caBundle", Type::kBytes}, {3, "url", Type::kText}};
constexpr Field kWebhook[] = {{2, "clientConfig", Type::kMessage, kClientConfig},
                              {3, "conversionReviewVersions", Type::kTexts}};
constexpr Field kConversion[] = {{1, "strategy", Type::kText}, {2, "webhook", Type::kMessage, kWebhook}};
constexpr Field kSpec[] = {{1, "group", Type::kText},
                           {3, "names", Type::kMessage, kNames},
                           {4, "scope", Type::kText},
                           {7, "versions", Type::kMessages, kVersion},
                           {9, "conversion", Type::kMessage, kConversion},
                           {10, "preserveUnknownFields", Type::kFlag}};
constexpr Field kCondition[] = {
    {1, "type", Type::kText},   {2, "status", Type::kText},  {3, "lastTransitionTime", Type::kTime},
    {4, "reason", Type::kText}, {5, "message", Type::kText}, {6, "observedGeneration", Type::kCount}};
constexpr Field kStatus[] = {{1, "conditions", Type::kMessages, kCondition},
                             {2, "acceptedNames", Type::kMessage, kNames},
                             {3, "storedVersions", Type::kTexts},
                             {4, "observedGeneration", Type::kCount}};
constexpr Field kDefinition[] = {{1, "metadata", Type::kMessage, kMetadata},
                                 {2, "spec", Type::kMessage, kSpec},
                                 {3, "status", Type::kMessage, kStatus}};

}  // namespace

std::span<const Field> definition_fields(std::string_view api_version, std::string_view kind) {
  if (api_version == "apiextensions.k8s.io/v1" && kind == "CustomResourceDefinition") return kDefinition;
  return {};
}

}  // namespace slipway::apiserver::protobuf
