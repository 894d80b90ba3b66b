package command

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// newGateway is what the files of a new gateway are made from.
type newGateway struct {
	doc      *openapi.Document
	paths    requestPaths
	document string // name of the file
	site     newSite
	upstream string // "": a mock
	defaults []string
	issuer   string // path of apikey_issuer; "" for none
	hash     string // of admin's password; "" for no user
	scopes   []string
}

// wantsKeys reports whether a scheme of type apiKey is declared.
func (n *newGateway) wantsKeys() bool {
	return n.declares(func(s *caddymgw.Scheme) bool { return s.Type == caddymgw.APIKey })
}

// wantsUser reports whether somebody has to log in, for a key or for an operation.
func (n *newGateway) wantsUser() bool { return n.declares(served) }

func (n *newGateway) declares(is func(*caddymgw.Scheme) bool) bool {
	return slices.ContainsFunc(n.doc.API.Schemes, is)
}

// served reports whether the new gateway verifies a scheme as it is: for others
// somebody has to say whom to trust.
func served(s *caddymgw.Scheme) bool {
	return s.Type == caddymgw.APIKey || basic(s)
}

func basic(s *caddymgw.Scheme) bool { return s.Type == caddymgw.HTTP && s.HTTPScheme == "basic" }

func bearer(s *caddymgw.Scheme) bool {
	return s.Type == caddymgw.OAuth2 || s.Type == caddymgw.OpenIDConnect || s.Type == caddymgw.HTTP && s.HTTPScheme == "bearer"
}

// open returns the first alternative of an operation by which somebody can call
// it, with the credentials that there are.
func open(op *caddymgw.Operation) (alt caddymgw.Alternative, ok bool) {
	for _, alt := range op.Alternatives {
		if !slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return !served(r.Scheme) }) {
			return alt, true
		}
	}
	return nil, op.Public()
}

// shut lists the operations that nobody can call yet, and whether some of them
// have no security declared.
func (n *newGateway) shut() (labels []string, undeclared bool) {
	for _, op := range n.doc.API.Operations {
		if _, ok := open(op); ok {
			continue
		}
		labels = append(labels, op.Method+" "+op.Template)
		for _, alt := range op.Alternatives {
			undeclared = undeclared || slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return r.Scheme.Name == "default_security oauth2" })
		}
	}
	return labels, undeclared
}

// roles are what the document asks of users: admin has all of them.
func (n *newGateway) roles() (roles []string) {
	for _, op := range n.doc.API.Operations {
		for _, alt := range op.Alternatives {
			for _, r := range alt {
				if served(r.Scheme) {
					roles = append(roles, r.Scopes...)
				}
			}
		}
	}
	slices.Sort(roles)
	return slices.DeleteFunc(slices.Compact(roles), func(s string) bool {
		_, ok := word(s)
		return !ok || strings.ContainsAny(s, " \t") // nobody has such a one
	})
}

// freePath is where the issuer takes no operation's place.
func (n *newGateway) freePath() string {
	for _, path := range []string{"/apikey", "/gateway/apikey"} {
		_, self := n.doc.Route(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
		_, below := n.doc.Route(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path + "/keys"}})
		if self != nil && self.Status == http.StatusNotFound && below != nil && below.Status == http.StatusNotFound {
			return path
		}
	}
	return "/gateway/issuer/apikey"
}

// headers are those of credentials that Caddy drops unless they are expected, by
// the option that says so.
func (n *newGateway) headers() (underscore, dot []string, err error) {
	var all []string
	for _, s := range n.doc.API.Schemes {
		if s.Place.In == credential.Header {
			all = append(all, strings.ToLower(s.Place.Name))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for i, name := range all {
		for _, other := range all[:i] {
			if credential.Fold(other) == credential.Fold(name) {
				return nil, nil, fmt.Errorf("the document reads credentials in the headers %s and %s, which servers take for one: no gateway can tell them apart", plain(other), plain(name))
			}
		}
		written, ok := word(name)
		switch {
		case !strings.ContainsAny(name, "_."):
		case !ok:
			return nil, nil, fmt.Errorf("the document reads credentials in the header %s, which no Caddyfile can name", plain(name))
		case strings.Contains(name, "_"):
			underscore = append(underscore, written)
		default:
			dot = append(dot, written)
		}
	}
	return underscore, dot, nil
}
