package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k3s-standin/internal/files"
)

const containerdConfig = `version = 3
root = %[1]q
state = "/run/k3s/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile"]
[grpc]
  address = %[2]q
[ttrpc]
  address = "%[2]s.ttrpc"
[plugins.'io.containerd.internal.v1.opt']
  path = %[1]q
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = %[3]q
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = %[4]v
  disable_apparmor = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [%[5]q]
    conf_dir = %[6]q
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "%[5]s/runc"
      SystemdCgroup = false
`

// startContainerd brings up containerd and imports the images of agent/images.
func (n *node) startContainerd() error {
	networks := n.agentPath("etc/cni/net.d")
	for _, folder := range []string{networks, n.agentPath("pod-manifests"), n.agentPath("images"), "/run/k3s"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	file := n.agentPath("etc/containerd/config.toml")
	text := fmt.Sprintf(containerdConfig, n.agentPath("containerd"), containerdSocket, n.String("pause-image"), !mayLowerOOMScore(), toolsFolder(), networks)
	if err := files.Put(file, []byte(text), 0o644); err != nil {
		return err
	}
	_ = os.Remove(containerdSocket)
	if err := n.children.tool("containerd", "-c", file); err != nil {
		return err
	}
	if err := waitFor(context.Background(), "containerd", time.Minute, func() bool {
		connection, err := net.Dial("unix", containerdSocket)
		if err == nil {
			connection.Close()
		}
		return err == nil
	}); err != nil {
		return err
	}
	n.children.say("containerd ready")
	return n.importImages()
}

// importImages imports each tar file once: a mark remembers the size and time of what was imported.
func (n *node) importImages() error {
	archives, _ := filepath.Glob(n.agentPath("images/*.tar*"))
	for _, archive := range archives {
		state, err := os.Stat(archive)
		if err != nil {
			return err
		}
		mark := n.agentPath("containerd/imported." + filepath.Base(archive))
		now := fmt.Sprint(state.Size(), " ", state.ModTime().UnixNano())
		if before, _ := os.ReadFile(mark); string(before) == now {
			continue
		}
		out, err := exec.Command(filepath.Join(toolsFolder(), "ctr"), "-a", containerdSocket, "-n", "k8s.io", "images", "import", archive).CombinedOutput()
		if err != nil {
			return fmt.Errorf("import of %s: %w: %s", archive, err, out)
		}
		if err := files.Put(mark, []byte(now), 0o644); err != nil {
			return err
		}
		n.children.say("imported %s", filepath.Base(archive))
	}
	return nil
}
