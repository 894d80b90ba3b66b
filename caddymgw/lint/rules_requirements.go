package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func undeclaredScheme() Rule {
	return Rule{
		ID: "undeclared-scheme", Severity: Error, Title: "A requirement names a scheme that is not declared",
		Why:    "The gateway does not start with it: it can't know what is asked for. Mostly a name is misspelt.",
		Remedy: "Correct the name, or declare the scheme.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{apikey: []}, {apiKey: []}]
components:
  securitySchemes:
    apiKey: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{apiKey: []}]
components:
  securitySchemes:
    apiKey: {type: apiKey, in: header, name: X-Api-Key}
`,
		unloaded: true,
		check: func(v *view) (found []issue) {
			for _, q := range v.requirements() {
				if v.undeclared(q) {
					found = append(found, issue{q.scopes, q.list.operations, fmt.Sprintf("no security scheme %q is declared", q.scheme)})
				}
			}
			return found
		},
	}
}

// undeclared reports whether a requirement names nothing. A URI is another matter,
// of which the loader speaks.
func (s *subject) undeclared(q requirement) bool {
	return s.scheme(q.scheme) == nil && !strings.Contains(q.scheme, "/")
}

func impossibleRequirement() Rule {
	return Rule{
		ID: "impossible-requirement", Severity: Error, Title: "No request can satisfy a requirement",
		Why: "Requirements that stand in one object must all hold. Two credentials have no room in one header, a certificate has no roles, " +
			"and no scope holds a blank: the gateway lets nobody in by such an alternative.",
		Remedy: "Where one of them is enough, write each in an object of its own. Write each scope as an entry of its own.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{password: [], token: []}]
components:
  securitySchemes:
    password: {type: http, scheme: basic}
    token: {type: http, scheme: bearer}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{password: []}, {token: []}]
components:
  securitySchemes:
    password: {type: http, scheme: basic}
    token: {type: http, scheme: bearer}
`,
		check: func(v *view) (found []issue) {
			index := map[openapi.Node]int{}
			var why []string
			for _, op := range v.operations() {
				for _, alt := range op.Alternatives {
					text := impossible(alt)
					if text == "" {
						continue
					}
					at := op.place(alt)
					i, ok := index[at]
					if !ok {
						i = len(found)
						index[at] = i
						found, why = append(found, issue{at: at}), append(why, text)
					}
					found[i].operations = append(found[i].operations, op)
				}
			}
			for i := range found {
				found[i].message = fmt.Sprintf("nobody gets in to %s by this alternative: %s", names(found[i].operations), why[i])
			}
			return found
		},
	}
}

// impossible says why no request satisfies an alternative; "" if one may.
func impossible(alt caddymgw.Alternative) string {
	var schemes []string
	for _, r := range alt {
		schemes = append(schemes, r.Scheme.Name)
		if r.Scheme.Type == caddymgw.MutualTLS && len(r.Scopes) > 0 {
			return "a certificate (" + r.Scheme.Name + ") has no roles"
		}
		for _, scope := range r.Scopes {
			if strings.ContainsAny(scope, " \t") {
				return fmt.Sprintf("the scope %q holds a blank", scope)
			}
		}
	}
	if len(alt) > 0 && alt[0].Verifier == caddymgw.Closed() {
		return strings.Join(schemes, " and ") + " want different credentials in one place"
	}
	return ""
}

// place finds where an alternative stands; the whole list, if that is not plain.
func (o *operation) place(alt caddymgw.Alternative) openapi.Node {
	for _, node := range o.cause.Items() {
		n, all := 0, true
		for name := range node.Members() {
			n++
			all = all && slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return r.Scheme.Name == name })
		}
		if all && n == len(alt) {
			return node
		}
	}
	return o.cause
}

func keyTwice() Rule {
	return Rule{
		ID: "key-twice", Severity: Warning, Title: "One requirement asks for the key in two places",
		Why: "What stands in one object must all hold: each request has to bring the key in both places. " +
			"WSO2 read it as one or the other; OpenAPI, and this gateway without \"combine any\", do not.",
		Remedy: "Write each scheme in an object of its own.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: [], keyInCookie: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: apikey}
    keyInCookie: {type: apiKey, in: cookie, name: apikey}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}, {keyInCookie: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: apikey}
    keyInCookie: {type: apiKey, in: cookie, name: apikey}
`,
		check: func(v *view) (found []issue) {
			if v.options.CombineAny {
				return nil
			}
			for _, q := range v.requirements() {
				s := v.scheme(q.scheme)
				for name := range q.alternative.Members() {
					other := v.scheme(name)
					if s == nil || other == nil || s.get("type") != "apiKey" || other.get("type") != "apiKey" || s.get("in") >= other.get("in") {
						continue
					}
					if fold(s.get("name")) == fold(other.get("name")) {
						found = append(found, issue{q.alternative, q.list.operations, fmt.Sprintf("the key is wanted in the %s and in the %s of each request: %s and %s must both hold", s.get("in"), other.get("in"), s.name, other.name)})
					}
				}
			}
			return found
		},
	}
}

// fold forgets how a name is spelt.
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
}
