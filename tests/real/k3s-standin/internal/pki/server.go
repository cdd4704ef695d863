package pki

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k3s-standin/internal/files"
)

// Server is everything below server/tls and the join secret.
type Server struct {
	ServerCA, ClientCA, RequestHeaderCA *Authority
	Secret                              string // the secret part of the join token

	folder string
}

// Names are the places and names that server certificates must be good for.
type Names struct {
	Node, NodeIP, ServiceIP, ClusterDomain string
	More                                   []string // tls-san
}

// Path is a file below server/tls.
func (s *Server) Path(name string) string { return filepath.Join(s.folder, name) }

// NewServer loads or makes the CAs below data/server/tls, issues the leaf certificates and settles the join token:
// given (from the configuration) or kept (server/token) or random.
func NewServer(data string, names Names, givenToken string) (*Server, error) {
	s := &Server{folder: filepath.Join(data, "server/tls")}
	var etcdServer, etcdPeer *Authority
	var err error
	for _, ca := range []struct {
		to         **Authority
		file, name string
	}{
		{&s.ServerCA, "server-ca", "k3s-server-ca"},
		{&s.ClientCA, "client-ca", "k3s-client-ca"},
		{&s.RequestHeaderCA, "request-header-ca", "k3s-request-header-ca"},
		{&etcdServer, "etcd/server-ca", "etcd-server-ca"},
		{&etcdPeer, "etcd/peer-ca", "etcd-peer-ca"},
	} {
		if *ca.to, err = LoadOrMakeAuthority(s.Path(ca.file), ca.name); err != nil {
			return nil, err
		}
	}
	if _, err := LoadOrMakeKey(s.Path("service.key")); err != nil {
		return nil, err
	}
	admins := []string{"system:masters"}
	local := []string{"localhost", "127.0.0.1", "::1", names.NodeIP}
	serving := append([]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + names.ClusterDomain,
		names.Node, names.ServiceIP}, append(local, names.More...)...)
	for _, leaf := range []struct {
		by      *Authority
		file    string
		subject Subject
	}{
		{s.ServerCA, "serving-kube-apiserver", Subject{"kube-apiserver", nil, serving}},
		{s.ClientCA, "client-admin", Subject{"system:admin", admins, nil}},
		{s.ClientCA, "client-supervisor", Subject{"system:k3s-supervisor", admins, nil}},
		{s.ClientCA, "client-kube-apiserver", Subject{"system:apiserver", admins, nil}},
		{s.ClientCA, "client-controller", Subject{"system:kube-controller-manager", nil, nil}},
		{s.ClientCA, "client-scheduler", Subject{"system:kube-scheduler", nil, nil}},
		{s.RequestHeaderCA, "client-auth-proxy", Subject{"system:auth-proxy", nil, nil}},
		{etcdServer, "etcd/server-client", Subject{"etcd-server", nil, local}},
		{etcdServer, "etcd/client", Subject{"etcd-client", nil, nil}},
		{etcdPeer, "etcd/peer-server-client", Subject{"etcd-peer", nil, local}},
	} {
		if err := leaf.by.Issue(s.Path(leaf.file), leaf.subject); err != nil {
			return nil, err
		}
	}
	return s, s.settleToken(filepath.Join(data, "server"), givenToken)
}

func (s *Server) settleToken(folder, given string) error {
	file := filepath.Join(folder, "token")
	if given == "" {
		raw, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if given = strings.TrimSpace(string(raw)); given == "" {
			given = files.RandomHex(16)
		}
	}
	token, err := ParseToken(given)
	if err != nil {
		return err
	}
	if err := token.CheckCA(s.ServerCA.PEM); err != nil {
		return err
	}
	s.Secret = token.Secret
	if err := files.Put(file, []byte(FullToken(s.ServerCA.PEM, s.Secret)+"\n"), 0o600); err != nil {
		return err
	}
	link := filepath.Join(folder, "node-token")
	_ = os.Remove(link)
	return os.Symlink("token", link)
}

// Kubeconfig writes a kubeconfig with one user, whose certificate and key are certificate.crt and .key.
func Kubeconfig(path, url string, caPEM []byte, certificate string, mode os.FileMode) error {
	crt, err := os.ReadFile(certificate + ".crt")
	if err != nil {
		return err
	}
	key, err := os.ReadFile(certificate + ".key")
	if err != nil {
		return err
	}
	b64 := base64.StdEncoding.EncodeToString
	return files.Put(path, []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %q
    certificate-authority-data: %s
contexts:
- name: default
  context: {cluster: default, user: default}
current-context: default
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, url, b64(caPEM), b64(crt), b64(key))), mode)
}
