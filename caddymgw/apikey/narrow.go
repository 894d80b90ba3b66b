package apikey

import (
	"fmt"
	"slices"
)

// Narrow returns the APIs of a grant: what is asked for, if the bound covers
// it, and the bound itself if nothing is asked for. An empty bound is every
// API. Its error is a *GrantError.
func Narrow(bound, asked []AllowedAPI) ([]AllowedAPI, error) {
	if len(asked) == 0 {
		return bound, nil
	}
	for i, a := range asked {
		covered := len(bound) == 0 || slices.ContainsFunc(bound, func(b AllowedAPI) bool {
			return a.Name == b.Name && (a.Version == b.Version || b.Version == "*")
		})
		if !covered {
			return nil, &GrantError{fmt.Sprintf("apis[%d]", i), "is not among the APIs that you may have a key for"}
		}
	}
	return asked, nil
}

// NarrowScopes returns the scopes of a grant likewise. An empty bound is none:
// nobody gives himself a scope.
func NarrowScopes(bound, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return bound, nil
	}
	for i, s := range asked {
		if !slices.Contains(bound, s) {
			return nil, &GrantError{fmt.Sprintf("scopes[%d]", i), "is not among your scopes"}
		}
	}
	return asked, nil
}

// Intersect returns the APIs that two bounds allow; ok is false where that is
// none. An empty bound is every API.
func Intersect(a, b []AllowedAPI) (both []AllowedAPI, ok bool) {
	if len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b), true
	}
	for _, x := range a {
		for _, y := range b {
			if x.Name != y.Name {
				continue
			}
			switch {
			case x.Version == y.Version, y.Version == "*":
				both = append(both, x)
			case x.Version == "*":
				both = append(both, y)
			}
		}
	}
	return both, len(both) > 0
}
