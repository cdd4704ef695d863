package main

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
)

// The checker must refuse what no linearizable server says.

func register(client int, call, end int64, input registerInput, output registerOutput) porcupine.Operation {
	return porcupine.Operation{ClientId: client, Input: input, Output: output, Call: call, Return: end}
}

func TestRegisterHistories(t *testing.T) {
	create := registerInput{key: "k", action: createValue, value: "a"}
	read := registerInput{key: "k", action: getValue}
	swap := registerInput{key: "k", action: swapValue, value: "b", expected: "1"}
	remove := registerInput{key: "k", action: deleteValue}
	at := func(value, version string) registerOutput { return registerOutput{done, value, version} }
	cases := []struct {
		name    string
		history []porcupine.Operation
		want    bool
	}{
		{"read after create", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(1, 2, 3, read, at("a", "1"))}, true},
		{"lost write", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(1, 2, 3, read, registerOutput{result: notFound})}, false},
		{"stale read", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(0, 2, 3, swap, at("", "2")),
			register(1, 4, 5, read, at("a", "1"))}, false},
		{"concurrent read may see either", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(0, 2, 6, swap, at("", "2")),
			register(1, 3, 4, read, at("a", "1"))}, true},
		{"two swaps at one version", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(0, 2, 6, swap, at("", "2")),
			register(1, 2, 6, swap, at("", "3"))}, false},
		{"value out of nothing", []porcupine.Operation{register(0, 0, 1, read, at("a", "1"))}, false},
		{"back after delete", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(0, 2, 3, remove, registerOutput{result: done}),
			register(1, 4, 5, read, at("a", "1"))}, false},
		{"create beside a present one", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(1, 2, 3, create, at("", "2"))}, false},
		{"unknown create may show later", []porcupine.Operation{
			register(0, 0, math.MaxInt64, create, registerOutput{result: unknown}),
			register(1, 2, 3, read, registerOutput{result: notFound}), register(1, 4, 5, read, at("a", "7"))}, true},
		{"unknown create must not vanish once seen", []porcupine.Operation{
			register(0, 0, math.MaxInt64, create, registerOutput{result: unknown}),
			register(1, 2, 3, read, at("a", "7")), register(1, 4, 5, read, registerOutput{result: notFound})}, false},
		{"one value, two versions", []porcupine.Operation{
			register(0, 0, 1, create, at("", "1")), register(1, 2, 3, read, at("a", "2"))}, false},
	}
	for _, c := range cases {
		if got := porcupine.CheckOperations(registerModel, c.history); got != c.want {
			t.Errorf("%s: linearizable %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAppendHistories(t *testing.T) {
	model := appendModel([]string{"x", "y"})
	add := func(client int, call, end int64, key, element string, after string) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: appendInput{key, element}, Call: call, Return: end,
			Output: appendOutput{done, map[string]string{key: after}}}
	}
	read := func(client int, call, end int64, lists map[string]string) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: appendInput{}, Call: call, Return: end,
			Output: appendOutput{done, lists}}
	}
	const f = firstElement
	cases := []struct {
		name    string
		history []porcupine.Operation
		want    bool
	}{
		{"both keys at one moment", []porcupine.Operation{
			add(0, 0, 1, "x", "1", f+" 1"), add(0, 2, 3, "y", "2", f+" 2"),
			read(1, 4, 5, map[string]string{"x": f + " 1", "y": f + " 2"})}, true},
		{"a list that mixes two moments", []porcupine.Operation{
			add(0, 0, 1, "x", "1", f+" 1"), add(0, 2, 3, "y", "2", f+" 2"),
			read(1, 0, 5, map[string]string{"x": f, "y": f + " 2"})}, false},
		{"a list without a key", []porcupine.Operation{read(1, 4, 5, map[string]string{"x": f})}, false},
		{"a lost append", []porcupine.Operation{
			add(0, 0, 1, "x", "1", f+" 1"), add(1, 2, 3, "x", "2", f+" 2")}, false},
		{"an append that took effect twice", []porcupine.Operation{
			add(0, 0, 1, "x", "1", f+" 1 1")}, false},
	}
	for _, c := range cases {
		if got := porcupine.CheckOperations(model, c.history); got != c.want {
			t.Errorf("%s: linearizable %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWatchers(t *testing.T) {
	event := func(name, version string) object {
		return object{Metadata: metadata{Name: name, ResourceVersion: version}}
	}
	fresh := func() *watchLog { return &watchLog{from: 1, to: 1, seen: map[commit]string{}} }

	told := fresh()
	if err := told.take("ADDED", event("a", "2")); err != nil {
		t.Fatal(err)
	}
	if told.take("MODIFIED", event("a", "2")) == nil {
		t.Error("an event told twice passes")
	}
	if told.take("BOOKMARK", event("", "1")) == nil {
		t.Error("a bookmark behind the events passes")
	}
	if err := told.take("BOOKMARK", event("", "9")); err != nil {
		t.Fatal(err)
	}
	if err := told.check(map[commit]bool{{"a", "2"}: true, {"b", "10"}: true}); err != nil {
		t.Error(err)
	}
	if told.check(map[commit]bool{{"b", "5"}: true}) == nil {
		t.Error("a write that was never told passes")
	}
	other := fresh()
	other.to = 9
	if agree(told, other) == nil {
		t.Error("watchers that disagree pass")
	}
	other.gaps = []gap{{1, 4}}
	if err := agree(told, other); err != nil {
		t.Error(err)
	}
}

func TestSettle(t *testing.T) {
	lost := func(element string) porcupine.Operation {
		return porcupine.Operation{Input: appendInput{"x", element}, Call: 1, Return: math.MaxInt64,
			Output: appendOutput{result: unknown}}
	}
	read := porcupine.Operation{Input: appendInput{}, Call: 4, Return: 5,
		Output: appendOutput{done, map[string]string{"x": firstElement + " 1"}}}
	settled := settle([]porcupine.Operation{lost("1"), lost("2"), read})
	if len(settled) != 2 || settled[0].Return != 5 {
		t.Errorf("settled: %+v", settled)
	}
	if !porcupine.CheckOperations(appendModel([]string{"x"}), settled) {
		t.Error("a lost append that shows later is refused")
	}
}
