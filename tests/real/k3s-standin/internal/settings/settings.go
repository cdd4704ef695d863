// Package settings reads what K3s reads: config.yaml, config.yaml.d, the command line and the environment, under K3s' merge rules.
package settings

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Settings are the merged settings of one node. Keys are K3s' names without dashes in front. Read-only after Load.
type Settings struct {
	Role     string   // "server" or "agent"
	Warnings []string // settings that were skipped, one text each
	values   map[string][]string
}

// Load merges, weakest first: defaults, environment, config file, drop-ins, command line. A scalar of a stronger source replaces,
// list values of the command line come after those of the files. lookup is os.LookupEnv, except in tests.
func Load(role string, arguments []string, lookup func(string) (string, bool)) (*Settings, error) {
	s := &Settings{Role: role, values: map[string][]string{}}
	given, err := parseFlags(arguments)
	if err != nil {
		return nil, err
	}
	file, named := lookup("K3S_CONFIG_FILE")
	if v := given["config"]; len(v) > 0 {
		file, named = v[len(v)-1], true
	}
	if !named || file == "" {
		file = "/etc/rancher/k3s/config.yaml"
	}
	entries, err := readFiles(file)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Key
		if long, ok := shortFlags["-"+name]; ok {
			name = long
		}
		k, ok := known[name]
		switch {
		case !ok:
			s.warn("unknown setting %q in %s or its drop-ins is skipped", e.Key, file)
			continue
		case !k.used:
			s.warn("setting %q in %s is not implemented by k3s-standin and is ignored", e.Key, file)
		}
		s.values[name] = e.Values
	}
	for name, values := range given {
		if !known[name].used {
			s.warn("flag --%s is not implemented by k3s-standin and is ignored", name)
		}
		s.values[name] = append(s.values[name], values...)
	}
	for name, variable := range environment {
		if v, ok := lookup(variable); ok && v != "" && len(s.values[name]) == 0 {
			s.values[name] = []string{v}
		}
	}
	if err := s.readTokenFile(); err != nil {
		return nil, err
	}
	return s, s.check()
}

func (s *Settings) warn(format string, a ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, a...))
}

func (s *Settings) readTokenFile() error {
	path := s.String("token-file")
	if path == "" || s.String("token") != "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("token-file: %w", err)
	}
	s.values["token"] = []string{strings.TrimSpace(string(raw))}
	return nil
}

func (s *Settings) check() error {
	for name, values := range s.values {
		if known[name].kind == boolean && len(values) > 0 {
			if _, err := strconv.ParseBool(values[len(values)-1]); err != nil {
				return fmt.Errorf("setting %s: %q is not true or false", name, values[len(values)-1])
			}
		}
	}
	for _, name := range []string{"https-listen-port", "advertise-port"} {
		if v := s.String(name); v != "" {
			if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 65535 {
				return fmt.Errorf("setting %s: %q is not a port number", name, v)
			}
		}
	}
	if v := s.String("write-kubeconfig-mode"); v != "" {
		if _, err := strconv.ParseUint(v, 8, 32); err != nil {
			return fmt.Errorf("setting write-kubeconfig-mode: %q is not an octal file mode", v)
		}
	}
	return nil
}

// parseFlags takes --key=value, --key value, -short value and, for booleans, --key alone.
func parseFlags(arguments []string) (map[string][]string, error) {
	given := map[string][]string{}
	for i := 0; i < len(arguments); i++ {
		name, value, has := strings.Cut(arguments[i], "=")
		if long, ok := shortFlags[name]; ok {
			name = "--" + long
		}
		name, dashed := strings.CutPrefix(name, "--")
		k, ok := known[name]
		if !dashed || !ok {
			return nil, fmt.Errorf("unknown argument %q: K3s has no such flag", arguments[i])
		}
		if !has {
			if k.kind == boolean {
				value = "true"
			} else if i++; i < len(arguments) {
				value = arguments[i]
			} else {
				return nil, fmt.Errorf("flag --%s needs a value", name)
			}
		}
		given[name] = append(given[name], value)
	}
	return given, nil
}

// String is the last value given, or K3s' default, or "".
func (s *Settings) String(name string) string {
	if v := s.values[name]; len(v) > 0 && v[len(v)-1] != "" {
		return v[len(v)-1]
	}
	return defaults[name]
}

// Bool is false when the setting is absent.
func (s *Settings) Bool(name string) bool {
	v, _ := strconv.ParseBool(s.String(name))
	return v
}

// List splits every value at its commas and drops empty parts.
func (s *Settings) List(name string) (out []string) {
	for _, v := range s.values[name] {
		for _, part := range strings.Split(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// Args gives the values of kubelet-arg and its like as they are: a comma belongs to the value.
func (s *Settings) Args(name string) []string { return s.values[name] }
