package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// Notes in which form bodies are sent.
type formNote struct {
	next http.RoundTripper
	form string
}

func (n *formNote) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPost || request.Method == http.MethodPut {
		n.form = request.Header.Get("Content-Type")
	}
	return n.next.RoundTrip(request)
}

// definitionForms: a published definition, made and changed by the typed client in both forms that it can send, is
// stored as the same one.
func definitionForms(ctx context.Context, e *environment) error {
	text, err := os.ReadFile(e.definition)
	if err != nil {
		return err
	}
	var stored []any
	for _, form := range []string{protobuf, "application/json"} {
		spec, err := storeDefinition(ctx, e, text, form)
		if err != nil {
			return fmt.Errorf("%s: %w", form, err)
		}
		stored = append(stored, spec)
	}
	if !reflect.DeepEqual(stored[0], stored[1]) {
		left, _ := json.Marshal(stored[0])
		right, _ := json.Marshal(stored[1])
		return fmt.Errorf("from protobuf:\n%s\nfrom JSON:\n%s", left, right)
	}
	return nil
}

// Creates the definition, changes it once, and returns the specification that the server has then, without the
// group, which is another one for each form.
func storeDefinition(ctx context.Context, e *environment, text []byte, form string) (any, error) {
	var definition apiextensions.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		return nil, err
	}
	definition.Spec.Group = strings.TrimPrefix(form, "application/") + "." + e.ns + ".example.com"
	definition.Name = definition.Spec.Names.Plural + "." + definition.Spec.Group
	config, note := rest.CopyConfig(e.config), &formNote{}
	config.ContentType = form
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { note.next = next; return note })
	client, err := apiextensionsclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	api := client.ApiextensionsV1().CustomResourceDefinitions()
	if _, err := api.Create(ctx, &definition, metav1.CreateOptions{FieldValidation: "Strict"}); err != nil {
		return nil, err
	}
	defer func() { _ = api.Delete(context.Background(), definition.Name, metav1.DeleteOptions{}) }()
	if note.form != form {
		return nil, fmt.Errorf("it was sent as %s", note.form)
	}
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error { // the server sets conditions meanwhile
		current, err := api.Get(ctx, definition.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		current.Spec.Names.Categories = append(current.Spec.Names.Categories, "published")
		_, err = api.Update(ctx, current, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(e.config)
	if err != nil {
		return nil, err
	}
	got, err := objects.Resource(apiextensions.SchemeGroupVersion.WithResource("customresourcedefinitions")).Get(ctx, definition.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	spec, _, err := unstructured.NestedMap(got.Object, "spec")
	delete(spec, "group")
	return spec, err
}
