// access-oracle answers questions about access with the RBAC authorizer of kube-apiserver: one JSON document a line in,
// one out.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

type question struct {
	User        string
	Groups      []string
	Verb        string
	IsResource  bool
	Group       string
	Resource    string
	Subresource string
	Name        string
	Namespace   string
	Path        string
}

type escalation struct {
	User      string
	Groups    []string
	Namespace string
	Rules     []rbacv1.PolicyRule
}

type input struct {
	Roles               []*rbacv1.Role
	ClusterRoles        []*rbacv1.ClusterRole
	RoleBindings        []*rbacv1.RoleBinding
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding
	Questions           []question
	Escalations         []escalation
	Repeat              int // asks the questions this often and reports the time of one
}

type answer struct {
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
}

type output struct {
	Answers     []answer `json:"answers"`
	Escalations []string `json:"escalations"`
	Nanoseconds float64  `json:"nanoseconds"`
}

func store[T any](objects []T) cache.Indexer {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, object := range objects {
		if err := indexer.Add(object); err != nil {
			panic(err)
		}
	}
	return indexer
}

func answerAll(in input) output {
	roles := &rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(store(in.Roles))}
	roleBindings := &rbac.RoleBindingLister{Lister: rbaclisters.NewRoleBindingLister(store(in.RoleBindings))}
	clusterRoles := &rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(store(in.ClusterRoles))}
	clusterRoleBindings := &rbac.ClusterRoleBindingLister{
		Lister: rbaclisters.NewClusterRoleBindingLister(store(in.ClusterRoleBindings))}
	asked := rbac.New(roles, roleBindings, clusterRoles, clusterRoleBindings)
	resolver := validation.NewDefaultRuleResolver(roles, roleBindings, clusterRoles, clusterRoleBindings)

	out := output{Answers: []answer{}, Escalations: []string{}}
	var attributes []authorizer.AttributesRecord
	for _, q := range in.Questions {
		attributes = append(attributes, authorizer.AttributesRecord{
			User:            &user.DefaultInfo{Name: q.User, Groups: q.Groups},
			Verb:            q.Verb,
			Namespace:       q.Namespace,
			APIGroup:        q.Group,
			APIVersion:      "v1",
			Resource:        q.Resource,
			Subresource:     q.Subresource,
			Name:            q.Name,
			ResourceRequest: q.IsResource,
			Path:            q.Path,
		})
	}
	if in.Repeat > 0 {
		begin := time.Now()
		for i := 0; i < in.Repeat; i++ {
			for _, a := range attributes {
				_, _, _ = asked.Authorize(context.Background(), a)
			}
		}
		out.Nanoseconds = float64(time.Since(begin).Nanoseconds()) / float64(in.Repeat*len(attributes))
	}
	for _, a := range attributes {
		decision, reason, err := asked.Authorize(context.Background(), a)
		if err != nil {
			panic(err)
		}
		if decision == authorizer.DecisionAllow {
			reason = ""
		}
		out.Answers = append(out.Answers, answer{decision == authorizer.DecisionAllow, reason})
	}
	for _, e := range in.Escalations {
		ctx := request.WithNamespace(context.Background(), e.Namespace)
		ctx = request.WithUser(ctx, &user.DefaultInfo{Name: e.User, Groups: e.Groups})
		text := ""
		if err := validation.ConfirmNoEscalation(ctx, resolver, e.Rules); err != nil {
			text = err.Error()
		}
		out.Escalations = append(out.Escalations, text)
	}
	return out
}

func main() {
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 64<<20)
	writer := json.NewEncoder(os.Stdout)
	for scanner.Scan() {
		var in input
		if err := json.Unmarshal(scanner.Bytes(), &in); err != nil {
			panic(err)
		}
		if err := writer.Encode(answerAll(in)); err != nil {
			panic(err)
		}
	}
	if err := scanner.Err(); err != nil {
		panic(err)
	}
}
