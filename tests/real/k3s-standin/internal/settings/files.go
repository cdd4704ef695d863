package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An entry is one key of the merged files with all its values, in K3s' order (first seen, first).
type entry struct {
	Key    string
	Values []string
}

// readFiles merges file and file.d/*.yaml|*.yml in alphabetical order. A later value replaces an earlier one;
// "key+" appends to it (and is the same as "key" when nothing came before). A missing file is no error.
func readFiles(file string) ([]entry, error) {
	var merged []entry
	at := map[string]int{}
	for _, path := range append([]string{file}, dropIns(file+".d")...) {
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries, err := parseFile(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, e := range entries {
			name, appends := strings.CutSuffix(e.Key, "+")
			i, seen := at[name]
			switch {
			case !seen:
				at[name] = len(merged)
				merged = append(merged, entry{name, e.Values})
			case appends:
				merged[i].Values = append(merged[i].Values, e.Values...)
			default:
				merged[i].Values = e.Values
			}
		}
	}
	return merged, nil
}

func dropIns(folder string) (paths []string) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	for _, f := range files {
		switch strings.ToLower(filepath.Ext(f.Name())) {
		case ".yaml", ".yml":
			paths = append(paths, filepath.Join(folder, f.Name()))
		}
	}
	sort.Strings(paths)
	return paths
}

// parseFile reads one YAML mapping of scalars and lists of scalars. Values become text through their YAML type, as in K3s:
// an unquoted token that looks like a number arrives changed.
func parseFile(raw []byte) ([]entry, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	if document.Kind == 0 {
		return nil, nil
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		if top.Tag == "!!null" {
			return nil, nil
		}
		return nil, fmt.Errorf("line %d: a mapping of settings is expected", top.Line)
	}
	var entries []entry
	for i := 0; i+1 < len(top.Content); i += 2 {
		name, node := top.Content[i].Value, top.Content[i+1]
		items := []*yaml.Node{node}
		if node.Kind == yaml.SequenceNode {
			items = node.Content
		}
		values := []string{}
		for _, item := range items {
			text, err := scalarText(item)
			if err != nil {
				return nil, fmt.Errorf("setting %q: %w", name, err)
			}
			values = append(values, text)
		}
		entries = append(entries, entry{name, values})
	}
	return entries, nil
}

func scalarText(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("line %d: a text, number, true/false or a list of them is expected", node.Line)
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return "", err
	}
	if value == nil {
		return "", nil
	}
	return fmt.Sprint(value), nil
}
