package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// What one watcher saw, from a list on: every change of every object once, in the order of resourceVersions.
type watchLog struct {
	from, to int64 // changes after `from` up to `to` must all be in `seen`
	seen     map[commit]string
	gaps     []gap // ranges this watcher could not follow (410 Gone: it had to list again)
	resumed  int
}

type gap struct{ from, to int64 }

type watchEvent struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

func revision(text string) int64 {
	number, _ := strconv.ParseInt(text, 10, 64)
	return number
}

// follow watches until `stop`, resuming where it was whenever the server goes away.
func (w *watchLog) follow(c *client, stop time.Time) error {
	w.seen = map[commit]string{}
	listed, mustList := false, true
	for time.Now().Before(stop) {
		if mustList {
			result, present, err := c.list("")
			if err != nil {
				return err
			}
			if result != done {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			at := revision(present.Metadata.ResourceVersion)
			if listed {
				w.gaps = append(w.gaps, gap{w.to, at})
			} else {
				w.from = at
			}
			w.to, listed, mustList = at, true, false
		}
		expired, err := w.stream(c, stop)
		if err != nil {
			return err
		}
		mustList = expired
		w.resumed++
	}
	return nil
}

// stream reads one watch to its end. True: the server no longer has the history (410).
func (w *watchLog) stream(c *client, stop time.Time) (bool, error) {
	ctx, cancel := context.WithDeadline(context.Background(), stop)
	defer cancel()
	url := fmt.Sprintf("%s%s?watch=true&allowWatchBookmarks=true&resourceVersion=%d", c.server, collection, w.to)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return false, nil
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusGone {
		return true, nil
	}
	if response.StatusCode != http.StatusOK {
		time.Sleep(20 * time.Millisecond)
		return false, nil
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var event watchEvent
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			return false, nil // cut in the middle of a line
		}
		if event.Type == "ERROR" {
			var status struct {
				Code int `json:"code"`
			}
			if err := json.Unmarshal(event.Object, &status); err != nil {
				return false, err
			}
			return status.Code == http.StatusGone, nil
		}
		var changed object
		if err := json.Unmarshal(event.Object, &changed); err != nil {
			return false, err
		}
		if err := w.take(event.Type, changed); err != nil {
			return false, err
		}
	}
	return false, nil
}

// take checks one event against what came before it.
func (w *watchLog) take(kind string, changed object) error {
	at := revision(changed.Metadata.ResourceVersion)
	if kind == "BOOKMARK" {
		if at < w.to {
			return fmt.Errorf("bookmark at %d after an event at %d", at, w.to)
		}
		w.to = at
		return nil
	}
	if at <= w.to {
		return fmt.Errorf("%s of %s at %d after revision %d was told", kind, changed.Metadata.Name, at, w.to)
	}
	w.to = at
	w.seen[commit{changed.Metadata.Name, changed.Metadata.ResourceVersion}] = kind
	return nil
}

// check compares with the acknowledged writes: each one in the watched range must have been seen.
func (w *watchLog) check(commits map[commit]bool) error {
	for written := range commits {
		at := revision(written.version)
		if at <= w.from || at > w.to || w.missedBy(at) {
			continue
		}
		kind, told := w.seen[written]
		if !told {
			return fmt.Errorf("the write of %s at %s was acknowledged and never told to a watcher at %d..%d", written.key,
				written.version, w.from, w.to)
		}
		if kind == "DELETED" {
			return fmt.Errorf("the write of %s at %s was told as %s", written.key, written.version, kind)
		}
	}
	return nil
}

func (w *watchLog) missedBy(at int64) bool {
	for _, missing := range w.gaps {
		if at > missing.from && at <= missing.to {
			return true
		}
	}
	return false
}

// agree checks that two watchers were told the same about every revision both followed.
func agree(a, b *watchLog) error {
	for told, kind := range a.seen {
		at := revision(told.version)
		if at <= b.from || at > b.to || b.missedBy(at) {
			continue
		}
		if other, there := b.seen[told]; !there || other != kind {
			return fmt.Errorf("%s at %s: one watcher saw %s, another %q", told.key, told.version, kind, other)
		}
	}
	return nil
}
