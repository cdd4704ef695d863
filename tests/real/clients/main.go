// clients runs checks of unmodified Kubernetes clients (client-go, controller-runtime) against an API server: what these
// libraries do must work on slipwayd as it does on kube-apiserver. One line per check: ok or FAIL, name, time, reason.
// The exit code is 1 when a check failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What a check works with: a namespace of its own and clients without a rate limit.
type environment struct {
	settings
	config *rest.Config
	client kubernetes.Interface
	ns     string
}

// What the checks are told on the command line.
type settings struct {
	objects    int
	definition string // "" = the check that needs it is left out
	restarted  string // the same
}

type check struct {
	name string
	run  func(context.Context, *environment) error
}

var checks = []check{
	{"discovery", discovery},
	{"informer", informer},
	{"pagination", pagination},
	{"contention", contention},
	{"server-side-apply", serverSideApply},
	{"patches", patches},
	{"dry-run-and-names", dryRunAndNames},
	{"deletion", deletion},
	{"metadata-only", metadataOnly},
	{"definitions", definitions},
	{"definition-forms", definitionForms},
	{"leader-election", leaderElection},
	{"access", access},
	{"controller-runtime", controllerRuntime},
	{"garbage-collection", garbageCollection},
	{"watch-resume", watchResume},
}

func main() {
	// Not the package's own set of flags: controller-runtime has put a -kubeconfig there.
	flags := flag.NewFlagSet("clients", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "who and where the API server is")
	only := flags.String("check", "", "names of checks, comma-separated; empty = all")
	skip := flags.String("skip", "", "names of checks to leave out")
	var told settings
	flags.IntVar(&told.objects, "objects", 10000, "objects of the informer and of pagination")
	flags.StringVar(&told.definition, "definition", "", "a file with a CustomResourceDefinition, for definition-forms")
	flags.StringVar(&told.restarted, "restarted", "", "a file that gets a line whenever the server was restarted, for watch-resume: "+
		"it is to be killed when this program prints \"restart the server\"")
	_ = flags.Parse(os.Args[1:])
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Println("FAIL kubeconfig", err)
		os.Exit(1)
	}
	config.QPS = -1
	without := *skip
	if told.definition == "" {
		without += ",definition-forms"
	}
	if told.restarted == "" {
		without += ",watch-resume"
	}
	failed := false
	for _, c := range checks {
		if named(without, c.name) || (*only != "" && !named(*only, c.name)) {
			continue
		}
		start := time.Now()
		err := runOne(config, c, told)
		taken := time.Since(start).Round(time.Millisecond)
		if err != nil {
			failed = true
			fmt.Printf("FAIL %s %s %v\n", c.name, taken, err)
		} else {
			fmt.Printf("ok %s %s\n", c.name, taken)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func named(list, name string) bool {
	for _, candidate := range strings.Split(list, ",") {
		if candidate == name {
			return true
		}
	}
	return false
}

func runOne(config *rest.Config, c check, told settings) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	created, err := client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "clients-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{})
	}()
	return c.run(ctx, &environment{settings: told, config: config, client: client, ns: created.Name})
}

// eventually polls until the condition holds or the context ends.
func eventually(ctx context.Context, what string, condition func() (bool, error)) error {
	for {
		done, err := condition()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not in time", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func expect(holds bool, format string, arguments ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, arguments...)
}
