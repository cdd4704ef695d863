package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"k3s-standin/internal/settings"
)

const (
	apiAddress       = "127.0.0.1:6444" // the API server itself; the front door on 6443 passes on to it what is not its own
	containerdSocket = "/run/k3s/containerd/containerd.sock"
)

// A node is one "k3s server" or "k3s agent": its settings, the values worked out from them, and its children.
type node struct {
	*settings.Settings
	machine  machine
	children *children

	data, name, ip, port                         string
	clusterCIDR, serviceCIDR, clusterDNS, domain string
	managesCloud                                 bool // K3s' own cloud controller would run: this node gets a provider ID and loses the cloud taint
}

func newNode(s *settings.Settings) (*node, error) {
	n := &node{Settings: s, data: s.String("data-dir"), port: s.String("https-listen-port"), clusterCIDR: s.String("cluster-cidr"),
		serviceCIDR: s.String("service-cidr"), clusterDNS: s.String("cluster-dns"), domain: s.String("cluster-domain"),
		name: strings.ToLower(s.String("node-name")), ip: s.String("node-ip"), managesCloud: s.Role == "server" && !s.Bool("disable-cloud-controller")}
	var err error
	if n.machine, err = readMachine(); err != nil {
		return nil, err
	}
	n.children = newChildren(n.machine.LogFolder)
	if n.name == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		n.name = strings.ToLower(host)
	}
	if n.ip == "" {
		if n.ip, err = firstAddress(); err != nil {
			return nil, err
		}
	}
	for key, cidr := range map[string]string{"cluster-cidr": n.clusterCIDR, "service-cidr": n.serviceCIDR} {
		if nthAddress(cidr, 1) == "" {
			return nil, fmt.Errorf("setting %s: %q is not an IPv4 range", key, cidr)
		}
	}
	if n.clusterDNS == "" {
		n.clusterDNS = nthAddress(n.serviceCIDR, 10)
	}
	for _, w := range s.Warnings {
		n.children.warn("%s", w)
	}
	return n, nil
}

// run brings everything up, tells the service manager, and returns when a signal comes (nil) or a part dies (its error).
func (n *node) run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n.children.say("Starting k3s %s (%s) as %s on node %s (%s), data-dir %s", version, implementation, n.Role, n.name, n.ip, n.data)

	up := make(chan error, 1)
	var store datastore
	go func() { up <- n.start(ctx, &store) }()
	var err error
	for running := true; running; {
		select {
		case err = <-up:
			if running = err == nil; running {
				n.children.say("k3s is up and running")
				notify("READY=1")
				up = nil
			}
		case err = <-n.children.died:
			running = false
		case s := <-stop:
			n.children.say("got signal %v", s)
			running = false
		}
	}
	notify("STOPPING=1")
	n.children.end()
	store.close()
	return err
}

func (n *node) start(ctx context.Context, store *datastore) error {
	imported := make(chan error, 1)
	if !n.Bool("disable-agent") { // containerd needs nothing from the server: both start at once
		go func() { imported <- n.startContainerd() }()
	}
	if n.Role == "server" {
		if err := n.startServer(ctx, store); err != nil {
			return err
		}
	}
	if n.Bool("disable-agent") {
		return nil
	}
	return n.startAgent(ctx, imported)
}

// notify tells systemd; the socket is not passed on to children.
func notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if connection, err := net.Dial("unixgram", path); err == nil {
		_, _ = connection.Write([]byte(state))
		connection.Close()
	}
}

// toolsFolder holds containerd, runc and the CNI plugins: ../lib/k3s beside the program.
func toolsFolder() string { return filepath.Join(filepath.Dir(program()), "../lib/k3s") }

// program is this file's path, also when it was started through a link.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return "/proc/self/exe"
	}
	return path
}

func firstAddress() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String(), nil
		}
	}
	return "", fmt.Errorf("no network interface has a usable IPv4 address: give one or set node-ip")
}

// nthAddress is "" when the text is not an IPv4 range.
func nthAddress(cidr string, n byte) string {
	ip, _, err := net.ParseCIDR(cidr)
	if err != nil || ip.To4() == nil {
		return ""
	}
	ip = ip.To4()
	ip[3] += n
	return ip.String()
}
