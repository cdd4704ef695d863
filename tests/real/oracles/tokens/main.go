// tokens-oracle reads tokens of ServiceAccounts with kube-apiserver's code, and makes some: one JSON document in, one
// out.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"

	jose "gopkg.in/go-jose/go-jose.v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/serviceaccount"
)

type document struct {
	KeyPEM    string
	Issuer    string
	Namespace string
	Name      string
	UID       string
	Secret    string
	SecretUID string
	Tokens    []string
}

type answer struct {
	OK     bool                `json:"ok"`
	Error  string              `json:"error,omitempty"`
	Name   string              `json:"name"`
	UID    string              `json:"uid"`
	Groups []string            `json:"groups"`
	Extra  map[string][]string `json:"extra"`
}

// The objects of a cluster that has one ServiceAccount and one Secret.
type objects struct{ document }

func absent(resource, name string) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name)
}

func (o objects) GetServiceAccount(_ context.Context, namespace, name string) (*corev1.ServiceAccount, error) {
	if namespace != o.Namespace || name != o.Name {
		return nil, absent("serviceaccounts", name)
	}
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(o.UID)}}, nil
}
func (o objects) GetPod(_ context.Context, _, name string) (*corev1.Pod, error) {
	return nil, absent("pods", name)
}
func (o objects) GetSecret(_ context.Context, namespace, name string) (*corev1.Secret, error) {
	if namespace != o.Namespace || name != o.Secret {
		return nil, absent("secrets", name)
	}
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(o.SecretUID)}}, nil
}
func (o objects) GetNode(_ context.Context, name string) (*corev1.Node, error) {
	return nil, absent("nodes", name)
}

func check(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

// The claims of a token, signed with the public key as if it were a shared secret.
func confused(token string, key *ecdsa.PrivateKey) string {
	parsed, err := jose.ParseSigned(token)
	check(err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	check(err)
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret},
		(&jose.SignerOptions{}).WithHeader("kid", parsed.Signatures[0].Header.KeyID))
	check(err)
	signed, err := signer.Sign(parsed.UnsafePayloadWithoutVerification())
	check(err)
	text, err := signed.CompactSerialize()
	check(err)
	return text
}

func main() {
	var in document
	check(json.NewDecoder(os.Stdin).Decode(&in))
	private, err := keyutil.ParsePrivateKeyPEM([]byte(in.KeyPEM))
	check(err)
	key := private.(*ecdsa.PrivateKey)
	getter, err := serviceaccount.StaticPublicKeysGetter([]interface{}{&key.PublicKey})
	check(err)
	audiences := authenticator.Audiences{in.Issuer}
	reader := serviceaccount.JWTTokenAuthenticator([]string{in.Issuer}, getter, audiences,
		serviceaccount.NewValidator(objects{in}))
	out := struct {
		Answers  []answer `json:"answers"`
		Made     []string `json:"made"`
		Confused string   `json:"confused"`
		KeyID    string   `json:"keyID"`
	}{}
	ctx := authenticator.WithAudiences(context.Background(), audiences)
	for _, token := range in.Tokens {
		response, ok, err := reader.AuthenticateToken(ctx, token)
		one := answer{OK: ok && err == nil}
		if err != nil {
			one.Error = err.Error()
		}
		if one.OK {
			one.Name, one.UID, one.Groups = response.User.GetName(), response.User.GetUID(), response.User.GetGroups()
			one.Extra = response.User.GetExtra()
		}
		out.Answers = append(out.Answers, one)
	}
	generator, err := serviceaccount.JWTTokenGenerator(in.Issuer, key)
	check(err)
	account := core.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: in.Namespace, Name: in.Name, UID: types.UID(in.UID)}}
	secret := &core.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: in.Namespace, Name: in.Secret, UID: types.UID(in.SecretUID)}}
	for _, bound := range []*core.Secret{nil, secret} {
		claims, private, err := serviceaccount.Claims(account, nil, bound, nil, 3600, 0, audiences)
		check(err)
		token, err := generator.GenerateToken(ctx, claims, private)
		check(err)
		out.Made = append(out.Made, token)
	}
	out.Confused = confused(out.Made[0], key)
	if parsed, err := jose.ParseSigned(out.Made[0]); err == nil {
		out.KeyID = parsed.Signatures[0].Header.KeyID
	}
	check(json.NewEncoder(os.Stdout).Encode(out))
}
