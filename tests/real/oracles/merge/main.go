// Command merge is the reference of server-side apply for property tests: it runs sequences of updates and applies
// through the field manager that kube-apiserver uses for custom resources.
//
// Input: one JSON object a line, {"schema": openAPIV3Schema, "operations": [{"operation": "Apply"|"Update",
// "manager": "a", "version": "v1", "subresource": "", "force": false, "object": {...}}]}. Both versions, v1 and v1beta1,
// have the same schema. Output: one line for each, {"results": [{"object", "managers", "error", "causes"}]}; each
// operation works on what the one before it left.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

type operation struct {
	Operation   string          `json:"operation"`
	Manager     string          `json:"manager"`
	Version     string          `json:"version"`
	Subresource string          `json:"subresource"`
	Force       bool            `json:"force"`
	Object      json.RawMessage `json:"object"`
}

type testCase struct {
	Schema     json.RawMessage `json:"schema"`
	Operations []operation     `json:"operations"`
}

type manager struct {
	Manager     string `json:"manager"`
	Operation   string `json:"operation"`
	APIVersion  string `json:"apiVersion"`
	Subresource string `json:"subresource"`
	HasTime     bool   `json:"hasTime"`
	Fields      string `json:"fields"`
}

type result struct {
	Object   map[string]interface{} `json:"object"`
	Managers []manager              `json:"managers"`
	Error    string                 `json:"error"`
	Causes   []string               `json:"causes"`
}

const group = "example.com"

var (
	hub      = schema.GroupVersion{Group: group, Version: "v1"}
	someTime = metav1.NewTime(time.Unix(1700000000, 0).UTC())
)

// conversions changes apiVersion and nothing else, as a CustomResourceDefinition without a webhook does.
type conversions struct{}

func (conversions) Convert(in, out, context interface{}) error {
	return fmt.Errorf("not asked for")
}

func (conversions) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	version := target.(schema.GroupVersion)
	if version.Version != "v1" && version.Version != "v1beta1" {
		return nil, runtime.NewNotRegisteredErrForTarget("oracle", nil, target)
	}
	out := in.DeepCopyObject().(*unstructured.Unstructured)
	out.SetAPIVersion(version.String())
	return out, nil
}

func (conversions) ConvertFieldLabel(gvk schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type creater struct{}

func (creater) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	out := &unstructured.Unstructured{}
	out.SetGroupVersionKind(kind)
	return out, nil
}

type defaulter struct{}

func (defaulter) Default(in runtime.Object) {}

func typeConverter(raw json.RawMessage) (managedfields.TypeConverter, error) {
	props := &apiextensions.JSONSchemaProps{}
	if err := json.Unmarshal(raw, props); err != nil {
		return nil, err
	}
	crd := &apiextensions.CustomResourceDefinition{}
	crd.Name = "things." + group
	crd.Spec.Group = group
	crd.Spec.Names = apiextensions.CustomResourceDefinitionNames{Plural: "things", Singular: "thing", Kind: "Thing", ListKind: "ThingList"}
	crd.Spec.Scope = apiextensions.NamespaceScoped
	models := map[string]*spec.Schema{}
	for _, name := range []string{"v1", "v1beta1"} {
		crd.Spec.Versions = append(crd.Spec.Versions, apiextensions.CustomResourceDefinitionVersion{
			Name: name, Served: true, Storage: name == "v1",
			Schema:       &apiextensions.CustomResourceValidation{OpenAPIV3Schema: props},
			Subresources: &apiextensions.CustomResourceSubresources{Status: &apiextensions.CustomResourceSubresourceStatus{}},
		})
	}
	for _, version := range crd.Spec.Versions {
		document, err := builder.BuildOpenAPIV3(crd, version.Name, builder.Options{})
		if err != nil {
			return nil, err
		}
		for name, model := range document.Components.Schemas {
			models[name] = model
		}
	}
	return managedfields.NewTypeConverter(models, false)
}

func fieldManager(types managedfields.TypeConverter, version, subresource string) (*managedfields.FieldManager, error) {
	groupVersion := schema.GroupVersion{Group: group, Version: version}
	reset := fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
	if subresource == "status" {
		reset = fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec"))
	}
	return managedfields.NewDefaultCRDFieldManager(types, conversions{}, defaulter{}, creater{},
		groupVersion.WithKind("Thing"), hub, subresource,
		map[fieldpath.APIVersion]fieldpath.Filter{fieldpath.APIVersion(groupVersion.String()): fieldpath.NewExcludeSetFilter(reset)})
}

func describe(live *unstructured.Unstructured) result {
	out := result{Managers: []manager{}, Causes: []string{}}
	for _, entry := range live.GetManagedFields() {
		// An unstructured object has lost the order of the fields.
		set := fieldpath.Set{}
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw)); err != nil {
			panic(err)
		}
		fields, err := set.ToJSON()
		if err != nil {
			panic(err)
		}
		out.Managers = append(out.Managers, manager{entry.Manager, string(entry.Operation), entry.APIVersion,
			entry.Subresource, entry.Time != nil, string(fields)})
	}
	bare := live.DeepCopy()
	bare.SetManagedFields(nil)
	out.Object = bare.Object
	return out
}

// freeze sets all times to one, so that no result depends on when it was made.
func freeze(live *unstructured.Unstructured) {
	entries := live.GetManagedFields()
	for i := range entries {
		if entries[i].Time != nil {
			entries[i].Time = &someTime
		}
	}
	if len(entries) > 0 {
		live.SetManagedFields(entries)
	}
}

func run(test testCase) ([]result, error) {
	types, err := typeConverter(test.Schema)
	if err != nil {
		return nil, err
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(hub.WithKind("Thing"))
	results := []result{}
	for _, step := range test.Operations {
		fields, err := fieldManager(types, step.Version, step.Subresource)
		if err != nil {
			return nil, err
		}
		next := &unstructured.Unstructured{Object: map[string]interface{}{}}
		var failure error
		if step.Operation == "Apply" {
			if err := json.Unmarshal(step.Object, &next.Object); err != nil {
				return nil, err
			}
			var applied runtime.Object
			if applied, failure = fields.Apply(live.DeepCopy(), next, step.Manager, step.Force); failure == nil {
				live = applied.(*unstructured.Unstructured)
			}
		} else {
			if err := next.UnmarshalJSON(step.Object); err != nil {
				return nil, err
			}
			live = fields.UpdateNoErrors(live.DeepCopy(), next, step.Manager).(*unstructured.Unstructured)
		}
		live.SetAPIVersion(hub.String())
		freeze(live)
		out := describe(live)
		if failure != nil {
			out.Error = failure.Error()
			if status, ok := failure.(*errors.StatusError); ok && status.Status().Details != nil {
				for _, cause := range status.Status().Details.Causes {
					out.Causes = append(out.Causes, fmt.Sprintf("%s %s %s", cause.Type, cause.Field, cause.Message))
				}
				sort.Strings(out.Causes)
			}
		}
		results = append(results, out)
	}
	return results, nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		test := testCase{}
		if err := json.Unmarshal(in.Bytes(), &test); err != nil {
			fmt.Fprintln(os.Stderr, "merge: a line is no test case:", err)
			os.Exit(1)
		}
		results, err := run(test)
		answer := map[string]interface{}{"results": results}
		if err != nil {
			answer = map[string]interface{}{"failed": err.Error()}
		}
		line, err := json.Marshal(answer)
		if err != nil {
			fmt.Fprintln(os.Stderr, "merge:", err)
			os.Exit(1)
		}
		out.Write(append(line, '\n'))
	}
}
