package main

import (
	"fmt"
	"maps"
	"math"
	"math/rand"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// List-append histories: JSON patches append to a list inside an object; reads of one key, and lists that must show all
// keys at one moment.

const maxElements = 120

type appendInput struct {
	key     string // "" reads every key at once
	element string // "" reads
}

type appendOutput struct {
	result outcome
	lists  map[string]string // key -> its elements, joined; of the key asked for, or of all
}

type appendState map[string]string

func join(elements []string) string { return strings.Join(elements, " ") }

func appendTo(list, element string) string {
	if list == "" {
		return element
	}
	return list + " " + element
}

func stepAppend(state appendState, input appendInput, output appendOutput) (bool, appendState) {
	if input.element == "" {
		for key, elements := range output.lists {
			if state[key] != elements {
				return false, state
			}
		}
		return input.key != "" || len(output.lists) == len(state), state
	}
	next := maps.Clone(state)
	next[input.key] = appendTo(state[input.key], input.element)
	if output.result == unknown {
		return true, next
	}
	return output.lists[input.key] == next[input.key], next
}

// appendModel starts with every key at its first element.
func appendModel(keys []string) porcupine.Model {
	return porcupine.Model{
		Init: func() any {
			state := appendState{}
			for _, key := range keys {
				state[key] = firstElement
			}
			return state
		},
		Step: func(state, input, output any) (bool, any) {
			return stepAppend(state.(appendState), input.(appendInput), output.(appendOutput))
		},
		Equal:             func(a, b any) bool { return maps.Equal(a.(appendState), b.(appendState)) },
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

// Elements stand in metadata.finalizers: the one list that every built-in kind has and a JSON patch can append to.
const firstElement = "history.slipway.dev/first"

func (r *recorder) createAppendKeys(c *client, keys []string) error {
	for _, key := range keys {
		wanted := newObject(key, r.appendGroup())
		wanted.Metadata.Finalizers = []string{firstElement}
		if result, _, err := c.create(wanted); err != nil || result != done {
			return fmt.Errorf("create %s: outcome %d, %w", key, result, err)
		}
	}
	return nil
}

func (r *recorder) runAppends(id int, c *client, keys []string, random *rand.Rand, stop time.Time) error {
	sizes := map[string]int{}
	for n := 0; time.Now().Before(stop); n++ {
		input := appendInput{key: keys[random.Intn(len(keys))]}
		switch dice := random.Intn(100); {
		case dice < 25:
			input.key = ""
		case dice < 50:
		case sizes[input.key] < maxElements:
			input.element = fmt.Sprintf("history.slipway.dev/%d-%d", id, n)
		}
		output, call := appendOutput{lists: map[string]string{}}, now()
		var err error
		var answer object
		switch {
		case input.element != "":
			output.result, answer, err = c.patch(input.key, []map[string]any{
				{"op": "add", "path": "/metadata/finalizers/-", "value": input.element}})
		case input.key != "":
			output.result, answer, err = c.get(input.key)
		default:
			var all list
			output.result, all, err = c.list(r.appendGroup())
			for _, item := range all.Items {
				output.lists[item.Metadata.Name] = join(item.Metadata.Finalizers)
			}
		}
		if err != nil {
			return err
		}
		end := now()
		if output.result == unknown {
			if input.element == "" {
				r.pauseAfterLoss(c)
				continue
			}
			end = math.MaxInt64
		} else if output.result == conflict && input.element != "" {
			continue // the server gave up after too many races; nothing was written
		} else if output.result != done {
			return fmt.Errorf("%+v: outcome %d", input, output.result)
		}
		if answer.Metadata.Name != "" {
			output.lists[input.key] = join(answer.Metadata.Finalizers)
			sizes[input.key] = len(answer.Metadata.Finalizers)
		}
		r.appends.add(porcupine.Operation{ClientId: id, Input: input, Call: call, Output: output, Return: end})
		if input.element != "" && output.result == done {
			r.committed(input.key, answer.Metadata.ResourceVersion)
		}
		if output.result == unknown {
			r.pauseAfterLoss(c)
		}
		if slices.Min(sizesOf(sizes, keys)) >= maxElements {
			return nil
		}
	}
	return nil
}

func sizesOf(sizes map[string]int, keys []string) []int {
	var all []int
	for _, key := range keys {
		all = append(all, sizes[key])
	}
	return all
}

// readAppends adds one last read of every key, when nobody writes any more.
func (r *recorder) readAppends(c *client) error {
	call := now()
	result, all, err := c.list(r.appendGroup())
	if err != nil || result != done {
		return fmt.Errorf("the last read of every key: outcome %d, %w", result, err)
	}
	output := appendOutput{lists: map[string]string{}}
	for _, item := range all.Items {
		output.lists[item.Metadata.Name] = join(item.Metadata.Finalizers)
	}
	r.appends.add(porcupine.Operation{Input: appendInput{}, Call: call, Output: output, Return: now()})
	return nil
}

// settle gives appends with an unknown outcome their end: before the first answer that shows the element. What the
// last read does not show was never written, since elements are never taken away. Without this the checker would try
// every lost append at every place.
func settle(operations []porcupine.Operation) []porcupine.Operation {
	shown := map[string]int64{} // element -> the end of the first operation that shows it
	for _, operation := range operations {
		for _, elements := range operation.Output.(appendOutput).lists {
			for _, element := range strings.Fields(elements) {
				if end, there := shown[element]; !there || operation.Return < end {
					shown[element] = operation.Return
				}
			}
		}
	}
	var settled []porcupine.Operation
	for _, operation := range operations {
		if isUnknown(operation.Output) {
			end, there := shown[operation.Input.(appendInput).element]
			if !there {
				continue
			}
			operation.Return = max(end, operation.Call)
		}
		settled = append(settled, operation)
	}
	return settled
}
