package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"k3s-standin/internal/files"
)

// startNetwork writes the CNI configuration as soon as this node has its pod range, and then keeps one route per other
// node, like flannel's host-gw, until the context ends.
func (n *node) startNetwork(ctx context.Context) error {
	own, err := clientFor(n.agentPath("kubelet.kubeconfig"))
	if err != nil {
		return err
	}
	others, err := clientFor(n.agentPath("kubeproxy.kubeconfig")) // a kubelet may read only its own Node
	if err != nil {
		return err
	}
	podRange := ""
	if err := waitFor(ctx, "the pod range of node "+n.name, 3*time.Minute, func() bool {
		node, err := own.CoreV1().Nodes().Get(ctx, n.name, metav1.GetOptions{})
		if err == nil {
			podRange = node.Spec.PodCIDR
		}
		return podRange != ""
	}); err != nil {
		return err
	}
	n.children.say("node registered, pod range %s", podRange)
	if err := n.writeNetwork(podRange); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		n.children.warn("pods of other nodes cannot be reached: %v", err)
	}
	go n.keepRoutes(ctx, others)
	return nil
}

func (n *node) writeNetwork(podRange string) error {
	addresses := map[string]any{"type": "host-local", "dataDir": n.agentPath("cni-ipam"),
		"ranges": []any{[]any{map[string]string{"subnet": podRange}}}, "routes": []any{map[string]string{"dst": "0.0.0.0/0"}}}
	raw, err := json.MarshalIndent(map[string]any{"cniVersion": "1.0.0", "name": "cbr0", "plugins": []any{
		map[string]any{"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false, "ipam": addresses},
		map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
	}}, "", " ")
	if err != nil {
		return err
	}
	return files.Put(n.agentPath("etc/cni/net.d/10-k3s.conflist"), raw, 0o600)
}

func (n *node) keepRoutes(ctx context.Context, client *kubernetes.Clientset) {
	routes := map[string]string{}
	for {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err == nil {
			for _, other := range nodes.Items {
				if gateway := internalIP(&other); other.Name != n.name && other.Spec.PodCIDR != "" && gateway != "" && routes[other.Spec.PodCIDR] != gateway {
					if err := setRoute(other.Spec.PodCIDR, gateway); err != nil {
						n.children.warn("%v", err)
						continue
					}
					routes[other.Spec.PodCIDR] = gateway
					n.children.say("route to %s via %s", other.Spec.PodCIDR, gateway)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

func internalIP(node *corev1.Node) string {
	for _, a := range node.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	return ""
}

func setRoute(destination, gateway string) error {
	out, err := exec.Command("ip", "route", "replace", destination, "via", gateway).CombinedOutput()
	if err != nil {
		return fmt.Errorf("route to %s via %s: %w: %s", destination, gateway, err, out)
	}
	return nil
}
