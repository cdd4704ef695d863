#include "registry/schema.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "data/json_text.h"
#include "data/yaml.h"
#include "registry/custom_resource.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

std::shared_ptr<const StructuralSchema> compile(const Json& schema,
                                                StructuralSchema::Root root = StructuralSchema::Root::kValue) {
  auto compiled = StructuralSchema::compile(schema, root);
  EXPECT_TRUE(compiled) << compiled.error().message();
  return compiled ? *compiled : nullptr;
}

// Every error as "field: message", joined by newlines.
std::string errors_of(std::string_view schema, std::string_view value) {
  FieldErrors errors;
  compile(json(schema))->validate(json(value), errors, "spec");
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error.field + ": " + error.message;
  return text;
}

struct ValidationCase {
  std::string_view schema, value, errors;
};

void PrintTo(const ValidationCase& row, std::ostream* out) {
  *out << plain_text({row.schema, row.value});
}

class SchemaValidation : public testing::TestWithParam<ValidationCase> {};
TEST_P(SchemaValidation, SaysWhatApiServerSays) {
  EXPECT_EQ(errors_of(GetParam().schema, GetParam().value), GetParam().errors)
      << GetParam().schema << " with " << GetParam().value;
}

INSTANTIATE_TEST_SUITE_P(
    Types, SchemaValidation,
    testing::Values(
        ValidationCase{R"({"type": "string"})", R"("a")", ""},
        ValidationCase{R"({"type": "string"})", "1",
                       R"(spec: Invalid value: "integer": spec in body must be of type string: "integer")"},
        ValidationCase{R"({"type": "integer"})", "1.0", ""},
        ValidationCase{
            R"({"type": "integer"})", "1.5",
            "spec: Invalid value: \"number\": spec in body must be of type integer: \"number\"\n<nil>: Invalid "
            "value: \"\": Checked value must be of type integer (default format) in spec"},
        ValidationCase{
            R"({"type": "integer", "enum": [1]})", "2.5",
            "spec: Invalid value: \"number\": spec in body must be of type integer: \"number\"\n<nil>: Invalid "
            "value: \"\": Checked value must be of type integer (default format) in spec\nspec: Unsupported value: "
            "2.5: supported values: \"1\""},
        ValidationCase{R"({"type": "number"})", "1.5", ""}, ValidationCase{R"({"type": "boolean"})", "true", ""},
        ValidationCase{R"({"type": "object"})", "[]",
                       R"(spec: Invalid value: "array": spec in body must be of type object: "array")"},
        ValidationCase{R"({"type": "string"})", "null",
                       R"(spec: Invalid value: "null": spec in body must be of type string: "null")"},
        ValidationCase{R"({"type": "string", "nullable": true})", "null", ""},
        ValidationCase{R"({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})",
                       R"("1")", ""},
        ValidationCase{R"({"x-kubernetes-int-or-string": true})", "true",
                       R"(spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean")"},
        ValidationCase{R"({"x-kubernetes-preserve-unknown-fields": true})", R"([1, {"a": null}])", ""}));

INSTANTIATE_TEST_SUITE_P(
    Strings, SchemaValidation,
    testing::Values(
        ValidationCase{R"({"type": "string", "enum": ["a", "b"]})", R"("c")",
                       R"(spec: Unsupported value: "c": supported values: "a", "b")"},
        ValidationCase{R"({"type": "string", "pattern": "^[a-z]+$"})", R"("A1")",
                       R"(spec: Invalid value: "A1": spec in body should match '^[a-z]+$')"},
        ValidationCase{R"({"type": "string", "pattern": "[0-9]"})", R"("a1b")", ""},
        ValidationCase{
            R"({"type": "string", "pattern": "(a+)+$"})",
            R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")",
            "spec: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaab\": spec in body should match '(a+)+$'"},
        ValidationCase{R"({"type": "string", "minLength": 2})", R"("é")",
                       R"(spec: Invalid value: "é": spec in body should be at least 2 chars long)"},
        ValidationCase{R"({"type": "string", "maxLength": 2})", R"("éé")", ""},
        ValidationCase{R"({"type": "string", "maxLength": 2})", R"("abc")",
                       "spec: Too long: may not be more than 2 bytes"},
        ValidationCase{R"({"type": "string", "format": "date-time"})", R"("2026-01-02T03:04:05Z")", ""},
        ValidationCase{R"({"type": "string", "format": "date-time"})", R"("yesterday")",
                       R"(spec: Invalid value: "yesterday": spec in body must be of type date-time: "yesterday")"},
        ValidationCase{R"({"type": "string", "format": "uuid"})", R"("4c4c4544-0034-5910-8046-b3c04f4d3532")", ""},
        ValidationCase{R"({"type": "string", "format": "uuid"})", R"("4c4c4544")",
                       R"(spec: Invalid value: "4c4c4544": spec in body must be of type uuid: "4c4c4544")"},
        ValidationCase{R"({"type": "string", "format": "ipv4"})", R"("10.0.0.1")", ""},
        ValidationCase{R"({"type": "string", "format": "ipv4"})", R"("10.0.0.256")",
                       R"(spec: Invalid value: "10.0.0.256": spec in body must be of type ipv4: "10.0.0.256")"},
        ValidationCase{R"({"type": "string", "format": "ipv6"})", R"("fd00::1")", ""},
        ValidationCase{R"({"type": "string", "format": "cidr"})", R"("10.0.0.0/24")", ""},
        ValidationCase{R"({"type": "string", "format": "cidr"})", R"("10.0.0.0/33")",
                       R"(spec: Invalid value: "10.0.0.0/33": spec in body must be of type cidr: "10.0.0.0/33")"},
        ValidationCase{R"({"type": "string", "format": "hostname"})", R"("edge-1.example.com")", ""},
        ValidationCase{R"({"type": "string", "format": "hostname"})", R"("-edge")",
                       R"(spec: Invalid value: "-edge": spec in body must be of type hostname: "-edge")"},
        ValidationCase{R"({"type": "string", "format": "byte"})", R"("!")",
                       R"(spec: Invalid value: "!": spec in body must be of type byte: "!")"},
        ValidationCase{R"({"type": "string", "format": "duration"})", R"("1h30m")", ""},
        ValidationCase{R"({"type": "string", "format": "duration"})", R"("3 days")", ""},
        ValidationCase{R"({"type": "string", "format": "duration"})", R"("soon")",
                       R"(spec: Invalid value: "soon": spec in body must be of type duration: "soon")"},
        ValidationCase{R"({"type": "string", "format": "ipv4"})", R"("::ffff:1.2.3.4")", ""},
        ValidationCase{R"({"type": "string", "format": "uuid"})", "true",
                       R"(spec: Invalid value: "": spec in body must be of type uuid: "")"},
        // One of maxLength, minLength and pattern is named; a null is held against the enum only.
        ValidationCase{R"({"type": "string", "maxLength": 1, "pattern": "^a"})", R"("bb")",
                       "spec: Too long: may not be more than 1 byte"},
        ValidationCase{R"({"type": "string", "nullable": true, "enum": ["a"], "not": {}})", "null",
                       R"(spec: Unsupported value: null: supported values: "a")"},
        ValidationCase{R"({"type": "string", "format": "made-up"})", R"("anything")", ""}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, SchemaValidation,
    testing::Values(ValidationCase{R"({"type": "integer", "minimum": 1})", "0",
                                   "spec: Invalid value: 0: spec in body should be greater than or equal to 1"},
                    ValidationCase{R"({"type": "integer", "minimum": 1, "exclusiveMinimum": true})", "1",
                                   "spec: Invalid value: 1: spec in body should be greater than 1"},
                    ValidationCase{R"({"type": "integer", "maximum": 65535})", "65536",
                                   "spec: Invalid value: 65536: spec in body should be less than or equal to 65535"},
                    ValidationCase{R"({"type": "number", "maximum": 0.5, "exclusiveMaximum": true})", "0.5",
                                   "spec: Invalid value: 0.5: spec in body should be less than 0.5"},
                    ValidationCase{R"({"type": "integer", "multipleOf": 5})", "7",
                                   "spec: Invalid value: 7: spec in body should be a multiple of 5"},
                    ValidationCase{R"({"type": "integer", "format": "int32"})", "2147483647", ""},
                    ValidationCase{
                        R"({"type": "integer", "format": "int32"})", "2147483648",
                        "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in "
                        "spec"}));

INSTANTIATE_TEST_SUITE_P(
    Containers, SchemaValidation,
    testing::Values(
        ValidationCase{R"({"type": "object", "required": ["a", "b"], "properties": {"b": {"type": "string"}}})",
                       R"({"b": "x"})", "spec.a: Required value"},
        ValidationCase{R"({"type": "array", "items": {"type": "object", "required": ["n"]}})", R"([{"n": 1}, {}])",
                       "spec[1].n: Required value"},
        ValidationCase{R"({"type": "object", "additionalProperties": {"type": "string"}})", R"({"a.b": 1})",
                       R"(spec.a.b: Invalid value: "integer": spec.a.b in body must be of type string: "integer")"},
        ValidationCase{R"({"type": "array", "minItems": 1})", "[]",
                       "spec: Invalid value: 0: spec in body should have at least 1 items"},
        ValidationCase{R"({"type": "array", "maxItems": 1})", "[1, 2]", "spec: Too many: 2: must have at most 1 item"},
        ValidationCase{R"({"type": "object", "minProperties": 1})", "{}",
                       "spec: Invalid value: 0: spec in body should have at least 1 properties"},
        ValidationCase{R"({"type": "object", "maxProperties": 0})", R"({"a": 1})",
                       "spec: Too many: 1: must have at most 0 items"},
        ValidationCase{R"({"type": "array", "uniqueItems": true})", "[1, 1]",
                       "spec: Invalid value: \"\": spec in body shouldn't contain duplicates"},
        ValidationCase{R"({"type": "array", "x-kubernetes-list-type": "set"})", R"(["a", "b", "a"])",
                       R"(spec[2]: Duplicate value: "a")"},
        ValidationCase{R"({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]})",
                       R"([{"name": "a", "v": 1}, {"name": "a", "v": 2}])",
                       R"(spec[1]: Duplicate value: {"name":"a"})"},
        ValidationCase{R"({"type": "object", "x-kubernetes-embedded-resource": true})", R"({"kind": "A"})",
                       "spec.apiVersion: Required value"}));

INSTANTIATE_TEST_SUITE_P(
    Combinations, SchemaValidation,
    testing::Values(
        ValidationCase{R"({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})", R"({"a": 1})", ""},
        ValidationCase{
            R"({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})", R"({"a": 1, "b": 2})",
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid "
            "alternatives"},
        ValidationCase{R"({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})", "{}",
                       "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none "
                       "valid\nspec.a: Required value"},
        ValidationCase{R"({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]})", R"("fd00::1")", ""},
        ValidationCase{R"({"type": "string", "anyOf": [{"minLength": 3}, {"enum": ["a"]}]})", R"("b")",
                       "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)\nspec: Invalid "
                       "value: \"b\": spec in body should be at least 3 chars long"},
        ValidationCase{R"({"type": "integer", "allOf": [{"minimum": 1}, {"maximum": 5}]})", "7",
                       "spec: Invalid value: 7: spec in body should be less than or equal to 5\n<nil>: Invalid value: "
                       "\"\": \"spec\" must validate all the schemas (allOf)"},
        ValidationCase{R"({"type": "string", "not": {"enum": ["root"]}})", R"("root")",
                       "<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)"}));

struct ChangeCase {
  std::string_view schema, value, result;
};

void PrintTo(const ChangeCase& row, std::ostream* out) {
  *out << plain_text({row.schema, row.value});
}

class SchemaDefaults : public testing::TestWithParam<ChangeCase> {};
TEST_P(SchemaDefaults, FillIn) {
  Json value = json(GetParam().value);
  compile(json(GetParam().schema))->apply_defaults(value);
  EXPECT_EQ(data::to_json(value), data::to_json(json(GetParam().result))) << GetParam().schema;
}
INSTANTIATE_TEST_SUITE_P(
    All, SchemaDefaults,
    testing::Values(
        ChangeCase{R"({"properties": {"a": {"type": "string", "default": "x"}}})", "{}", R"({"a": "x"})"},
        ChangeCase{R"({"properties": {"a": {"type": "string", "default": "x"}}})", R"({"a": ""})", R"({"a": ""})"},
        // Not below an absent object, but below one that a default makes.
        ChangeCase{R"({"properties": {"o": {"type": "object", "properties": {"a": {"default": 1}}}}})", "{}", "{}"},
        ChangeCase{R"({"properties": {"o": {"type": "object", "default": {}, "properties": {"a": {"default": 1}}}}})",
                   "{}", R"({"o": {"a": 1}})"},
        ChangeCase{R"({"properties": {"l": {"type": "array", "items": {"properties": {"a": {"default": 1}}}}}})",
                   R"({"l": [{}, {"a": 2}]})", R"({"l": [{"a": 1}, {"a": 2}]})"},
        ChangeCase{R"({"type": "object", "additionalProperties": {"properties": {"a": {"default": 1}}}})",
                   R"({"x": {}})", R"({"x": {"a": 1}})"},
        // A null that may not be is absent: it takes the default or goes.
        ChangeCase{R"({"properties": {"a": {"type": "string", "default": "x"}, "b": {"type": "string"}}})",
                   R"({"a": null, "b": null})", R"({"a": "x"})"},
        ChangeCase{R"({"properties": {"a": {"type": "string", "nullable": true, "default": "x"}}})", R"({"a": null})",
                   R"({"a": null})"}));

class SchemaPruning : public testing::TestWithParam<ChangeCase> {};
TEST_P(SchemaPruning, KeepsWhatIsKnown) {
  Json value = json(GetParam().value);
  compile(json(GetParam().schema))->prune(value);
  EXPECT_EQ(data::to_json(value), data::to_json(json(GetParam().result))) << GetParam().schema;
}
INSTANTIATE_TEST_SUITE_P(
    All, SchemaPruning,
    testing::Values(
        ChangeCase{R"({"properties": {"a": {"type": "string"}}})", R"({"a": "x", "b": 1})", R"({"a": "x"})"},
        ChangeCase{R"({"properties": {"l": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}}}})",
                   R"({"l": [{"a": 1, "b": 2}]})", R"({"l": [{"a": 1}]})"},
        ChangeCase{R"({"additionalProperties": {"type": "object", "properties": {"a": {}}}})",
                   R"({"x": {"a": 1, "b": 2}})", R"({"x": {"a": 1}})"},
        ChangeCase{R"({"x-kubernetes-preserve-unknown-fields": true, "properties": {"o": {"type": "object"}}})",
                   R"({"o": {"b": 2}, "p": {"c": 3}})", R"({"o": {}, "p": {"c": 3}})"},
        ChangeCase{R"({"properties": {"s": {"type": "string"}}})", R"({"s": [{"a": 1}, [{"b": 2}], 3]})",
                   R"({"s": [{}, [{}], 3]})"},
        ChangeCase{R"({"properties": {"s": {"x-kubernetes-preserve-unknown-fields": true}}})", R"({"s": [{"a": 1}]})",
                   R"({"s": [{"a": 1}]})"},
        ChangeCase{R"({"type": "object", "x-kubernetes-embedded-resource": true})",
                   R"({"apiVersion": "v1", "kind": "A", "metadata": {"name": "x"}, "spec": {}})",
                   R"({"apiVersion": "v1", "kind": "A", "metadata": {"name": "x"}})"}));

TEST(Schema, RefusesWhatItCannotEnforce) {
  std::string deep = "{}";
  for (int i = 0; i < 70; ++i) deep = R"({"type": "array", "items": )" + deep + "}";
  const std::pair<std::string, std::string_view> cases[] = {
      {R"({"properties": {"a": {"type": "text"}}})", "openAPIV3Schema.properties[a]: type 'text'"},
      {R"({"items": {"pattern": "("}})", "openAPIV3Schema.items: pattern '(': missing )"},
      {R"json({"pattern": "(?=a)"})json", "invalid perl operator"},
      {R"({"$ref": "#/a"})", "$ref is not allowed"},
      {R"({"items": [1]})", "must be an object"},
      {R"({"x-kubernetes-list-type": "map"})", "needs x-kubernetes-list-map-keys"},
      {deep, "more than 64 levels"},
  };
  for (const auto& [schema, message] : cases) {
    const auto compiled = StructuralSchema::compile(json(schema));
    ASSERT_FALSE(compiled) << schema;
    EXPECT_NE(compiled.error().message().find(message), std::string::npos) << compiled.error().message();
  }
}

TEST(CustomResource, ReadsADefinition) {
  const auto parsed = parse_crd(widget_crd());
  ASSERT_TRUE(parsed) << parsed.error().message();
  const ResourceInfo& widget = **parsed;
  EXPECT_EQ(widget.group_resource(), "widgets.example.com");
  EXPECT_EQ(widget.list_kind, "WidgetList");
  EXPECT_EQ(widget.storage_version, "v1");
  EXPECT_TRUE(widget.namespaced);
  EXPECT_EQ(widget.short_names, std::vector<std::string>{"wd"});
  ASSERT_EQ(widget.versions.size(), 2u);
  EXPECT_TRUE(widget.versions[1]->has_status);
  EXPECT_EQ(widget.versions[1]->gvk().api_version(), "example.com/v1beta1");
  EXPECT_EQ(widget.versions[0]->columns[0].json_path, ".spec.size");
  EXPECT_EQ(widget.versions[0]->selectable_fields, std::vector<std::string>{"spec.color"});
}

TEST(CustomResource, RefusesABadDefinition) {
  const std::tuple<std::string_view, std::string_view, std::string_view> cases[] = {
      {"kind", R"("Other")", "is no apiextensions.k8s.io/v1 CustomResourceDefinition"},
      {"metadata", R"({"name": "x"})", "that is widgets.example.com"},
  };
  for (const auto& [member, value, message] : cases) {
    Json crd = widget_crd();
    crd.set(member, json(value));
    const auto parsed = parse_crd(crd);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message().find(message), std::string::npos) << parsed.error().message();
  }
  Json crd = widget_crd();
  for (Json& version : crd.at({"spec", "versions"}).mutable_items()) version.set("storage", true);
  EXPECT_FALSE(parse_crd(crd));
  for (Json& version : crd.at({"spec", "versions"}).mutable_items()) version.set("storage", false);
  EXPECT_FALSE(parse_crd(crd));
}

// Every definition that ships compiles and is served.
TEST(CustomResource, AcceptsEveryShippedDefinition) {
  TestRegistry test;
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(SLIPWAY_CRD_FOLDER)) {
    if (file.path().extension() != ".yaml") continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto documents = data::parse_yaml_documents(text.str());
    ASSERT_TRUE(documents) << file.path() << documents.error().message();
    for (const Json& crd : *documents) {
      const auto added = test.registry.add_crd(crd);
      EXPECT_TRUE(added) << file.path() << ": " << added.error().message();
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace slipway::registry
