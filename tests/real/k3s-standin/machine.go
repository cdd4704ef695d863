package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// A machine is what a test machine needs and K3s has no setting for. It is read from machine.yaml beside the tools, so that
// nothing of it sits in the places that K3s or the product own. No file: all empty, as on a real host.
type machine struct {
	CgroupRoot string `json:"cgroupRoot"` // the kubelet's cgroup root; two nodes on one kernel need different ones
	LogFolder  string `json:"logFolder"`  // one log file per component; empty: all to standard error
}

func readMachine() (m machine, err error) {
	path := filepath.Join(toolsFolder(), "machine.yaml")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if err := yaml.UnmarshalStrict(raw, &m); err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// makeCgroup creates the kubelet's cgroup root in every mounted hierarchy; the kubelet wants it to exist.
func makeCgroup(root string) {
	hierarchies, _ := filepath.Glob("/sys/fs/cgroup/*")
	for _, hierarchy := range hierarchies {
		folder := filepath.Join(hierarchy, root)
		if os.MkdirAll(folder, 0o755) != nil {
			continue // a plain file, or not writable: the kubelet says so by name
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // v1: empty in a new cgroup, no process could enter
			if v, err := os.ReadFile(filepath.Join(hierarchy, file)); err == nil {
				_ = os.WriteFile(filepath.Join(folder, file), bytes.TrimSpace(v), 0o644)
			}
		}
	}
}

// mayLowerOOMScore: some test machines have no CAP_SYS_RESOURCE (bit 24), and then every sandbox would fail.
func mayLowerOOMScore() bool {
	raw, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(raw), "\n") {
		if v, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			set, _ := strconv.ParseUint(strings.TrimSpace(v), 16, 64)
			return set&(1<<24) != 0
		}
	}
	return true
}
