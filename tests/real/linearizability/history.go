package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

var start = time.Now()

// now is the monotonic time of an event, in nanoseconds.
func now() int64 { return int64(time.Since(start)) }

// One history of operations, filled by many clients.
type history struct {
	mutex      sync.Mutex
	operations []porcupine.Operation
	lost       int // operations with an unknown outcome
}

func (h *history) add(operation porcupine.Operation) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.operations = append(h.operations, operation)
	if isUnknown(operation.Output) {
		h.lost++
	}
}

func isUnknown(output any) bool {
	switch output := output.(type) {
	case registerOutput:
		return output.result == unknown
	case appendOutput:
		return output.result == unknown
	}
	return false
}

// A write that was acknowledged: this object had this resourceVersion.
type commit struct{ key, version string }

// What all clients of a run saw.
type recorder struct {
	seed               int64
	registers, appends history
	mutex              sync.Mutex
	commits            map[commit]bool
}

func newRecorder(seed int64) *recorder { return &recorder{seed: seed, commits: map[commit]bool{}} }

// appendGroup is the label value of this run's append keys.
func (r *recorder) appendGroup() string { return fmt.Sprintf("append-%d", r.seed) }

func (r *recorder) committed(key, version string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.commits[commit{key, version}] = true
}

// pauseAfterLoss waits until the server is there again, so that a restart costs each client one lost operation.
func (r *recorder) pauseAfterLoss(c *client) { _ = c.waitUntilServed(30 * time.Second) }
