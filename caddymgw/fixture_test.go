package caddymgw_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// The schemes of the tables, by the letter-words of alternatives.
func schemes() map[string]*caddymgw.Scheme {
	header := func(name string) credential.Place { return credential.Place{In: credential.Header, Name: name} }
	list := []*caddymgw.Scheme{
		{Name: "key", Type: caddymgw.APIKey, Param: "X-API-Key", Place: header("X-Api-Key")},
		{Name: "key2", Type: caddymgw.APIKey, Param: "X-API-Key", Place: header("X-Api-Key")},
		{Name: "qkey", Type: caddymgw.APIKey, Param: "apikey", Place: credential.Place{In: credential.Query, Name: "apikey"}},
		{Name: "ckey", Type: caddymgw.APIKey, Param: "k", Place: credential.Place{In: credential.Cookie, Name: "k"}},
		{Name: "akey", Type: caddymgw.APIKey, Param: "Authorization", Place: header("Authorization")},
		{Name: "basic", Type: caddymgw.HTTP, HTTPScheme: "basic", Place: header("Authorization")},
		{Name: "bearer", Type: caddymgw.HTTP, HTTPScheme: "bearer", Place: header("Authorization")},
		{Name: "oauth", Type: caddymgw.OAuth2, Place: header("Authorization")},
		{Name: "oidc", Type: caddymgw.OpenIDConnect, Place: header("Authorization")},
		{Name: "mtls", Type: caddymgw.MutualTLS},
		{Name: "nobody", Type: caddymgw.OAuth2, Place: header("Authorization")},
	}
	m := map[string]*caddymgw.Scheme{}
	for _, s := range list {
		s.Realm = "Test"
		m[s.Name] = s
	}
	return m
}

// fake judges by the value: "good", "good:scope,scope", "bad", "down",
// "limited"; it does not own a value that begins with "alien".
type fake struct {
	kind  string
	calls int
}

func (*fake) Owns(_ *caddymgw.Scheme, c credential.Credential) bool {
	return !strings.HasPrefix(c.Value.Reveal(), "alien")
}

func (f *fake) Verify(_ context.Context, r *caddymgw.Request, req *caddymgw.Requirement, c credential.Credential) caddymgw.Verdict {
	f.calls++
	value := c.Value.Reveal()
	if f.kind == "mtls" {
		if value = r.HTTP.Header.Get("Test-Certificate"); value == "" {
			return caddymgw.Verdict{Outcome: caddymgw.Absent}
		}
	}
	word, scopes, _ := strings.Cut(value, ":")
	p := &caddymgw.Principal{Subject: f.kind, Scheme: req.Scheme.Name}
	if scopes != "" {
		p.Scopes = strings.Split(scopes, ",")
		p.Roles = p.Scopes
	}
	switch word {
	case "good":
		return caddymgw.Verdict{Outcome: caddymgw.Satisfied, Principal: p}
	case "limited":
		return caddymgw.Verdict{Outcome: caddymgw.Forbidden, Principal: p, Reason: caddymgw.ReasonAddress}
	case "down":
		return caddymgw.Verdict{Outcome: caddymgw.Unavailable, Reason: caddymgw.ReasonNotReady}
	case "impostor": // a verifier that says yes to nobody
		return caddymgw.Verdict{Outcome: caddymgw.Satisfied}
	}
	return caddymgw.Verdict{Outcome: caddymgw.Refused, Fault: fault.InvalidCredentials, Reason: caddymgw.ReasonSignature}
}

func (f *fake) Challenge(r *caddymgw.Requirement) string {
	switch f.kind {
	case "token":
		return fault.BearerChallenge(r.Scheme.Realm, "", strings.Join(r.Scopes, " "))
	case "key":
		return fault.APIKeyChallenge(r.Scheme.Realm, string(r.Scheme.Place.In), r.Scheme.Param)
	case "basic":
		return fault.BasicChallenge(r.Scheme.Realm)
	}
	return ""
}

type oneRoute struct{ op *caddymgw.Operation }

func (o oneRoute) Route(*http.Request) (*caddymgw.Operation, *caddymgw.Denial) { return o.op, nil }

type fixture struct {
	gateway   *caddymgw.Gateway
	verifiers map[string]*fake
	shut      []*caddymgw.Operation
}

// newFixture compiles alternatives such as "key + oauth:read | basic | {}".
func newFixture(security string) *fixture {
	all := schemes()
	op := &caddymgw.Operation{API: &caddymgw.API{Name: "Test", Version: "1"}, Method: "GET", Template: "/x", ID: "getX"}
	for text := range strings.SplitSeq(security, "|") {
		alt := caddymgw.Alternative{}
		for term := range strings.SplitSeq(text, "+") {
			if term = strings.TrimSpace(term); term == "{}" || term == "" {
				continue
			}
			name, scopes, _ := strings.Cut(term, ":")
			r := caddymgw.Requirement{Scheme: all[name]}
			if scopes != "" {
				r.Scopes = strings.Split(scopes, ",")
			}
			alt = append(alt, r)
		}
		op.Alternatives = append(op.Alternatives, alt)
	}
	if security == "public" {
		op.Alternatives = nil
	}
	op.API.Operations = []*caddymgw.Operation{op}
	f := &fixture{verifiers: map[string]*fake{
		"key": {kind: "key"}, "basic": {kind: "basic"}, "token": {kind: "token"}, "mtls": {kind: "mtls"},
	}}
	f.shut = caddymgw.Bind(op.API, func(s *caddymgw.Scheme) caddymgw.Verifier {
		switch {
		case s.Name == "nobody":
			return nil
		case s.Type == caddymgw.APIKey:
			return f.verifiers["key"]
		case s.Type == caddymgw.MutualTLS:
			return f.verifiers["mtls"]
		case s.HTTPScheme == "basic":
			return f.verifiers["basic"]
		}
		return f.verifiers["token"]
	})
	f.gateway = &caddymgw.Gateway{Router: oneRoute{op}}
	return f
}

// get makes a request from lines such as "X-Api-Key: good" and "?apikey=good".
func get(lines ...string) *http.Request {
	r := &http.Request{Method: "GET", URL: &url.URL{Path: "/x"}, Header: http.Header{}, RemoteAddr: "192.0.2.1:1234"}
	for _, line := range lines {
		if query, ok := strings.CutPrefix(line, "?"); ok {
			r.URL.RawQuery = query
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func subjects(d caddymgw.Decision) string {
	var names []string
	for _, p := range d.Principals {
		names = append(names, p.Scheme)
	}
	return strings.Join(names, " ")
}
