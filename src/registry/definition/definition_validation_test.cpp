#include "registry/definition/definition_validation.h"

#include <gtest/gtest.h>

#include "data/patch.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

struct Row {
  std::string_view name;
  std::string_view patch;  // JSON patch of the definition of gadgets (one version) or widgets (two, alike)
  std::string_view error;  // "path: message" as kube-apiserver writes it, or "" when it is accepted
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

std::string problems_of(Json definition, std::string_view patch) {
  const auto store = store::make_memory_store({});
  Registry registry(*store, {});
  const auto patched = data::json_patch(definition, json(patch));
  if (!patched) return patched.error().message();
  const auto defined =
      registry.create(*registry.catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions"), *patched);
  return defined ? "" : defined.error().message();
}

class OneVersion : public testing::TestWithParam<Row> {};
TEST_P(OneVersion, IsJudgedAsUpstream) {
  const std::string problems = problems_of(gadget_crd(), GetParam().patch);
  if (GetParam().error.empty())
    EXPECT_EQ(problems, "");
  else
    EXPECT_NE(problems.find(GetParam().error), std::string::npos) << problems << "\nexpected: " << GetParam().error;
}

#define SPEC(op, path, value) R"([{"op": ")" op R"(", "path": "/spec/)" path R"(", "value": )" value "}]"
#define VERSION(path, value) SPEC("add", "versions/0/" path, value)
#define PROPERTY(value) SPEC("add", "versions/0/schema/openAPIV3Schema/properties/x", value)
#define X "spec.validation.openAPIV3Schema.properties[x]"

INSTANTIATE_TEST_SUITE_P(
    Names, OneVersion,
    testing::Values(
        Row{"Good", "[]", ""},
        Row{"OtherName", R"([{"op": "replace", "path": "/metadata/name", "value": "things.example.com"}])",
            R"(metadata.name: Invalid value: "things.example.com": must be spec.names.plural+"."+spec.group)"},
        Row{"NoScope", R"([{"op": "remove", "path": "/spec/scope"}])", "spec.scope: Required value"},
        Row{"OddScope", SPEC("replace", "scope", R"("World")"),
            R"(spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced")"},
        Row{"GroupWithoutDot", SPEC("replace", "group", R"("example")"),
            R"(spec.group: Invalid value: "example": should be a domain with at least one dot)"},
        Row{"UpperPlural", SPEC("replace", "names/plural", R"("Gadgets")"),
            R"(spec.names.plural: Invalid value: "Gadgets": a DNS-1035 label must consist of)"},
        Row{"KindIsListKind", SPEC("add", "names/listKind", R"("Gadget")"),
            R"(spec.names.listKind: Invalid value: "Gadget": kind and listKind may not be the same)"},
        Row{"ShortName", SPEC("add", "names/shortNames", R"(["1a"])"),
            R"(spec.names.shortNames[0]: Invalid value: "1a": a DNS-1035 label)"},
        Row{"ProtectedGroup",
            R"([{"op": "replace", "path": "/spec/group", "value": "x.k8s.io"},
                {"op": "replace", "path": "/metadata/name", "value": "gadgets.x.k8s.io"}])",
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval"},
        Row{"PreserveUnknown", SPEC("add", "preserveUnknownFields", "true"),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true"}),
    testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Versions, OneVersion,
    testing::Values(
        Row{"TwoStorage",
            SPEC(
                "add", "versions/1",
                R"({"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}})"),
            "must have exactly one version marked as storage version"},
        Row{"NoStorage", SPEC("replace", "versions/0/storage", "false"),
            "must have exactly one version marked as storage version"},
        Row{"SameName",
            SPEC(
                "add", "versions/1",
                R"({"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}})"),
            "must contain unique version names"},
        Row{"OddName", SPEC("replace", "versions/0/name", R"("V1")"), R"(spec.versions[0].name: Invalid value: "V1")"},
        Row{"NoSchema", R"([{"op": "remove", "path": "/spec/versions/0/schema"}])",
            "spec.versions[0].schema.openAPIV3Schema: Required value"},
        Row{"WarningWithoutDeprecation", VERSION("deprecationWarning", R"("old")"),
            R"(spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions)"},
        Row{"ColumnType", VERSION("additionalPrinterColumns", R"([{"name": "a", "type": "text", "jsonPath": ".a"}])"),
            R"(spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,)"},
        Row{"ColumnPath", VERSION("additionalPrinterColumns", R"([{"name": "a", "type": "string", "jsonPath": "a"}])"),
            R"(spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .)"},
        Row{"ColumnFormat",
            VERSION("additionalPrinterColumns",
                    R"([{"name": "a", "type": "string", "format": "x", "jsonPath": ".a"}])"),
            R"(spec.additionalPrinterColumns[0].format: Invalid value: "x": must be one of byte,date,)"},
        Row{"ScaleOutsideSpec",
            VERSION("subresources", R"({"scale": {"specReplicasPath": ".a", "statusReplicasPath": ".status.a"}})"),
            R"(spec.subresources.scale.specReplicasPath: Invalid value: ".a": should be a json path under .spec)"},
        Row{"SelectableUnknown", VERSION("selectableFields", R"([{"jsonPath": ".spec.nothing"}])"),
            R"(spec.selectableFields[0].jsonPath: Invalid value: ".spec.nothing": is an invalid path: does not refer to a valid field)"},
        Row{"SelectableObject", VERSION("selectableFields", R"([{"jsonPath": ".spec"}])"),
            "must point to a field of type string, boolean or integer"},
        Row{"StrategyUnknown", SPEC("add", "conversion", R"({"strategy": "Magic"})"),
            R"(spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook")"},
        Row{"WebhookWithoutClient", SPEC("add", "conversion", R"({"strategy": "Webhook"})"),
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook"},
        Row{"WebhookOverHttp",
            SPEC("add", "conversion",
                 R"({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
                     "clientConfig": {"url": "http://a/b"}}})"),
            "'https' is the only allowed URL scheme"},
        Row{"WebhookOldReview",
            SPEC("add", "conversion",
                 R"({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v9"],
                     "clientConfig": {"url": "https://a/b"}}})"),
            "must include at least one of v1, v1beta1"}),
    testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Schemas, OneVersion,
    testing::Values(
        Row{"NoType", PROPERTY("{}"), X ".type: Required value: must not be empty for specified object fields"},
        Row{"ItemWithoutType", PROPERTY(R"({"type": "array", "items": {}})"),
            X ".items.type: Required value: must not be empty for specified array items"},
        Row{"ArrayWithoutItems", PROPERTY(R"({"type": "array"})"), X ".items: Required value: must be specified"},
        Row{"UnknownType", PROPERTY(R"({"type": "text"})"),
            X R"(.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number")"},
        Row{"NumberAsType", PROPERTY(R"({"type": 7})"), X ".type must be of type string"},
        Row{"Reference", PROPERTY(R"({"type": "object", "$ref": "#/a"})"), X ".$ref: Forbidden: $ref is not supported"},
        Row{"Definitions", PROPERTY(R"({"type": "object", "definitions": {"a": {}}})"),
            X ".definitions: Forbidden: definitions is not supported"},
        Row{"UniqueItems", PROPERTY(R"({"type": "array", "uniqueItems": true, "items": {"type": "string"}})"),
            X ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity"},
        Row{"BothKindsOfMembers", PROPERTY(R"({"type": "object", "properties": {"a": {"type": "string"}},
                         "additionalProperties": {"type": "string"}})"),
            X ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"},
        Row{"TypeInAnyOf", PROPERTY(R"({"type": "string", "anyOf": [{"type": "string"}]})"),
            X ".anyOf[0].type: Forbidden: must be empty to be structural"},
        Row{"DefaultInAllOf", PROPERTY(R"({"type": "string", "allOf": [{"default": "a"}]})"),
            X ".allOf[0].default: Forbidden: must be undefined to be structural"},
        Row{"IntOrString",
            PROPERTY(R"({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})"),
            ""},
        Row{"BadPattern", PROPERTY(R"({"type": "string", "pattern": "("})"),
            X R"(.pattern: Invalid value: "(": must be a valid regular expression, but isn't)"},
        Row{"BadDefault", PROPERTY(R"({"type": "string", "default": 7})"), X ".default in body must be of type string"},
        Row{"DefaultOutOfEnum", PROPERTY(R"({"type": "string", "enum": ["a"], "default": "b"})"),
            X R"(.default: Unsupported value: "b": supported values: "a")"},
        Row{"DefaultWithUnknownField", PROPERTY(R"({"type": "object", "properties": {"a": {"type": "string"}},
                                                    "default": {"b": 1}})"),
            X ".default: Invalid value: {\"b\":1}: must not have unknown fields"},
        Row{"GoodDefault",
            PROPERTY(R"({"type": "object", "properties": {"a": {"type": "string"}}, "default": {"a": "b"}})"), ""},
        Row{"PreserveFalse", PROPERTY(R"({"type": "object", "x-kubernetes-preserve-unknown-fields": false})"),
            X ".x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"},
        Row{"ListTypeOfObject", PROPERTY(R"({"type": "object", "x-kubernetes-list-type": "set"})"),
            X R"(.type: Invalid value: "object": must be array if x-kubernetes-list-type is specified)"},
        Row{"SetOfObjects",
            PROPERTY(R"({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}})"),
            X ".items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list"},
        Row{"MapWithoutKeys",
            PROPERTY(R"({"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}})"),
            X ".x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"},
        Row{"MapKeyNotRequired",
            PROPERTY(R"({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"],
                         "items": {"type": "object", "properties": {"a": {"type": "string"}}}})"),
            X ".items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys"},
        Row{"EmbeddedNotObject", PROPERTY(R"({"type": "string", "x-kubernetes-embedded-resource": true})"),
            X R"(.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true)"},
        Row{"EmbeddedResource", PROPERTY(R"({"type": "object", "x-kubernetes-embedded-resource": true,
                         "x-kubernetes-preserve-unknown-fields": true})"),
            ""},
        Row{"EmptyRule", PROPERTY(R"({"type": "string", "x-kubernetes-validations": [{"rule": " "}]})"),
            X ".x-kubernetes-validations[0].rule: Required value: rule is not specified"},
        Row{"UnknownKeywordsAreDropped", PROPERTY(R"({"type": "string", "x-mine": 1, "readOnly": true})"), ""},
        Row{"RootNotObject", VERSION("schema/openAPIV3Schema/type", R"("string")"),
            R"(spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root)"},
        Row{"RootAdditional", VERSION("schema/openAPIV3Schema/additionalProperties", "true"),
            "spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root"},
        Row{"RootNullable", VERSION("schema/openAPIV3Schema/nullable", "true"),
            "spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root"},
        Row{"MetadataRule",
            VERSION("schema/openAPIV3Schema/properties/metadata",
                    R"({"type": "object", "properties": {"labels": {"type": "object"}}})"),
            "must not specify anything other than name and generateName, but metadata is implicitly specified"},
        Row{"MetadataName",
            VERSION("schema/openAPIV3Schema/properties/metadata",
                    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}})"),
            ""},
        Row{"RuleOnUnknownField", PROPERTY(R"({"type": "object", "properties": {"a": {"type": "string"}}})"), ""},
        Row{"RequiredOutsideTheStructure",
            VERSION("schema/openAPIV3Schema/anyOf", R"([{"properties": {"y": {"minLength": 1}}}])"),
            "spec.validation.openAPIV3Schema.properties[y]: Required value: because it is defined in "
            "spec.validation.openAPIV3Schema.anyOf[0].properties[y]"}),
    testing::PrintToStringParamName());

TEST(DefinitionValidation, DifferentVersionsHaveErrorsOfTheirOwn) {
  const std::string problems = problems_of(
      widget_crd(),
      R"([{"op": "add", "path": "/spec/versions/1/schema/openAPIV3Schema/properties/x", "value": {"type": "array"}}])");
  EXPECT_NE(problems.find("spec.versions[1].schema.openAPIV3Schema.properties[x].items: Required value"),
            std::string::npos)
      << problems;
}

TEST(DefinitionValidation, StatusForbidsRulesAtTheRoot) {
  const std::string problems = problems_of(
      widget_crd(), R"([{"op": "add", "path": "/spec/versions/1/schema/openAPIV3Schema/maxProperties", "value": 3}])");
  EXPECT_NE(problems.find("fields are allowed at the root of the schema if the status subresource is enabled"),
            std::string::npos)
      << problems;
}

TEST(DefinitionValidation, WhatIsServedStaysWhatItIs) {
  const auto store = store::make_memory_store({});
  Registry registry(*store, {});
  const auto kind = registry.catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  ASSERT_TRUE(registry.create(*kind, widget_crd()));
  for (const auto& [patch, error] : {std::pair{R"({"spec": {"scope": "Cluster"}})", "spec.scope"},
                                     {R"({"spec": {"names": {"kind": "Other"}}})", "spec.names.kind"},
                                     {R"({"spec": {"names": {"plural": "others"}}})", "spec.names.plural"},
                                     {R"({"spec": {"group": "other.com"}})", "spec.group"}}) {
    const auto changed = registry.patch(*kind, {"", "widgets.example.com"}, PatchType::kMerge, json(patch));
    ASSERT_FALSE(changed) << patch;
    EXPECT_NE(changed.error().message().find(std::string(error) + ": Invalid value"), std::string::npos)
        << changed.error().message();
    EXPECT_NE(changed.error().message().find("field is immutable"), std::string::npos);
  }
}

}  // namespace
}  // namespace slipway::registry
