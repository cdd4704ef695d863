package main

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k3s-standin/internal/files"
	"k3s-standin/internal/pki"
)

// openFrontDoor listens on K3s' one port: the CA, join requests, and for all the rest a proxy to the API server.
func (n *node) openFrontDoor(certificates *pki.Server) error {
	serving, err := loadPair(certificates, "serving-kube-apiserver")
	if err != nil {
		return err
	}
	proxied, err := apiProxy(certificates)
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AddCert(certificates.ClientCA.Certificate)
	mux := http.NewServeMux()
	text := func(content []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	}
	mux.HandleFunc("GET /cacerts", text(certificates.ServerCA.PEM))
	mux.HandleFunc("GET /ping", text([]byte("pong")))
	newJoinDesk(n, certificates).register(mux)
	mux.Handle("/", proxied)
	server := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 30 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{serving}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients}}
	listener, err := net.Listen("tcp", net.JoinHostPort(n.String("bind-address"), n.port))
	if err != nil {
		return fmt.Errorf("cannot listen for the Kubernetes API: %w", err)
	}
	go func() {
		n.children.report(fmt.Errorf("front door on port %s: %w", n.port, server.ServeTLS(listener, "", "")))
	}()
	return nil
}

func loadPair(certificates *pki.Server, name string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(certificates.Path(name+".crt"), certificates.Path(name+".key"))
}

// apiProxy passes requests on to the API server. A verified client certificate becomes X-Remote-User and -Group, vouched for
// with the request-header certificate; without one the request goes on bare, so that tokens and anonymous requests work.
func apiProxy(certificates *pki.Server) (http.Handler, error) {
	voucher, err := loadPair(certificates, "client-auth-proxy")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificates.ServerCA.Certificate)
	vouched, bare := newTransports(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{voucher}}), newTransports(&tls.Config{RootCAs: roots})
	return &httputil.ReverseProxy{
		FlushInterval: -1, // watches and logs must not wait for a full buffer
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite:       rewriteForAPI,
		Transport: chooseTransport(func(r *http.Request) http.RoundTripper {
			if r.Header.Get("X-Remote-User") != "" {
				return vouched.of(r)
			}
			return bare.of(r)
		}),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
		},
	}, nil
}

func rewriteForAPI(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", apiAddress, r.In.Host
	for name := range r.Out.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-remote-") {
			delete(r.Out.Header, name)
		}
	}
	if chain := r.In.TLS.PeerCertificates; len(chain) > 0 {
		r.Out.Header.Set("X-Remote-User", chain[0].Subject.CommonName)
		for _, organization := range chain[0].Subject.Organization {
			r.Out.Header.Add("X-Remote-Group", organization)
		}
	}
}

// transports: exec, attach and port-forward upgrade the connection, which HTTP/2 cannot.
type transports struct{ h1, h2 *http.Transport }

func newTransports(cfg *tls.Config) transports {
	return transports{
		h1: &http.Transport{TLSClientConfig: cfg.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}},
		h2: &http.Transport{TLSClientConfig: cfg.Clone(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
	}
}

func (t transports) of(r *http.Request) http.RoundTripper {
	if r.Header.Get("Upgrade") != "" {
		return t.h1
	}
	return t.h2
}

type chooseTransport func(*http.Request) http.RoundTripper

func (c chooseTransport) RoundTrip(r *http.Request) (*http.Response, error) { return c(r).RoundTrip(r) }

// A joinDesk answers K3s' join requests: who knows the secret gets certificates for its node name. The first node
// password seen for a name is kept; another one later is refused, so that nobody takes over a node by its name.
type joinDesk struct {
	node         *node
	certificates *pki.Server
	file         string

	mutex sync.Mutex
	known map[string]string // node name -> hash of its password
}

func newJoinDesk(n *node, certificates *pki.Server) *joinDesk {
	d := &joinDesk{node: n, certificates: certificates, file: filepath.Join(n.data, "server/cred/node-passwd.json"), known: map[string]string{}}
	if raw, err := os.ReadFile(d.file); err == nil {
		if err := json.Unmarshal(raw, &d.known); err != nil {
			n.children.warn("%s: %v; starting with none", d.file, err)
		}
	}
	return d
}

func (d *joinDesk) register(mux *http.ServeMux) {
	n := d.node
	mux.HandleFunc("GET /v1-k3s/client-ca.crt", d.withSecret(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(d.certificates.ClientCA.PEM) }))
	mux.HandleFunc("GET /v1-k3s/config", d.withSecret(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(clusterFacts{n.clusterCIDR, n.serviceCIDR, n.clusterDNS, n.domain, version})
	}))
	mux.HandleFunc("POST /v1-k3s/serving-kubelet.crt", d.issue(d.certificates.ServerCA, func(name, ip string) pki.Subject {
		return pki.Subject{CommonName: name, Names: append([]string{name, "localhost", "127.0.0.1"}, strings.Split(ip, ",")...)}
	}))
	mux.HandleFunc("POST /v1-k3s/client-kubelet.crt", d.issue(d.certificates.ClientCA, func(name, _ string) pki.Subject {
		return pki.Subject{CommonName: "system:node:" + name, Organizations: []string{"system:nodes"}}
	}))
	mux.HandleFunc("POST /v1-k3s/client-kube-proxy.crt", d.issue(d.certificates.ClientCA, func(string, string) pki.Subject {
		return pki.Subject{CommonName: "system:kube-proxy"}
	}))
}

// clusterFacts is what a joining node learns about the cluster.
type clusterFacts struct {
	ClusterCIDR   string `json:"clusterCIDR"`
	ServiceCIDR   string `json:"serviceCIDR"`
	ClusterDNS    string `json:"clusterDNS"`
	ClusterDomain string `json:"clusterDomain"`
	Version       string `json:"version"`
}

func (d *joinDesk) withSecret(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, secret, _ := r.BasicAuth()
		if (user != "node" && user != "server") || subtle.ConstantTimeCompare([]byte(secret), []byte(d.certificates.Secret)) != 1 {
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (d *joinDesk) issue(by *pki.Authority, subject func(name, ip string) pki.Subject) http.HandlerFunc {
	return d.withSecret(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("k3s-Node-Name")
		if err := d.checkPassword(name, r.Header.Get("k3s-Node-Password")); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		request, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err == nil {
			request, err = by.SignRequest(request, subject(name, r.Header.Get("k3s-Node-IP")))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write(request)
	})
}

func (d *joinDesk) checkPassword(name, password string) error {
	if name == "" {
		return errors.New("node name not set")
	}
	hash := pki.HashCA([]byte(name + password))
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.known[name] == "" {
		d.known[name] = hash
		raw, err := json.Marshal(d.known)
		if err != nil {
			return err
		}
		return files.Put(d.file, raw, 0o600)
	}
	if d.known[name] != hash {
		return errors.New("node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry")
	}
	return nil
}
