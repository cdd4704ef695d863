// protobuf-oracle prints random objects of the kinds that slipwayd reads as protobuf, each in both forms that client-go
// sends: a line is "KIND BASE64-OF-PROTOBUF JSON".
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"sigs.k8s.io/randfill"
)

type kind struct {
	version schema.GroupVersion
	name    string
	make    func() runtime.Object
}

var kinds = []kind{
	{corev1.SchemeGroupVersion, "Namespace", func() runtime.Object { return &corev1.Namespace{} }},
	{corev1.SchemeGroupVersion, "Secret", func() runtime.Object { return &corev1.Secret{} }},
	{corev1.SchemeGroupVersion, "ConfigMap", func() runtime.Object { return &corev1.ConfigMap{} }},
	{corev1.SchemeGroupVersion, "ServiceAccount", func() runtime.Object { return &corev1.ServiceAccount{} }},
	{corev1.SchemeGroupVersion, "Node", func() runtime.Object { return &corev1.Node{} }},
	{corev1.SchemeGroupVersion, "Event", func() runtime.Object { return &corev1.Event{} }},
	{eventsv1.SchemeGroupVersion, "Event", func() runtime.Object { return &eventsv1.Event{} }},
	{coordinationv1.SchemeGroupVersion, "Lease", func() runtime.Object { return &coordinationv1.Lease{} }},
	{autoscalingv1.SchemeGroupVersion, "Scale", func() runtime.Object { return &autoscalingv1.Scale{} }},
	{rbacv1.SchemeGroupVersion, "Role", func() runtime.Object { return &rbacv1.Role{} }},
	{rbacv1.SchemeGroupVersion, "ClusterRole", func() runtime.Object { return &rbacv1.ClusterRole{} }},
	{rbacv1.SchemeGroupVersion, "RoleBinding", func() runtime.Object { return &rbacv1.RoleBinding{} }},
	{rbacv1.SchemeGroupVersion, "ClusterRoleBinding", func() runtime.Object { return &rbacv1.ClusterRoleBinding{} }},
	{authorizationv1.SchemeGroupVersion, "SubjectAccessReview", func() runtime.Object {
		return &authorizationv1.SubjectAccessReview{}
	}},
	{authorizationv1.SchemeGroupVersion, "LocalSubjectAccessReview", func() runtime.Object {
		return &authorizationv1.LocalSubjectAccessReview{}
	}},
	{authorizationv1.SchemeGroupVersion, "SelfSubjectAccessReview", func() runtime.Object {
		return &authorizationv1.SelfSubjectAccessReview{}
	}},
	{authorizationv1.SchemeGroupVersion, "SelfSubjectRulesReview", func() runtime.Object {
		return &authorizationv1.SelfSubjectRulesReview{}
	}},
	{authenticationv1.SchemeGroupVersion, "TokenRequest", func() runtime.Object { return &authenticationv1.TokenRequest{} }},
	{authenticationv1.SchemeGroupVersion, "TokenReview", func() runtime.Object { return &authenticationv1.TokenReview{} }},
	{authenticationv1.SchemeGroupVersion, "SelfSubjectReview", func() runtime.Object {
		return &authenticationv1.SelfSubjectReview{}
	}},
	{metav1.SchemeGroupVersion, "DeleteOptions", func() runtime.Object { return &metav1.DeleteOptions{} }},
	{apiextensionsv1.SchemeGroupVersion, "CustomResourceDefinition", func() runtime.Object {
		return &apiextensionsv1.CustomResourceDefinition{}
	}},
}

var jsonTexts = []string{`null`, `0`, `-3`, `1.5`, `"text"`, `""`, `true`, `[]`, `[1,{"a":null}]`, `{}`, `{"b":"ö","a":[true]}`}

func newFiller(seed int64) *randfill.Filler {
	depth := 0 // of schemas in schemas
	second := func(c randfill.Continue) time.Time { return time.Unix(c.Int63n(4_000_000_000), 0).UTC() }
	return randfill.New().RandSource(rand.NewSource(seed)).NilChance(0.4).NumElements(0, 3).Funcs(
		func(t *metav1.Time, c randfill.Continue) { t.Time = second(c) },
		func(t *metav1.MicroTime, c randfill.Continue) {
			t.Time = second(c).Add(time.Duration(c.Int63n(1_000_000)) * time.Microsecond)
		},
		func(q *resource.Quantity, c randfill.Continue) {
			*q = resource.MustParse([]string{"0", "10m", "1500Mi", "-2", "3k", "1e3"}[c.Intn(6)])
		},
		func(j *apiextensionsv1.JSON, c randfill.Continue) { j.Raw = []byte(jsonTexts[c.Intn(len(jsonTexts))]) },
		func(f *metav1.FieldsV1, c randfill.Continue) { f.Raw = []byte(`{"f:data":{".":{},"f:a":{}}}`) },
		func(f *float64, c randfill.Continue) {
			*f = []float64{0, 1, -7, 0.25, 1e15, 123456789.5, -1e-7, 1e20}[c.Intn(8)]
		},
		func(s *apiextensionsv1.JSONSchemaProps, c randfill.Continue) {
			if depth == 3 {
				s.Type = "object"
				return
			}
			depth++
			c.FillNoCustom(s)
			depth--
		},
	)
}

func main() {
	seed := flag.Int64("seed", 1, "of the random numbers")
	count := flag.Int("count", 20, "objects of each kind")
	flag.Parse()
	filler := newFiller(*seed)
	scheme := runtime.NewScheme()
	serializer := protobuf.NewSerializer(scheme, scheme)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, k := range kinds {
		for range *count {
			object := k.make()
			filler.Fill(object)
			object.GetObjectKind().SetGroupVersionKind(k.version.WithKind(k.name))
			var bytes bytes.Buffer
			if err := serializer.Encode(object, &bytes); err != nil {
				fmt.Fprintln(os.Stderr, k.name, err)
				os.Exit(1)
			}
			text, err := json.Marshal(object)
			if err != nil {
				fmt.Fprintln(os.Stderr, k.name, err)
				os.Exit(1)
			}
			fmt.Fprintf(out, "%s %s %s\n", k.name, base64.StdEncoding.EncodeToString(bytes.Bytes()), text)
		}
	}
}
