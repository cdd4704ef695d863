package settings

import (
	"sort"
	"strings"
)

// ComponentArgs merges the arguments k3s-standin gives a component with the user's (kubelet-arg and its like) under K3s' rules:
// a user's argument replaces the default of the same name, "name+=v" comes after it, "name-=v" before it, several of one name
// all count, a bare name means true. The result is sorted by name and has the form --name=value.
func ComponentArgs(base map[string]string, extra []string) []string {
	merged := map[string][]string{}
	for name, value := range base {
		merged[name] = []string{value}
	}
	replaced := map[string]bool{}
	for _, argument := range extra {
		name, value, has := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if !has {
			value = "true"
		}
		switch {
		case strings.HasSuffix(name, "+"):
			name = strings.TrimSuffix(name, "+")
			merged[name] = append(merged[name], value)
		case strings.HasSuffix(name, "-"):
			name = strings.TrimSuffix(name, "-")
			merged[name] = append([]string{value}, merged[name]...)
		case replaced[name]:
			merged[name] = append(merged[name], value)
		default:
			replaced[name], merged[name] = true, []string{value}
		}
	}
	var out []string
	for name, values := range merged {
		for _, value := range values {
			out = append(out, "--"+name+"="+value)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return argName(out[i]) < argName(out[j]) })
	return out
}

func argName(argument string) string {
	name, _, _ := strings.Cut(argument, "=")
	return name
}
