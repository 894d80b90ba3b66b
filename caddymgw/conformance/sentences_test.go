package conformance

import "github.com/caddymgw/gateway/caddymgw/openapi"

// chapter is a part of the table.
type chapter struct {
	title     string
	sentences []sentence
}

var chapters = []chapter{
	{"Where security is declared", declarations},
	{"Security Requirement Objects", requirements},
	{"Scopes, roles, and names of schemes", naming},
	{"Security Scheme Objects", append(keys, words...)},
	{"OAuth 2, OpenID Connect, mutual TLS", logins},
	{"What else decides about access", others},
}

// Sections that many sentences are from.
var (
	inDocument    = sections{"6.4.1", "4.7.1", "4.8.1", "4.1"}
	inOperation   = sections{"6.4.7", "4.7.10", "4.8.10", "4.10"}
	inRequirement = sections{"6.4.26", "4.7.30", "4.8.30", "4.30"}
	inScheme      = sections{"6.4.24", "4.7.27", "4.8.27", "4.27"}
	inFlow        = sections{"6.4.24", "4.7.29", "4.8.29", "4.29"}
)

// since blanks the versions before.
func (s sections) since(version string) sections {
	for v := range s {
		if versions[v] < version {
			s[v] = ""
		}
	}
	return s
}

// until blanks the versions after.
func (s sections) until(version string) sections {
	for v := range s {
		if versions[v] > version {
			s[v] = ""
		}
	}
	return s
}

var declarations = []sentence{
	{
		name: "security of the document",
		at:   inDocument,
		says: "The security of the document counts for every operation that declares none of its own.",
		does: "It counts.",
		examples: []example{{
			body: "security: [{k: []}]\npaths: {/a: {get: {}}, /b: {post: {security: [{b: []}]}}}\n",
			requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> k
POST /b | X-Key: {key} -> 401 900902`,
		}},
		held: []string{"caddymgw/openapi.TestEffectiveSecurity", "caddymgw/openapi.TestSecurityEqualsThatOfKin"},
	},
	{
		name: "security of an operation",
		at:   inOperation,
		says: "The security of an operation stands in place of the document's; nothing of the document's is added to it.",
		does: "It stands in its place.",
		examples: []example{{
			body: "security: [{k: []}]\npaths: {/a: {get: {security: [{b: []}]}}}\n",
			requests: `
GET /a | Authorization: Basic {password} -> b
GET /a | X-Key: {key} -> 401 900902`,
		}},
		held: []string{"caddymgw/openapi.TestEffectiveSecurity"},
	},
	{
		name: "an empty list removes",
		at:   inOperation,
		says: "An empty list at an operation takes the document's security away.",
		does: "The operation is public: no credential is looked at. The load names it in a warning.",
		examples: []example{{
			body:   "security: [{k: []}]\npaths: {/a: {get: {security: []}}, /b: {get: {}}}\n",
			warned: "public operations, without any authentication: GET /a",
			requests: `
GET /a -> anonymous
GET /a | X-Key: {key forged} -> anonymous
GET /b -> 401 900902`,
		}},
		held: []string{"caddymgw.TestAnAnonymousOperationLooksAtNoPassword", "caddymgw.TestBorderStripsCredentials"},
	},
	{
		name: "an empty list of the document",
		at:   inDocument.since("3"),
		says: "The list of the document may be empty.",
		does: "Operations without a security of their own are then public.",
		examples: []example{{
			body: "security: []\npaths: {/a: {get: {}}, /b: {get: {security: [{k: []}]}}}\n",
			requests: `
GET /a -> anonymous
GET /b -> 401 900902
GET /b | X-Key: {key} -> k`,
		}},
	},
	{
		name: "nothing is declared",
		at:   inDocument,
		says: "The document may have no security at all; then none is asked for.",
		does: "An access token is asked for. `default_security` changes it: `public` is what OpenAPI says; `deny` and `scheme NAME...` are the others.",
		why:  "Who forgets the list must not publish an API. It is also what WSO2 API Microgateway does. Public is said by `security: []`.",
		examples: []example{
			{
				body: "paths: {/a: {get: {}}}\n",
				requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> 401 900902
GET /a | Authorization: Bearer {token} -> default_security oauth2`,
			},
			{
				body:     "paths: {/a: {get: {}}}\n",
				options:  openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: openapi.DefaultPublic}},
				requests: "GET /a -> anonymous",
			},
			{
				body:     "paths: {/a: {get: {}}}\n",
				options:  openapi.Options{DefaultSecurity: openapi.DefaultSecurity{Mode: openapi.DefaultDeny}},
				requests: "GET /a | Authorization: Bearer {token} -> 401 900917",
			},
		},
		held: []string{"caddymgw/openapi.TestDefaultSecurity"},
	},
	{
		name: "schemes alone ask nothing",
		at:   sections{"6.4.23", "4.7.7", "4.8.7", "4.7"},
		says: "To declare a scheme enforces nothing: a requirement has to name it.",
		does: "A scheme that no requirement names is not asked for. The border all the same takes the keys of every declared apiKey scheme out of every request.",
		examples: []example{{
			body: "security: []\npaths: {/a: {get: {}}, /b: {get: {security: [{q: []}]}}}\n",
			requests: `
GET /a -> anonymous
GET /b | X-Key: {key} -> 401 900902
GET /b?key={key} -> q`,
		}},
		held: []string{"caddymgw.TestBorderStripsCredentials"},
	},
	{
		name: "field names have case",
		at:   sections{"6.1", "4.2", "4.2", "3.2"},
		says: "The names of fields are compared with their case.",
		does: "`Security` is no `security`: it is passed over, and what counts is the document's.",
		examples: []example{{
			body: "security: [{k: []}]\npaths: {/a: {get: {Security: []}}, /b: {get: {security: []}}}\n",
			requests: `
GET /a -> 401 900902
GET /b -> anonymous`,
		}},
	},
	{
		name: "fields are there once",
		at:   sections{"6.1", "4.2", "4.2", "3"},
		says: "The names in one object are unique.",
		does: "Two members of one name in an object that is read are refused at load: parsers differ in which of them counts, and one may be the weaker.",
		examples: []example{
			{
				body:    "paths:\n  /a:\n    get:\n      security: [{k: []}]\n      security: []\n",
				refused: `the member "security" stands twice in one object: keep one`,
			},
			{body: "paths: {/a: {get: {security: []}}}\n", requests: "GET /a -> anonymous"},
		},
		held: []string{"caddymgw/openapi.TestRepeatedMembersAreRefusedWhereTheyAreRead"},
	},
	{
		name: "extensions are optional",
		at:   sections{"6.5", "4.8", "4.9", "5"},
		says: "Members that begin with x- may be added anywhere, and a tool need not know them.",
		does: "Those of WSO2 that concern security are followed, and a misspelt one is refused at load. All others are passed over: none makes an operation public.",
		examples: []example{
			{
				body: "security: [{k: []}]\nx-security: []\npaths: {/a: {get: {x-auth-type: None, x-security: []}}, /b: {get: {x-wso2-disable-security: true}}}\n",
				requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> k
GET /b -> anonymous`,
			},
			{
				body:    "security: [{k: []}]\npaths: {/a: {get: {x-wso2-disable-securty: true}}}\n",
				refused: "is no extension of WSO2",
			},
		},
		held: []string{"caddymgw/openapi.TestDisableSecurity", "caddymgw/openapi.TestApplicationSecurityAndMutualTLS", "caddymgw/openapi.TestExtensionsThatAreNotEnforcedAreRefused"},
	},
}

var requirements = []sentence{
	{
		name: "one of the list suffices",
		at:   sections{"6.4.1, 6.4.7", "4.7.30", "4.8.30", "4.30"},
		says: "The entries of a list are alternatives: to fulfil one of them is enough.",
		does: "The first one, in document order, that is fulfilled as a whole lets the request in.",
		examples: []example{{
			body: "security: [{k: []}, {b: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a -> 401 900902
GET /a | X-Key: {key} -> k
GET /a | Authorization: Basic {password} -> b
GET /a | X-Key: {key} | Authorization: Basic {password} -> k`,
		}},
		held: []string{"caddymgw.TestDecide", "caddymgw.TestDecideAgreesWithTheRules"},
	},
	{
		name: "all of one entry",
		at:   inRequirement,
		says: "Of the schemes in one entry all have to be fulfilled.",
		does: "All, a key and a token not by one value. The placeholders have every principal; one is the subject: that of a token, else of Basic, of a key, of a certificate.",
		examples: []example{{
			body: "security: [{k: [], b: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | X-Key: {key} -> 401 900902
GET /a | Authorization: Basic {password} -> 401 900902
GET /a | X-Key: {key forged} | Authorization: Basic {password} -> 401 900901
GET /a | X-Key: {key} | Authorization: Basic {password forged} -> 401 900911
GET /a | X-Key: {key} | Authorization: Basic {password} -> b + k`,
		}, {
			body: "security: [{k: [], o: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | X-Key: {token} | Authorization: Bearer {token} -> 401 900901
GET /a | X-Key: {key} | Authorization: Bearer {key} -> 401 900901
GET /a | X-Key: {key} | Authorization: Bearer {token} -> o + k`,
		}},
		held: []string{"caddymgw.TestDecide"},
	},
	{
		name: "an entry counts as a whole",
		at:   inRequirement,
		says: "Half of one entry and half of another fulfil none.",
		does: "The request is refused.",
		examples: []example{{
			body: "security: [{k: [], b: []}, {q: [], o: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a?key={key} | Authorization: Basic {password} -> 401 900902
GET /a | X-Key: {key} | Authorization: Bearer {token} -> 401 900902
GET /a?key={key} | Authorization: Bearer {token} -> o + q`,
		}},
	},
	{
		name: "several parameters and headers",
		at:   inRequirement.since("3"),
		says: "So an operation can ask for several headers and query parameters.",
		does: "Each key is verified.",
		examples: []example{{
			body: "security: [{k: [], q: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a?key={key} -> 401 900902
GET /a?key={key role:admin} | X-Key: {key} -> k + q`,
		}},
	},
	{
		name: "keys that contradict each other",
		at:   inRequirement,
		says: "To fulfil one entry is enough, whatever else is sent.",
		does: "Different values at the places of apiKey schemes that no entry asks for together are refused, though each of them be good.",
		why:  "Nobody can tell which of them the upstream reads.",
		examples: []example{{
			body: "security: [{k: []}, {q: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a?key={key role:admin} | X-Key: {key} -> 401 900901
GET /a?key={key} | X-Key: {key} -> k`,
		}},
		held: []string{"caddymgw.TestDecide"},
	},
	{
		name: "optional security",
		at:   sections{"", "4.7.30, 4.7.10", "4.8.30, 4.8.10", "4.30, 4.10"},
		says: "An empty entry, {}, means that nobody has to say who he is.",
		does: "It lets in, as nobody, who presents nothing; it is looked at last, wherever it stands. Who presents a good credential is known by it, or is nobody if its rights do not suffice for any entry. Alone it makes the operation public.",
		examples: []example{
			{
				body: "security: [{}, {k: []}]\npaths: {/a: {get: {}}, /b: {get: {security: [{}]}}, /c: {get: {security: [{k: []}]}}}\n",
				requests: `
GET /a -> anonymous
GET /a | X-Key: {key} -> k
GET /b -> anonymous
GET /b | X-Key: {key} -> anonymous
GET /c -> 401 900902`,
			},
			{
				body: "security: [{o: [read]}, {}]\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a | Authorization: Bearer {token} -> anonymous
GET /a | Authorization: Bearer {token scope:read} -> o`,
			},
		},
		held: []string{"caddymgw.TestDecide"},
	},
	{
		name: "a bad credential beside an empty entry",
		at:   inRequirement.since("3"),
		says: "With {} in the list anonymous access is supported: whatever else the request holds, this entry is fulfilled.",
		does: "A credential that is presented where the operation reads one, and that is not authentic, refuses the request. So it does beside every other entry that would be fulfilled.",
		why:  "Nothing unverified reaches the upstream, and a client whose key has expired learns it rather than being taken for nobody.",
		examples: []example{
			{
				body: "security: [{k: []}, {}]\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a | X-Key: {key forged} -> 401 900901
GET /a | X-Key: {key expired} -> 401 900901
GET /a | X-Other: {key forged} -> anonymous`,
			},
			{
				body: "security: [{k: []}, {b: []}]\npaths: {/a: {get: {}}}\n",
				requests: `
GET /a | X-Key: {key} | Authorization: Basic {password forged} -> 401 900911`,
			},
		},
		held: []string{"caddymgw.TestDecide", "caddymgw/conformance.TestCorpus"},
	},
	{
		name: "two values at one place",
		at:   inRequirement,
		says: "All schemes of an entry are fulfilled together, whatever they are.",
		does: "An entry that wants two values in one header or parameter, such as Basic and Bearer in Authorization, is closed. The load warns of operations that nobody can call.",
		why:  "There is one value, and a repeated header is refused, since readers differ in which counts. Two schemes of one kind, though, share a token; two keys do not share a value.",
		examples: []example{{
			body: "security: [{b: [], o: []}, {k: []}]\npaths: {/a: {get: {}}}\n",
			requests: `
GET /a | Authorization: Bearer {token} -> 401 900901
GET /a | Authorization: Basic {password} | Authorization: Bearer {token} -> 401 900901
GET /a | X-Key: {key} -> k`,
		}},
		held: []string{"caddymgw.TestBindNamesWhatNobodyCanCall"},
	},
	{
		name: "a list of objects",
		at:   inRequirement,
		says: "Security is a list of objects whose members are lists of strings.",
		does: "Anything else is refused at load, with file, line and JSON pointer. It is never read as no security.",
		examples: []example{
			{body: "security: {k: []}\npaths: {/a: {get: {}}}\n", refused: "/security: must be a list, is an object"},
			{body: "security:\npaths: {/a: {get: {}}}\n", refused: "/security: must be a list, is null"},
			{body: "paths: {/a: {get: {security: [k]}}}\n", refused: "/paths/~1a/get/security/0: must be an object, is a string"},
			{body: "paths: {/a: {get: {security: [{k: read}]}}}\n", refused: "/paths/~1a/get/security/0/k: must be a list, is a string"},
			{body: "security: [{k: []}]\npaths: {/a: {get: {}}}\n", requests: "GET /a | X-Key: {key} -> k"},
		},
		held: []string{"caddymgw/openapi.TestSecurityThatCannotBeReadIsRefused"},
	},
}
