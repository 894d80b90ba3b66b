package openapi

import (
	"slices"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// The schemes that WSO2's extensions bring where the document declares none of
// the kind.
const (
	implicitMutualTLS = "x-wso2-mutual-ssl"
	implicitBasic     = "x-wso2-application-security basic_auth"
	implicitToken     = "x-wso2-application-security oauth2"
	implicitKeyHeader = "x-wso2-application-security api_key header"
	implicitKeyQuery  = "x-wso2-application-security api_key query"
	implicitKeyName   = "apikey"
)

// application is x-wso2-application-security: the kinds of credentials that
// count, in place of "security" on the same level.
type application struct {
	types    []string // oauth2, basic_auth, api_key; nil: not said
	optional *bool    // a client certificate suffices; nil: not said
}

var applicationTypes = []string{"oauth2", "basic_auth", "api_key"}

func (c *compiler) application(v *value) (application, error) {
	var a application
	ext, err := v.get("x-wso2-application-security")
	if err != nil || ext == nil {
		return a, err
	}
	members, err := ext.object()
	if err != nil {
		return a, err
	}
	for _, m := range members {
		switch m.name {
		case "security-types":
			items, err := m.value.list()
			if err != nil {
				return a, err
			}
			for _, item := range items {
				s, err := item.str()
				if err != nil {
					return a, err
				}
				if !slices.Contains(applicationTypes, s) {
					return a, item.errorf("%q is no security type: there are oauth2, basic_auth and api_key", s)
				}
				a.types = append(a.types, s)
			}
		case "optional":
			b, err := m.value.boolean()
			if err != nil {
				return a, err
			}
			a.optional = &b
		default:
			return a, m.value.errorf("%s is no member of x-wso2-application-security: there are security-types and optional", m.name)
		}
	}
	if a.optional != nil && *a.optional && !c.mutualTLS {
		return a, ext.errorf(`application security is optional, but mutual TLS is not mandatory: anybody could call. Add x-wso2-mutual-ssl: mandatory, or take optional out`)
	}
	return a, nil
}

// readMutualTLS reads x-wso2-mutual-ssl. Optional asks for nothing: a client
// certificate that does not verify is refused by TLS itself.
func (c *compiler) readMutualTLS(root *value) error {
	s, err := root.member("x-wso2-mutual-ssl")
	if err != nil {
		return err
	}
	switch s {
	case "", "optional":
	case "mandatory":
		c.mutualTLS = true
	default:
		v, _ := root.get("x-wso2-mutual-ssl")
		return v.errorf("%q: must be mandatory or optional", s)
	}
	return nil
}

// expand returns one alternative for each requirement of the kinds: those that
// the declared security asks for, else the document's schemes, else WSO2's own.
// The kinds are those of applications: a certificate that is declared beside such
// a requirement stays, and one that every declared alternative asks for stays
// beside all.
func (a application) expand(c *compiler, declared *requirements) (alternatives []caddymgw.Alternative) {
	var always caddymgw.Alternative
	if declared != nil {
		always = certificatesOfAll(declared.alternatives)
	}
	for _, typ := range a.types {
		kind := func(s *caddymgw.Scheme) bool { return applicationType(s) == typ }
		var found []caddymgw.Alternative
		if declared != nil {
			for _, alt := range declared.alternatives {
				for _, r := range alt {
					if kind(r.Scheme) {
						found = append(found, append(certificates(alt), r))
					}
				}
			}
		}
		if len(found) == 0 {
			for _, s := range c.doc.API.Schemes {
				if kind(s) && c.schemes[s.Name] != nil {
					found = append(found, append(slices.Clone(always), caddymgw.Requirement{Scheme: s}))
				}
			}
		}
		if len(found) == 0 {
			for _, s := range c.wso2Schemes(typ) {
				found = append(found, append(slices.Clone(always), caddymgw.Requirement{Scheme: c.implicit(s)}))
			}
		}
		alternatives = append(alternatives, found...)
	}
	return alternatives
}

// certificates are the requirements of mutual TLS.
func certificates(alt caddymgw.Alternative) (list caddymgw.Alternative) {
	for _, r := range alt {
		if r.Scheme.Type == caddymgw.MutualTLS {
			list = append(list, r)
		}
	}
	return list
}

// certificatesOfAll are those that each of the alternatives has.
func certificatesOfAll(alternatives []caddymgw.Alternative) (list caddymgw.Alternative) {
	for i, alt := range alternatives {
		if i == 0 {
			list = certificates(alt)
		}
		list = slices.DeleteFunc(list, func(r caddymgw.Requirement) bool {
			return !slices.ContainsFunc(alt, func(other caddymgw.Requirement) bool { return other.Scheme == r.Scheme })
		})
	}
	return list
}

func applicationType(s *caddymgw.Scheme) string {
	switch {
	case s.Type == caddymgw.APIKey:
		return "api_key"
	case s.Type == caddymgw.HTTP && s.HTTPScheme == "basic":
		return "basic_auth"
	case s.Type == caddymgw.OAuth2, s.Type == caddymgw.OpenIDConnect, s.Type == caddymgw.HTTP && s.HTTPScheme == "bearer":
		return "oauth2"
	}
	return ""
}

func (c *compiler) wso2Schemes(typ string) []caddymgw.Scheme {
	switch typ {
	case "basic_auth":
		return []caddymgw.Scheme{{Name: implicitBasic, Type: caddymgw.HTTP, HTTPScheme: "basic", Place: c.authorization}}
	case "oauth2":
		return []caddymgw.Scheme{{Name: implicitToken, Type: caddymgw.OAuth2, Place: c.authorization}}
	}
	header := credential.Place{In: credential.Header, Name: "Apikey"}
	return []caddymgw.Scheme{
		{Name: implicitKeyHeader, Type: caddymgw.APIKey, Param: implicitKeyName, Place: header},
		{Name: implicitKeyQuery, Type: caddymgw.APIKey, Param: implicitKeyName, Place: credential.Place{In: credential.Query, Name: implicitKeyName}},
	}
}

// withMutualTLS adds what x-wso2-mutual-ssl: mandatory demands: a certificate
// beside each alternative, or in place of them all where they are optional, and
// of {} always.
func (c *compiler) withMutualTLS(alternatives []caddymgw.Alternative, optional bool) []caddymgw.Alternative {
	if !c.mutualTLS {
		return alternatives
	}
	certificate := caddymgw.Requirement{Scheme: c.certificate()}
	if optional || len(alternatives) == 0 {
		alternatives = slices.DeleteFunc(alternatives, func(alt caddymgw.Alternative) bool { return len(alt) == 0 })
		return append([]caddymgw.Alternative{{certificate}}, alternatives...)
	}
	for i, alt := range alternatives {
		if !slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return r.Scheme.Type == caddymgw.MutualTLS }) {
			alternatives[i] = append(caddymgw.Alternative{certificate}, alt...)
		}
	}
	return alternatives
}

// certificate is the document's own mutualTLS scheme, if it has one.
func (c *compiler) certificate() *caddymgw.Scheme {
	for _, s := range c.doc.API.Schemes {
		if s.Type == caddymgw.MutualTLS {
			return s
		}
	}
	return c.implicit(caddymgw.Scheme{Name: implicitMutualTLS, Type: caddymgw.MutualTLS})
}
