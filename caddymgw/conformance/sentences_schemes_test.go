package conformance

var naming = []sentence{
	{
		name: "names are declared",
		at:   inRequirement,
		says: "Each name of a requirement is that of a declared scheme.",
		does: "A requirement that names none is refused at load; the error proposes what it may mean.",
		examples: []example{
			{body: "paths: {/a: {get: {security: [{key: []}]}}}\n", refused: `no security scheme "key" is declared`},
			{body: "security: [{key: []}]\npaths: {/a: {get: {security: []}}}\n", refused: `no security scheme "key" is declared`},
			{body: "paths: {/a: {get: {security: [{k: []}]}}}\n", requests: "GET /a | X-Key: {key} -> k"},
		},
		held: []string{"caddymgw/openapi.TestSecurityThatCannotBeReadIsRefused"},
	},
	{
		name: "names have case",
		at:   sections{"6.1", "4.2, 3.8", "4.2, 3.8", "3.2"},
		says: "The names of schemes are keys, and keys are compared with their case.",
		does: "So they are.",
		examples: []example{
			{body: "paths: {/a: {get: {security: [{K: []}]}}}\n", refused: `no security scheme "K" is declared: did you mean k?`},
			{body: "paths: {/a: {get: {security: [{k: []}]}}}\n", requests: "GET /a | X-Key: {key} -> k"},
		},
	},
	{
		name: "scopes of OAuth 2",
		at:   inRequirement,
		says: "For OAuth 2 the list holds the scopes that are needed.",
		does: "The token must have all of them, in a scope claim. Its roles do not count.",
		examples: []example{{
			body: "security: [{o: [read, write]}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token scope:read} -> 403 900910
GET /a | Authorization: Bearer {token role:read role:write} -> 403 900910
GET /a | Authorization: Bearer {token scope:write scope:read scope:more} -> o
GET /a | Authorization: Bearer {token scope:read scope:write expired} -> 401 900901`,
		}},
		held: []string{"caddymgw/bearer.TestScopes"},
	},
	{
		name: "scopes of OpenID Connect",
		at:   inRequirement.since("3"),
		says: "So it does for OpenID Connect.",
		does: "The same.",
		examples: []example{{
			body: "security: [{i: [email]}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> 403 900910
GET /a | Authorization: Bearer {token scope:email} -> i`,
		}},
	},
	{
		name: "no scopes are asked",
		at:   inRequirement.since("3"),
		says: "The list may be empty where no particular scope is needed.",
		does: "Any valid token will do.",
		examples: []example{{
			body: "security: [{o: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> o
GET /a | Authorization: Bearer {token forged} -> 401 900901`,
		}},
	},
	{
		name: "alternatives differ in scopes",
		at:   inRequirement,
		says: "Entries may name one scheme with different scopes.",
		does: "Each is judged by itself. Scopes that several schemes of one entry ask of one token add up.",
		examples: []example{
			{
				body: "security: [{o: [write]}, {o: [read]}]\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a | Authorization: Bearer {token scope:read} -> o
GET /a | Authorization: Bearer {token} -> 403 900910`,
			},
			{
				only: []string{"3.0.4", "3.1.1", "3.2.0"},
				body: "security: [{o: [read], i: [email]}]\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a | Authorization: Bearer {token scope:read} -> 403 900910
GET /a | Authorization: Bearer {token scope:read scope:email} -> o + i`,
			},
		},
	},
	{
		name: "scopes of other schemes before 3.1",
		at:   inRequirement.until("3.0.4"),
		says: "For every other type the list must be empty.",
		does: "What stands there is asked for as roles, as 3.1 means it, and the load warns.",
		why:  "To pass over it would let in more than the author meant; to refuse the document would refuse real ones.",
		examples: []example{{
			body:   "security: [{k: [admin]}]\npaths: {/a: {get: {}}}\n",
			warned: "are asked as roles",
			requests: `
GET /a | X-Key: {key} -> 403 900910
GET /a | X-Key: {key role:admin} -> k`,
		}},
		held: []string{"caddymgw/openapi.TestScopesOfAnAPIKeyAreRoles"},
	},
	{
		name: "roles",
		at:   inRequirement.since("3.1"),
		says: "For every other type the list may hold roles that are needed; what a role is, and how it is known, OpenAPI leaves open.",
		does: "Roles of a key are its scopes, those of a user of Basic the scopes in the configuration, those of a bearer token its roles claim. A certificate has none, so that such a requirement is never fulfilled.",
		examples: []example{{
			body: `paths:
  /k: {get: {security: [{k: [admin]}]}}
  /b: {get: {security: [{b: [admin]}]}}
  /t: {get: {security: [{t: [admin]}]}}
  /m: {get: {security: [{m: [admin]}]}}
`,
			requests: `
GET /k | X-Key: {key role:admin} -> k
GET /k | X-Key: {key role:read} -> 403 900910
GET /b | Authorization: Basic {password role:admin} -> b
GET /b | Authorization: Basic {password role:read} -> 403 900910
GET /t | Authorization: Bearer {token role:admin} -> t
GET /t | Authorization: Bearer {token scope:admin} -> 403 900910
GET /m | Certificate: partner -> 403 900910`,
		}},
		held: []string{"caddymgw/bearer.TestRoles"},
	},
	{
		name: "schemes by URI",
		at:   inRequirement.since("3.2"),
		says: "Instead of a name there may be the URI of a scheme, also a relative one such as ./foo.",
		does: "A name that is not declared is refused at load, whatever it looks like.",
		why:  "The scheme would come from where the URI leads. Declared under components, by $ref if need be, it is in sight of whoever reads the document.",
		examples: []example{
			{body: "paths: {/a: {get: {security: [{'./schemes.yaml#/k': []}]}}}\n", refused: "a requirement that names a scheme by URI is not followed"},
			{body: "paths: {/a: {get: {security: [{'#/components/securitySchemes/k': []}]}}}\n", refused: "a requirement that names a scheme by URI is not followed"},
			{body: "paths: {/a: {get: {security: [{./k: []}]}}}\n", refused: "a requirement that names a scheme by URI is not followed"},
			{body: "paths: {/a: {get: {security: [{'urn:example:k': []}]}}}\n", refused: `no security scheme "urn:example:k" is declared`},
			{
				schemes:  "k: {$ref: schemes.yaml#/k}",
				body:     "paths: {/a: {get: {security: [{k: []}]}}}\n",
				files:    map[string]string{"schemes.yaml": "k: {type: apiKey, in: header, name: X-Key}\n"},
				requests: "GET /a | X-Key: {key} -> k",
			},
		},
		held: []string{"caddymgw/openapi.TestSecurityThatCannotBeReadIsRefused"},
	},
	{
		name: "a name before a URI",
		at:   sections{"", "", "", "4.30, 6.3"},
		says: "What equals the name of a declared scheme is that name, even where it might be read as a URI.",
		does: "It is that name; no URI is followed, so none can be hijacked.",
		examples: []example{{
			schemes: "schemes.yaml: {type: apiKey, in: header, name: X-Key}\nhttps://example.com/k: {type: http, scheme: basic}",
			body:    "paths: {/a: {get: {security: [{schemes.yaml: []}]}}, /b: {get: {security: [{'https://example.com/k': []}]}}}\n",
			files:   map[string]string{"schemes.yaml": "type: apiKey\nin: query\nname: key\n"},
			requests: `
GET /a?key={key} -> 401 900902
GET /a | X-Key: {key} -> schemes.yaml
GET /b | Authorization: Basic {password} -> https://example.com/k`,
		}},
	},
	{
		name: "names in a referenced document",
		at:   sections{"", "4.3.2, F", "4.3.3, F", "4.1.2.3, G.3"},
		says: "A requirement in another file may mean the scheme of that name there or in the entry document; the latter is recommended.",
		does: "It means that of the entry document, always.",
		examples: []example{
			{
				schemes: "mine: {type: http, scheme: basic}",
				body:    "paths: {/a: {$ref: 'other.yaml#/components/pathItems/a'}}\n",
				files: map[string]string{"other.yaml": `components:
  securitySchemes: {mine: {type: apiKey, in: header, name: X-Key}, theirs: {type: http, scheme: bearer}}
  pathItems: {a: {get: {security: [{mine: []}]}}}
`},
				requests: `
GET /a | X-Key: {key} -> 401 900902
GET /a | Authorization: Basic {password} -> mine`,
			},
			{
				body: "paths: {/a: {$ref: other.yaml}}\n",
				files: map[string]string{"other.yaml": `get: {security: [{theirs: []}]}
components: {securitySchemes: {theirs: {type: http, scheme: bearer}}}
`},
				refused: `no security scheme "theirs" is declared`,
			},
		},
		held: []string{"caddymgw/openapi.TestReferencesAreFollowed"},
	},
}

var keys = []sentence{
	{
		name: "types",
		at:   inScheme,
		says: "A scheme has a type: basic, apiKey or oauth2 in 2.0; apiKey, http, oauth2 or openIdConnect in 3.0; mutualTLS besides from 3.1 on.",
		does: "A scheme of another type, or of that of another version, is refused at load where a requirement names it. Only mutualTLS is read in 3.0 too.",
		why:  "In 3.0 it can mean nothing else than in 3.1, and it can only ask for more.",
		examples: []example{
			{schemes: "s: {type: apikey, in: header, name: X-Key}", body: "paths: {/a: {get: {security: [{s: []}]}}}\n", refused: `type "apikey" is no security scheme type`},
			{schemes: "s: {}", body: "paths: {/a: {get: {security: [{s: []}]}}}\n", refused: `type "" is no security scheme type`},
			{schemes: "s: {}", body: "paths: {/a: {get: {security: []}}}\n", warned: "the security scheme s can't be read", requests: "GET /a -> anonymous"},
			{only: []string{"2.0"}, schemes: "s: {type: http, scheme: basic}", body: "security: [{s: []}]\n", refused: `type "http" is no security scheme type of OpenAPI 2.0`},
			{only: []string{"2.0"}, schemes: "s: {type: openIdConnect}", body: "security: [{s: []}]\n", refused: `type "openIdConnect" is no security scheme type of OpenAPI 2.0`},
			{only: []string{"2.0"}, schemes: "s: {type: mutualTLS}", body: "security: [{s: []}]\n", refused: `type "mutualTLS" is no security scheme type of OpenAPI 2.0`},
			{only: []string{"3.0.4", "3.1.1", "3.2.0"}, schemes: "s: {type: basic}", body: "security: [{s: []}]\n", refused: `type "basic" is no security scheme type of OpenAPI 3`},
			{
				only:    []string{"3.0.4", "3.1.1", "3.2.0"},
				schemes: "s: {type: mutualTLS}", body: "paths: {/a: {get: {security: [{s: []}]}}}\n",
				requests: "GET /a | Certificate: partner -> s\nGET /a -> 401 900902",
			},
		},
		held: []string{"caddymgw/openapi.TestSchemes", "caddymgw/openapi.TestUnreadableSchemesRefuseTheirRequirements"},
	},
	{
		name: "Basic of 2.0",
		at:   inScheme.until("2.0"),
		says: "Type basic is HTTP Basic authentication.",
		does: "RFC 7617: users and hashes are those of the configuration.",
		examples: []example{{
			body: "security: [{b: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Basic {password} -> b
GET /a | Authorization: Basic {password forged} -> 401 900911
GET /a | Authorization: Basic {password malformed} -> 401 900912
GET /a | Authorization: Bearer {token} -> 401 900917`,
		}},
	},
	{
		name: "a key in a header",
		at:   inScheme,
		says: "An apiKey scheme names a header in which the key stands. Names of headers have no case.",
		does: "The value must be a key of this gateway for this API: signed, not expired, not revoked. A header is looked at in any case; a repeated one is refused.",
		examples: []example{{
			schemes: "k: {type: apiKey, in: header, name: x-KEY}",
			body:    "security: [{k: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | X-key: {key} -> k
GET /a?X-Key={key} -> 401 900902
GET /a | X-Key: {token} -> 401 900901
GET /a | X-Key: {key} | x-key: {key} -> 401 900901`,
		}},
		held: []string{"caddymgw/apikey.TestForgedKeysAreRefusedAndNotRemembered"},
	},
	{
		name: "a key in the query",
		at:   inScheme,
		says: "It may stand in a query parameter instead; names of parameters have case.",
		does: "The name is exact, after one decoding. A repeated parameter is refused, and so is a query that can't be read completely.",
		examples: []example{{
			body: "security: [{q: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a?page=2&key={key} -> q
GET /a?%6Bey={key} -> q
GET /a?Key={key} -> 401 900902
GET /a?key={key}&key={key} -> 401 900901
GET /a?key={key}&page=%zz -> 400 400
GET /a | Key: {key} -> 401 900902`,
		}},
	},
}
