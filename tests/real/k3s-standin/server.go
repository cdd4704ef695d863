package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"k3s-standin/internal/pki"
	"k3s-standin/internal/settings"
)

// startServer brings up the control plane: certificates, etcd, API server behind the front door, controller manager, scheduler.
func (n *node) startServer(ctx context.Context, store *datastore) error {
	certificates, err := pki.NewServer(n.data, pki.Names{Node: n.name, NodeIP: n.ip, ServiceIP: nthAddress(n.serviceCIDR, 1), ClusterDomain: n.domain,
		More: append(n.List("tls-san"), n.List("advertise-address")...)}, n.String("token"))
	if err != nil {
		return err
	}
	n.children.say("certificates ready")
	etcd, err := store.open(n, certificates)
	if err != nil {
		return err
	}
	n.children.say("datastore ready")
	if err := n.startAPIServer(certificates, etcd); err != nil {
		return err
	}
	if err := n.writeKubeconfigs(certificates); err != nil {
		return err
	}
	if err := n.openFrontDoor(certificates); err != nil {
		return err
	}
	client, err := clientFor(n.credential("supervisor"))
	if err != nil {
		return err
	}
	if err := waitFor(ctx, "kube-apiserver", 3*time.Minute, func() bool {
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return client.RESTClient().Get().AbsPath("/readyz").Do(ask).Error() == nil
	}); err != nil {
		return err
	}
	n.children.say("kube-apiserver ready")
	if err := n.startControllers(certificates); err != nil {
		return err
	}
	go n.publish(ctx, client, certificates)
	go n.deployManifests(ctx)
	return nil
}

func (n *node) startAPIServer(certificates *pki.Server, etcd map[string]string) error {
	at := certificates.Path
	advertise := n.String("advertise-address")
	if advertise == "" {
		advertise = n.ip
	}
	issuer := "https://kubernetes.default.svc." + n.domain
	base := map[string]string{
		"advertise-address": advertise, "bind-address": "127.0.0.1", "secure-port": "6444", "cert-dir": at("temporary-certs"),
		"allow-privileged": "true", "anonymous-auth": "false", "authorization-mode": "Node,RBAC", "enable-admission-plugins": "NodeRestriction",
		"enable-bootstrap-token-auth": "true", "enable-aggregator-routing": "true", "profiling": "false",
		"endpoint-reconciler-type": "none", // it would publish port 6444; see publish
		"api-audiences":            issuer + ",k3s", "service-account-issuer": issuer,
		"service-account-key-file": at("service.key"), "service-account-signing-key-file": at("service.key"),
		"service-cluster-ip-range": n.serviceCIDR, "service-node-port-range": n.String("service-node-port-range"),
		"client-ca-file": at("client-ca.crt"), "tls-cert-file": at("serving-kube-apiserver.crt"), "tls-private-key-file": at("serving-kube-apiserver.key"),
		"kubelet-certificate-authority": at("server-ca.crt"), "kubelet-client-certificate": at("client-kube-apiserver.crt"),
		"kubelet-client-key": at("client-kube-apiserver.key"), "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
		"proxy-client-cert-file": at("client-auth-proxy.crt"), "proxy-client-key-file": at("client-auth-proxy.key"),
		"requestheader-allowed-names": "system:auth-proxy", "requestheader-client-ca-file": at("request-header-ca.crt"),
		"requestheader-username-headers": "X-Remote-User", "requestheader-group-headers": "X-Remote-Group",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
	}
	maps.Copy(base, etcd)
	return n.children.component("kube-apiserver", settings.ComponentArgs(base, n.Args("kube-apiserver-arg"))...)
}

func (n *node) startControllers(certificates *pki.Server) error {
	at := certificates.Path
	base := func(name string) map[string]string {
		file := n.credential(name)
		return map[string]string{"kubeconfig": file, "authentication-kubeconfig": file, "authorization-kubeconfig": file,
			"bind-address": "127.0.0.1", "leader-elect": "false", "profiling": "false"}
	}
	manager := base("controller")
	maps.Copy(manager, map[string]string{"allocate-node-cidrs": "true", "cluster-cidr": n.clusterCIDR, "service-cluster-ip-range": n.serviceCIDR,
		"controllers": "*,tokencleaner", "root-ca-file": at("server-ca.crt"), "service-account-private-key-file": at("service.key"),
		"use-service-account-credentials": "true", "cluster-signing-cert-file": at("client-ca.crt"), "cluster-signing-key-file": at("client-ca.key"),
		// With the default of 20 requests a second it takes 5 s until the node has its pod range, and so until it is Ready.
		"kube-api-qps": "200", "kube-api-burst": "400"})
	if err := n.children.component("kube-controller-manager", settings.ComponentArgs(manager, n.Args("kube-controller-manager-arg"))...); err != nil {
		return err
	}
	if n.Bool("disable-scheduler") {
		return nil
	}
	return n.children.component("kube-scheduler", settings.ComponentArgs(base("scheduler"), n.Args("kube-scheduler-arg"))...)
}

func (n *node) credential(name string) string {
	return filepath.Join(n.data, "server/cred", name+".kubeconfig")
}

func (n *node) writeKubeconfigs(certificates *pki.Server) error {
	for _, k := range [][2]string{{"controller", "client-controller"}, {"scheduler", "client-scheduler"}, {"supervisor", "client-supervisor"}} {
		if err := pki.Kubeconfig(n.credential(k[0]), "https://"+apiAddress, certificates.ServerCA.PEM, certificates.Path(k[1]), 0o600); err != nil {
			return err
		}
	}
	mode, err := strconv.ParseUint(n.String("write-kubeconfig-mode"), 8, 32)
	if err != nil {
		return err
	}
	return pki.Kubeconfig(n.String("write-kubeconfig"), "https://127.0.0.1:"+n.port, certificates.ServerCA.PEM, certificates.Path("client-admin"), os.FileMode(mode))
}

func clientFor(kubeconfig string) (*kubernetes.Clientset, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	cfg.QPS, cfg.Burst = 50, 100
	return kubernetes.NewForConfig(cfg)
}
