package command

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
)

// wallet has credentials of every kind for the schemes of a document, or says why
// not.
type wallet struct {
	keys           *keyMaker
	user, password string                     // for HTTP Basic; "" for none
	files          map[string]map[kind]string // tokens that were given, by scheme
	certificate    bool                       // one was given
}

// get returns a credential for a scheme, or why there is none.
func (w *wallet) get(s *caddymgw.Scheme, k kind, op *caddymgw.Operation) (p presented, why string, err error) {
	switch {
	case s.Type == caddymgw.MutualTLS:
		return w.ofCertificate(k)
	case basic(s):
		p, why = w.login(s, k)
		return p, why, nil
	case s.Type == caddymgw.APIKey && w.files[s.Name] == nil:
		return w.apiKey(s, k, op)
	case s.Type == caddymgw.APIKey, bearer(s):
		p, why = w.token(s, k)
		return p, why, nil
	case s.Type == caddymgw.HTTP && k == malformed:
		return p.at(s, k, "mgw-test"), "", nil
	case s.Type == "":
		return p, "nobody passes by default_security deny", nil
	}
	return p, "credentials of the HTTP scheme " + s.HTTPScheme + " can't be made here", nil
}

// at is a credential where a scheme reads it.
func (presented) at(s *caddymgw.Scheme, k kind, value string) presented {
	p := presented{Credential: credential.Credential{Place: s.Place, Value: credential.Secret(value)}, kind: k}
	switch s.Type {
	case caddymgw.APIKey:
	case caddymgw.HTTP:
		p.AuthScheme = s.HTTPScheme
	default:
		p.AuthScheme = "bearer"
	}
	return p
}

func (w *wallet) ofCertificate(k kind) (p presented, why string, err error) {
	p = presented{certificate: true, kind: k}
	switch {
	case k == forged:
	case k != right:
		why = "only right certificates, and those that nobody has signed, are tried"
	case !w.certificate:
		why = "no client certificate was given: --cert and --key"
	}
	return p, why, nil
}

func (w *wallet) login(s *caddymgw.Scheme, k kind) (p presented, why string) {
	switch encode := base64.StdEncoding.EncodeToString; {
	case k == malformed:
		return p.at(s, k, "mgw-test"), ""
	case k == forged && w.user == "":
		return p.at(s, k, encode([]byte("mgw-test:"+rand.Text()))), ""
	case k == forged:
		return p.at(s, k, encode([]byte(w.user+":"+rand.Text()))), ""
	case k != right:
		return p, "a password has no such state"
	case w.user == "":
		return p, "nobody was named who may log in: --user"
	}
	p = p.at(s, k, base64.StdEncoding.EncodeToString([]byte(w.user+":"+w.password)))
	p.every = true
	return p, ""
}

// token returns one of those that were given, or makes a bad one.
func (w *wallet) token(s *caddymgw.Scheme, k kind) (p presented, why string) {
	given := w.files[s.Name]
	text := given[k]
	switch {
	case text != "":
	case k == malformed:
		text = "mgw-test"
	case k == forged && given[right] != "":
		text = forge(given[right])
	case k == forged:
		text = nobodysToken()
	default:
		return p, fmt.Sprintf("no such token was given: --token-file %s=FILE", fileName(s, k))
	}
	p = p.at(s, k, text)
	p.scopes, p.every = scopesOf(s, text)
	return p, ""
}

func fileName(s *caddymgw.Scheme, k kind) string {
	if k == right {
		return s.Name
	}
	return s.Name + ":" + string(k)
}

// scopesOf reads what a token claims. One that can't be read is taken to have
// every scope.
func scopesOf(s *caddymgw.Scheme, text string) (scopes []string, every bool) {
	t, err := token.Parse(text)
	if err != nil {
		return nil, true
	}
	claims := []string{"scope", "scp"}
	switch s.Type {
	case caddymgw.HTTP:
		claims = []string{"roles"}
	case caddymgw.APIKey:
		claims = []string{"scope", "roles"}
	}
	for _, name := range claims {
		switch v := t.Claims.All[name].(type) {
		case string:
			scopes = append(scopes, strings.Fields(v)...)
		case []any:
			list, _ := token.Strings(v)
			scopes = append(scopes, list...)
		}
	}
	return scopes, false
}

// forge returns a token with a signature that is not the issuer's; what is no JWT
// becomes another text of its length.
func forge(text string) string {
	i := strings.LastIndexByte(text, '.') + 1
	b := []byte(text)
	at := i + (len(b)-i)/2 // not the last one, whose bits may be no part of the signature
	if i == 0 {
		at = len(b) / 2
	}
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}

// nobodysToken is a JWT of an issuer whom nobody trusts.
func nobodysToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	signature := make([]byte, 64)
	_, _ = rand.Read(signature) // never fails
	return encode([]byte(`{"alg":"ES256","typ":"at+jwt","kid":"mgw-test"}`)) + "." +
		encode([]byte(`{"iss":"https://mgw-test.invalid","sub":"mgw-test","exp":4102444800}`)) + "." + encode(signature)
}

// apiKey has the gateway issue one.
func (w *wallet) apiKey(s *caddymgw.Scheme, k kind, _ *caddymgw.Operation) (p presented, why string, err error) {
	text := "mgw-test"
	switch k {
	case malformed:
	case forged:
		if text, err = w.keys.right(); err == nil {
			text = forge(text)
		}
	case expired:
		text, err = w.keys.expired()
	case foreign:
		text, why, err = w.keys.foreign()
	case revoked:
		text, err = w.keys.revoked()
	default:
		text, err = w.keys.right()
	}
	if err != nil || why != "" {
		return p, why, err
	}
	p = p.at(s, k, text)
	p.scopes = w.keys.scopes
	return p, "", nil
}

// insufficient returns authentic credentials that lack something for an operation.
func (w *wallet) insufficient(r *caddymgw.Requirement, op *caddymgw.Operation) (candidates []presented, why string, err error) {
	s := r.Scheme
	switch {
	case s.Type == caddymgw.MutualTLS:
		return nil, "a certificate has no scopes", nil
	case basic(s):
		return nil, "what a user may do is the gateway's to say", nil
	case s.Type == caddymgw.APIKey && w.files[s.Name] == nil:
		return w.lesserKeys(r, op)
	case s.Type != caddymgw.APIKey && !bearer(s):
		return nil, "credentials of the HTTP scheme " + s.HTTPScheme + " can't be made here", nil
	}
	for _, k := range []kind{insufficient, right} {
		if p, lacking := w.token(s, k); lacking == "" {
			if p.kind = insufficient; k == insufficient && p.every {
				p.every = false // who gave it says so
			}
			candidates = append(candidates, p)
		} else if why == "" {
			why = lacking
		}
	}
	return candidates, why, nil
}

// lesserKeys lack the scopes, or open another operation only, or may be used from
// an address only that nobody has (RFC 5737).
func (w *wallet) lesserKeys(r *caddymgw.Requirement, op *caddymgw.Operation) (candidates []presented, why string, err error) {
	var grants []newKey
	if len(r.Scopes) > 0 {
		grants = append(grants, newKey{})
	}
	if i := slices.IndexFunc(op.API.Operations, func(o *caddymgw.Operation) bool { return o.ID != "" && o.ID != op.ID }); i >= 0 {
		grants = append(grants, newKey{Operations: []string{op.API.Operations[i].ID}, Scopes: w.keys.scopes})
	}
	grants = append(grants, newKey{Addresses: []string{"192.0.2.1"}, Scopes: w.keys.scopes})
	for _, g := range grants {
		text, err := w.keys.issue(g)
		if err != nil {
			return nil, "", err
		}
		p := presented{}.at(r.Scheme, insufficient, text)
		p.limited, p.scopes = len(g.Operations)+len(g.Addresses) > 0, g.Scopes
		candidates = append(candidates, p)
	}
	return candidates, "", nil
}
