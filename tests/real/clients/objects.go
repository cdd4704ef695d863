package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/util/retry"
)

func configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
}

// fill creates e.objects ConfigMaps with 20 writers.
func fill(ctx context.Context, e *environment) error {
	var group sync.WaitGroup
	failures := make(chan error, e.objects)
	for writer := range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := writer; n < e.objects; n += 20 {
				_, err := e.client.CoreV1().ConfigMaps(e.ns).Create(ctx,
					configMap(fmt.Sprintf("map-%05d", n), map[string]string{"n": fmt.Sprint(n)}), metav1.CreateOptions{})
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	group.Wait()
	close(failures)
	return <-failures
}

// pagination: the pages of one list are one snapshot, whatever is written meanwhile.
func pagination(ctx context.Context, e *environment) error {
	if err := fill(ctx, e); err != nil {
		return err
	}
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	seen, revision := map[string]bool{}, ""
	options := metav1.ListOptions{Limit: 97}
	for page := 0; ; page++ {
		list, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		if revision == "" {
			revision = list.ResourceVersion
		}
		if list.ResourceVersion != revision {
			return fmt.Errorf("page %d is of revision %s, the first of %s", page, list.ResourceVersion, revision)
		}
		for _, item := range list.Items {
			if seen[item.Name] {
				return fmt.Errorf("%s came twice", item.Name)
			}
			seen[item.Name] = true
		}
		if list.Continue == "" {
			break
		}
		options.Continue = list.Continue
		// Behind and before the reader.
		last := fmt.Sprintf("map-%05d", e.objects-1-page)
		if err := maps.Delete(ctx, last, metav1.DeleteOptions{}); err != nil {
			return err
		}
		if _, err := maps.Create(ctx, configMap(fmt.Sprintf("new-%05d", page), nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	for n := range e.objects {
		if name := fmt.Sprintf("map-%05d", n); !seen[name] {
			return fmt.Errorf("%s was there when the list began and is missing", name)
		}
	}
	_, err := maps.List(ctx, metav1.ListOptions{Limit: 1, Continue: "nonsense"})
	return expect(errors.IsBadRequest(err) || errors.IsResourceExpired(err), "a broken continue token: %v", err)
}

// contention: optimistic locking loses no increment.
func contention(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	if _, err := maps.Create(ctx, configMap("counter", map[string]string{"n": "0"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	const writers, rounds = 8, 25
	backoff := retry.DefaultBackoff
	backoff.Steps = 200
	failures := make(chan error, writers)
	for range writers {
		go func() {
			var failure error
			for round := 0; round < rounds && failure == nil; round++ {
				failure = retry.RetryOnConflict(backoff, func() error {
					current, err := maps.Get(ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					var n int
					fmt.Sscan(current.Data["n"], &n)
					current.Data["n"] = fmt.Sprint(n + 1)
					_, err = maps.Update(ctx, current, metav1.UpdateOptions{})
					return err
				})
			}
			failures <- failure
		}()
	}
	for range writers {
		if err := <-failures; err != nil {
			return err
		}
	}
	final, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect(final.Data["n"] == fmt.Sprint(writers*rounds), "the counter is at %s of %d", final.Data["n"], writers*rounds)
}

func serverSideApply(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	wanted := func(data map[string]string) *applycore.ConfigMapApplyConfiguration {
		return applycore.ConfigMap("applied", e.ns).WithData(data)
	}
	one, two := metav1.ApplyOptions{FieldManager: "one"}, metav1.ApplyOptions{FieldManager: "two"}
	if _, err := maps.Apply(ctx, wanted(map[string]string{"a": "1", "b": "1"}), one); err != nil {
		return err
	}
	_, err := maps.Apply(ctx, wanted(map[string]string{"a": "2"}), two)
	if !errors.IsConflict(err) || !errors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("another manager's field: %v", err)
	}
	two.Force = true
	if _, err := maps.Apply(ctx, wanted(map[string]string{"a": "2"}), two); err != nil {
		return err
	}
	dropped, err := maps.Apply(ctx, wanted(map[string]string{}), one)
	if err != nil {
		return err
	}
	if _, there := dropped.Data["b"]; there || dropped.Data["a"] != "2" {
		return fmt.Errorf("after one dropped its fields: %v", dropped.Data)
	}
	extracted, err := applycore.ExtractConfigMap(dropped, "two")
	if err != nil {
		return err
	}
	return expect(extracted.Data["a"] == "2", "extracted for two: %v", extracted.Data)
}

func patches(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	if _, err := maps.Create(ctx, configMap("patched", map[string]string{"a": "1"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	for kind, patch := range map[types.PatchType]string{
		types.MergePatchType:          `{"data":{"merge":"1"}}`,
		types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
	} {
		if _, err := maps.Patch(ctx, "patched", kind, []byte(patch), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	got, err := maps.Get(ctx, "patched", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if len(got.Data) != 4 {
		return fmt.Errorf("after all patches: %v", got.Data)
	}
	_, err = maps.Patch(ctx, "patched", types.MergePatchType, []byte(`{"dta":{}}`), metav1.PatchOptions{FieldValidation: "Strict"})
	if !errors.IsInvalid(err) && !errors.IsBadRequest(err) {
		return fmt.Errorf("an unknown field under Strict: %v", err)
	}
	return nil
}

func dryRunAndNames(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	generated := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "made-"}}
	tried, err := maps.Create(ctx, generated, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	if _, err := maps.Get(ctx, tried.Name, metav1.GetOptions{}); !errors.IsNotFound(err) {
		return fmt.Errorf("a dry run left %s: %v", tried.Name, err)
	}
	if _, err := maps.Create(ctx, generated, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err = maps.Create(ctx, configMap("Not_A_Name", nil), metav1.CreateOptions{})
	return expect(errors.IsInvalid(err), "a bad name: %v", err)
}

// deletion: preconditions, finalizers, collections.
func deletion(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	held := configMap("held", nil)
	held.Finalizers = []string{"example.com/hold"}
	created, err := maps.Create(ctx, held, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	wrong := types.UID("another")
	err = maps.Delete(ctx, "held", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}})
	if !errors.IsConflict(err) {
		return fmt.Errorf("a wrong precondition: %v", err)
	}
	if err := maps.Delete(ctx, "held", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &created.UID}}); err != nil {
		return err
	}
	waiting, err := maps.Get(ctx, "held", metav1.GetOptions{})
	if err != nil || waiting.DeletionTimestamp == nil {
		return fmt.Errorf("a finalizer does not hold: %v", err)
	}
	waiting.Finalizers = nil
	if _, err := maps.Update(ctx, waiting, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if _, err := maps.Get(ctx, "held", metav1.GetOptions{}); !errors.IsNotFound(err) {
		return fmt.Errorf("without finalizers it stays: %v", err)
	}
	for n := range 5 {
		labelled := configMap(fmt.Sprintf("of-%d", n), nil)
		labelled.Labels = map[string]string{"group": fmt.Sprint(n % 2)}
		if _, err := maps.Create(ctx, labelled, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "group=0"}); err != nil {
		return err
	}
	left, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "group"})
	if err != nil {
		return err
	}
	return expect(len(left.Items) == 2, "%d of 2 are left", len(left.Items))
}

func metadataOnly(ctx context.Context, e *environment) error {
	client, err := metadata.NewForConfig(e.config)
	if err != nil {
		return err
	}
	if _, err := e.client.CoreV1().ConfigMaps(e.ns).Create(ctx, configMap("seen", map[string]string{"a": "1"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	list, err := client.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(e.ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		if item.Name == "seen" {
			text, _ := json.Marshal(item)
			var whole map[string]any
			_ = json.Unmarshal(text, &whole)
			return expect(whole["data"] == nil, "more than metadata: %s", text)
		}
	}
	return fmt.Errorf("the object is not in the list of %d", len(list.Items))
}
