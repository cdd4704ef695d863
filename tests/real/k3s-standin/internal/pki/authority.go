// Package pki makes and keeps the keys, certificates and join tokens of a node, in K3s' file layout.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"

	"k3s-standin/internal/files"
)

// An Authority signs certificates. PEM is its certificate file as it is on disk.
type Authority struct {
	Certificate *x509.Certificate
	PEM         []byte
	key         crypto.Signer
}

// LoadOrMakeAuthority takes base.crt and base.key when they are there, as K3s does with CAs that the user put in place
// before the first start (EC or RSA, any PEM form), and makes them otherwise. One file without the other is an error.
func LoadOrMakeAuthority(base, name string) (*Authority, error) {
	certificate, errCertificate := os.ReadFile(base + ".crt")
	_, errKey := os.Stat(base + ".key")
	switch {
	case errors.Is(errCertificate, fs.ErrNotExist) && errors.Is(errKey, fs.ErrNotExist):
		return makeAuthority(base, name)
	case errCertificate != nil:
		return nil, fmt.Errorf("CA certificate: %w (its key is there; put both or none)", errCertificate)
	case errKey != nil:
		return nil, fmt.Errorf("CA key: %w (its certificate is there; put both or none)", errKey)
	}
	parsed, err := parseCertificate(base+".crt", certificate)
	if err != nil {
		return nil, err
	}
	key, err := LoadOrMakeKey(base + ".key")
	if err != nil {
		return nil, err
	}
	if public, ok := parsed.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return nil, fmt.Errorf("%s.key is not the key of %s.crt", base, base)
	}
	if !parsed.IsCA {
		return nil, fmt.Errorf("%s.crt is not a CA certificate (basicConstraints CA:TRUE is missing)", base)
	}
	return &Authority{parsed, certificate, key}, nil
}

func makeAuthority(base, name string) (*Authority, error) {
	key, err := LoadOrMakeKey(base + ".key")
	if err != nil {
		return nil, err
	}
	t := template(fmt.Sprintf("%s@%d", name, time.Now().Unix()), nil, 10)
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	raw := pemOf("CERTIFICATE", der)
	if err := files.Put(base+".crt", raw, 0o644); err != nil {
		return nil, err
	}
	parsed, err := parseCertificate(base+".crt", raw)
	return &Authority{parsed, raw, key}, err
}

func parseCertificate(path string, raw []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New(path + ": no PEM certificate in it")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parsed, nil
}

// LoadOrMakeKey reads a private key in any usual PEM form, or makes an EC P-256 one (0600).
func LoadOrMakeKey(path string) (crypto.Signer, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return parseKey(path, raw)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, files.Put(path, pemOf("EC PRIVATE KEY", der), 0o600)
}

func parseKey(path string, raw []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PARAMETERS": // openssl ecparam writes them in front of the key
			continue
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
		return nil, fmt.Errorf("%s: %q is not a private key that can sign", path, block.Type)
	}
	return nil, errors.New(path + ": no PEM in it")
}

func template(name string, organizations []string, years int) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 62)) // never fails
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: organizations},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(years, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Subject is what a certificate says about its holder. Names are DNS names and IP addresses.
type Subject struct {
	CommonName    string
	Organizations []string
	Names         []string
}

// Sign makes a certificate of one year for client and server use.
func (a *Authority) Sign(public crypto.PublicKey, subject Subject) ([]byte, error) {
	t := template(subject.CommonName, subject.Organizations, 1)
	if t.NotAfter.After(a.Certificate.NotAfter) {
		t.NotAfter = a.Certificate.NotAfter
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	for _, name := range subject.Names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if name != "" {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.Certificate, public, a.key)
	return pemOf("CERTIFICATE", der), err
}

// Issue writes base.crt, new at every start so that changed names and renewal need nothing more, for the kept key base.key.
func (a *Authority) Issue(base string, subject Subject) error {
	key, err := LoadOrMakeKey(base + ".key")
	if err != nil {
		return err
	}
	certificate, err := a.Sign(key.Public(), subject)
	if err != nil {
		return err
	}
	return files.Put(base+".crt", certificate, 0o644)
}

// SignRequest checks the request's own signature and certifies its key under OUR choice of subject.
func (a *Authority) SignRequest(request []byte, subject Subject) ([]byte, error) {
	block, _ := pem.Decode(request)
	if block == nil {
		return nil, errors.New("the certificate request is not PEM")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := parsed.CheckSignature(); err != nil {
		return nil, err
	}
	return a.Sign(parsed.PublicKey, subject)
}

// Request makes a certificate request for key.
func Request(key crypto.Signer, commonName string) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}}, key)
	return pemOf("CERTIFICATE REQUEST", der), err
}
