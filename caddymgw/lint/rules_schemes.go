package lint

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

func keyInQuery() Rule {
	return Rule{
		ID: "key-in-query", Severity: Warning, Title: "The key stands in the query",
		Why:    "URLs are written to logs of proxies and servers, kept in histories, and sent on as Referer; the key goes with them (RFC 6750 section 5.3).",
		Remedy: "Take the key from a header.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: query, name: apikey}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) (found []issue) {
			for _, s := range v.usedSchemes() {
				if s.key("query") {
					found = append(found, issue{s.node, nil, fmt.Sprintf("the key of %s stands in the query, as %s", s.name, s.get("name"))})
				}
			}
			return found
		},
	}
}

func keyInCookieWrite() Rule {
	return Rule{
		ID: "key-in-cookie-write", Severity: Warning, Title: "A cookie is enough to write",
		Why:    "Browsers send cookies unasked, also with requests that a page of somebody else makes: it writes in the name of the user (CSRF).",
		Remedy: "Ask for a key in a header beside the cookie, in the same object: other pages can't set it. Or use SameSite cookies, and ignore the rule.",
		Bad: `
paths:
  /pets:
    post:
      operationId: createPet
      security: [{session: []}]
components:
  securitySchemes:
    session: {type: apiKey, in: cookie, name: session}
`,
		Good: `
paths:
  /pets:
    post:
      operationId: createPet
      security: [{session: [], csrf: []}]
components:
  securitySchemes:
    session: {type: apiKey, in: cookie, name: session}
    csrf: {type: apiKey, in: header, name: X-Csrf-Token}
`,
		check: func(v *view) (found []issue) {
			var writes []*operation
			for _, op := range v.operations() {
				if op.writes() && op.cookie() {
					writes = append(writes, op)
				}
			}
			for _, g := range byCause(writes, deciding) {
				found = append(found, issue{g.at, g.operations, fmt.Sprintf("a cookie alone lets browsers call %s", names(g.operations))})
			}
			return found
		},
	}
}

// cookie reports whether browsers satisfy an alternative unasked: with a cookie, and
// nothing but a certificate beside it.
func (o *operation) cookie() bool {
	for _, alt := range o.Alternatives {
		cookies, others := 0, 0
		for _, r := range alt {
			switch {
			case r.Scheme.Place.In == credential.Cookie:
				cookies++
			case r.Scheme.Type != caddymgw.MutualTLS:
				others++
			}
		}
		if cookies > 0 && others == 0 {
			return true
		}
	}
	return false
}

func keyHeaderName() Rule {
	return Rule{
		ID: "key-header-name", Severity: Warning, Title: "The header of the key has _ or . in its name",
		Why: "Servers drop such headers, or take them for others (X_Api_Key and X-Api-Key are one to CGI). Caddy drops them, " +
			"so the gateway refuses the document unless its server is told to let this header through.",
		Remedy: "Name it with hyphens, such as X-Api-Key. Or name it to Caddy: expected_underscore_headers, expected_dot_headers.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: api_key}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: api-key}
`,
		check: func(v *view) (found []issue) {
			for _, s := range v.usedSchemes() {
				if name := s.get("name"); s.key("header") && strings.ContainsAny(name, "_.") {
					found = append(found, issue{s.node, nil, fmt.Sprintf("the key of %s stands in the header %s, which servers drop by default", s.name, name)})
				}
			}
			return found
		},
	}
}

func keyInAuthorization() Rule {
	return Rule{
		ID: "key-in-authorization", Severity: Note, Title: "The key stands in Authorization",
		Why: "As an apiKey it has no word before it; clients and libraries send Bearer or another one all the same. This gateway takes it " +
			"bare and after Bearer, Token, ApiKey, Key or the name of the scheme; others take it one way, and which one the document does not say.",
		Remedy: "Declare it as {type: http, scheme: bearer}, or use a header of its own.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: Authorization}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: http, scheme: bearer}
`,
		check: func(v *view) (found []issue) {
			for _, s := range v.usedSchemes() {
				if s.key("header") && http.CanonicalHeaderKey(s.get("name")) == "Authorization" {
					found = append(found, issue{s.node, nil, fmt.Sprintf("the key of %s stands in Authorization, with or without a word before it", s.name)})
				}
			}
			return found
		},
	}
}

func unusedScheme() Rule {
	return Rule{
		ID: "unused-scheme", Severity: Note, Title: "A scheme is declared and never asked for",
		Why:    "Perhaps an operation was meant to ask for it.",
		Remedy: "Ask for it, or take it out.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
    token: {type: http, scheme: bearer}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}, {token: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
    token: {type: http, scheme: bearer}
`,
		check: func(v *view) (found []issue) {
			for _, s := range v.schemes() {
				if !s.used && !v.sent[s.name] {
					found = append(found, issue{s.node, nil, fmt.Sprintf("no operation asks for %s", s.name)})
				}
			}
			return found
		},
	}
}
