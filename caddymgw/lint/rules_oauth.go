package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func implicitFlow() Rule {
	return Rule{
		ID: "implicit-flow", Severity: Warning, Title: "Tokens come by the implicit flow",
		Why:    "The access token stands in a redirect URL, where it leaks and can be injected; it should not be used any more (RFC 9700 section 2.1.2).",
		Remedy: "Use authorizationCode, with PKCE.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        implicit: {authorizationUrl: 'https://id.example.com/authorize', scopes: {pets: all about pets}}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        authorizationCode:
          authorizationUrl: https://id.example.com/authorize
          tokenUrl: https://id.example.com/token
          scopes: {pets: all about pets}
`,
		check: func(v *view) []issue {
			return v.flows("implicit", "has the implicit flow: tokens in URLs (RFC 9700 section 2.1.2)")
		},
	}
}

func passwordFlow() Rule {
	return Rule{
		ID: "password-flow", Severity: Warning, Title: "Clients take the password of the user",
		Why:    "The client learns the password, and users learn to type it anywhere; it must not be used any more (RFC 9700 section 2.4).",
		Remedy: "Use authorizationCode with PKCE for users, clientCredentials for machines.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        password: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		check: func(v *view) []issue {
			return v.flows("password", "has the password flow: clients learn the password (RFC 9700 section 2.4)")
		},
	}
}

// flows finds the schemes that have a flow; in 2.0 each has one.
func (v *view) flows(name, what string) (found []issue) {
	for _, s := range v.usedSchemes() {
		at := s.node.Get("flows").Get(name)
		if s.get("flow") == name {
			at = s.node.Get("flow")
		}
		if s.get("type") == "oauth2" && !at.IsZero() {
			found = append(found, issue{at, nil, s.name + " " + what})
		}
	}
	return found
}

func undeclaredScope() Rule {
	return Rule{
		ID: "undeclared-scope", Severity: Warning, Title: "A scope is asked that the scheme does not declare",
		Why:    "Clients ask the authorization server for what is declared. If the name is misspelt, nobody ever has the scope.",
		Remedy: "Correct the name, or declare the scope in each flow.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pet]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		check: func(v *view) (found []issue) {
			for _, q := range v.requirements() {
				declared, known := v.scopes(q)
				for _, item := range q.scopes.Items() {
					if known && !slices.Contains(declared, item.Scalar()) {
						found = append(found, issue{item, q.list.operations, fmt.Sprintf("the scheme %s declares no scope %q", q.scheme, item.Scalar())})
					}
				}
			}
			return found
		},
	}
}

// scopes are those that the scheme of a requirement declares in any flow; known is
// false where it says nothing of scopes.
func (v *view) scopes(q requirement) (declared []string, known bool) {
	s := v.scheme(q.scheme)
	if s == nil || s.get("type") != "oauth2" {
		return nil, false
	}
	holders := []openapi.Node{s.node}
	for _, flow := range s.node.Get("flows").Members() {
		holders = append(holders, flow)
	}
	for _, h := range holders {
		known = known || h.Get("scopes").Is(openapi.Object)
		for name := range h.Get("scopes").Members() {
			declared = append(declared, name)
		}
	}
	return declared, known
}

func scopesInOneList() Rule {
	return Rule{
		ID: "scopes-in-one-list", Severity: Warning, Title: "All scopes of a list are asked, where one may have been meant",
		Why: "A token must have every scope of the list. Two of them differ in how much they allow only, as read and write do: " +
			"mostly one or the other was meant, as WSO2 reads it. Then callers with one of them are kept out, and are given more rights than they need.",
		Remedy: "Write each scope in an object of its own where one is enough. Where all are meant, ignore the rule.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: ['read:pets', 'write:pets']}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {'read:pets': see, 'write:pets': change}}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: ['read:pets']}, {oauth: ['write:pets']}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {'read:pets': see, 'write:pets': change}}
`,
		check: func(v *view) (found []issue) {
			if v.options.CombineAny {
				return nil
			}
			for _, q := range v.requirements() {
				scopes := q.asked()
				for i, a := range scopes {
					j := slices.IndexFunc(scopes[:i], func(b string) bool { return alike(a, b) })
					if j >= 0 {
						found = append(found, issue{q.scopes, q.list.operations, fmt.Sprintf("%s asks for %s and %s, both: is one of them meant?", q.scheme, scopes[j], a)})
						break
					}
				}
			}
			return found
		},
	}
}

// levels are words by which scopes say how much they allow.
var levels = []string{"read", "readonly", "ro", "view", "write", "readwrite", "rw", "edit", "modify", "manage", "admin", "full", "all"}

// alike reports whether two scopes are one but for such a word.
func alike(a, b string) bool {
	x, n := withoutLevels(a)
	y, m := withoutLevels(b)
	return a != b && n+m > 0 && slices.Equal(x, y)
}

func withoutLevels(scope string) (words []string, n int) {
	for _, word := range strings.FieldsFunc(strings.ToLower(scope), func(r rune) bool { return strings.ContainsRune(":./_-", r) }) {
		if slices.Contains(levels, word) {
			n++
			continue
		}
		words = append(words, word)
	}
	return words, n
}

func noScopeAsked() Rule {
	return Rule{
		ID: "no-scope-asked", Severity: Note, Title: "Any access token is enough",
		Why:    "The scheme declares scopes, and the requirement asks for none: each token of the issuer opens the operation, whatever it was issued for.",
		Remedy: "Ask for the scope that the operation is about.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: []}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{oauth: [pets]}]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: {tokenUrl: 'https://id.example.com/token', scopes: {pets: all about pets}}
`,
		check: func(v *view) (found []issue) {
			for _, q := range v.requirements() {
				declared, _ := v.scopes(q)
				if len(declared) > 0 && len(q.asked()) == 0 && len(q.list.operations) > 0 {
					found = append(found, issue{q.scopes, q.list.operations, fmt.Sprintf("any token of %s opens %s: no scope is asked", q.scheme, names(q.list.operations))})
				}
			}
			return found
		},
	}
}
