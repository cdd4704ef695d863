// Package files writes small files so that a crash leaves the old or the new one, never a part.
package files

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// Put writes a file with its parent folders, replacing it in one step.
func Put(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(fresh, mode); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// Exists says whether something is at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// RandomHex gives n random bytes as hexadecimal text.
func RandomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return hex.EncodeToString(b)
}

// Secret gives the text of the file at path, made at random (0600) the first time.
func Secret(path string) (string, error) {
	if raw, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	text := RandomHex(16)
	return text, Put(path, []byte(text+"\n"), 0o600)
}
