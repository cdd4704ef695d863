package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

const (
	restarts    = 3
	allVersions = 10 // updates of each object whose every version must be seen
)

// A follower keeps what a client believes about the objects, and every version it was told of.
type follower struct {
	name     string
	mutex    sync.Mutex
	now      map[string]*corev1.ConfigMap
	versions map[string]map[string]bool // name -> data["n"]
	removed  map[string]bool
	problems []string
	lists    int
}

func newFollower(name string) *follower {
	return &follower{name: name, now: map[string]*corev1.ConfigMap{}, versions: map[string]map[string]bool{}, removed: map[string]bool{}}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func (f *follower) saw(current *corev1.ConfigMap) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.sawLocked(current)
}

// A version may come again, unchanged (a list after a watch); never an older one, and nothing after the end.
func (f *follower) sawLocked(current *corev1.ConfigMap) {
	before, known := f.now[current.Name]
	if known && before.ResourceVersion == current.ResourceVersion {
		return
	}
	if f.removed[current.Name] {
		f.problems = append(f.problems, fmt.Sprintf("%s came back after its end", current.Name))
	}
	if known && (number(current.ResourceVersion) < number(before.ResourceVersion) || number(current.Data["n"]) < number(before.Data["n"])) {
		f.problems = append(f.problems, fmt.Sprintf("%s went back from %s to %s", current.Name, before.Data["n"], current.Data["n"]))
	}
	f.now[current.Name] = current
	if f.versions[current.Name] == nil {
		f.versions[current.Name] = map[string]bool{}
	}
	f.versions[current.Name][current.Data["n"]] = true
}

func (f *follower) wrong(problem string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.problems = append(f.problems, problem)
}

func (f *follower) lost(name string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.now, name)
	f.removed[name] = true
}

// listed takes a whole list: what is not in it is gone.
func (f *follower) listed(items []corev1.ConfigMap) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.lists++
	there := map[string]bool{}
	for i := range items {
		there[items[i].Name] = true
		f.sawLocked(&items[i])
	}
	for name := range f.now {
		if !there[name] {
			delete(f.now, name)
			f.removed[name] = true
		}
	}
}

func (f *follower) knows(name, n string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	current, there := f.now[name]
	return there && current.Data["n"] == n
}

// differs says how the belief differs from the server's list; "" when it does not.
func (f *follower) differs(items []corev1.ConfigMap) string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, item := range items {
		mine, there := f.now[item.Name]
		if !there {
			return item.Name + " is missing"
		}
		if mine.ResourceVersion != item.ResourceVersion || mine.Data["n"] != item.Data["n"] {
			return fmt.Sprintf("%s is at %s (n=%s) there and at %s (n=%s) here", item.Name, item.ResourceVersion, item.Data["n"], mine.ResourceVersion, mine.Data["n"])
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%d objects too many", len(f.now)-len(items)), "0 objects too many")
}

// sawEvery reports the first version of the objects from `first` to `last` that never came.
func (f *follower) sawEvery(names []string, first, last int) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, name := range names {
		for n := first; n <= last; n++ {
			if !f.versions[name][strconv.Itoa(n)] {
				return fmt.Errorf("%s never saw version %d of %s", f.name, n, name)
			}
		}
	}
	return nil
}

func listWatch(e *environment) *cache.ListWatch {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return maps.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return maps.Watch(ctx, options)
		}}
}

// followByInformer: what every controller does (a reflector under a shared informer).
func followByInformer(ctx context.Context, e *environment, f *follower) error {
	informer := cache.NewSharedInformer(listWatch(e), &corev1.ConfigMap{}, 0)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(now any) { f.saw(now.(*corev1.ConfigMap)) },
		UpdateFunc: func(_, now any) { f.saw(now.(*corev1.ConfigMap)) },
		DeleteFunc: func(last any) {
			if name, err := cache.DeletionHandlingObjectToName(last); err == nil {
				f.lost(name.Name)
			}
		}})
	if err != nil {
		return err
	}
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the informer was not filled in time")
	}
	return nil
}

// followByRetryWatcher lists, follows with a RetryWatcher, and lists again only when the server says 410 Gone.
func followByRetryWatcher(ctx context.Context, e *environment, f *follower) {
	source := listWatch(e)
	for ctx.Err() == nil {
		list, err := e.client.CoreV1().ConfigMaps(e.ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		f.listed(list.Items)
		watcher, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, source)
		if err != nil {
			f.wrong(err.Error())
			return
		}
		for event := range watcher.ResultChan() {
			f.take(event)
		}
	}
}

func (f *follower) take(event watch.Event) {
	switch event.Type {
	case watch.Added, watch.Modified:
		f.saw(event.Object.(*corev1.ConfigMap))
	case watch.Deleted:
		f.lost(event.Object.(*corev1.ConfigMap).Name)
	case watch.Error:
		if err := errors.FromObject(event.Object); !errors.IsResourceExpired(err) && !errors.IsGone(err) {
			f.wrong(fmt.Sprintf("the watch ended with %v", err))
		}
	}
}

// until repeats a write that may meet a server that is gone; what it left half done is known by `done`.
func until(ctx context.Context, write func() error, done func(error) bool) error {
	for {
		err := write()
		if err == nil || done(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func nothing(error) bool { return false }

// Brings an object to version n: creates it with 0, then updates.
func write(ctx context.Context, e *environment, name string, n int) error {
	maps, object := e.client.CoreV1().ConfigMaps(e.ns), configMap(name, map[string]string{"n": strconv.Itoa(n)})
	if n == 0 {
		return until(ctx, func() error { _, err := maps.Create(ctx, object, metav1.CreateOptions{}); return err }, errors.IsAlreadyExists)
	}
	return until(ctx, func() error { _, err := maps.Update(ctx, object, metav1.UpdateOptions{}); return err }, nothing)
}

// Writes versions first..last of all objects, an object after the other.
func writeVersions(ctx context.Context, e *environment, names []string, first, last int) error {
	for n := first; n <= last; n++ {
		for _, name := range names {
			if err := write(ctx, e, name, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func names(prefix string, count int) []string {
	var all []string
	for n := range count {
		all = append(all, fmt.Sprintf("%s-%03d", prefix, n))
	}
	return all
}

// Writes without a pause until it is told to stop; every third object ends. Returns the versions that must be there.
func writeThroughRestart(ctx context.Context, e *environment, prefix string, stop <-chan struct{}) (map[string]int, error) {
	left := map[string]int{}
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	for round := 0; ; round++ {
		name := fmt.Sprintf("%s-%05d", prefix, round)
		last := round % 4
		for n := 0; n <= last; n++ {
			if err := write(ctx, e, name, n); err != nil {
				return nil, err
			}
		}
		left[name] = last
		if round%3 == 0 {
			err := until(ctx, func() error { return maps.Delete(ctx, name, metav1.DeleteOptions{}) }, errors.IsNotFound)
			if err != nil {
				return nil, err
			}
			delete(left, name)
		}
		select {
		case <-stop:
			return left, nil
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// askForRestart prints the line that the caller of this program waits for, and waits until the file of -restarted has
// one more line.
func askForRestart(ctx context.Context, e *environment, done int) error {
	fmt.Println("restart the server")
	return eventually(ctx, "the restart", func() (bool, error) {
		text, err := os.ReadFile(e.restarted)
		return strings.Count(string(text), "\n") > done, err
	})
}

// watchResume: clients that follow objects keep following over kill -9 and a restart of the server, at every version
// while it runs, and with no object lost or wrong when it comes back.
func watchResume(ctx context.Context, e *environment) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	followers := []*follower{newFollower("the informer"), newFollower("the RetryWatcher")}
	if err := followByInformer(ctx, e, followers[0]); err != nil {
		return err
	}
	go followByRetryWatcher(ctx, e, followers[1])
	written := 0
	for round := range restarts + 1 {
		steady := names(fmt.Sprintf("steady-%d", round), 5)
		if err := followSteadily(ctx, e, followers, steady); err != nil {
			return fmt.Errorf("after %d restarts: %w", round, err)
		}
		if round == restarts {
			break
		}
		n, err := followThroughRestart(ctx, e, followers, round)
		if err != nil {
			return fmt.Errorf("restart %d: %w", round+1, err)
		}
		written += n
	}
	fmt.Printf("watch-resume: %d objects written through %d restarts; the RetryWatcher listed %d times\n", written, restarts, followers[1].lists)
	return nil
}

// mark creates an object and waits until all have seen it.
func mark(ctx context.Context, e *environment, followers []*follower, name string) error {
	if err := write(ctx, e, name, 0); err != nil {
		return err
	}
	for _, f := range followers {
		if err := eventually(ctx, f.name+" follows", func() (bool, error) { return f.knows(name, "0"), nil }); err != nil {
			return err
		}
	}
	return nil
}

// Once both have seen a marker, no version of what is written next may be left out.
func followSteadily(ctx context.Context, e *environment, followers []*follower, objects []string) error {
	if err := writeVersions(ctx, e, objects[1:], 0, 0); err != nil {
		return err
	}
	if err := mark(ctx, e, followers, objects[0]); err != nil {
		return err
	}
	if err := writeVersions(ctx, e, objects, 1, allVersions); err != nil {
		return err
	}
	if err := agree(ctx, e, followers); err != nil {
		return err
	}
	for _, f := range followers {
		if err := f.sawEvery(objects, 0, allVersions); err != nil {
			return err
		}
	}
	return nil
}

// Four writers go on while the server is killed and started; nothing that they were told is done may be missing.
func followThroughRestart(ctx context.Context, e *environment, followers []*follower, round int) (int, error) {
	const writers = 4
	type result struct {
		left map[string]int
		err  error
	}
	stop, results := make(chan struct{}), make(chan result, writers)
	for writer := range writers {
		go func() {
			left, err := writeThroughRestart(ctx, e, fmt.Sprintf("round-%d-%d", round, writer), stop)
			results <- result{left, err}
		}()
	}
	restarted := askForRestart(ctx, e, round)
	if restarted == nil { // and until they follow again
		restarted = mark(ctx, e, followers, fmt.Sprintf("marker-%d", round))
	}
	close(stop)
	left := map[string]int{}
	for range writers {
		of := <-results
		if of.err != nil {
			return 0, of.err
		}
		for name, n := range of.left {
			left[name] = n
		}
	}
	if restarted != nil {
		return 0, restarted
	}
	if err := agree(ctx, e, followers); err != nil {
		return 0, err
	}
	return len(left), holds(ctx, e, fmt.Sprintf("round-%d-", round), left)
}

// agree: in the end everybody believes what the server has.
func agree(ctx context.Context, e *environment, followers []*follower) error {
	list, err := e.client.CoreV1().ConfigMaps(e.ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, f := range followers {
		var difference string
		err := eventually(ctx, f.name, func() (bool, error) {
			difference = f.differs(list.Items)
			return difference == "", nil
		})
		f.mutex.Lock()
		problems := strings.Join(f.problems, "; ")
		f.mutex.Unlock()
		if err != nil || problems != "" {
			return fmt.Errorf("%s: %s %s", f.name, difference, problems)
		}
	}
	return nil
}

// holds: the server has exactly what the writers were told, among the objects with this prefix.
func holds(ctx context.Context, e *environment, prefix string, wanted map[string]int) error {
	list, err := e.client.CoreV1().ConfigMaps(e.ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	there := 0
	for _, item := range list.Items {
		if !strings.HasPrefix(item.Name, prefix) {
			continue
		}
		there++
		if n, known := wanted[item.Name]; !known || strconv.Itoa(n) != item.Data["n"] {
			return fmt.Errorf("%s is at version %s; its writer left it at %d (%v)", item.Name, item.Data["n"], n, known)
		}
	}
	return expect(there == len(wanted), "%d of %d written objects are there", there, len(wanted))
}
