package main

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"k3s-standin/internal/files"
	"k3s-standin/internal/settings"
)

func (n *node) startKubelet() error {
	taints, err := settings.ParseTaints(n.List("node-taint"))
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
	var registered []corev1.Taint
	for _, t := range taints {
		registered = append(registered, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	if registered != nil {
		cfg["registerWithTaints"] = registered
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
