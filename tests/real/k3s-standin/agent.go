package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k3s-standin/internal/files"
	"k3s-standin/internal/pki"
	"k3s-standin/internal/settings"
)

func (n *node) agentPath(name string) string { return filepath.Join(n.data, "agent", name) }

// startAgent joins the server (this very node's, when it is one) and starts kubelet, kube-proxy and the pod network.
// imported delivers the end of startContainerd.
func (n *node) startAgent(ctx context.Context, imported <-chan error) error {
	url, err := n.join(ctx)
	if err != nil {
		return err
	}
	if err := <-imported; err != nil {
		return err
	}
	if err := n.startKubelet(); err != nil {
		return err
	}
	if !n.Bool("disable-kube-proxy") {
		base := map[string]string{"cluster-cidr": n.clusterCIDR, "conntrack-max-per-core": "0", "conntrack-tcp-timeout-close-wait": "0s",
			"conntrack-tcp-timeout-established": "0s", "healthz-bind-address": "127.0.0.1", "hostname-override": n.name,
			"kubeconfig": n.agentPath("kubeproxy.kubeconfig"), "proxy-mode": "iptables"}
		if err := n.children.component("kube-proxy", settings.ComponentArgs(base, n.Args("kube-proxy-arg"))...); err != nil {
			return err
		}
	}
	n.children.say("joined %s", url)
	return n.startNetwork(ctx)
}

// join fetches what a node needs from the server and returns the server's URL.
func (n *node) join(ctx context.Context) (string, error) {
	url, token := n.String("server"), n.String("token")
	if n.Role == "server" {
		url = "https://127.0.0.1:" + n.port
		raw, err := os.ReadFile(filepath.Join(n.data, "server/token"))
		if err != nil {
			return "", err
		}
		token = strings.TrimSpace(string(raw))
	}
	if url == "" || token == "" {
		return "", errors.New("an agent needs the settings server and token")
	}
	if !strings.HasPrefix(url, "https://") {
		return "", errors.New("only https:// URLs are supported, invalid scheme: " + url)
	}
	var j *joiner
	var last error
	err := waitFor(ctx, "server "+url, 5*time.Minute, func() bool {
		j, last = newJoiner(n, url, token)
		return last == nil || errors.Is(last, errWrongCA)
	})
	if err := errors.Join(err, last); err != nil {
		return "", err
	}
	if n.Role == "agent" {
		facts, err := j.facts()
		if err != nil {
			return "", err
		}
		n.clusterCIDR, n.serviceCIDR, n.clusterDNS, n.domain = facts.ClusterCIDR, facts.ServiceCIDR, facts.ClusterDNS, facts.ClusterDomain
	}
	return url, n.fetchCertificates(j)
}

func (n *node) fetchCertificates(j *joiner) error {
	clientCA, err := j.call(http.MethodGet, "/v1-k3s/client-ca.crt", nil)
	if err != nil {
		return err
	}
	if err := errors.Join(files.Put(n.agentPath("server-ca.crt"), j.ca, 0o644), files.Put(n.agentPath("client-ca.crt"), clientCA, 0o644)); err != nil {
		return err
	}
	for _, name := range []string{"serving-kubelet", "client-kubelet", "client-kube-proxy"} {
		if err := j.certificate(n.agentPath(name)); err != nil {
			return err
		}
	}
	return errors.Join(pki.Kubeconfig(n.agentPath("kubelet.kubeconfig"), j.url, j.ca, n.agentPath("client-kubelet"), 0o600),
		pki.Kubeconfig(n.agentPath("kubeproxy.kubeconfig"), j.url, j.ca, n.agentPath("client-kube-proxy"), 0o600))
}
