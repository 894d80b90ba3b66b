package conformance

var words = []sentence{
	{
		name: "a key in a cookie",
		at:   inScheme.since("3"),
		says: "From 3.0 on it may stand in a cookie.",
		does: "Names of cookies are exact. A cookie that is there twice is refused.",
		examples: []example{{
			body: "security: [{c: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Cookie: theme=dark; key={key} -> c
GET /a | Cookie: Key={key} -> 401 900902
GET /a | Cookie: key={key}; key={key} -> 401 900901`,
		}},
	},
	{
		name:     "no key in a cookie in 2.0",
		at:       inScheme.until("2.0"),
		says:     "In 2.0 there are header and query only.",
		does:     "Any other place is refused at load where a requirement names the scheme.",
		examples: []example{{schemes: "s: {type: apiKey, in: cookie, name: key}", body: "security: [{s: []}]\n", refused: "must be header or query"}, {body: "paths: {/a: {get: {security: [{q: []}]}}}\n", requests: "GET /a?key={key} -> q"}},
	},
	{
		name: "a key has a name and a place",
		at:   inScheme,
		says: "An apiKey scheme must say both name and in.",
		does: "Without one of them it is refused at load where a requirement names it. So is a name that no header can have.",
		examples: []example{
			{schemes: "s: {type: apiKey, in: header}", body: "security: [{s: []}]\n", refused: "the member name is missing"},
			{schemes: "s: {type: apiKey, name: X-Key}", body: "security: [{s: []}]\n", refused: `in "": must be header`},
			{schemes: "s: {type: apiKey, in: body, name: key}", body: "security: [{s: []}]\n", refused: `in "body": must be header`},
			{schemes: "s: {type: apiKey, in: header, name: 'X Key'}", body: "security: [{s: []}]\n", refused: "is no header name"},
			{body: "paths: {/a: {get: {security: [{k: []}]}}}\n", requests: "GET /a | X-Key: {key} -> k"},
		},
	},
	{
		name: "a key in Authorization",
		at:   inScheme,
		says: "The header of an apiKey scheme may have any name; Authorization is not excepted.",
		does: "The key may stand there bare, or after Bearer, Token, ApiKey, Key or the name of the scheme; after another word it is no key.",
		examples: []example{{
			schemes: "pet_key: {type: apiKey, in: header, name: Authorization}",
			body:    "security: [{pet_key: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: {key} -> pet_key
GET /a | Authorization: Bearer {key} -> pet_key
GET /a | Authorization: PET_KEY {key} -> pet_key
GET /a | Authorization: Bearer {token} -> 401 900901
GET /a | Authorization: Basic {key} -> 401 900917`,
		}},
		held: []string{"caddymgw.TestDecide"},
	},
	{
		name: "HTTP schemes have no case",
		at:   inScheme.since("3"),
		says: "The name of an HTTP authentication scheme is compared without its case.",
		does: "In the document and in the request.",
		examples: []example{{
			schemes: "b: {type: http, scheme: BASIC}\nt: {type: http, scheme: Bearer}",
			body:    "security: [{b: []}, {t: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: basic {password} -> b
GET /a | Authorization: BEARER {token} -> t
GET /a | Authorization: Bear {token} -> 401 900917`,
		}},
		held: []string{"caddymgw/openapi.TestSchemes"},
	},
	{
		name: "an HTTP scheme has a name",
		at:   inScheme.since("3"),
		says: "A scheme of type http must name the authentication scheme.",
		does: "Without one it is refused at load where a requirement names it.",
		examples: []example{
			{schemes: "s: {type: http}", body: "security: [{s: []}]\n", refused: "the member scheme is missing"},
			{body: "paths: {/a: {get: {security: [{b: []}]}}}\n", requests: "GET /a | Authorization: Basic {password} -> b"},
		},
		held: []string{"caddymgw/openapi.TestUnreadableSchemesRefuseTheirRequirements"},
	},
	{
		name: "other HTTP schemes",
		at:   inScheme.since("3"),
		says: "Any registered HTTP authentication scheme may be named.",
		does: "Basic and Bearer are verified. Every other one closes the entries that need it, unless the configuration names a verifier for it; the load warns of operations that nobody can call.",
		why:  "There is no verifier for them. What can't be verified is never let through.",
		examples: []example{{
			body: "paths: {/a: {get: {security: [{d: []}]}}, /b: {get: {security: [{d: []}, {k: []}]}}}\n",
			requests: `
GET /a -> 401 900902
GET /a | Authorization: Digest username="a" -> 401 900901
GET /b | Authorization: Digest username="a" | X-Key: {key} -> 401 900901
GET /b | X-Key: {key} -> k`,
		}},
		held: []string{"caddymgw.TestBindNamesWhatNobodyCanCall", "modules.TestAnyProviderOfCaddyCanVerify"},
	},
	{
		name: "the format of bearer tokens",
		at:   inScheme.since("3"),
		says: "How a bearer token is formed is a hint for people.",
		does: "It is passed over: what a token is, the issuers of the configuration decide.",
		examples: []example{{
			schemes: "t: {type: http, scheme: bearer, bearerFormat: opaque}",
			body:    "security: [{t: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> t
GET /a | Authorization: Bearer opaque -> 401 900901`,
		}},
	},
	{
		name: "deprecated schemes",
		at:   inScheme.since("3.2"),
		says: "A scheme may be deprecated: clients should no longer use it.",
		does: "It is verified like any other. To stop it, take it out of the requirements.",
		examples: []example{{
			schemes: "k: {type: apiKey, in: header, name: X-Key, deprecated: true}",
			body:    "security: [{k: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> k`,
		}},
	},
	{
		name: "schemes by reference",
		at:   sections{"", "4.7.7, 4.7.23", "4.8.7, 4.8.23", "4.7, 4.23"},
		says: "In place of a scheme there may be a reference to one.",
		does: "It is followed within the document and to files in its folder, through chains of at most 32.",
		examples: []example{
			{
				schemes: "k: {$ref: '#/x-schemes/k'}",
				body:    "security: [{k: []}]\nx-schemes: {k: {type: apiKey, in: header, name: X-Key}}\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> k`,
			},
			{schemes: "k: {$ref: 'https://example.com/schemes.yaml#/k'}", body: "security: [{k: []}]\n", refused: "remote references are not followed"},
		},
		held: []string{"caddymgw/openapi.TestReferencesAreFollowed", "caddymgw/openapi.TestReferencesStayInTheFolder"},
	},
}

// flow is a document in which a token is got by one flow.
func flow(text string) example {
	return example{
		schemes: "o: {type: oauth2, " + text + "}",
		body:    "security: [{o: [read]}]\npaths: {/a: {get: {}}}\n",
		requests: `
GET /a | Authorization: Bearer {token} -> 403 900910
GET /a | Authorization: Bearer {token scope:read} -> o`,
	}
}

const (
	authorizationURL = "authorizationUrl: 'https://idp.test/authorize', "
	tokenURL         = "tokenUrl: 'https://idp.test/token', "
	scopesOf         = "scopes: {read: r}}"
)

var logins = []sentence{
	{
		name: "flows of 2.0",
		at:   inScheme.until("2.0"),
		says: "An oauth2 scheme has one flow: implicit, password, application or accessCode, with its URLs and scopes.",
		does: "They tell clients how to get a token. How it was got is not seen in a token, so each flow is the same to the gateway.",
		examples: []example{
			flow("flow: implicit, " + authorizationURL + "scopes: {}"), flow("flow: password, " + tokenURL + "scopes: {}"),
			flow("flow: application, " + tokenURL + "scopes: {}"), flow("flow: accessCode, " + authorizationURL + tokenURL + "scopes: {}"),
		},
	},
	{
		name: "flows",
		at:   sections{"", "4.7.28", "4.8.28", "4.28"},
		says: "An oauth2 scheme has flows: implicit, password, clientCredentials, authorizationCode.",
		does: "They tell clients how to get a token. How it was got is not seen in a token, so each flow is the same to the gateway, and so is a scheme without any.",
		examples: []example{
			flow("flows: {implicit: {" + authorizationURL + scopesOf + "}"), flow("flows: {password: {" + tokenURL + scopesOf + "}"),
			flow("flows: {clientCredentials: {" + tokenURL + scopesOf + "}"), flow("flows: {authorizationCode: {" + authorizationURL + tokenURL + scopesOf + "}"),
			flow("flows: {implicit: {" + authorizationURL + scopesOf + ", password: {" + tokenURL + scopesOf + "}"), flow("flows: {}"),
		},
	},
	{
		name:     "the device flow",
		at:       sections{"", "", "", "4.28, 4.29"},
		says:     "3.2 adds deviceAuthorization, with a URL of its own.",
		does:     "It is one more way to get a token.",
		examples: []example{flow("flows: {deviceAuthorization: {deviceAuthorizationUrl: 'https://idp.test/device', " + tokenURL + scopesOf + "}")},
	},
	{
		name: "scopes of a flow",
		at:   inFlow,
		says: "A flow lists the scopes that there are.",
		does: "The list is documentation: a requirement asks for what it names, listed or not.",
		examples: []example{{
			body: "security: [{o: [unlisted]}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token scope:read} -> 403 900910
GET /a | Authorization: Bearer {token scope:unlisted} -> o`,
		}},
	},
	{
		name: "URLs of OAuth 2",
		at:   sections{"6.4.24", "4.7.29", "4.8.29", "4.29, 4.27"},
		says: "The flows have URLs for authorization, tokens and refreshing; 3.2 adds oauth2MetadataUrl, where the authorization server is described.",
		does: "None is called. Whose tokens are good, and by which keys, the `token_issuer`s of the configuration say.",
		why:  "The document tells what an operation requires; whom to trust is for the operator to say. Who may change a URL in it must not become the issuer.",
		examples: []example{{
			only:    []string{"3.0.4", "3.1.1", "3.2.0"},
			schemes: "o: {type: oauth2, oauth2MetadataUrl: 'https://evil.test/metadata', flows: {clientCredentials: {tokenUrl: 'https://evil.test/token', scopes: {}}}}",
			body:    "security: [{o: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> o
GET /a | Authorization: Bearer {token forged} -> 401 900901`,
		}, {
			only:    []string{"2.0"},
			schemes: "o: {type: oauth2, flow: application, tokenUrl: 'https://evil.test/token', scopes: {}}",
			body:    "security: [{o: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> o
GET /a | Authorization: Bearer {token forged} -> 401 900901`,
		}},
		held: []string{"caddymgw/bearer.TestTokensAreRefusedAndNotRemembered"},
	},
	{
		name: "OpenID Connect",
		at:   inScheme.since("3"),
		says: "An openIdConnect scheme has the URL of the provider's metadata.",
		does: "It asks for an access token, as oauth2 does; an ID token is none. The URL is not called: the configuration names the issuer, and its keys are found below that name.",
		why:  "As for the URLs of OAuth 2.",
		examples: []example{{
			body: "security: [{i: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> i
GET /a | Authorization: Bearer {key} -> 401 900901
GET /a -> 401 900902`,
		}},
		held: []string{"caddymgw/bearer.TestOtherTokensOfTheIssuerAreNoAccessTokens", "caddymgw/jwks.TestDiscovery"},
	},
	{
		name: "mutual TLS",
		at:   inScheme.since("3.1"),
		says: "A mutualTLS scheme asks for a certificate of the client.",
		does: "The handshake must have verified it, and the configuration may narrow which are accepted. Browsers send certificates unasked: one that is not accepted refuses only the entries that ask for it.",
		examples: []example{{
			body: "paths: {/a: {get: {security: [{m: []}]}}, /b: {get: {security: [{m: []}, {k: []}]}}, /c: {get: {security: [{m: [], k: []}]}}}\n",
			requests: `
GET /a -> 401 900902
GET /a | Certificate: partner -> m
GET /a | Certificate: of another API -> 401 900901
GET /a | Certificate: expired -> 401 900901
GET /a | Certificate: forged -> 401 900902
GET /b | Certificate: of another API | X-Key: {key} -> k
GET /c | Certificate: partner -> 401 900902
GET /c | Certificate: partner | X-Key: {key} -> k + m`,
		}},
		held: []string{"caddymgw/mtls.TestOnlyWhatTheHandshakeHasVerifiedCounts", "caddymgw/mtls.TestWhoIsAccepted"},
	},
}

var others = []sentence{
	{
		name: "concrete paths first",
		at:   sections{"", "4.7.8.2", "4.8.8.2", "4.8.2.1"},
		says: "Where a concrete path and a templated one both fit, the concrete one is meant.",
		does: "And its security. If it lacks the method, the templated one is looked at.",
		examples: []example{{
			body: "security: [{k: []}]\npaths: {'/pets/{id}': {get: {}, put: {}}, /pets/mine: {get: {security: []}}}\n",
			requests: `
GET /pets/mine -> anonymous
GET /pets/yours -> 401 900902
PUT /pets/mine -> 401 900902`,
		}},
		held: []string{"caddymgw/openapi.TestRouteFindsWhatTheSpecificationSays", "caddymgw/openapi.TestPathKeys"},
	},
	{
		name: "paths that are one",
		at:   sections{"", "4.7.8.2", "4.8.8.2", "4.8.2.1"},
		says: "Paths that differ in the names of parameters only are the same, and not valid beside each other.",
		does: "They are merged by method. Where both have one, both securities must hold.",
		why:  "Real documents have them, and the weaker of two must not open what the other closes.",
		examples: []example{{
			body: "paths: {'/a/{x}': {get: {security: []}}, '/a/{y}': {get: {security: [{k: []}]}, put: {security: []}}}\n",
			requests: `
GET /a/1 -> 401 900902
GET /a/1 | X-Key: {key} -> k
PUT /a/1 -> anonymous`,
		}},
		held: []string{"caddymgw/openapi.TestPathKeys", "caddymgw/openapi.TestCoincidingSecurityIsBounded"},
	},
	{
		name: "paths and operations may be left out",
		at:   sections{"6.6", "4.9", "4.10", "6.4"},
		says: "Paths and path items may be empty, to hide from readers what they have no access to.",
		does: "What is not declared is not served: 404, or 405 where the path has other methods. Nothing is let through because the document does not speak of it.",
		examples: []example{
			{
				body: "security: []\npaths: {/a: {}, /b: {get: {}}}\n",
				requests: `
GET /a -> 404 404
GET /c -> 404 404
POST /b -> 405 405
GET /b -> anonymous`,
			},
			{body: "security: []\npaths: {}\n", requests: "GET / -> 404 404"},
		},
	},
	{
		name: "methods of 3.2",
		at:   sections{"", "", "", "4.9"},
		says: "A path item may have query, and further methods by name, each an operation.",
		does: "Each has its own security, or the document's.",
		examples: []example{{
			body: "security: [{k: []}]\npaths: {/a: {query: {}, additionalOperations: {COPY: {security: []}, LOCK: {security: [{b: []}]}}}}\n",
			requests: `
QUERY /a -> 401 900902
QUERY /a | X-Key: {key} -> k
COPY /a -> anonymous
LOCK /a | Authorization: Basic {password} -> b
lock /a -> 405 405`,
		}},
		held: []string{"caddymgw/openapi.TestMethodsOfOpenAPI32"},
	},
	{
		name: "webhooks and callbacks",
		at:   sections{"", "4.7.18", "4.8.18, 4.8.1", "4.18, 4.1"},
		says: "Callbacks, and webhooks from 3.1 on, describe requests that the API makes, not those that it serves.",
		does: "They are no operations of the gateway.",
		examples: []example{{
			body: "security: []\nwebhooks: {/hook: {post: {}}}\npaths: {/a: {get: {callbacks: {done: {/called: {post: {}}}}}}}\n",
			requests: `
POST /hook -> 404 404
POST /called -> 404 404
GET /a -> anonymous`,
		}},
		held: []string{"caddymgw/openapi.TestWebhooksAndCallbacksAreNoRoutes"},
	},
	{
		name: "external resources",
		at:   sections{"", "5.4", "5.4", "6.5"},
		says: "References may lead to hosts that are not to be trusted.",
		does: "None is fetched: a remote reference that would be needed is refused at load, and so is one out of the document's folder, also through a symbolic link.",
		examples: []example{
			{body: "paths: {/a: {$ref: 'https://example.com/a.yaml'}}\n", refused: "remote references are not followed"},
			{body: "paths: {/a: {$ref: ../a.yaml}}\n", refused: "references must stay in the folder"},
			{body: "paths: {/a: {$ref: a.yaml}}\n", files: map[string]string{"a.yaml": "get: {security: []}\n"}, requests: "GET /a -> anonymous"},
		},
		held: []string{"caddymgw/openapi.TestReferencesStayInTheFolder", "caddymgw/openapi.TestReferencesThatAreNotFollowed"},
	},
	{
		name: "cycles of references",
		at:   sections{"", "5.5", "5.5", "6.6"},
		says: "References may form a cycle, which must be found.",
		does: "It is refused at load.",
		held: []string{"caddymgw/openapi.TestReferencesThatAreNotFollowed", "caddymgw/openapi.TestLimits"},
	},
}
