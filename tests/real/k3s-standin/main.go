// Command k3s is k3s-standin: a test double that has the outside shape of K3s (command line, config.yaml, files, ports, join
// protocol) around the unmodified upstream Kubernetes components. It is not K3s; `k3s --version` says so.
//
// It is one multicall program: "k3s server" and "k3s agent" run the components as children, by starting this same file
// again ("k3s kube-apiserver ...").
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"k3s-standin/internal/settings"
)

// version is set by the build; implementation tells people and programs that this is not K3s.
var version = "v0.0.0+k3s0"

const implementation = "k3s-standin"

const usage = `usage: k3s server|agent [flags]   run a node (see README.md for the flags that are implemented)
       k3s kubectl|ctr ...          clients for this node
       k3s --version
This is k3s-standin, a test double of K3s.`

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if name != "kubectl" && name != "ctr" {
		name = "help"
		if len(arguments) > 0 {
			name, arguments = arguments[0], arguments[1:]
		}
	}
	os.Args = append([]string{name}, arguments...)
	os.Exit(run(name, arguments))
}

func run(name string, arguments []string) int {
	switch name {
	case "--version", "-v", "version":
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version, implementation, runtime.Version())
		return 0
	case "server", "agent":
		return runNode(name, arguments)
	case "kubectl":
		if os.Getenv("KUBECONFIG") == "" {
			os.Setenv("KUBECONFIG", "/etc/rancher/k3s/k3s.yaml")
		}
		return cli.Run(kubectl.NewDefaultKubectlCommand())
	case "ctr":
		return execContainerdClient(arguments)
	case "kube-apiserver":
		return cli.Run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		return cli.Run(controllermanager.NewControllerManagerCommand())
	case "kube-scheduler":
		return cli.Run(scheduler.NewSchedulerCommand())
	case "kube-proxy":
		return cli.Run(proxy.NewProxyCommand())
	case "kubelet":
		return cli.Run(kubelet.NewKubeletCommand(context.Background()))
	case "help", "--help", "-h":
		fmt.Println(usage)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "k3s: no command %q\n%s\n", name, usage)
		return 2
	}
}

func execContainerdClient(arguments []string) int {
	path := filepath.Join(toolsFolder(), "ctr")
	os.Setenv("CONTAINERD_ADDRESS", containerdSocket)
	os.Setenv("CONTAINERD_NAMESPACE", "k8s.io")
	err := syscall.Exec(path, append([]string{"ctr"}, arguments...), os.Environ())
	fmt.Fprintf(os.Stderr, "k3s: cannot run %s: %v\n", path, err)
	return 1
}

func runNode(role string, arguments []string) int {
	merged, err := settings.Load(role, arguments, os.LookupEnv)
	if err != nil {
		return fatal(err)
	}
	n, err := newNode(merged)
	if err != nil {
		return fatal(err)
	}
	if err := n.run(); err != nil {
		return fatal(err)
	}
	return 0
}

func fatal(err error) int {
	fmt.Fprintf(os.Stderr, "level=fatal msg=%q\n", err.Error())
	return 1
}
