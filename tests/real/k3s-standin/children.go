package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// children are the processes of one node. The death of any of them ends the node, as in K3s, where they are one process.
type children struct {
	died chan error // the first unexpected end

	begin     time.Time
	logFolder string

	mutex    sync.Mutex
	list     []*child
	stopping bool
}

type child struct {
	name    string
	command *exec.Cmd
	ended   chan struct{}
}

const stopLimit = 5 * time.Second // per child, then SIGKILL

func newChildren(logFolder string) *children {
	return &children{died: make(chan error, 8), begin: time.Now(), logFolder: logFolder}
}

// say prints one line in the style of K3s, with the seconds since the start.
func (c *children) say(format string, a ...any) { c.print("info", format, a...) }

func (c *children) warn(format string, a ...any) { c.print("warning", format, a...) }

func (c *children) print(level, format string, a ...any) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s t=%.2fs msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, time.Since(c.begin).Seconds(), fmt.Sprintf(format, a...))
}

func (c *children) output(name string) *os.File {
	if c.logFolder == "" {
		return os.Stderr
	}
	_ = os.MkdirAll(c.logFolder, 0o755)
	file, err := os.OpenFile(filepath.Join(c.logFolder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.warn("no log file for %s: %v", name, err)
		return os.Stderr
	}
	return file
}

// component starts one of this program's own commands, tool a program of toolsFolder.
func (c *children) component(name string, arguments ...string) error {
	return c.start(name, program(), append([]string{name}, arguments...))
}

func (c *children) tool(name string, arguments ...string) error {
	return c.start(name, filepath.Join(toolsFolder(), name), arguments)
}

func (c *children) start(name, path string, arguments []string) error {
	command := exec.Command(path, arguments...)
	output := c.output(name)
	command.Stdout, command.Stderr = output, output
	command.Env = childEnvironment()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	err := command.Start()
	if output != os.Stderr {
		output.Close()
	}
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", name, err)
	}
	p := &child{name, command, make(chan struct{})}
	c.mutex.Lock()
	c.list = append(c.list, p)
	c.mutex.Unlock()
	c.say("%s started, pid %d", name, command.Process.Pid)
	go c.watch(p)
	return nil
}

// childEnvironment leaves out the service manager's socket: containerd would report itself ready with it.
func childEnvironment() []string {
	path := os.Getenv("PATH")
	if path == "" {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	inherited := slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "NOTIFY_SOCKET=") || strings.HasPrefix(e, "PATH=")
	})
	return append(inherited, "PATH="+toolsFolder()+":"+path)
}

func (c *children) watch(p *child) {
	err := p.command.Wait()
	close(p.ended)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.stopping {
		c.report(fmt.Errorf("%s ended: %v", p.name, err))
	}
}

// report ends the node; only the first report counts.
func (c *children) report(err error) {
	select {
	case c.died <- err:
	default:
	}
}

// end stops the children, last started first.
func (c *children) end() {
	c.mutex.Lock()
	c.stopping = true
	list := c.list
	c.mutex.Unlock()
	for _, p := range slices.Backward(list) {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(stopLimit):
			c.warn("%s did not end within %v, killing it", p.name, stopLimit)
			_ = p.command.Process.Kill()
			<-p.ended
		}
	}
}

// waitFor polls until ok, the context's end or the limit.
func waitFor(ctx context.Context, what string, limit time.Duration, ok func() bool) error {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if ok() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	return fmt.Errorf("waited %v for %s in vain", limit, what)
}
