package lint

import (
	"fmt"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func httpServer() Rule {
	return Rule{
		ID: "http-server", Severity: Warning, Title: "Clients are told to speak HTTP without TLS",
		Why:    "Whoever is on the way reads and changes what is sent, keys and tokens among it. Hosts of the own machine don't count.",
		Remedy: "Name the server by https. The gateway ignores the hosts of servers; clients do not.",
		Bad: `
servers:
  - url: http://api.example.com/v1
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
servers:
  - url: https://api.example.com/v1
  - url: http://localhost:8080/v1
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
			for _, c := range v.exposed() {
				if len(c.passwords()) == 0 {
					found = append(found, issue{c.at, nil, "requests to " + c.url + " are sent without TLS"})
				}
			}
			return found
		},
	}
}

func basicOverHTTP() Rule {
	return Rule{
		ID: "basic-over-http", Severity: Error, Title: "Passwords go over HTTP without TLS",
		Why:    "HTTP Basic sends user and password with each request, in no more than base64. A password can't be changed as fast as it is read on the way.",
		Remedy: "Name the server by https.",
		Bad: `
servers:
  - url: http://api.example.com/v1
paths:
  /pets:
    get:
      operationId: listPets
      security: [{password: []}]
components:
  securitySchemes:
    password: {type: http, scheme: basic}
`,
		Good: `
servers:
  - url: https://api.example.com/v1
paths:
  /pets:
    get:
      operationId: listPets
      security: [{password: []}]
components:
  securitySchemes:
    password: {type: http, scheme: basic}
`,
		check: func(v *view) (found []issue) {
			for _, c := range v.exposed() {
				if operations := c.passwords(); len(operations) > 0 {
					found = append(found, issue{c.at, operations, fmt.Sprintf("requests to %s are sent without TLS, with the passwords of %s", c.url, names(operations))})
				}
			}
			return found
		},
	}
}

func oauthOverHTTP() Rule {
	return Rule{
		ID: "oauth-over-http", Severity: Error, Title: "An endpoint of the authorization server is HTTP without TLS",
		Why:    "Passwords, codes and tokens pass there; TLS is required (RFC 6749 section 3.1, OpenID Connect Discovery section 4).",
		Remedy: "Write https.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{login: []}]
components:
  securitySchemes:
    login: {type: openIdConnect, openIdConnectUrl: 'http://id.example.com/.well-known/openid-configuration'}
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{login: []}]
components:
  securitySchemes:
    login: {type: openIdConnect, openIdConnectUrl: 'https://id.example.com/.well-known/openid-configuration'}
`,
		check: func(v *view) (found []issue) {
			for _, s := range v.usedSchemes() {
				holders := []openapi.Node{s.node}
				for _, flow := range s.node.Get("flows").Members() {
					holders = append(holders, flow)
				}
				for _, h := range holders {
					for name, at := range h.Members() {
						if strings.HasSuffix(strings.ToLower(name), "url") && cleartext(at.Scalar(), openapi.Node{}) {
							found = append(found, issue{at, nil, fmt.Sprintf("the %s of %s is without TLS", name, s.name)})
						}
					}
				}
			}
			return found
		},
	}
}
