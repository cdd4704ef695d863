// linearizability runs concurrent clients against a Kubernetes API server, which may be killed and restarted meanwhile,
// and checks what they saw: every history of operations must have an order in which each took effect at one moment
// (Porcupine), watchers must be told every acknowledged write once and in order, and resourceVersions only grow.
//
// It prints one line of JSON; the exit code is 1 when a check failed, with the history in -out.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

type settings struct {
	kubeconfig string
	clients    int
	watchers   int
	duration   time.Duration
	seed       int64
	out        string
}

// What a run came to.
type summary struct {
	Seed       int64  `json:"seed"`
	Operations int    `json:"operations"`
	Unknown    int    `json:"unknown"`
	Events     int    `json:"watchEvents"`
	Resumed    int    `json:"watchesResumed"`
	Gaps       int    `json:"watchGaps"`
	Failure    string `json:"failure,omitempty"`
}

func main() {
	var s settings
	flag.StringVar(&s.kubeconfig, "kubeconfig", "", "who and where the API server is")
	flag.IntVar(&s.clients, "clients", 8, "concurrent clients of each history")
	flag.IntVar(&s.watchers, "watchers", 3, "concurrent watchers")
	flag.DurationVar(&s.duration, "duration", 10*time.Second, "how long they work")
	flag.Int64Var(&s.seed, "seed", 1, "of the random operations")
	flag.StringVar(&s.out, "out", ".", "folder for the picture of a history that failed")
	flag.Parse()
	result, err := run(s)
	if err != nil {
		result.Failure = err.Error()
	}
	line, _ := json.Marshal(result)
	fmt.Println(string(line))
	if err != nil {
		os.Exit(1)
	}
}

func run(s settings) (summary, error) {
	result := summary{Seed: s.seed}
	first, err := newClient(s.kubeconfig)
	if err != nil {
		return result, err
	}
	if err := first.waitUntilServed(30 * time.Second); err != nil {
		return result, err
	}
	r := newRecorder(s.seed)
	var registers, appends []string
	for n := range 5 {
		registers = append(registers, fmt.Sprintf("register-%d-%d", s.seed, n))
	}
	for n := range 3 {
		appends = append(appends, fmt.Sprintf("append-%d-%d", s.seed, n))
	}
	if err := r.createAppendKeys(first, appends); err != nil {
		return result, err
	}
	logs := make([]watchLog, s.watchers)
	if err := work(s, r, registers, appends, logs); err != nil {
		return result, err
	}
	if err := first.waitUntilServed(30 * time.Second); err != nil {
		return result, err
	}
	if err := r.readAppends(first); err != nil {
		return result, err
	}
	result.Operations = len(r.registers.operations) + len(r.appends.operations)
	result.Unknown = r.registers.lost + r.appends.lost
	for n := range logs {
		result.Events += len(logs[n].seen)
		result.Resumed += logs[n].resumed
		result.Gaps += len(logs[n].gaps)
	}
	return result, check(s, r, appends, logs)
}

// work lets every client and watcher run to the end of the time.
func work(s settings, r *recorder, registers, appends []string, logs []watchLog) error {
	stop := time.Now().Add(s.duration)
	failures := make(chan error, 2*s.clients+s.watchers)
	var group sync.WaitGroup
	launch := func(body func(*client) error) error {
		c, err := newClient(s.kubeconfig)
		if err != nil {
			return err
		}
		group.Add(1)
		go func() {
			defer group.Done()
			if err := body(c); err != nil {
				failures <- err
			}
		}()
		return nil
	}
	for n := range logs {
		if err := launch(func(c *client) error { return logs[n].follow(c, stop) }); err != nil {
			return err
		}
	}
	for id := range s.clients {
		random := func(which int64) *rand.Rand { return rand.New(rand.NewSource(s.seed*1000 + 2*int64(id) + which)) }
		registersOf := func(c *client) error { return r.runRegisters(id, c, registers, random(0), stop) }
		appendsOf := func(c *client) error { return r.runAppends(id, c, appends, random(1), stop) }
		if err := launch(registersOf); err != nil {
			return err
		}
		if err := launch(appendsOf); err != nil {
			return err
		}
	}
	group.Wait()
	close(failures)
	return <-failures
}

func check(s settings, r *recorder, appends []string, logs []watchLog) error {
	for n := range logs {
		if err := logs[n].check(r.commits); err != nil {
			return fmt.Errorf("watcher %d: %w", n, err)
		}
		if err := agree(&logs[n], &logs[(n+1)%len(logs)]); err != nil {
			return err
		}
	}
	if err := linearize(s, "register", registerModel, r.registers.operations); err != nil {
		return err
	}
	return linearize(s, "append", appendModel(appends), settle(r.appends.operations))
}

// linearize looks for an order of the operations that the model allows. Undecided in time is a failure, too.
func linearize(s settings, name string, model porcupine.Model, operations []porcupine.Operation) error {
	verdict, info := porcupine.CheckOperationsVerbose(model, operations, 2*time.Minute)
	if verdict == porcupine.Ok {
		return nil
	}
	picture := filepath.Join(s.out, fmt.Sprintf("%s-%d.html", name, s.seed))
	if err := porcupine.VisualizePath(model, info, picture); err != nil {
		picture = err.Error()
	}
	return fmt.Errorf("the %s history of %d operations: %s; see %s", name, len(operations), verdict, picture)
}
