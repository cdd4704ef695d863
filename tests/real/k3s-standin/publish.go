package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"k3s-standin/internal/pki"
)

const cloudTaint = "node.cloudprovider.kubernetes.io/uninitialized"

// publish writes the objects that K3s' own controllers would: the endpoints of the kubernetes service, the serving
// certificate's Secret, this node's role labels and, in place of K3s' cloud controller, its provider ID. Each is tried until it works.
func (n *node) publish(ctx context.Context, client *kubernetes.Clientset, certificates *pki.Server) {
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return n.publishEndpoints(ctx, client) },
		func(ctx context.Context) error { return publishServingSecret(ctx, client, certificates) },
	}
	if !n.Bool("disable-agent") {
		steps = append(steps, func(ctx context.Context) error { return n.labelNode(ctx, client) })
	}
	for _, step := range steps {
		for step(ctx) != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
}

// publishEndpoints: the API server would publish its own port, 6444, and upstream has no flag for another one.
func (n *node) publishEndpoints(ctx context.Context, client *kubernetes.Clientset) error {
	ready, name, protocol, address, portText := true, "https", corev1.ProtocolTCP, n.String("advertise-address"), n.String("advertise-port")
	if address == "" {
		address = n.ip
	}
	if portText == "" {
		portText = n.port
	}
	number, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	port := int32(number)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "kubernetes", Namespace: "default", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
	}
	api := client.DiscoveryV1().EndpointSlices("default")
	_, err = api.Create(ctx, slice, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = api.Update(ctx, slice, metav1.UpdateOptions{})
	}
	return err
}

// publishServingSecret: Cluster API's K3s provider takes its presence for "the control plane is initialised".
func publishServingSecret(ctx context.Context, client *kubernetes.Clientset, certificates *pki.Server) error {
	crt, err := os.ReadFile(certificates.Path("serving-kube-apiserver.crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(certificates.Path("serving-kube-apiserver.key"))
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "k3s-serving", Namespace: "kube-system"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: crt, corev1.TLSPrivateKeyKey: key}}
	api := client.CoreV1().Secrets("kube-system")
	_, err = api.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = api.Update(ctx, secret, metav1.UpdateOptions{})
	}
	return err
}

// labelNode fails until the kubelet has registered the node.
func (n *node) labelNode(ctx context.Context, client *kubernetes.Clientset) error {
	api := client.CoreV1().Nodes()
	current, err := api.Get(ctx, n.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true"}
	if n.Bool("cluster-init") {
		labels["node-role.kubernetes.io/etcd"] = "true"
	}
	patch := map[string]any{"metadata": map[string]any{"labels": labels, "resourceVersion": current.ResourceVersion}}
	if n.managesCloud {
		spec := map[string]any{"taints": slices.DeleteFunc(current.Spec.Taints, func(t corev1.Taint) bool { return t.Key == cloudTaint })}
		if current.Spec.ProviderID == "" {
			spec["providerID"] = "k3s://" + n.name
		}
		patch["spec"] = spec
	}
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = api.Patch(ctx, n.name, types.MergePatchType, raw, metav1.PatchOptions{})
	return err
}
