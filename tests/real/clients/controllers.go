package main

import (
	"context"
	"fmt"
	"time"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	ctrlclient "sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func discovery(_ context.Context, e *environment) error {
	groups, err := restmapper.GetAPIGroupResources(e.client.Discovery())
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for kind, resource := range map[schema.GroupKind]string{
		{Kind: "ConfigMap"}:                                               "configmaps",
		{Group: "coordination.k8s.io", Kind: "Lease"}:                     "leases",
		{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: "customresourcedefinitions",
		{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:         "clusterroles",
	} {
		mapping, err := mapper.RESTMapping(kind)
		if err != nil {
			return err
		}
		if mapping.Resource.Resource != resource {
			return fmt.Errorf("%s is mapped to %s", kind, mapping.Resource)
		}
	}
	_, err = e.client.Discovery().OpenAPIV3().Paths()
	return err
}

// informer: a shared informer over many objects, with the streamed list that client-go asks for by itself.
func informer(ctx context.Context, e *environment) error {
	if err := fill(ctx, e); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(e.client, 0, informers.WithNamespace(e.ns))
	maps := factory.Core().V1().ConfigMaps()
	changed := make(chan string, 10)
	_, err := maps.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, now any) { changed <- now.(*corev1.ConfigMap).Data["n"] }})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), maps.Informer().HasSynced) {
		return fmt.Errorf("the cache was not filled in time")
	}
	if got := len(maps.Informer().GetStore().List()); got < e.objects {
		return fmt.Errorf("%d of %d objects are in the cache", got, e.objects)
	}
	_, err = e.client.CoreV1().ConfigMaps(e.ns).Update(ctx, configMap("map-00001", map[string]string{"n": "new"}), metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	select {
	case n := <-changed:
		return expect(n == "new", "the handler was told %q", n)
	case <-ctx.Done():
		return fmt.Errorf("the handler was never told")
	}
}

func leaderElection(ctx context.Context, e *environment) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leads := make(chan string, 2)
	candidate := func(ctx context.Context, name string) {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "leader"},
			Client: e.client.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: true,
			LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leads <- name }, OnStoppedLeading: func() {}}})
	}
	first, resign := context.WithCancel(ctx)
	defer resign()
	go candidate(first, "first")
	if got := <-leads; got != "first" {
		return fmt.Errorf("%s leads alone", got)
	}
	go candidate(ctx, "second")
	select {
	case got := <-leads:
		return fmt.Errorf("%s leads beside the first", got)
	case <-time.After(time.Second):
	}
	resign()
	select {
	case got := <-leads:
		return expect(got == "second", "%s took over", got)
	case <-ctx.Done():
		return fmt.Errorf("nobody took over")
	}
}

func access(ctx context.Context, e *environment) error {
	review, err := e.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorization.SelfSubjectAccessReview{
		Spec: authorization.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorization.ResourceAttributes{
			Namespace: e.ns, Verb: "delete", Resource: "secrets"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if !review.Status.Allowed {
		return fmt.Errorf("the administrator may not: %s", review.Status.Reason)
	}
	accounts := e.client.CoreV1().ServiceAccounts(e.ns)
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	token, err := accounts.CreateToken(ctx, "robot", &authentication.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(e.config)
	config.BearerToken = token.Status.Token
	robot, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	self, err := robot.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authentication.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if self.Status.UserInfo.Username != "system:serviceaccount:"+e.ns+":robot" {
		return fmt.Errorf("the token is that of %s", self.Status.UserInfo.Username)
	}
	_, err = robot.CoreV1().Secrets(e.ns).List(ctx, metav1.ListOptions{})
	return expect(errors.IsForbidden(err), "a robot without a role lists Secrets: %v", err)
}

func definitions(ctx context.Context, e *environment) error {
	client, err := apiextensionsclient.NewForConfig(e.config)
	if err != nil {
		return err
	}
	group := e.ns + ".example.com"
	limit := int64(3)
	definition := &apiextensions.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "gadgets." + group},
		Spec: apiextensions.CustomResourceDefinitionSpec{Group: group, Scope: apiextensions.NamespaceScoped,
			Names: apiextensions.CustomResourceDefinitionNames{Kind: "Gadget", Plural: "gadgets"},
			Versions: []apiextensions.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true,
				Schema: &apiextensions.CustomResourceValidation{OpenAPIV3Schema: &apiextensions.JSONSchemaProps{Type: "object",
					Properties: map[string]apiextensions.JSONSchemaProps{"spec": {Type: "object",
						Properties:   map[string]apiextensions.JSONSchemaProps{"name": {Type: "string", MaxLength: &limit}},
						XValidations: apiextensions.ValidationRules{{Rule: "self.name != 'no'", Message: "no is no name"}}}}}}}}}}
	api := client.ApiextensionsV1().CustomResourceDefinitions()
	if _, err := api.Create(ctx, definition, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = api.Delete(context.Background(), definition.Name, metav1.DeleteOptions{}) }()
	err = eventually(ctx, "established", func() (bool, error) {
		got, err := api.Get(ctx, definition.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range got.Status.Conditions {
			if condition.Type == apiextensions.Established && condition.Status == apiextensions.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(e.config)
	if err != nil {
		return err
	}
	gadgets := objects.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: "gadgets"}).Namespace(e.ns)
	gadget := func(name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": group + "/v1", "kind": "Gadget",
			"metadata": map[string]any{"name": "g"}, "spec": map[string]any{"name": name}}}
	}
	for _, wrong := range []string{"much too long", "no"} {
		if _, err := gadgets.Create(ctx, gadget(wrong), metav1.CreateOptions{}); !errors.IsInvalid(err) {
			return fmt.Errorf("the name %q: %v", wrong, err)
		}
	}
	// kube-apiserver may serve a new kind a moment after it says Established.
	err = eventually(ctx, "create", func() (bool, error) {
		_, err := gadgets.Create(ctx, gadget("yes"), metav1.CreateOptions{})
		if errors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	if err := api.Delete(ctx, definition.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return eventually(ctx, "the objects go with their definition", func() (bool, error) {
		_, err := gadgets.Get(ctx, "g", metav1.GetOptions{})
		return errors.IsNotFound(err) || errors.IsMethodNotSupported(err), nil
	})
}

// controllerRuntime: a manager with its cache, its client and a reconciler that writes back.
func controllerRuntime(ctx context.Context, e *environment) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	manager, err := ctrl.NewManager(e.config, ctrl.Options{Metrics: metricsserver.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "clients.example.com", LeaderElectionNamespace: e.ns,
		Cache: ctrlcache.Options{DefaultNamespaces: map[string]ctrlcache.Config{e.ns: {}}}})
	if err != nil {
		return err
	}
	reconciler := reconcileFunction(func(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
		var current corev1.ConfigMap
		if err := manager.GetClient().Get(ctx, request.NamespacedName, &current); err != nil {
			return ctrl.Result{}, ctrlclient.IgnoreNotFound(err)
		}
		if current.Annotations["seen"] == "yes" {
			return ctrl.Result{}, nil
		}
		before := current.DeepCopy()
		current.SetAnnotations(map[string]string{"seen": "yes"})
		return ctrl.Result{}, manager.GetClient().Patch(ctx, &current, ctrlclient.MergeFrom(before))
	})
	if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Named(e.ns).Complete(reconciler); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	if _, err := maps.Create(ctx, configMap("reconciled", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	err = eventually(ctx, "reconciled", func() (bool, error) {
		got, err := maps.Get(ctx, "reconciled", metav1.GetOptions{})
		return err == nil && got.Annotations["seen"] == "yes", err
	})
	cancel()
	if stopped := <-ended; err == nil {
		err = stopped
	}
	return err
}

type reconcileFunction func(context.Context, ctrl.Request) (ctrl.Result, error)

func (f reconcileFunction) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return f(ctx, request)
}

// garbageCollection needs kube-controller-manager beside a bare kube-apiserver; slipwayd has its own.
func garbageCollection(ctx context.Context, e *environment) error {
	maps := e.client.CoreV1().ConfigMaps(e.ns)
	for _, policy := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan} {
		owner, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "owner-"}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		hold := true
		owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "owned-", OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID, BlockOwnerDeletion: &hold}}}}
		owned, err = maps.Create(ctx, owned, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if err := maps.Delete(ctx, owner.Name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
			return err
		}
		err = eventually(ctx, string(policy)+": the owner goes", func() (bool, error) {
			_, err := maps.Get(ctx, owner.Name, metav1.GetOptions{})
			return errors.IsNotFound(err), nil
		})
		if err != nil {
			return err
		}
		err = eventually(ctx, string(policy)+": what it owned", func() (bool, error) {
			left, err := maps.Get(ctx, owned.Name, metav1.GetOptions{})
			if policy == metav1.DeletePropagationOrphan {
				return err == nil && len(left.OwnerReferences) == 0, err
			}
			return errors.IsNotFound(err), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
