package main

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"k3s-standin/internal/files"
	"k3s-standin/internal/settings"
)

func (n *node) startKubelet() error {
	taints, err := parseTaints(n.List("node-taint"))
	if err != nil {
		return err
	}
	resolvConf := n.String("resolv-conf")
	if resolvConf == "" && files.Exists("/etc/resolv.conf") {
		resolvConf = "/etc/resolv.conf"
	}
	cfg := map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true},
			"x509": map[string]any{"clientCAFile": n.agentPath("client-ca.crt")}},
		"authorization":            map[string]any{"mode": "Webhook"},
		"cgroupDriver":             "cgroupfs",
		"clusterDNS":               []string{n.clusterDNS},
		"clusterDomain":            n.domain,
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"evictionHard":             map[string]any{"imagefs.available": "5%", "nodefs.available": "5%"},
		"failCgroupV1":             false, // test machines with cgroup v1 are welcome
		"failSwapOn":               false,
		"readOnlyPort":             0,
		"resolvConf":               resolvConf,
		"serializeImagePulls":      false,
		"staticPodPath":            n.agentPath("pod-manifests"),
		"tlsCertFile":              n.agentPath("serving-kubelet.crt"),
		"tlsPrivateKeyFile":        n.agentPath("serving-kubelet.key"),
	}
	if taints != nil {
		cfg["registerWithTaints"] = taints
	}
	raw, err := json.MarshalIndent(cfg, "", " ")
	if err != nil {
		return err
	}
	file := n.agentPath("etc/kubelet.conf.d/00-k3s-defaults.conf")
	if err := files.Put(file, raw, 0o600); err != nil {
		return err
	}
	base := map[string]string{"config": file, "kubeconfig": n.agentPath("kubelet.kubeconfig"), "hostname-override": n.name, "node-ip": n.ip,
		"node-labels": strings.Join(append([]string{"node.kubernetes.io/instance-type=k3s"}, n.List("node-label")...), ","),
		"cert-dir":    n.agentPath("kubelet-certs")}
	if n.machine.CgroupRoot != "" {
		makeCgroup(n.machine.CgroupRoot)
		base["cgroup-root"] = n.machine.CgroupRoot
	}
	return n.children.component("kubelet", settings.ComponentArgs(base, n.Args("kubelet-arg"))...)
}

// parseTaints reads key=value:Effect and key:Effect.
func parseTaints(texts []string) (taints []corev1.Taint, err error) {
	for _, text := range texts {
		pair, effect, found := strings.Cut(text, ":")
		key, value, _ := strings.Cut(pair, "=")
		switch e := corev1.TaintEffect(effect); {
		case !found || key == "":
			return nil, fmt.Errorf("setting node-taint: %q is not key=value:Effect", text)
		case e != corev1.TaintEffectNoSchedule && e != corev1.TaintEffectPreferNoSchedule && e != corev1.TaintEffectNoExecute:
			return nil, fmt.Errorf("setting node-taint: %q has the unknown effect %q", text, effect)
		default:
			taints = append(taints, corev1.Taint{Key: key, Value: value, Effect: e})
		}
	}
	return taints, nil
}
