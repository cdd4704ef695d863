package main

import (
	"fmt"
	"math"
	"math/rand"
	"time"

	"github.com/anishathalye/porcupine"
)

// Register histories: a few keys; get, create, update at a resourceVersion (compare and swap), delete.

type registerAction int

const (
	getValue registerAction = iota
	createValue
	swapValue
	deleteValue
)

type registerInput struct {
	key      string
	action   registerAction
	value    string // created or swapped in; every one is written once
	expected string // resourceVersion to swap or delete at; "" deletes whatever is there
}

type registerOutput struct {
	result  outcome
	value   string
	version string // resourceVersion after the operation
}

// The state of one key. A value whose writer never heard its resourceVersion has version "" until somebody reads it.
type registerState struct {
	present bool
	value   string
	version string
}

func (s registerState) at(version string) bool { return s.version == "" || s.version == version }

func stepRegister(state registerState, input registerInput, output registerOutput) (bool, registerState) {
	switch input.action {
	case getValue:
		if output.result == notFound {
			return !state.present, state
		}
		matches := state.present && state.value == output.value && state.at(output.version)
		return matches, registerState{true, output.value, output.version}
	case createValue:
		switch output.result {
		case alreadyExists:
			return state.present, state
		case unknown:
			if state.present {
				return true, state
			}
			return true, registerState{true, input.value, ""}
		}
		return !state.present && output.result == done, registerState{true, input.value, output.version}
	case swapValue:
		switch output.result {
		case notFound:
			return !state.present, state
		case conflict:
			return state.present && state.version != input.expected, state
		case unknown:
			if !state.present || !state.at(input.expected) {
				return true, state
			}
			return true, registerState{true, input.value, ""}
		}
		swapped := state.present && state.at(input.expected) && output.result == done
		return swapped, registerState{true, input.value, output.version}
	default:
		fits := state.present && (input.expected == "" || state.at(input.expected))
		switch output.result {
		case notFound:
			return !state.present, state
		case conflict:
			// Without a wish the server gave up after too many races.
			return input.expected == "" || (state.present && state.version != input.expected), state
		case unknown:
			if fits {
				return true, registerState{}
			}
			return true, state
		}
		return fits && output.result == done, registerState{}
	}
}

var registerModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, operation := range history {
			key := operation.Input.(registerInput).key
			byKey[key] = append(byKey[key], operation)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return registerState{} },
	Step: func(state, input, output any) (bool, any) {
		return stepRegister(state.(registerState), input.(registerInput), output.(registerOutput))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// runRegisters lets one client work on the keys until `stop`; what it saw goes into the history.
func (r *recorder) runRegisters(id int, c *client, keys []string, random *rand.Rand, stop time.Time) error {
	newest := map[string]string{} // resourceVersion this client last saw of a key
	for n := 0; time.Now().Before(stop); n++ {
		input := registerInput{key: keys[random.Intn(len(keys))], value: fmt.Sprintf("%d-%d", id, n)}
		switch dice := random.Intn(100); {
		case dice < 35:
			input.action = getValue
		case dice < 55:
			input.action = createValue
		case dice < 85 && newest[input.key] != "":
			input.action, input.expected = swapValue, newest[input.key]
		case dice < 92:
			input.action, input.expected = deleteValue, newest[input.key]
		default:
			input.action = deleteValue
		}
		output, call, err := registerOutput{}, now(), error(nil)
		wanted := newObject(input.key, "register")
		wanted.Data = map[string]string{"value": input.value}
		var answer object
		switch input.action {
		case getValue:
			output.result, answer, err = c.get(input.key)
			output.value = answer.Data["value"]
		case createValue:
			output.result, answer, err = c.create(wanted)
		case swapValue:
			wanted.Metadata.ResourceVersion = input.expected
			output.result, answer, err = c.update(wanted)
		case deleteValue:
			output.result, err = c.remove(input.key, input.expected)
		}
		if err != nil {
			return err
		}
		end := now()
		output.version = answer.Metadata.ResourceVersion
		if output.version != "" {
			newest[input.key] = output.version
		}
		if output.result == unknown {
			if input.action == getValue {
				r.pauseAfterLoss(c)
				continue // a read that never answered says nothing
			}
			end = math.MaxInt64
		}
		r.registers.add(porcupine.Operation{ClientId: id, Input: input, Call: call, Output: output, Return: end})
		if output.result == done && (input.action == createValue || input.action == swapValue) {
			r.committed(input.key, output.version)
		}
		if output.result == unknown {
			r.pauseAfterLoss(c)
		}
	}
	return nil
}
