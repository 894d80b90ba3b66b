package caddymgw

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// Border says what is removed from and added to a request that passes. Make it
// with NewBorder; it is immutable and safe for concurrent use.
type Border struct {
	identities []Identity
	removed    map[string]bool    // folded header names
	keys       []credential.Place // the apiKey places of the whole document
	places     []credential.Place // all of its places
	forward    bool
	ownKey     func(string) bool
	report     *ReportOnly
}

// overrides are headers by which a client could tell the upstream another
// path, method or certificate than the one that was authorised; of families all
// that begin so. Folded.
var overrides = []string{
	"x-forwarded-client-cert", "x-rewrite-url", "x-replaced-path", "x-script-name", "ssl-cert",
	"x-forwarded-uri", "x-forwarded-url", "x-forwarded-path", "x-forwarded-prefix", "x-forwarded-method",
	"x-method-override", "x-arr-clientcert",
}

var families = []string{
	"client-cert", "x-wso2-client-cert", "ssl-client-", "x-ssl-", "x-client-cert", "x-client-dn", "x-client-verify", "x-tls-client-",
	"x-forwarded-tls-", "x-amzn-mtls-", "x-original-", "x-envoy-original-", "x-http-method", "x-http-path",
}

// NewBorder returns the border of one API. Ours are further headers that nobody
// else may set. With forward, credentials that were
// verified are left in the request. OwnKey tells an API key of this gateway by
// its looks.
func NewBorder(api *API, identities []Identity, ours []string, forward bool, ownKey func(string) bool) *Border {
	b := &Border{identities: identities, removed: map[string]bool{}, forward: forward, ownKey: ownKey}
	for _, name := range overrides {
		b.removed[name] = true
	}
	for _, name := range ours {
		b.removed[credential.Fold(name)] = true
	}
	for _, id := range identities {
		b.removed[credential.Fold(id.Header)] = true
	}
	for _, s := range api.Schemes {
		if s.Type == APIKey && s.Place != authorization {
			b.keys = append(b.keys, s.Place)
		}
		if s.Place.In != "" {
			b.places = append(b.places, s.Place)
		}
	}
	return b
}

var authorization = credential.Place{In: credential.Header, Name: "Authorization"}

// Cross makes the request that the next handler sees, in place: header names
// that only we may set are removed, credentials are stripped, the connection
// headers cleaned, and the identity headers set.
func (b *Border) Cross(r *http.Request, d Decision) {
	for name := range r.Header {
		if b.foreign(name) {
			delete(r.Header, name)
		}
	}
	cleanConnection(r)
	for _, p := range b.keys {
		if !b.kept(p, d) {
			credential.Strip(r, p)
		}
	}
	if d.Operation != nil && d.Operation.plan != nil {
		for _, p := range d.Operation.plan.places {
			if !b.kept(p, d) {
				credential.Strip(r, p)
			}
		}
	}
	if b.ownKeyIn(r.Header["Authorization"]) && !b.kept(authorization, d) {
		delete(r.Header, "Authorization")
	}
	b.guardTrailer(r)
	if d.Operation == nil {
		return
	}
	for _, id := range b.identities {
		if v := id.value(d); v != "" {
			r.Header[id.Header] = []string{v}
		}
	}
}

// Clean removes from a request that does not pass all that Cross would, and sets
// nothing: an error page may come from another upstream.
func (b *Border) Clean(r *http.Request) {
	for name := range r.Header {
		if b.foreign(name) {
			delete(r.Header, name)
		}
	}
	for _, p := range b.places {
		credential.Strip(r, p)
	}
	delete(r.Header, "Authorization")
	cleanConnection(r)
	b.guardTrailer(r)
}

// kept reports whether a credential stays: it was verified, and is to be
// forwarded; or it is for somebody else to verify.
func (b *Border) kept(p credential.Place, d Decision) bool {
	if b.report.leaves(p, d) {
		return true
	}
	return b.forward && len(d.Principals) > 0 &&
		slices.ContainsFunc(d.Verified, func(c credential.Credential) bool { return c.Place == p })
}

// guardTrailer cleans the trailer when it has come, behind the body: a client
// may send other fields there than those that it announced. A credential has no
// business there at all.
func (b *Border) guardTrailer(r *http.Request) {
	if r.Trailer == nil && r.ContentLength >= 0 {
		return
	}
	clean := func() {
		for name := range r.Trailer {
			if b.foreign(name) || credential.SameHeader(name, "Authorization") || slices.ContainsFunc(b.keys, func(p credential.Place) bool {
				return p.In == credential.Header && credential.SameHeader(name, p.Name)
			}) {
				delete(r.Trailer, name)
			}
		}
	}
	clean()
	if r.Body != nil {
		r.Body = &guardedBody{r.Body, clean}
	}
}

// guardedBody calls clean when the body has ended.
type guardedBody struct {
	io.ReadCloser
	clean func()
}

// Read reads the body.
func (b *guardedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.clean()
	}
	return n, err
}

func (b *Border) foreign(name string) bool {
	var buffer [64]byte
	folded := credential.AppendFold(buffer[:0], name)
	if b.removed[string(folded)] {
		return true
	}
	return slices.ContainsFunc(families, func(prefix string) bool {
		return len(folded) >= len(prefix) && string(folded[:len(prefix)]) == prefix
	})
}

// ownKeyIn: a key of ours in Authorization is nobody else's business, even
// where the operation does not read the header.
func (b *Border) ownKeyIn(lines []string) bool {
	return b.ownKey != nil && slices.ContainsFunc(lines, func(v string) bool {
		words := strings.FieldsFunc(v, func(c rune) bool { return strings.ContainsRune(" \t,;\"=", c) })
		return slices.ContainsFunc(words, b.ownKey)
	})
}

// cleanConnection leaves only the options that concern the connection itself:
// a proxy deletes the headers that Connection names (RFC 9110 section 7.6.1),
// also those that we have set. Only WebSocket may be upgraded to: h2c would
// open a tunnel behind our back.
func cleanConnection(r *http.Request) {
	upgrade := r.Method == http.MethodGet && len(r.Header["Upgrade"]) == 1 &&
		strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	if !upgrade {
		delete(r.Header, "Upgrade")
		delete(r.Header, "Http2-Settings")
	}
	lines, present := r.Header["Connection"]
	if !present {
		return
	}
	var kept []string
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			switch option = strings.ToLower(strings.TrimSpace(option)); {
			case option == "close", option == "keep-alive", option == "upgrade" && upgrade:
				kept = append(kept, option)
			}
		}
	}
	if len(kept) == 0 {
		delete(r.Header, "Connection")
		return
	}
	r.Header["Connection"] = []string{strings.Join(kept, ", ")}
}
