#include "registry/apply/typed_value.h"

#include <gtest/gtest.h>

#include "registry/apply/fields_v1.h"
#include "registry/schema.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kSchema = R"({"type": "object", "properties": {
  "spec": {"type": "object", "properties": {
    "size": {"type": "integer"},
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "args": {"type": "array", "items": {"type": "string"}},
    "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
      "items": {"type": "object", "properties": {"port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"}, "name": {"type": "string"}}}},
    "selector": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}})";

class TypedValueTest : public testing::Test {
 protected:
  static data::Json spec(std::string_view text) { return data::Json::object({{"spec", json(text)}}); }
  std::string fields(std::string_view text) const { return encode_fields_text(fields_of(spec(text), type)); }
  std::shared_ptr<const StructuralSchema> schema = *StructuralSchema::compile(json(kSchema));
  MergeType type = MergeType::resource(schema.get());
};

TEST_F(TypedValueTest, FieldsOfAnObject) {
  struct Row {
    std::string_view spec, fields;
  };
  for (const Row& row : {
           Row{R"({"size": 1})", R"({"f:spec":{"f:size":{}}})"},
           Row{R"({})", R"({"f:spec":{}})"},
           Row{R"({"tags": ["b", "a"]})", R"({"f:spec":{"f:tags":{"v:\"a\"":{},"v:\"b\"":{}}}})"},
           Row{R"({"args": ["b"]})", R"({"f:spec":{"f:args":{}}})"},
           Row{R"({"ports": [{"port": 80}]})",
               R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}})"},
           Row{R"({"selector": {"a": "b"}})", R"({"f:spec":{"f:selector":{}}})"},
           Row{R"({"labels": {"a": "b"}})", R"({"f:spec":{"f:labels":{"f:a":{}}}})"},
           Row{R"({"free": {"a": [1], "b": {"c": 1}}})", R"({"f:spec":{"f:free":{"f:a":{},"f:b":{".":{},"f:c":{}}}}})"},
           // Items that are there twice have an owner, their parts none.
           Row{R"({"ports": [{"port": 80, "name": "a"}, {"port": 80}]})",
               R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{}}}})"},
       })
    EXPECT_EQ(fields(row.spec), row.fields) << row.spec;
}

TEST_F(TypedValueTest, MetadataHasKubernetesTypes) {
  const data::Json object = json(R"({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a",
    "finalizers": ["x/y"], "labels": {"l": "1"}, "ownerReferences": [{"uid": "u", "name": "n"}]}})");
  EXPECT_EQ(encode_fields_text(fields_of(object, type)),
            R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{"f:finalizers":{"v:\"x/y\"":{}},"f:labels":{"f:l":{}},)"
            R"("f:name":{},"f:ownerReferences":{"k:{\"uid\":\"u\"}":{}}}})");
}

TEST_F(TypedValueTest, Problems) {
  struct Row {
    std::string_view spec, problem;
  };
  for (const Row& row : {
           Row{R"({"size": 1, "labels": null})", ""},
           Row{R"({"height": 1})", ".spec.height: field not declared in schema"},
           Row{R"({"size": "1"})", ".spec.size: expected numeric (int or float), got string"},
           Row{R"({"args": [1]})", ".spec.args[0]: expected string, got &value.valueUnstructured{Value:1}"},
           Row{R"({"tags": ["a", "a"]})", ".spec.tags: duplicate entries for key [=\"a\"]"},
           Row{R"({"ports": [{"port": 1, "protocol": "TCP"}, {"port": 1}]})",
               ".spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]"},
           Row{R"({"ports": [1]})", ".spec.ports: element 0: associative list with keys may not have non-map elements"},
           Row{R"({"tags": [null]})",
               ".spec.tags: element 0: associative list without keys has an element that's an explicit null"},
           Row{R"({"labels": {"a": {"b": "c"}}, "size": true})",
               "errors:\n  .spec.labels.a: expected string, got &value.valueUnstructured{Value:map[string]interface "
               "{}{\"b\":\"c\"}}\n  .spec.size: expected numeric (int or float), got bool"},
       })
    EXPECT_EQ(type_problem(spec(row.spec), type, Duplicates::kRefuse), row.problem) << row.spec;
  EXPECT_EQ(type_problem(spec(R"({"tags": ["a", "a"]})"), type, Duplicates::kAllow), "");
}

TEST_F(TypedValueTest, Comparisons) {
  struct Row {
    std::string_view before, after, added, modified, removed;
  };
  for (const Row& row : {
           Row{R"({"size": 1})", R"({"size": 1.0})", "{}", "{}", "{}"},
           Row{R"({"size": 1})", R"({"size": 2})", "{}", R"({"f:spec":{"f:size":{}}})", "{}"},
           Row{R"({"size": 1})", R"({"args": []})", R"({"f:spec":{"f:args":{}}})", "{}", R"({"f:spec":{"f:size":{}}})"},
           Row{R"({"tags": ["a"]})", R"({"tags": ["b"]})", R"({"f:spec":{"f:tags":{"v:\"b\"":{}}}})", "{}",
               R"({"f:spec":{"f:tags":{"v:\"a\"":{}}}})"},
           Row{R"({"tags": ["a", "b"]})", R"({"tags": ["b", "a"]})", "{}", "{}", "{}"},
           Row{R"({"ports": [{"port": 1}]})", R"({"ports": [{"port": 1, "name": "n"}]})",
               R"({"f:spec":{"f:ports":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{"f:name":{}}}}})", "{}", "{}"},
           Row{R"({"selector": {"a": "b"}})", R"({"selector": {"a": "c", "d": "e"}})", "{}",
               R"({"f:spec":{"f:selector":{}}})", "{}"},
           Row{R"({"free": {"a": 1}})", R"({"free": {"a": {"b": 1}}})", R"({"f:spec":{"f:free":{"f:a":{"f:b":{}}}}})",
               R"({"f:spec":{"f:free":{"f:a":{}}}})", "{}"},
       }) {
    const Comparison found = compare(spec(row.before), spec(row.after), type);
    EXPECT_EQ(encode_fields_text(found.added), row.added) << row.after;
    EXPECT_EQ(encode_fields_text(found.modified), row.modified) << row.after;
    EXPECT_EQ(encode_fields_text(found.removed), row.removed) << row.after;
  }
}

TEST_F(TypedValueTest, WhatIsAddedToNothingIsFoundWithoutComparing) {
  for (const std::string_view text :
       {R"({})", R"({"size": 1, "args": ["a"], "tags": ["b", "a", "b"]})",
        R"({"tags": [], "labels": {}, "free": null})",
        R"({"ports": [{"port": 2, "name": "n"}, {"port": 1}, {"port": 2}]})", R"({"ports": [1, {"port": 1}]})",
        R"({"selector": {"a": "b"}, "labels": {"a": "b"}, "free": {"a": [1, {"b": 2}], "c": {"d": {"e": 1}}}})",
        R"({"size": {"a": 1}, "labels": ["a"], "unknown": {"a": 1}})"})
    EXPECT_EQ(encode_fields_text(added_fields(spec(text), type)),
              encode_fields_text(compare(data::Json::object(), spec(text), type).added))
        << text;
}

TEST_F(TypedValueTest, Merges) {
  struct Row {
    std::string_view live, applied, merged;
  };
  for (const Row& row : {
           Row{R"({"size": 1, "args": ["a"]})", R"({"size": 2})", R"({"size": 2, "args": ["a"]})"},
           Row{R"({"args": ["a", "b"]})", R"({"args": ["c"]})", R"({"args": ["c"]})"},
           Row{R"({"tags": ["a", "b", "c"]})", R"({"tags": ["c", "d", "a"]})", R"({"tags": ["b", "c", "d", "a"]})"},
           Row{R"({"ports": [{"port": 1, "name": "x"}, {"port": 2}]})",
               R"({"ports": [{"port": 1, "protocol": "TCP"}]})",
               R"({"ports": [{"port": 1, "name": "x", "protocol": "TCP"}, {"port": 2}]})"},
           Row{R"({"selector": {"a": "1"}})", R"({"selector": {"b": "2"}})", R"({"selector": {"b": "2"}})"},
           Row{R"({"labels": {"a": "1"}})", R"({"labels": {"b": "2"}})", R"({"labels": {"a": "1", "b": "2"}})"},
           Row{R"({"labels": {"a": "1"}})", R"({"labels": null})", R"({"labels": {"a": "1"}})"},
       })
    EXPECT_EQ(merge(spec(row.live), spec(row.applied), type), spec(row.merged)) << row.applied;
}

TEST_F(TypedValueTest, TakesFieldsAway) {
  const data::Json object = spec(R"({"size": 1, "tags": ["a", "b"], "ports": [{"port": 1, "name": "x"}, {"port": 2}],
    "labels": {"a": "1"}})");
  const auto gone = decode_fields(json(R"({"f:spec": {"f:size": {}, "f:tags": {"v:\"a\"": {}},
    "f:ports": {"k:{\"port\":1,\"protocol\":\"TCP\"}": {"f:name": {}}}, "f:labels": {"f:a": {}}}})"));
  EXPECT_EQ(remove_fields(object, *gone, type),
            spec(R"({"tags": ["b"], "ports": [{"port": 1}, {"port": 2}], "labels": null})"));
}

TEST_F(TypedValueTest, SetsOfAnOlderSchemaFit) {
  const FieldSet old = *decode_fields(json(R"({"f:spec": {"f:selector": {"f:a": {}}, "f:args": {"v:\"a\"": {}},
    "f:labels": {"f:a": {}}}})"));
  EXPECT_FALSE(fits_type(old, type));
  const FieldSet fitted = fit_to_type(old, type);
  EXPECT_EQ(encode_fields_text(fitted), R"({"f:spec":{"f:args":{},"f:labels":{"f:a":{}},"f:selector":{}}})");
  EXPECT_TRUE(fits_type(fitted, type));
}

}  // namespace
}  // namespace slipway::registry
