package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"sigs.k8s.io/yaml"
)

// The few members of a Kubernetes object that the histories are about.
type object struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metadata          `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`
}

type metadata struct {
	Name            string            `json:"name,omitempty"`
	Namespace       string            `json:"namespace,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Finalizers      []string          `json:"finalizers,omitempty"`
}

type list struct {
	Metadata metadata `json:"metadata"`
	Items    []object `json:"items"`
}

// What a request came to. An unknown outcome may have taken effect, may still take it, or may never.
type outcome int

const (
	done outcome = iota
	notFound
	alreadyExists
	conflict
	unknown
)

// A client of one API server, over one connection pool of its own.
type client struct {
	server string
	http   *http.Client
}

const collection = "/api/v1/namespaces/default/configmaps"

// newClient reads server, trust and client certificate from a kubeconfig file.
func newClient(kubeconfig string) (*client, error) {
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     string `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Certificate string `json:"client-certificate-data"`
				Key         string `json:"client-key-data"`
				Token       string `json:"token"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", kubeconfig, err)
	}
	if len(config.Clusters) == 0 || len(config.Users) == 0 {
		return nil, fmt.Errorf("%s: needs a cluster and a user", kubeconfig)
	}
	decode := func(text string) []byte {
		decoded, _ := base64.StdEncoding.DecodeString(text)
		return decoded
	}
	settings := &tls.Config{RootCAs: x509.NewCertPool()}
	settings.RootCAs.AppendCertsFromPEM(decode(config.Clusters[0].Cluster.CA))
	user := config.Users[0].User
	if user.Certificate != "" {
		pair, err := tls.X509KeyPair(decode(user.Certificate), decode(user.Key))
		if err != nil {
			return nil, fmt.Errorf("%s: client certificate: %w", kubeconfig, err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: false, MaxIdleConnsPerHost: 2}
	var round http.RoundTripper = transport
	if user.Token != "" {
		round = bearer{user.Token, transport}
	}
	return &client{server: config.Clusters[0].Cluster.Server, http: &http.Client{Transport: round}}, nil
}

type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(request)
}

// send makes one request and decodes the answer into `into` when it succeeded. An error means a bug or an answer that
// no correct server gives; lost connections, timeouts and 5xx are the outcome `unknown`.
func (c *client) send(method, path, contentType string, body any, into any) (outcome, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return unknown, err
		}
		reader = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, reader)
	if err != nil {
		return unknown, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	// A request that is not idempotent must not be sent twice by the transport.
	request.GetBody = nil
	response, err := c.http.Do(request)
	if err != nil {
		return unknown, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return unknown, nil
	}
	switch {
	case response.StatusCode < 300:
		if into == nil {
			return done, nil
		}
		return done, json.Unmarshal(text, into)
	case response.StatusCode == http.StatusNotFound:
		return notFound, nil
	case response.StatusCode == http.StatusConflict:
		var status struct {
			Reason string `json:"reason"`
		}
		if err := json.Unmarshal(text, &status); err != nil {
			return unknown, err
		}
		if status.Reason == "AlreadyExists" {
			return alreadyExists, nil
		}
		return conflict, nil
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
		return unknown, nil
	}
	return unknown, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
}

func newObject(name, group string) object {
	return object{APIVersion: "v1", Kind: "ConfigMap",
		Metadata: metadata{Name: name, Namespace: "default", Labels: map[string]string{"history": group}}}
}

func (c *client) get(name string) (outcome, object, error) {
	var found object
	result, err := c.send(http.MethodGet, collection+"/"+name, "", nil, &found)
	return result, found, err
}

func (c *client) create(wanted object) (outcome, object, error) {
	var created object
	result, err := c.send(http.MethodPost, collection, "application/json", wanted, &created)
	return result, created, err
}

func (c *client) update(wanted object) (outcome, object, error) {
	var updated object
	result, err := c.send(http.MethodPut, collection+"/"+wanted.Metadata.Name, "application/json", wanted, &updated)
	return result, updated, err
}

func (c *client) patch(name string, operations []map[string]any) (outcome, object, error) {
	var patched object
	result, err := c.send(http.MethodPatch, collection+"/"+name, "application/json-patch+json", operations, &patched)
	return result, patched, err
}

func (c *client) remove(name, resourceVersion string) (outcome, error) {
	body := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1"}
	if resourceVersion != "" {
		body["preconditions"] = map[string]string{"resourceVersion": resourceVersion}
	}
	return c.send(http.MethodDelete, collection+"/"+name, "application/json", body, nil)
}

// list reads the objects of one history, "" for all.
func (c *client) list(group string) (outcome, list, error) {
	var found list
	path := collection
	if group != "" {
		path += "?labelSelector=history%3D" + group
	}
	result, err := c.send(http.MethodGet, path, "", nil, &found)
	return result, found, err
}

// waitUntilServed returns when the server answers, or fails after `limit`.
func (c *client) waitUntilServed(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if result, err := c.send(http.MethodGet, collection+"?limit=1", "", nil, nil); err == nil && result == done {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the API server does not answer")
}
