package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseToken(t *testing.T) {
	hash := strings.Repeat("a", 64)
	for _, c := range []struct {
		text string
		want Token
		err  string
	}{
		{"password", Token{"", "", "password"}, ""},
		{"K10" + hash + "::server:pw", Token{hash, "server", "pw"}, ""},
		{"K10" + hash + ":::pw", Token{hash, "", "pw"}, ""},
		{"", Token{}, "token must not be empty"},
		{"K10::", Token{}, "invalid token format"},
		{"K10::x", Token{}, "invalid token format"},
		{"K10::x:", Token{}, "invalid token format"},
		{"K10XX::x:y", Token{}, "invalid token CA hash length"},
	} {
		got, err := ParseToken(c.text)
		if (err == nil) != (c.err == "") || (err != nil && err.Error() != c.err) || got != c.want {
			t.Errorf("%q: got %+v, %v", c.text, got, err)
		}
	}
}

func TestTokenIsBoundToItsCA(t *testing.T) {
	ca := []byte("-----BEGIN CERTIFICATE-----")
	token, err := ParseToken(FullToken(ca, "s"))
	if err != nil || token.CheckCA(ca) != nil {
		t.Fatal(err, token.CheckCA(ca))
	}
	if err := token.CheckCA([]byte("other")); err == nil || !strings.Contains(err.Error(), HashCA([]byte("other"))) {
		t.Errorf("another CA passed: %v", err)
	}
	if err := (Token{Secret: "s"}).CheckCA(ca); err != nil {
		t.Errorf("a bare token fits every CA: %v", err)
	}
}

func newServer(t *testing.T, data, token string) (*Server, error) {
	t.Helper()
	return NewServer(data, Names{"n1", "10.0.0.1", "10.43.0.1", "cluster.local", []string{"edge.example", "192.0.2.9"}}, token)
}

func TestServerKeepsWhatItMadeAndRenewsLeaves(t *testing.T) {
	data := t.TempDir()
	first, err := newServer(t, data, "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := newServer(t, data, "")
	if err != nil {
		t.Fatal(err)
	}
	if string(first.ServerCA.PEM) != string(second.ServerCA.PEM) || first.Secret != second.Secret {
		t.Error("a restart changed the CA or the token")
	}
	link, err := os.ReadFile(filepath.Join(data, "server/node-token"))
	if err != nil || strings.TrimSpace(string(link)) != FullToken(first.ServerCA.PEM, first.Secret) {
		t.Errorf("node-token: %q, %v", link, err)
	}
	if st, _ := os.Stat(filepath.Join(data, "server/token")); st.Mode().Perm() != 0o600 {
		t.Errorf("server/token has mode %v", st.Mode())
	}
	serving := read(t, first.Path("serving-kube-apiserver.crt"))
	for _, name := range []string{"edge.example", "192.0.2.9", "127.0.0.1", "10.43.0.1", "kubernetes.default.svc"} {
		if err := serving.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
}

func TestTokenOfAnotherCAIsRefused(t *testing.T) {
	if _, err := newServer(t, t.TempDir(), "K10"+strings.Repeat("0", 64)+"::server:x"); err == nil || !strings.Contains(err.Error(), "hash") {
		t.Errorf("got %v", err)
	}
}

// The bootstrap provider puts CAs in place before the first start: they are used, whatever kind of key they have.
func TestGivenAuthoritiesAreUsed(t *testing.T) {
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	number, _ := rsa.GenerateKey(rand.Reader, 2048)
	pkcs8 := func(k any) []byte { der, _ := x509.MarshalPKCS8PrivateKey(k); return pemOf("PRIVATE KEY", der) }
	sec1, _ := x509.MarshalECPrivateKey(curve)
	for name, c := range map[string]struct {
		key crypto.Signer
		pem []byte
	}{
		"EC, SEC 1":   {curve, pemOf("EC PRIVATE KEY", sec1)},
		"EC, openssl": {curve, append(pemOf("EC PARAMETERS", []byte{6}), pemOf("EC PRIVATE KEY", sec1)...)},
		"EC, PKCS 8":  {curve, pkcs8(curve)},
		"RSA, PKCS 1": {number, pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(number))},
		"RSA, PKCS 8": {number, pkcs8(number)},
	} {
		data := t.TempDir()
		ca := template("given", nil, 1)
		ca.IsCA, ca.BasicConstraintsValid = true, true
		ca.KeyUsage |= x509.KeyUsageCertSign
		der, err := x509.CreateCertificate(rand.Reader, ca, ca, c.key.Public(), c.key)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(data, "server/tls")
		_ = os.MkdirAll(folder, 0o755)
		_ = os.WriteFile(filepath.Join(folder, "client-ca.crt"), pemOf("CERTIFICATE", der), 0o644)
		_ = os.WriteFile(filepath.Join(folder, "client-ca.key"), c.pem, 0o600)
		s, err := newServer(t, data, "t")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pemOf("CERTIFICATE", der))
		if _, err := read(t, s.Path("client-admin.crt")).Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			t.Errorf("%s: admin certificate: %v", name, err)
		}
	}
}

func TestBrokenAuthoritiesAreNamed(t *testing.T) {
	for _, c := range []struct {
		break_ func(folder string)
		want   string
	}{
		{func(f string) { _ = os.Remove(filepath.Join(f, "client-ca.key")) }, "put both or none"},
		{func(f string) { _ = os.Remove(filepath.Join(f, "client-ca.crt")) }, "put both or none"},
		{func(f string) { _ = os.WriteFile(filepath.Join(f, "client-ca.crt"), []byte("x"), 0o644) }, "client-ca.crt: no PEM"},
		{func(f string) {
			raw, _ := os.ReadFile(filepath.Join(f, "server-ca.key"))
			_ = os.WriteFile(filepath.Join(f, "client-ca.key"), raw, 0o600)
		}, "is not the key of"},
	} {
		data := t.TempDir()
		if _, err := newServer(t, data, "t"); err != nil {
			t.Fatal(err)
		}
		c.break_(filepath.Join(data, "server/tls"))
		if _, err := newServer(t, data, "t"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

func TestRequestsAreSignedUnderOurName(t *testing.T) {
	s, err := newServer(t, t.TempDir(), "t")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	request, err := Request(key, "system:admin")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.ClientCA.SignRequest(request, Subject{"system:node:n1", []string{"system:nodes"}, nil})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(signed)
	certificate, _ := x509.ParseCertificate(block.Bytes)
	if certificate.Subject.CommonName != "system:node:n1" {
		t.Errorf("the request chose its own name: %s", certificate.Subject)
	}
	for _, bad := range [][]byte{nil, []byte("x"), request[:60], pemOf("CERTIFICATE REQUEST", []byte{1, 2})} {
		if _, err := s.ClientCA.SignRequest(bad, Subject{CommonName: "x"}); err == nil {
			t.Errorf("%q was signed", bad)
		}
	}
}

func read(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := parseCertificate(path, raw)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
