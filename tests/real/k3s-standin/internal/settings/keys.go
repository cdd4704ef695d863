package settings

// kind says how the values of one key are combined and checked.
type kind int

const (
	scalar  kind = iota // the last value counts
	list                // all values count; one value may hold several, separated by commas
	boolean             // scalar, true or false
	args                // like list, but a comma belongs to the value (kube-apiserver-arg and its like)
)

// A key is one K3s setting: a line of config.yaml and a command line flag of the same name.
type key struct {
	kind kind
	used bool // false: K3s knows it, k3s-standin accepts it, warns and ignores it
}

// known has every setting of K3s 1.36 for servers and agents. A setting that is not here is unknown to K3s, too:
// skipped with a warning in a file, an error on the command line.
var known = func() map[string]key {
	table := map[string]key{}
	add := func(k kind, used bool, names ...string) {
		for _, name := range names {
			table[name] = key{k, used}
		}
	}
	add(scalar, true, "config", "data-dir", "server", "token", "token-file", "node-name", "node-ip", "bind-address", "https-listen-port",
		"advertise-address", "advertise-port", "cluster-cidr", "service-cidr", "service-node-port-range", "cluster-dns", "cluster-domain",
		"write-kubeconfig", "write-kubeconfig-mode", "pause-image", "resolv-conf")
	add(list, true, "tls-san", "disable", "node-label", "node-taint")
	add(args, true, "kube-apiserver-arg", "kube-controller-manager-arg", "kube-scheduler-arg", "kubelet-arg", "kube-proxy-arg")
	add(boolean, true, "cluster-init", "disable-agent", "disable-cloud-controller", "disable-kube-proxy", "disable-scheduler")

	add(scalar, false, "agent-token", "agent-token-file", "alsologtostderr", "cluster-reset-restore-path", "container-runtime-endpoint",
		"datastore-cafile", "datastore-certfile", "datastore-endpoint", "datastore-keyfile", "default-local-storage-path", "default-runtime",
		"egress-selector-mode", "etcd-snapshot-dir", "etcd-snapshot-name", "etcd-snapshot-retention",
		"etcd-snapshot-schedule-cron", "flannel-backend", "flannel-cni-conf", "flannel-conf", "flannel-iface", "helm-job-image",
		"image-credential-provider-bin-dir", "image-credential-provider-config", "image-service-endpoint", "kubelet-path", "lb-server-port",
		"log", "node-external-dns", "node-external-ip", "node-internal-dns", "private-registry", "secrets-encryption-provider",
		"servicelb-namespace", "snapshotter", "system-default-registry", "v", "vmodule", "vpn-auth", "vpn-auth-file", "write-kubeconfig-group")
	add(list, false, "airgap-extra-registry")
	add(args, false, "etcd-arg", "kube-cloud-controller-manager-arg")
	add(boolean, false, "cluster-reset", "debug", "disable-apiserver", "disable-apiserver-lb", "disable-controller-manager",
		"disable-default-registry-endpoint", "disable-etcd", "disable-helm-controller", "disable-network-policy", "docker", "embedded-registry",
		"enable-pprof", "etcd-disable-snapshots", "etcd-expose-metrics", "etcd-s3", "etcd-snapshot-compress", "flannel-external-ip",
		"flannel-ipv6-masq", "nonroot-devices", "prefer-bundled-bin", "protect-kernel-defaults", "rootless", "secrets-encryption", "selinux",
		"supervisor-metrics", "tls-san-security", "with-node-id")
	return table
}()

// shortFlags are K3s' one-letter flags.
var shortFlags = map[string]string{"-t": "token", "-s": "server", "-d": "data-dir", "-c": "config", "-o": "write-kubeconfig", "-i": "node-ip", "-v": "v"}

// environment gives the variables that stand in for a setting which neither a file nor the command line gives.
var environment = map[string]string{
	"token": "K3S_TOKEN", "token-file": "K3S_TOKEN_FILE", "server": "K3S_URL", "node-name": "K3S_NODE_NAME", "data-dir": "K3S_DATA_DIR",
	"cluster-init": "K3S_CLUSTER_INIT", "write-kubeconfig": "K3S_KUBECONFIG_OUTPUT", "write-kubeconfig-mode": "K3S_KUBECONFIG_MODE",
	"resolv-conf": "K3S_RESOLV_CONF",
}

// defaults are K3s' own.
var defaults = map[string]string{
	"data-dir": "/var/lib/rancher/k3s", "cluster-cidr": "10.42.0.0/16", "service-cidr": "10.43.0.0/16", "cluster-domain": "cluster.local",
	"https-listen-port": "6443", "service-node-port-range": "30000-32767", "write-kubeconfig": "/etc/rancher/k3s/k3s.yaml",
	"write-kubeconfig-mode": "600", "pause-image": "local.test/pause:1",
}
