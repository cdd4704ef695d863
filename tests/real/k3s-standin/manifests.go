package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k3s-standin/internal/files"
)

// deployManifests applies every file under server/manifests when it is new or changed, until the context ends. A file that
// fails is tried again. Removing a file removes no objects, as in K3s.
func (n *node) deployManifests(ctx context.Context) {
	folder := filepath.Join(n.data, "server/manifests")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		n.children.warn("manifests: %v", err)
		return
	}
	off := map[string]bool{}
	for _, name := range n.List("disable") {
		off[name] = true
	}
	applied := map[string]string{}
	for {
		for _, path := range manifestsIn(folder, off) {
			state, err := os.Stat(path)
			if err != nil {
				continue
			}
			mark := fmt.Sprint(state.ModTime().UnixNano(), " ", state.Size())
			if applied[path] == mark {
				continue
			}
			if err := applyManifest(ctx, n.credential("supervisor"), path); err != nil {
				n.children.warn("manifest %s: %v", filepath.Base(path), err)
				continue
			}
			applied[path] = mark
			n.children.say("manifest %s applied", filepath.Base(path))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func manifestsIn(folder string, off map[string]bool) (paths []string) {
	top, _ := filepath.Glob(filepath.Join(folder, "*"))
	nested, _ := filepath.Glob(filepath.Join(folder, "*/*"))
	for _, path := range append(top, nested...) {
		extension := filepath.Ext(path)
		name := strings.TrimSuffix(filepath.Base(path), extension)
		if (extension == ".yaml" || extension == ".yml" || extension == ".json") && !off[name] && !files.Exists(path+".skip") {
			paths = append(paths, path)
		}
	}
	return paths
}

func applyManifest(ctx context.Context, kubeconfig, path string) error {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(limited, program(), "kubectl", "--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
	}
	return nil
}
