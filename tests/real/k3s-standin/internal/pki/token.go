package pki

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// A Token is K3s' join token: K10<sha256 of the server CA's PEM bytes>::<user>:<secret>, or the bare secret.
type Token struct {
	CAHash string // 64 hexadecimal digits; empty in a bare token
	User   string
	Secret string
}

// ParseToken accepts both forms; the error texts are K3s'.
func ParseToken(text string) (Token, error) {
	if text == "" {
		return Token{}, errors.New("token must not be empty")
	}
	rest, full := strings.CutPrefix(text, "K10")
	if !full {
		return Token{Secret: text}, nil
	}
	hash, login, separated := strings.Cut(rest, "::")
	user, secret, paired := strings.Cut(login, ":")
	switch {
	case !separated || !paired || secret == "":
		return Token{}, errors.New("invalid token format")
	case len(hash) != sha256.Size*2:
		return Token{}, errors.New("invalid token CA hash length")
	}
	return Token{CAHash: hash, User: user, Secret: secret}, nil
}

// FullToken binds a secret to the CA that the joining node must see.
func FullToken(caPEM []byte, secret string) string {
	return "K10" + HashCA(caPEM) + "::server:" + secret
}

// HashCA is the hash K3s puts into tokens for a CA file of one certificate.
func HashCA(caPEM []byte) string {
	sum := sha256.Sum256(caPEM)
	return hex.EncodeToString(sum[:])
}

// CheckCA says whether the token was made for this CA; a bare token fits every CA.
func (t Token) CheckCA(caPEM []byte) error {
	if is := HashCA(caPEM); t.CAHash != "" && t.CAHash != is {
		return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.CAHash, is)
	}
	return nil
}
