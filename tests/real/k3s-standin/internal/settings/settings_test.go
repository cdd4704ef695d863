package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "config.yaml")
}

func noEnvironment(string) (string, bool) { return "", false }

// The vector of K3s' own pkg/configfilearg.
func TestDropInsMergeAsInK3s(t *testing.T) {
	file := write(t, map[string]string{
		"config.yaml":              "foo-bar: baz\na-slice: [1, \"2\", \"\", three]\nisempty:\nc: b\nisfalse: false\nislast: true\n",
		"config.yaml.d/01.yml":     "foo-bar: get-overriden\na-slice: [1, \"1.5\", \"2\", \"\", three]\nb-string: one\nc-slice: [one, two]\nd-slice: [one, two]\n",
		"config.yaml.d/02.YAML":    "foo-bar: bar-foo\na-slice: [1, \"1.5\", \"2\", \"\", three]\nb-string+: two\nc-slice+: [three]\nd-slice: [three, four]\ne-slice+: [one, two]\n",
		"config.yaml.d/readme.txt": "not: read\n",
	})
	entries, err := readFiles(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		for _, v := range e.Values {
			got = append(got, e.Key+"="+v)
		}
	}
	want := strings.Fields("foo-bar=bar-foo a-slice=1 a-slice=1.5 a-slice=2 a-slice= a-slice=three isempty= c=b isfalse=false islast=true " +
		"b-string=one b-string=two c-slice=one c-slice=two c-slice=three d-slice=three d-slice=four e-slice=one e-slice=two")
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPrecedence(t *testing.T) {
	file := write(t, map[string]string{
		"config.yaml":           "token: from-file\nnode-name: file\ntls-san: [a, b]\nkubelet-arg: [\"x=1,2\"]\n",
		"config.yaml.d/10.yaml": "tls-san+: [c]\n",
	})
	lookup := func(name string) (string, bool) {
		v, ok := map[string]string{"K3S_TOKEN": "from-environment", "K3S_URL": "https://environment:6443"}[name]
		return v, ok
	}
	s, err := Load("server", []string{"--config", file, "--node-name=cli", "--tls-san", "d,e", "--cluster-init"}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"token": "from-file", "node-name": "cli", "server": "https://environment:6443", "cluster-cidr": "10.42.0.0/16", "cluster-init": "true"} {
		if got := s.String(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := s.List("tls-san"); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("tls-san: %q", got)
	}
	if got := s.Args("kubelet-arg"); !slices.Equal(got, []string{"x=1,2"}) {
		t.Errorf("kubelet-arg: a comma belongs to the value, got %q", got)
	}
}

// Every key that the bootstrap provider writes is known and used.
func TestBootstrapKeysAreImplemented(t *testing.T) {
	for _, name := range []string{"cluster-init", "server", "token", "disable-cloud-controller", "kube-apiserver-arg", "kube-controller-manager-arg",
		"kube-scheduler-arg", "tls-san", "bind-address", "https-listen-port", "advertise-address", "advertise-port", "cluster-cidr", "service-cidr",
		"cluster-dns", "cluster-domain", "disable", "kubelet-arg", "node-label", "node-taint", "kube-proxy-arg", "node-name"} {
		if !known[name].used {
			t.Errorf("%s is not implemented", name)
		}
	}
}

func TestNumberLikeTokens(t *testing.T) {
	for text, want := range map[string]string{`token: "0123"`: "0123", `token: "12e5"`: "12e5", "token: 12e5": "1.2e+06", "token: 0x10": "16"} {
		s, err := Load("server", []string{"-c", write(t, map[string]string{"config.yaml": text})}, noEnvironment)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.String("token"); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestUnknownSettings(t *testing.T) {
	file := write(t, map[string]string{"config.yaml": "no-such-setting: 1\nflannel-backend: none\n"})
	s, err := Load("server", []string{"-c", file}, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) != 2 || !strings.Contains(s.Warnings[0], "no-such-setting") || !strings.Contains(s.Warnings[1], "flannel-backend") {
		t.Errorf("warnings: %q", s.Warnings)
	}
}

func TestBadInputNamesTheSetting(t *testing.T) {
	for _, c := range []struct{ file, argument, want string }{
		{"", "--no-such-flag=1", "--no-such-flag"},
		{"", "stray", "stray"},
		{"", "--token", "--token needs a value"},
		{"cluster-init: maybe", "", "cluster-init"},
		{"https-listen-port: 70000", "", "https-listen-port"},
		{"write-kubeconfig-mode: rw", "", "write-kubeconfig-mode"},
		{"token: {a: b}", "", "token"},
		{"- a\n- b", "", "mapping"},
		{"token: [", "", "config.yaml"},
		{"token-file: /does/not/exist", "", "/does/not/exist"},
	} {
		arguments := []string{"-c", write(t, map[string]string{"config.yaml": c.file})}
		if c.argument != "" {
			arguments = append(arguments, c.argument)
		}
		if _, err := Load("server", arguments, noEnvironment); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: error %v does not name %q", c.file, c.argument, err, c.want)
		}
	}
}

func TestComponentArgs(t *testing.T) {
	base := map[string]string{"aaa": "A", "bbb": "B"}
	for _, c := range []struct{ extra, want string }{
		{"", "--aaa=A --bbb=B"},
		{"--ccc=C --bbb=DD --bbb=AA", "--aaa=A --bbb=DD --bbb=AA --ccc=C"},
		{"--ccc=C --bbb-=DD", "--aaa=A --bbb=DD --bbb=B --ccc=C"},
		{"--ccc=C --bbb+=DD", "--aaa=A --bbb=B --bbb=DD --ccc=C"},
		{"bbb", "--aaa=A --bbb=true"},
		{"aaa=x=y", "--aaa=x=y --bbb=B"},
	} {
		if got := strings.Join(ComponentArgs(base, strings.Fields(c.extra)), " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.extra, got, c.want)
		}
	}
}

func TestParseTaints(t *testing.T) {
	for _, c := range []struct {
		text string
		want []Taint
		err  string
	}{
		{"dedicated=edge:NoSchedule", []Taint{{"dedicated", "edge", "NoSchedule"}}, ""},
		{"a:NoExecute,b=:PreferNoSchedule", []Taint{{"a", "", "NoExecute"}, {"b", "", "PreferNoSchedule"}}, ""},
		{"", nil, ""},
		{"a=b", nil, `"a=b" is not key=value:Effect`},
		{"=b:NoSchedule", nil, "is not key=value:Effect"},
		{"a=b:Never", nil, `unknown effect "Never"`},
	} {
		got, err := ParseTaints(strings.FieldsFunc(c.text, func(r rune) bool { return r == ',' }))
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: got %v, %v", c.text, got, err)
		}
	}
}
