package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"k3s-standin/internal/files"
	"k3s-standin/internal/pki"
)

const replyLimit = 1 << 20

var errWrongCA = errors.New("wrong CA")

// A joiner talks to a server's front door with the token. The server's CA is trusted because of the hash in the token,
// or on first use with a bare token, as in K3s.
type joiner struct {
	url, secret, node, password, ip string
	ca                              []byte
	client                          *http.Client
}

func newJoiner(n *node, url, tokenText string) (*joiner, error) {
	token, err := pki.ParseToken(tokenText)
	if err != nil {
		return nil, errors.Join(errWrongCA, err)
	}
	blind := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	reply, err := blind.Get(url + "/cacerts")
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	ca, err := io.ReadAll(io.LimitReader(reply.Body, replyLimit))
	if err != nil {
		return nil, err
	}
	if err := token.CheckCA(ca); err != nil {
		return nil, errors.Join(errWrongCA, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s/cacerts gives no certificate", url)
	}
	password, err := files.Secret("/etc/rancher/node/password")
	if err != nil {
		return nil, err
	}
	return &joiner{url, token.Secret, n.name, password, n.ip, ca,
		&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}}, nil
}

func (j *joiner) call(method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, j.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth("node", j.secret)
	request.Header.Set("k3s-Node-Name", j.node)
	request.Header.Set("k3s-Node-Password", j.password)
	request.Header.Set("k3s-Node-IP", j.ip)
	reply, err := j.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	out, err := io.ReadAll(io.LimitReader(reply.Body, replyLimit))
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s%s: %s: %s", j.url, path, reply.Status, strings.TrimSpace(string(out)))
	}
	return out, err
}

// certificate asks for base.crt, for the kept key base.key; the last part of base is the request's name.
func (j *joiner) certificate(base string) error {
	key, err := pki.LoadOrMakeKey(base + ".key")
	if err != nil {
		return err
	}
	request, err := pki.Request(key, j.node)
	if err != nil {
		return err
	}
	certificate, err := j.call(http.MethodPost, "/v1-k3s/"+filepath.Base(base)+".crt", request)
	if err != nil {
		return err
	}
	return files.Put(base+".crt", certificate, 0o644)
}

func (j *joiner) facts() (facts clusterFacts, err error) {
	raw, err := j.call(http.MethodGet, "/v1-k3s/config", nil)
	if err != nil {
		return facts, err
	}
	return facts, json.Unmarshal(raw, &facts)
}
