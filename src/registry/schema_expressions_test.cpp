#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "registry/custom_resource.h"
#include "registry/schema.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

using data::Json;

Json parse(std::string_view text) {
  auto json = data::parse_json(text);
  EXPECT_TRUE(json) << text;
  return json.value_or(Json());
}

std::shared_ptr<const StructuralSchema> compile(std::string_view schema,
                                                StructuralSchema::Root root = StructuralSchema::Root::kValue) {
  auto compiled = StructuralSchema::compile(parse(schema), root);
  EXPECT_TRUE(compiled) << schema;
  return compiled.value_or(nullptr);
}

// `field: message` of every error, one a line.
std::string show(const FieldErrors& errors) {
  std::string out;
  for (const auto& error : errors) out += fmt::format("{}: {}\n", error.field, error.message);
  return out;
}

std::string check(const std::shared_ptr<const StructuralSchema>& schema, std::string_view value,
                  std::string_view old = "") {
  FieldErrors errors;
  const Json now = parse(value), before = old.empty() ? Json() : parse(old);
  schema->validate_structure(now, errors);
  schema->validate_rules(now, old.empty() ? nullptr : &before, errors);
  return show(errors);
}

TEST(SchemaExpressions, SayWhatIsWrongInUpstreamsWords) {
  const auto schema = compile(
      R"({"type": "object", "x-kubernetes-validations": [{"rule": "self.a < self.b", "message": "a must be less "},
      {"rule": "self.a != 5", "reason": "FieldValueForbidden", "fieldPath": ".a"},
      {"rule": "self.a != 6", "messageExpression": "string(self.a) + ' is a'", "message": "plain"},
      {"rule": "self.a != 7", "messageExpression": "''", "message": "plain"},
      {"rule": "self.b != 8", "reason": "FieldValueRequired", "message": "other b"}],
      "properties": {"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 100"}]}, "b": {"type": "integer"},
      "s": {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'x'", "reason": "FieldValueDuplicate"}, {"rule": "self.size() < 3"}]}}})");
  // The text of a number has no bound that the estimate knows.
  ASSERT_EQ(schema->unsupported_rules().size(), 2u);
  EXPECT_FALSE(schema->unsupported_rules()[0].refuses_writes);
  EXPECT_EQ(check(schema, R"({"a": 1, "b": 2})"), "");
  EXPECT_EQ(check(schema, R"({"a": 3, "b": 2})"), "<nil>: Invalid value: a must be less\n");
  EXPECT_EQ(check(schema, R"({"a": 5, "b": 9})"), "a: Forbidden: failed rule: self.a != 5\n");
  EXPECT_EQ(check(schema, R"({"a": 6, "b": 9})"), "<nil>: Invalid value: 6 is a\n");
  EXPECT_EQ(check(schema, R"({"a": 7, "b": 9})"), "<nil>: Invalid value: plain\n");
  EXPECT_EQ(check(schema, R"({"a": 1, "b": 8})"), "<nil>: Required value: other b\n");
  EXPECT_EQ(check(schema, R"({"a": 100, "b": 200})"), "a: Invalid value: 100: failed rule: self < 100\n");
  EXPECT_EQ(check(schema, R"({"a": 1, "b": 2, "s": "x"})"), "s: Duplicate value: \"x\"\n");
  EXPECT_EQ(check(schema, R"({"a": 1, "b": 2, "s": "abc"})"),
            "s: Invalid value: \"abc\": failed rule: self.size() < 3\n");
  EXPECT_EQ(check(schema, R"({"a": 1})"),
            "<nil>: Invalid value: \"object\": no such key: b evaluating rule: a must be less\n"
            "<nil>: Invalid value: \"object\": no such key: b evaluating rule: other b\n");
}

TEST(SchemaExpressions, AreNotEvaluatedWhereTheStructureIsWrong) {
  const auto schema =
      compile(R"({"type": "object", "required": ["b"], "x-kubernetes-validations": [{"rule": "self.a == 1"}],
      "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}})");
  EXPECT_EQ(check(schema, R"({"a": 2})"),
            "b: Required value\n<nil>: Invalid value: null: some validation rules were not checked because the object "
            "was invalid; correct "
            "the existing errors to complete validation\n");
}

TEST(SchemaExpressions, OldSelfIsCorrelatedByNameAndKey) {
  const auto schema = compile(R"({"type": "object", "properties": {
      "fixed": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is immutable"}]},
      "map": {"type": "object", "additionalProperties": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}},
      "plain": {"type": "array", "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}},
      "keyed": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object",
        "properties": {"k": {"type": "string"}, "v": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}}}},
      "once": {"type": "integer", "x-kubernetes-validations": [{"rule": "!oldSelf.hasValue() || oldSelf.value() == self", "optionalOldSelf": true}]}}})");
  const char* old =
      R"({"fixed": "a", "map": {"x": 5}, "plain": [5], "keyed": [{"k": "a", "v": 5}, {"k": "b", "v": 1}], "once": 1})";
  EXPECT_EQ(check(schema, R"({"fixed": "b", "map": {"x": 1}, "once": 2})"), "");
  EXPECT_EQ(check(schema, R"({"fixed": "b"})", old), "fixed: Invalid value: \"b\": is immutable\n");
  EXPECT_EQ(check(schema, R"({"map": {"x": 4, "y": 1}})", old),
            "map[x]: Invalid value: 4: failed rule: self >= oldSelf\n");
  EXPECT_EQ(check(schema, R"({"plain": [1]})", old), "");
  EXPECT_EQ(check(schema, R"({"keyed": [{"k": "b", "v": 1}, {"k": "a", "v": 4}]})", old),
            "keyed[1].v: Invalid value: 4: failed rule: self >= oldSelf\n");
  EXPECT_EQ(check(schema, R"({"once": 2})", old),
            "once: Invalid value: 2: failed rule: !oldSelf.hasValue() || oldSelf.value() == self\n");
}

TEST(SchemaExpressions, AnUpdateIsNotHeldResponsibleForWhatItKept) {
  const auto schema = compile(R"({"type": "object", "properties": {"spec": {"type": "object",
      "properties": {"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 10"}]}, "b": {"type": "integer"}}}}})");
  EXPECT_EQ(check(schema, R"({"spec": {"a": 1, "b": 2}})", R"({"spec": {"a": 1, "b": 1}})"), "");
  EXPECT_NE(check(schema, R"({"spec": {"a": 2, "b": 2}})", R"({"spec": {"a": 1, "b": 2}})"), "");
  EXPECT_NE(check(schema, R"({"spec": {"a": 1, "b": 2}})"), "");
}

TEST(SchemaExpressions, TheRootSeesItsNameAndNoMoreOfItsMetadata) {
  const auto schema = compile(
      R"({"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name.size() < 5 && self.kind == 'K'"}],
      "properties": {"spec": {"type": "object"}, "metadata": {"type": "object"}}})",
      StructuralSchema::Root::kResource);
  EXPECT_EQ(check(schema, R"({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "a", "labels": {"x": "y"}}})"),
            "");
  EXPECT_NE(check(schema, R"({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "too-long"}})"), "");
  const auto labels =
      compile(R"({"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.labels.size() == 0"}]})",
              StructuralSchema::Root::kResource);
  ASSERT_EQ(labels->unsupported_rules().size(), 1u);
  EXPECT_TRUE(labels->unsupported_rules()[0].refuses_writes);
}

TEST(SchemaExpressions, WhatDoesNotCompileIsNamedAndRefusesWrites) {
  const auto schema = compile(R"({"type": "object", "properties": {"a": {"type": "string", "x-kubernetes-validations": [
      {"rule": "self.startsWith('x') == true"}, {"rule": "authorizer.path('/').check('get').allowed() == true", "message": "m"}]
}
}
})");
  ASSERT_EQ(schema->unsupported_rules().size(), 1u);
  const UnsupportedRule& rule = schema->unsupported_rules()[0];
  EXPECT_EQ(rule.path, "openAPIV3Schema.properties[a].x-kubernetes-validations[1].rule");
  EXPECT_EQ(rule.expression, "authorizer.path('/').check('get').allowed() == true");
  EXPECT_NE(rule.reason.find("undeclared reference to 'authorizer'"), std::string::npos) << rule.reason;
  EXPECT_TRUE(rule.refuses_writes);
  EXPECT_EQ(check(schema, "{}"), "");
  EXPECT_NE(check(schema, R"({"a": "xy"})").find("rule compile error: compilation failed: ERROR: <input>"),
            std::string::npos);
}

TEST(SchemaExpressions, RulesThatMayCostTooMuchAreNamedAndStillHold) {
  const auto schema = compile(R"({"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [
      {"rule": "true && self.all(x, self.exists_one(y, x == y)) == true"}]})");
  ASSERT_FALSE(schema->unsupported_rules().empty());
  EXPECT_FALSE(schema->unsupported_rules()[0].refuses_writes);
  EXPECT_NE(
      schema->unsupported_rules()[0].reason.find("estimated rule cost exceeds budget by factor of more than 100x"),
      std::string::npos);
  EXPECT_EQ(check(schema, R"(["a", "b"])"), "");
  EXPECT_NE(check(schema, R"(["a", "a"])"), "");
}

TEST(SchemaExpressions, TheCostOfOneObjectIsBounded) {
  const auto schema = compile(R"({"type": "array", "items": {"type": "integer", "x-kubernetes-validations": [
      {"rule": "lists.range(60000).all(x, x >= 0) && true"}]}})");
  std::string value = "[0";
  for (int i = 1; i < 60; ++i) value += "," + std::to_string(i);
  EXPECT_EQ(check(schema, value + "]"),
            "[27]: Invalid value: \"integer\": validation failed due to running out of cost budget, no further "
            "validation rules will be run\n");
}

// Every rule of the definitions that Slipway serves.
TEST(SchemaExpressions, OwnDefinitionsAreSupported) {
  int rules = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_CRD_FOLDER)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto text = base::read_file(entry.path());
    ASSERT_TRUE(text);
    rules += static_cast<int>(std::ranges::count(*text, '\n') > 0 &&
                              text->find("x-kubernetes-validations") != std::string::npos);
    const auto documents = data::parse_yaml_documents(*text);
    ASSERT_TRUE(documents) << entry.path();
    for (const Json& crd : *documents) {
      const auto resource = parse_crd(crd);
      ASSERT_TRUE(resource) << entry.path() << ": " << resource.error().message();
      for (const auto& version : (*resource)->versions)
        for (const UnsupportedRule& rule : version->schema->unsupported_rules())
          ADD_FAILURE() << entry.path() << " " << version->version << " " << rule.path << ": " << rule.expression
                        << ": " << rule.reason;
    }
  }
  EXPECT_GT(rules, 0);
}

}  // namespace
}  // namespace slipway::registry
