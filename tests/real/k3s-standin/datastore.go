package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"k3s-standin/internal/pki"
)

// A datastore is the embedded etcd. K3s without cluster-init would use SQLite; here it is always etcd, in K3s' etcd folder.
type datastore struct{ etcd *embed.Etcd }

func (d *datastore) close() {
	if d.etcd != nil {
		d.etcd.Close()
	}
}

// open starts etcd, waits until it serves, and gives the API server's arguments for it.
func (d *datastore) open(n *node, certificates *pki.Server) (map[string]string, error) {
	folder := filepath.Join(n.data, "server/db/etcd")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.LogLevel = n.name, folder, "warn"
	if n.machine.LogFolder != "" {
		if err := os.MkdirAll(n.machine.LogFolder, 0o755); err != nil {
			return nil, err
		}
		cfg.LogOutputs = []string{filepath.Join(n.machine.LogFolder, "etcd.log")}
	}
	client, peer := url.URL{Scheme: "https", Host: "127.0.0.1:2379"}, url.URL{Scheme: "https", Host: "127.0.0.1:2380"}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.ClientTLSInfo = transport.TLSInfo{CertFile: certificates.Path("etcd/server-client.crt"), KeyFile: certificates.Path("etcd/server-client.key"),
		TrustedCAFile: certificates.Path("etcd/server-ca.crt"), ClientCertAuth: true}
	cfg.PeerTLSInfo = transport.TLSInfo{CertFile: certificates.Path("etcd/peer-server-client.crt"), KeyFile: certificates.Path("etcd/peer-server-client.key"),
		TrustedCAFile: certificates.Path("etcd/peer-ca.crt"), ClientCertAuth: true}
	cfg.InitialCluster = n.name + "=" + peer.String()
	cfg.TickMs, cfg.ElectionMs = 20, 200 // one member: nothing to wait for, and a start waits one election
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("etcd in %s: %w", folder, err)
	}
	d.etcd = etcd
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return nil, fmt.Errorf("etcd in %s: %w", folder, err)
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("etcd in %s is not ready after a minute", folder)
	}
	go func() {
		if err, open := <-etcd.Err(); open && err != nil {
			n.children.report(fmt.Errorf("etcd ended: %w", err))
		}
	}()
	return map[string]string{"etcd-servers": client.String(), "etcd-cafile": certificates.Path("etcd/server-ca.crt"),
		"etcd-certfile": certificates.Path("etcd/client.crt"), "etcd-keyfile": certificates.Path("etcd/client.key"), "storage-backend": "etcd3"}, nil
}
