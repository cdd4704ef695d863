// What Kubernetes itself makes of expressions and rules: the rival that tests/real/cel_test.cpp compares src/cel and
// src/registry with. Reads one JSON request a line from standard input, writes one JSON answer a line.
//
//	{"schema": {...}, "rules": ["self.a == 1", ...], "object": {...}}   expressions: an answer a line, with value and costs
//	{"schema": {...}, "object": {...}, "old": {...}}                    all rules of the schema: the errors
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/interpreter"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/cel/environment"
)

type request struct {
	Schema json.RawMessage `json:"schema"`
	Rules  []string        `json:"rules"`
	Object json.RawMessage `json:"object"`
	Old    json.RawMessage `json:"old"`
	Root   bool            `json:"root"`
}

type answer struct {
	Compile string   `json:"compile"` // why the expression does not compile
	Value   string   `json:"value"`   // true, false, or the error of the evaluation
	Cost    uint64   `json:"cost"`
	MaxCost uint64   `json:"max_cost"`
	Errors  []string `json:"errors"`
}

func structural(raw json.RawMessage) (*structuralschema.Structural, error) {
	var v1 apiextensionsv1.JSONSchemaProps
	if err := json.Unmarshal(raw, &v1); err != nil {
		return nil, err
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&v1, &internal, nil); err != nil {
		return nil, err
	}
	return structuralschema.NewStructural(&internal)
}

func decode(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var value any
	return value, utiljson.Unmarshal(raw, &value)
}

func evaluate(schema *structuralschema.Structural, req request, object any) []answer {
	schema.XValidations = nil
	for _, rule := range req.Rules {
		schema.XValidations = append(schema.XValidations, apiextensionsv1.ValidationRule{Rule: rule})
	}
	// One environment for all of them: making it is what costs time.
	results, err := schemacel.Compile(schema, model.SchemaDeclType(schema, req.Root), celconfig.PerCallLimit,
		environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()), schemacel.NewExpressionsEnvLoader())
	if err != nil {
		return []answer{{Compile: err.Error()}}
	}
	answers := make([]answer, len(results))
	for i, result := range results {
		answers[i] = run(result, schemacel.UnstructuredToVal(object, schema))
	}
	return answers
}

func run(result schemacel.CompilationResult, self any) (out answer) {
	defer func() {
		if problem := recover(); problem != nil {
			out = answer{Compile: fmt.Sprint("panic: ", problem)}
		}
	}()
	if result.Error != nil {
		return answer{Compile: result.Error.Detail}
	}
	out.MaxCost = result.MaxCost
	activation, _ := interpreter.NewActivation(map[string]any{"self": self})
	value, details, err := result.Program.ContextEval(context.Background(), activation)
	if details != nil && details.ActualCost() != nil {
		out.Cost = *details.ActualCost()
	}
	if err != nil {
		out.Value = err.Error()
	} else {
		out.Value = fmt.Sprint(value.Value())
	}
	return out
}

func validate(schema *structuralschema.Structural, req request, object, old any) (out answer) {
	validator := schemacel.NewValidator(schema, req.Root, celconfig.PerCallLimit)
	var options []schemacel.Option
	if old != nil {
		options = append(options, schemacel.WithRatcheting(common.NewCorrelatedObject(object, old, &model.Structural{Structural: schema})))
	}
	errs, _ := validator.Validate(context.Background(), nil, schema, object, old, celconfig.RuntimeCELCostBudget, options...)
	out.Errors = []string{}
	for _, err := range errs {
		out.Errors = append(out.Errors, err.Error())
	}
	return out
}

func handle(line []byte) []answer {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return []answer{{Compile: err.Error()}}
	}
	schema, err := structural(req.Schema)
	if err != nil {
		return []answer{{Compile: "schema: " + err.Error()}}
	}
	object, err := decode(req.Object)
	if err != nil {
		return []answer{{Compile: "object: " + err.Error()}}
	}
	old, err := decode(req.Old)
	if err != nil {
		return []answer{{Compile: "old: " + err.Error()}}
	}
	if len(req.Rules) > 0 {
		return evaluate(schema, req, object)
	}
	return []answer{validate(schema, req, object, old)}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		for _, one := range handle(in.Bytes()) {
			if err := encoder.Encode(one); err != nil {
				panic(err)
			}
		}
	}
}
