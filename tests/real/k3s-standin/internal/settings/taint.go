package settings

import (
	"fmt"
	"slices"
	"strings"
)

// A Taint is one value of node-taint.
type Taint struct {
	Key, Value, Effect string
}

// ParseTaints reads key=value:Effect and key:Effect.
func ParseTaints(texts []string) (taints []Taint, err error) {
	for _, text := range texts {
		pair, effect, found := strings.Cut(text, ":")
		key, value, _ := strings.Cut(pair, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("setting node-taint: %q is not key=value:Effect", text)
		}
		if !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
			return nil, fmt.Errorf("setting node-taint: %q has the unknown effect %q", text, effect)
		}
		taints = append(taints, Taint{key, value, effect})
	}
	return taints, nil
}
