package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// DefaultMode is what an operation asks for where nothing is declared.
type DefaultMode uint8

// The modes.
const (
	DefaultOAuth2  DefaultMode = iota // an access token, as WSO2 does
	DefaultDeny                       // nobody passes
	DefaultPublic                     // everybody passes
	DefaultSchemes                    // one of the named schemes
)

// DefaultSecurity applies where a document declares no security at all.
type DefaultSecurity struct {
	Mode    DefaultMode
	Schemes []string // with DefaultSchemes: names of the document, any of which suffices
}

// The schemes that exist only through DefaultSecurity. A scheme without a type
// is one that nothing verifies.
const (
	implicitOAuth2 = "default_security oauth2"
	implicitDeny   = "default_security deny"
)

// scheme is a declared scheme; err is why it can't be read, which matters only
// to requirements that name it.
type scheme struct {
	*caddymgw.Scheme
	err error
}

// requirements is a security member as it is declared.
type requirements struct{ alternatives []caddymgw.Alternative }

func (c *compiler) readSchemes(root *value) error {
	c.schemes = map[string]*scheme{}
	at := root
	path := []string{"components", "securitySchemes"}
	if c.swagger() {
		path = []string{"securityDefinitions"}
	}
	for _, name := range path {
		next, err := at.get(name)
		if err != nil {
			return err
		}
		if next == nil || next.kind == null {
			return nil
		}
		at = next
	}
	members, err := at.object()
	if err != nil {
		return err
	}
	for _, m := range members {
		s, err := c.scheme(m.name, m.value)
		c.schemes[m.name] = &scheme{s, err}
		if err != nil {
			c.warn("the security scheme %s can't be read: %v", m.name, err)
			continue
		}
		c.doc.API.Schemes = append(c.doc.API.Schemes, s)
	}
	return nil
}

// scheme reads a Security Scheme Object (OpenAPI 3.1 section 4.8.27, 2.0
// "Security Scheme Object").
func (c *compiler) scheme(name string, v *value) (*caddymgw.Scheme, error) {
	v, err := c.follow(v)
	if err != nil {
		return nil, err
	}
	typ, err := v.member("type")
	if err != nil {
		return nil, err
	}
	s := &caddymgw.Scheme{Name: name, Type: caddymgw.SchemeType(typ), Place: c.authorization, Realm: c.doc.API.Name}
	switch {
	case typ == "basic" && c.swagger():
		s.Type, s.HTTPScheme = caddymgw.HTTP, "basic"
	case s.Type == caddymgw.APIKey:
		err = c.keyPlace(s, v)
	case s.Type == caddymgw.HTTP && !c.swagger():
		if s.HTTPScheme, err = v.member("scheme"); err == nil && s.HTTPScheme == "" {
			err = v.errorf("the member scheme is missing: it names the HTTP authentication scheme, such as basic or bearer")
		}
		s.HTTPScheme = strings.ToLower(s.HTTPScheme)
	case s.Type == caddymgw.OAuth2, s.Type == caddymgw.OpenIDConnect && !c.swagger():
	case s.Type == caddymgw.MutualTLS && !c.swagger():
		s.Place = credential.Place{}
	default:
		types := "apiKey, http, mutualTLS, oauth2 and openIdConnect"
		if c.swagger() {
			types = "apiKey, basic and oauth2"
		}
		err = v.errorf("type %q is no security scheme type of OpenAPI %s: there are %s", typ, c.doc.API.OpenAPI, types)
	}
	return s, err
}

func (c *compiler) keyPlace(s *caddymgw.Scheme, v *value) error {
	in, err := v.member("in")
	if err != nil {
		return err
	}
	name, err := v.member("name")
	if err != nil {
		return err
	}
	s.Place, s.Param = credential.Place{In: credential.In(in), Name: name}, name
	switch {
	case name == "":
		return v.errorf("the member name is missing: it names the header, query parameter or cookie")
	case s.Place.In == credential.Header:
		if !isToken(name) {
			return v.errorf("%q is no header name (RFC 9110 section 5.6.2)", name)
		}
		s.Place.Name = http.CanonicalHeaderKey(name)
		if slices.Contains([]string{"Host", "Trailer", "Transfer-Encoding", "Content-Length", "Connection"}, s.Place.Name) {
			return v.errorf("the header %s belongs to the connection and never holds a key", name)
		}
	case s.Place.In == credential.Query, s.Place.In == credential.Cookie && !c.swagger():
	case c.swagger():
		return v.errorf("in %q: must be header or query", in)
	default:
		return v.errorf("in %q: must be header, query or cookie", in)
	}
	return nil
}

func isToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func (c *compiler) documentSecurity(root *value) error {
	if c.options.DefaultSecurity.Mode == DefaultSchemes { // a misspelt name is one even where no operation falls back on it
		if _, err := c.defaults(root); err != nil {
			return err
		}
	}
	v, err := root.get("security")
	if err != nil || v == nil {
		return err
	}
	c.security, err = c.requirements(v)
	return err
}

// requirements reads a list of Security Requirement Objects (OpenAPI 3.1
// section 4.8.30).
func (c *compiler) requirements(v *value) (*requirements, error) {
	items, err := v.list()
	if err != nil {
		return nil, err
	}
	r := &requirements{}
	anonymous := false
	for _, item := range items {
		members, err := item.object()
		if err != nil {
			return nil, err
		}
		if len(members) == 0 {
			anonymous = true
			continue
		}
		var alt caddymgw.Alternative
		for _, m := range members {
			req, err := c.requirement(m)
			if err != nil {
				return nil, err
			}
			alt = append(alt, req)
		}
		r.alternatives = append(r.alternatives, alt)
	}
	if anonymous && len(r.alternatives) > 0 {
		r.alternatives = append(r.alternatives, caddymgw.Alternative{})
	}
	return r, nil
}

func (c *compiler) requirement(m member) (caddymgw.Requirement, error) {
	var r caddymgw.Requirement
	s, ok := c.schemes[m.name]
	switch {
	case !ok && strings.Contains(m.name, "/"):
		return r, m.value.errorf("a requirement that names a scheme by URI is not followed: declare the scheme under components and name it")
	case !ok:
		return r, m.value.errorf("no security scheme %q is declared%s", m.name, c.nearest(m.name))
	case s.err != nil:
		return r, s.err
	}
	r.Scheme = s.Scheme
	items, err := m.value.list()
	if err != nil {
		return r, err
	}
	for _, item := range items {
		scope, err := item.str()
		if err != nil {
			return r, err
		}
		r.Scopes = append(r.Scopes, scope)
	}
	if s.Type == caddymgw.MutualTLS && len(r.Scopes) > 0 {
		c.warn("%s: nobody passes, a certificate has no roles", m.value.pointer())
	}
	if slices.ContainsFunc(r.Scopes, func(s string) bool { return strings.ContainsAny(s, " \t") }) {
		c.warn("%s: nobody passes, no scope holds a blank (RFC 6749 section 3.3): write one entry for each", m.value.pointer())
	}
	scoped := s.Type == caddymgw.OAuth2 || s.Type == caddymgw.OpenIDConnect
	switch {
	case len(r.Scopes) == 0 || scoped:
	case c.options.CombineAny && s.Type == caddymgw.APIKey:
		c.warn("%s: with combine any no roles are asked of API keys: those of %s are not asked", m.value.pointer(), m.name)
	case !c.atLeast("3.1"):
		// Dropping them would let more callers in than the author meant.
		c.warn("%s: OpenAPI %s knows scopes of oauth2 and openIdConnect only; those of %s are asked as roles, as 3.1 does",
			m.value.pointer(), c.doc.API.OpenAPI, m.name)
	}
	return r, nil
}

// nearest proposes the declared name that differs in case only, or lists all.
func (c *compiler) nearest(name string) string {
	var names []string
	for n := range c.schemes {
		if strings.EqualFold(n, name) {
			return ": did you mean " + n + "?"
		}
		names = append(names, n)
	}
	if len(names) == 0 {
		return ": the document declares none"
	}
	slices.Sort(names)
	return ": there are " + strings.Join(names, ", ")
}

// effective returns the security of an operation: its own, else the
// document's, else the default. WSO2's extension stands before "security" on
// either level.
func (c *compiler) effective(op *value) ([]caddymgw.Alternative, error) {
	disabled, err := c.disabledAt(op)
	if err != nil {
		return nil, err
	}
	own, err := op.get("security")
	if err != nil {
		return nil, err
	}
	declared := c.security
	if own != nil {
		if declared, err = c.requirements(own); err != nil {
			return nil, err
		}
	}
	app, err := c.application(op)
	if err != nil {
		return nil, err
	}
	if app.types == nil && own == nil {
		app.types = c.app.types
	}
	if app.optional == nil {
		app.optional = c.app.optional
	}
	optional := app.optional != nil && *app.optional
	var alternatives []caddymgw.Alternative
	switch {
	case disabled:
		return nil, nil
	case app.types != nil:
		alternatives = app.expand(c, declared)
	case declared != nil:
		for _, alt := range declared.alternatives {
			alternatives = append(alternatives, slices.Clone(alt))
		}
	case optional: // a certificate suffices: no default stands beside it
	default:
		if alternatives, err = c.defaults(op); err != nil {
			return nil, err
		}
	}
	if c.options.CombineAny {
		alternatives = combineAny(alternatives)
	}
	return c.withMutualTLS(alternatives, optional), nil
}

func (c *compiler) defaults(op *value) ([]caddymgw.Alternative, error) {
	d := c.options.DefaultSecurity
	switch d.Mode {
	case DefaultPublic:
		return nil, nil
	case DefaultDeny:
		return []caddymgw.Alternative{{{Scheme: c.implicit(caddymgw.Scheme{Name: implicitDeny})}}}, nil
	case DefaultSchemes:
		if len(d.Schemes) == 0 {
			return nil, op.errorf("default_security names no scheme")
		}
		var alternatives []caddymgw.Alternative
		for _, name := range d.Schemes {
			s, ok := c.schemes[name]
			if !ok {
				return nil, op.errorf("default_security names the scheme %q, which the document does not declare%s", name, c.nearest(name))
			}
			if s.err != nil {
				return nil, s.err
			}
			alternatives = append(alternatives, caddymgw.Alternative{{Scheme: s.Scheme}})
		}
		return alternatives, nil
	}
	return []caddymgw.Alternative{{{Scheme: c.implicit(caddymgw.Scheme{Name: implicitOAuth2, Type: caddymgw.OAuth2, Place: c.authorization})}}}, nil
}

// implicit returns a scheme that the document does not declare. No requirement
// can name it, whatever the document calls its own.
func (c *compiler) implicit(want caddymgw.Scheme) *caddymgw.Scheme {
	if s := c.standIns[want.Name]; s != nil {
		return s
	}
	want.Realm = c.doc.API.Name
	c.standIns[want.Name] = &want
	c.doc.API.Schemes = append(c.doc.API.Schemes, &want)
	return &want
}
