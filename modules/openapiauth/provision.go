package openapiauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

// Provision compiles the document and binds its schemes to verifiers.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	var err error
	if h.app, err = mgw.FromContext(ctx); err != nil {
		return err
	}
	switch h.Faults {
	case "":
		h.Faults = fault.WSO2
	case fault.WSO2, fault.Problem, fault.Caddy:
	default:
		return fmt.Errorf("faults %q: must be wso2, problem or caddy", h.Faults)
	}
	if h.Document == "" {
		return errors.New("openapi_auth: no document is named")
	}
	if h.Combine != "" && !slices.Contains(combinations, h.Combine) {
		return fmt.Errorf("combine %q: must be openapi or any", h.Combine)
	}
	if h.AuthHeader != "" && !httpguts.ValidHeaderFieldName(h.AuthHeader) {
		return fmt.Errorf("auth_header %q: not a header name", h.AuthHeader)
	}
	if u, err := url.Parse(h.Resource); h.Resource != "" && (err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "") {
		return fmt.Errorf("resource %q: must be a URL such as https://api.example.com/v1 (RFC 9728 section 1.2)", h.Resource)
	}
	options, err := h.options()
	if err != nil {
		return err
	}
	if h.doc, err = openapi.Load(h.Document, options); err != nil {
		return err
	}
	if err := h.app.RegisterAPI(h.doc, h.Document); err != nil {
		return err
	}
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	h.logs = server != nil && server.Logs != nil
	if err := h.provisionSchemes(ctx, server); err != nil {
		return err
	}
	h.warnOfAnyHost(server)
	if h.StripBasePath {
		if err := h.doc.CheckStrip(); err != nil {
			return err
		}
	}
	return h.provisionBorder(server)
}

// options says how the document is read.
func (h *Handler) options() (openapi.Options, error) {
	defaults, err := defaultSecurity(h.DefaultSecurity)
	return openapi.Options{
		BasePath:          h.BasePath,
		DefaultSecurity:   defaults,
		AuthHeader:        h.AuthHeader,
		CombineAny:        h.Combine == "any",
		AllowEncodedSlash: h.AllowEncodedSlash,
		AllowSemicolon:    h.AllowSemicolon,
	}, err
}

var combinations = []string{"openapi", "any"}

func defaultSecurity(words []string) (openapi.DefaultSecurity, error) {
	var d openapi.DefaultSecurity
	if len(words) == 0 {
		return d, nil
	}
	modes := map[string]openapi.DefaultMode{"oauth2": openapi.DefaultOAuth2, "deny": openapi.DefaultDeny, "public": openapi.DefaultPublic}
	if mode, ok := modes[words[0]]; ok && len(words) == 1 {
		d.Mode = mode
		return d, nil
	}
	if words[0] != "scheme" || len(words) == 1 {
		return d, fmt.Errorf("default_security %s: must be oauth2, deny, public, or scheme and names", strings.Join(words, " "))
	}
	d.Mode, d.Schemes = openapi.DefaultSchemes, words[1:]
	return d, nil
}

func (h *Handler) provisionSchemes(ctx caddy.Context, server *caddyhttp.Server) error {
	byName, err := h.loadNamed(ctx)
	if err != nil {
		return err
	}
	byType := map[string]caddymgw.Verifier{}
	bound := map[*caddymgw.Scheme]caddymgw.Verifier{}
	var vary []string
	for _, s := range h.doc.API.Schemes {
		if err := expected(server, s, h.Document); err != nil {
			return err
		}
		mgw.Redact(s.Place)
		v, ok := byName[s.Name]
		if !ok {
			if v, err = defaultVerifier(ctx, s, byType); err != nil {
				return err
			}
		}
		bound[s] = v
		if s.Type == caddymgw.APIKey {
			h.app.WarnUnredacted(server)
			switch s.Place.In {
			case credential.Header:
				vary = append(vary, s.Place.Name)
			case credential.Cookie:
				vary = append(vary, "Cookie")
			}
		}
	}
	slices.Sort(vary)
	h.vary = strings.Join(slices.Compact(vary), ", ")
	if h.certificateHeaders, err = h.guardCertificates(ctx, server, bound); err != nil {
		return err
	}
	if err := h.refuseAmbient(bound); err != nil {
		return err
	}
	for s, v := range bound {
		token := s.Type == caddymgw.OAuth2 || s.Type == caddymgw.OpenIDConnect || s.HTTPScheme == "bearer"
		_, ambient := v.(caddymgw.Ambient)
		h.tokens = h.tokens || token && !ambient && v != nil && v != caddymgw.Closed()
		h.issuers = append(h.issuers, h.app.IssuersOf(v)...)
	}
	if h.tokens {
		mgw.Redact(credential.Place{In: credential.Query, Name: "access_token"}) // some clients send it there (RFC 6750 section 2.3); nobody reads it
	}
	h.issuers = slices.DeleteFunc(h.issuers, func(name string) bool { return !strings.Contains(name, "://") })
	slices.Sort(h.issuers)
	h.issuers = slices.Compact(h.issuers)
	unreachable := caddymgw.Bind(h.doc.API, func(s *caddymgw.Scheme) caddymgw.Verifier { return bound[s] })
	if h.reported, err = h.provisionReport(); err != nil {
		return err
	}
	unreachable = slices.DeleteFunc(unreachable, h.reported.Reachable)
	if len(unreachable) > 0 {
		names := make([]string, len(unreachable))
		for i, op := range unreachable {
			names[i] = op.Label()
		}
		h.app.Warn("nobody can call some operations, nothing here verifies the schemes that they need: "+strings.Join(names, ", "), "document", h.Document)
	}
	for _, w := range h.doc.Warnings {
		h.app.Warn(w, "document", h.Document)
	}
	return nil
}

// refuseAmbient: a verifier that can't tell a wrong credential from none would
// let the wrong one in as nobody.
func (h *Handler) refuseAmbient(bound map[*caddymgw.Scheme]caddymgw.Verifier) error {
	for _, op := range h.doc.API.Operations {
		anonymous := slices.ContainsFunc(op.Alternatives, func(a caddymgw.Alternative) bool { return len(a) == 0 })
		for _, alt := range op.Alternatives {
			for _, r := range alt {
				if _, ambient := bound[r.Scheme].(caddymgw.Ambient); ambient && anonymous {
					return fmt.Errorf("%s: scheme %s: the operation %s lets anonymous requests in ({}), and this verifier can't tell a wrong credential from none: take {} out of its security, or verify the scheme in another way",
						h.Document, r.Scheme.Name, op.Label())
				}
			}
		}
	}
	return nil
}

// loadNamed loads the verifiers that the configuration names for schemes.
func (h *Handler) loadNamed(ctx caddy.Context) (map[string]caddymgw.Verifier, error) {
	for name := range h.SchemesRaw {
		if !slices.ContainsFunc(h.doc.API.Schemes, named(name)) {
			return nil, fmt.Errorf("scheme %s: the document %s declares no such scheme: %s", name, h.Document, h.schemes())
		}
	}
	byName := map[string]caddymgw.Verifier{}
	if len(h.SchemesRaw) == 0 {
		return byName, nil
	}
	modules, err := ctx.LoadModule(h, "SchemesRaw")
	if err != nil {
		return nil, fmt.Errorf("loading the verifiers of schemes: %w", err)
	}
	for name, m := range modules.(map[string]any) {
		v, ok := m.(mgw.VerifierModule)
		if !ok {
			return nil, fmt.Errorf("scheme %s: the module is no verifier", name)
		}
		if c, ok := m.(mgw.SchemeChecker); ok {
			if err := c.CheckScheme(h.doc.API.Schemes[slices.IndexFunc(h.doc.API.Schemes, named(name))]); err != nil {
				return nil, fmt.Errorf("scheme %s: %w", name, err)
			}
		}
		byName[name] = v.Verifier()
	}
	return byName, nil
}

// schemes says which there are.
func (h *Handler) schemes() string {
	var names []string
	for _, s := range h.doc.API.Schemes {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "there is none"
	}
	slices.Sort(names)
	return "there are " + strings.Join(names, ", ")
}

func named(name string) func(*caddymgw.Scheme) bool {
	return func(s *caddymgw.Scheme) bool { return s.Name == name }
}

// defaultVerifier picks the module by the scheme's type; nil where this build
// has none for it. Schemes of one type share one.
func defaultVerifier(ctx caddy.Context, s *caddymgw.Scheme, byType map[string]caddymgw.Verifier) (caddymgw.Verifier, error) {
	module := "jwt"
	switch {
	case s.Type == caddymgw.APIKey:
		module = "api_key"
	case s.Type == caddymgw.MutualTLS:
		module = "mtls"
	case s.Type == caddymgw.HTTP && s.HTTPScheme == "basic":
		module = "basic"
	case s.Type == caddymgw.HTTP && s.HTTPScheme != "bearer", s.Type == "":
		return nil, nil
	}
	if v, ok := byType[module]; ok {
		return v, nil
	}
	if !slices.ContainsFunc(caddy.GetModules("mgw.verifiers"), func(m caddy.ModuleInfo) bool { return m.ID.Name() == module }) {
		return nil, nil
	}
	m, err := ctx.LoadModuleByID("mgw.verifiers."+module, nil)
	if err != nil {
		return nil, err
	}
	v, ok := m.(mgw.VerifierModule)
	if !ok {
		return nil, fmt.Errorf("mgw.verifiers.%s is no verifier", module)
	}
	byType[module] = v.Verifier()
	return byType[module], nil
}

// expected refuses a key header that Caddy drops before any handler sees it.
func expected(server *caddyhttp.Server, s *caddymgw.Scheme, document string) error {
	if server == nil || s.Place.In != credential.Header {
		return nil
	}
	name := strings.ToLower(s.Place.Name)
	option, allowed := "expected_underscore_headers", server.ExpectedUnderscoreHeaders
	switch {
	case strings.Contains(name, "_"):
	case strings.Contains(name, "."):
		option, allowed = "expected_dot_headers", server.ExpectedDotHeaders
	default:
		return shadowed(server, s, document)
	}
	for _, entry := range allowed {
		entry = strings.ToLower(entry)
		prefix, glob := strings.CutSuffix(entry, "*")
		if entry == name || glob && strings.HasPrefix(name, prefix) {
			return nil
		}
	}
	hyphenated := http.CanonicalHeaderKey(strings.NewReplacer("_", "-", ".", "-").Replace(name))
	return fmt.Errorf("%s: scheme %s reads the header %s, which Caddy drops: add to the global options: servers { %s %s } (JSON: %s of the server that listens on %s). Caddy then drops %s instead",
		document, s.Name, name, option, name, option, strings.Join(server.Listen, ", "), hyphenated)
}

// shadowed refuses a key header that Caddy drops in favour of an expected one
// with "_" or ".".
func shadowed(server *caddyhttp.Server, s *caddymgw.Scheme, document string) error {
	folded := credential.Fold(s.Place.Name)
	for _, entry := range slices.Concat(server.ExpectedUnderscoreHeaders, server.ExpectedDotHeaders) {
		prefix, glob := strings.CutSuffix(entry, "*")
		if prefix = credential.Fold(prefix); folded == prefix || glob && strings.HasPrefix(folded, prefix) {
			return fmt.Errorf("%s: scheme %s reads the header %s, which Caddy drops where a server expects %s: take that entry out of the options of the server that listens on %s",
				document, s.Name, s.Place.Name, entry, strings.Join(server.Listen, ", "))
		}
	}
	return nil
}

func (h *Handler) provisionBorder(server *caddyhttp.Server) error {
	identities := make([]caddymgw.Identity, 0, len(h.IdentityHeaders))
	for _, id := range h.IdentityHeaders {
		if !httpguts.ValidHeaderFieldName(id.Header) {
			return fmt.Errorf("identity_header %q: not a header name", id.Header)
		}
		identity, err := caddymgw.NewIdentity(id.Header, id.Field)
		if err != nil {
			return fmt.Errorf("identity_header %s: %w", id.Header, err)
		}
		if err := ownable(id.Header); err != nil {
			return fmt.Errorf("identity_header %s: %w", id.Header, err)
		}
		if slices.ContainsFunc(identities, func(other caddymgw.Identity) bool { return credential.SameHeader(other.Header, id.Header) }) {
			return fmt.Errorf("identity_header %s: this header is set already", id.Header)
		}
		identities = append(identities, identity)
	}
	ours := h.certificateHeaders
	if h.BackendJWT != nil {
		if err := h.BackendJWT.provision(h.app); err != nil {
			return err
		}
		ours = append(ours, h.BackendJWT.Header)
	}
	h.border = caddymgw.NewBorder(h.doc.API, identities, ours, h.ForwardCredentials, apikey.LooksLikeKey).Reporting(h.reported)
	h.gateway = &caddymgw.Gateway{Router: h.doc, Observer: h.app.Observer(h.doc.API), Client: h.client(server), Target: target, SameSubject: h.SameSubject, ReportOnly: h.reported}
	h.app.RegisterGateway(mgw.Site{Document: h.Document, API: h.doc.API, Gateway: h.gateway, Server: server})
	return nil
}

// ownable refuses headers that a proxy sets or removes itself.
func ownable(header string) error {
	switch credential.Fold(header) {
	case "host", "connection", "content-length", "transfer-encoding", "trailer", "te", "keep-alive", "upgrade", "proxy-connection", "via",
		"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "content-type", "cookie":
		return errors.New("the proxy or the request itself needs this header: take another name")
	}
	return nil
}

// client returns what tells the address behind trusted proxies. Unless the server
// reads X-Forwarded-For from the right (trusted_proxies_strict), the address that
// Caddy believes is one that the client may have written itself: then it is not
// known, and keys that are limited to addresses are refused.
func (h *Handler) client(server *caddyhttp.Server) func(*http.Request) netip.Addr {
	strict := server == nil || server.TrustedProxiesStrict > 0
	return func(r *http.Request) netip.Addr {
		if proxied, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); proxied && !strict {
			return netip.Addr{}
		}
		ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
		addr, _ := netip.ParseAddr(ip)
		return addr.Unmap()
	}
}

// target is what arrived, before any handler has rewritten it.
func target(r *http.Request) (string, *url.URL) {
	if o, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		return o.RequestURI, o.URL
	}
	return r.RequestURI, r.URL
}
