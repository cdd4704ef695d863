#include "cluster/variables.h"

#include <gtest/gtest.h>

#include "cluster/text_template.h"
#include "cluster/variable_path.h"
#include "data/json_text.h"
#include "data/yaml.h"

namespace slipway::cluster {
namespace {

using base::ErrorCode;

Json yaml(std::string_view text) {
  auto value = data::parse_yaml(text);
  EXPECT_TRUE(value.has_value()) << value.error().message();
  return value.value_or(Json());
}

TEST(VariablePath, LeadsToTheValueOrSaysWhyNot) {
  const Json variables = yaml(R"(
a: {b: [{c: 1}, {c: two}]}
s: text
)");
  const struct {
    const char* path;
    const char* value;  // JSON, or the error's message
    ErrorCode code = ErrorCode::kUnknown;
  } cases[] = {
      {"s", "\"text\""},
      {"a.b[1].c", "\"two\""},
      {"a.b", R"([{"c":1},{"c":"two"}])"},
      {"a.x", "variable 'a.x' has no value ('x' is not set)", ErrorCode::kNotFound},
      {"s.x", "variable 's.x' has no value ('x' is not set)", ErrorCode::kNotFound},
      {"a.b[2].c", "variable path 'a.b[2].c': index 2 is out of range (2 items)", ErrorCode::kInvalid},
      {"s[0]", "variable path 's[0]': 's' is no list", ErrorCode::kInvalid},
      {"a.b[-1]", "variable path 'a.b[-1]': an index must look like name[0]", ErrorCode::kInvalid},
      {"a.b[0", "variable path 'a.b[0': an index must look like name[0]", ErrorCode::kInvalid},
      {"a.b]", "variable path 'a.b]': a name is empty or has a lone ]", ErrorCode::kInvalid},
      {"a..b", "variable path 'a..b': a name is empty or has a lone ]", ErrorCode::kInvalid},
      {"", "variable path '': a name is empty or has a lone ]", ErrorCode::kInvalid},
  };
  for (const auto& test : cases) {
    const auto found = find_variable(variables, test.path);
    if (test.code == ErrorCode::kUnknown) {
      ASSERT_TRUE(found.has_value()) << test.path << ": " << found.error().message();
      EXPECT_EQ(data::to_json(*found), test.value) << test.path;
    } else {
      ASSERT_FALSE(found.has_value()) << test.path;
      EXPECT_EQ(found.error().message(), test.value);
      EXPECT_EQ(found.error().code(), test.code) << test.path;
    }
  }
}

TEST(TextTemplate, RendersVariablesAndRefusesTheRestByName) {
  const Json variables = yaml("{name: edge, n: 1000000, flag: true, list: [1, 2], cluster: {name: c1}}");
  const struct {
    const char* text;
    const char* result;
    bool fails = false;
  } cases[] = {
      {"plain", "plain"},
      {"", ""},
      {"{{ .name }}", "edge"},
      {"{{.cluster.name}}-{{ .n }}", "c1-1000000"},
      {"{{ .flag }}", "true"},
      {"{{ .list }}", "[1,2]"},
      {"a  {{- .name -}}  b", "aedgeb"},
      {"{{ .missing }}", "variable 'missing' has no value ('missing' is not set)", true},
      {"{{ if .flag }}x{{ end }}", "template expression {{ if .flag }} is not supported, only {{ .variable }} is",
       true},
      {"{{ .name | upper }}", "template expression {{ .name | upper }} is not supported, only {{ .variable }} is",
       true},
      {"{{ . }}", "template expression {{ . }} is not supported, only {{ .variable }} is", true},
      {"{{ .name", "template '{{ .name' has {{ without }}", true},
  };
  for (const auto& test : cases) {
    const auto rendered = render_template(test.text, variables);
    ASSERT_EQ(rendered.has_value(), !test.fails) << test.text;
    EXPECT_EQ(test.fails ? rendered.error().message() : *rendered, test.result) << test.text;
  }
}

const char* kClass = R"(
spec:
  variables:
  - name: airGapped
    required: true
    schema: {openAPIV3Schema: {type: boolean}}
  - name: registry
    schema: {openAPIV3Schema: {type: object, properties: {url: {type: string, minLength: 3}, retries: {type: integer, default: 2}}}}
  - name: level
    required: true
    schema: {openAPIV3Schema: {type: string, enum: [low, high], default: low}}
)";

TEST(Variables, AreCheckedAgainstTheClassAndCompleted) {
  const struct {
    const char* given;
    const char* completed;  // JSON, when there is no error
    std::vector<std::string> errors;
  } cases[] = {
      {"[{name: airGapped, value: true}]", R"([{"name":"airGapped","value":true},{"name":"level","value":"low"}])", {}},
      {"[{name: registry, value: {url: abc}}, {name: airGapped, value: false}, {name: level, value: high}]",
       R"([{"name":"registry","value":{"retries":2,"url":"abc"}},{"name":"airGapped","value":false},{"name":"level","value":"high"}])",
       {}},
      {"[]", "", {"spec.topology.variables: Required value: required variable \"airGapped\" must be set"}},
      {"[{name: airGapped, value: true}, {name: airgapped, value: true}]",
       "",
       {"spec.topology.variables[1].name: Invalid value: \"airgapped\": variable is not defined"}},
      {"[{name: airGapped, value: true}, {name: airGapped, value: true}]",
       "",
       {"spec.topology.variables[1].name: Duplicate value: \"airGapped\""}},
      {"[{name: airGapped, value: yes please}]",
       "",
       {"spec.topology.variables[0].value: Invalid value: \"string\": spec.topology.variables[0].value in body must be "
        "of type boolean: \"string\""}},
      {"[{name: airGapped, value: true}, {name: level, value: medium}]",
       "",
       {"spec.topology.variables[1].value: Unsupported value: \"medium\": supported values: \"low\", \"high\""}},
  };
  for (const auto& test : cases) {
    FieldErrors errors;
    const Json completed = complete_variables(yaml(kClass), yaml(test.given), "spec.topology.variables", errors);
    std::vector<std::string> texts;
    for (const auto& error : errors) texts.push_back(error.field + ": " + error.message);
    EXPECT_EQ(texts, test.errors) << test.given;
    if (test.errors.empty()) {
      EXPECT_EQ(data::to_json(completed), test.completed) << test.given;
    }
  }
}

TEST(Variables, DefinitionsThatCannotBeUsedAreNamed) {
  const Json cluster_class = yaml(R"(
spec:
  variables:
  - {name: builtin, schema: {openAPIV3Schema: {type: string}}}
  - {name: a.b, schema: {openAPIV3Schema: {type: string}}}
  - {name: twice, schema: {openAPIV3Schema: {type: string}}}
  - {name: twice, schema: {openAPIV3Schema: {type: string}}}
  - {name: wrongDefault, schema: {openAPIV3Schema: {type: string, default: 1}}}
  - {name: wrongType, schema: {openAPIV3Schema: {type: text}}}
)");
  FieldErrors errors;
  validate_definitions(cluster_class, errors);
  std::vector<std::string> fields;
  for (const auto& error : errors) fields.push_back(error.field);
  EXPECT_EQ(fields,
            (std::vector<std::string>{"spec.variables[0].name", "spec.variables[1].name", "spec.variables[3].name",
                                      "spec.variables[4].schema.openAPIV3Schema.default",
                                      "spec.variables[5].schema.openAPIV3Schema"}));
}

}  // namespace
}  // namespace slipway::cluster
