package lint

import (
	"fmt"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func unauthenticatedWrite() Rule {
	return Rule{
		ID: "unauthenticated-write", Severity: Error, Title: "Anybody may write",
		Why:    "The operation changes something (its method is none of GET, HEAD, OPTIONS, TRACE, QUERY), and no credential is needed to call it.",
		Remedy: `Ask for a scheme in its "security". Where everybody is meant, as for a login, say so: x-caddymgw-lint-ignore: [unauthenticated-write] in the operation.`,
		Bad: `
paths:
  /pets:
    post:
      operationId: createPet
      security: []
`,
		Good: `
paths:
  /pets:
    post:
      operationId: createPet
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) (found []issue) {
			var open []*operation
			for _, op := range v.operations() {
				if op.writes() && (op.Public() || op.anonymous()) {
					open = append(open, op)
				}
			}
			for _, g := range byCause(open, opening) {
				found = append(found, issue{g.at, g.operations, fmt.Sprintf("anybody may call %s: %s", names(g.operations), v.why(g.operations[0]))})
			}
			return found
		},
	}
}

func unauthenticatedRead() Rule {
	return Rule{
		ID: "unauthenticated-read", Severity: Note, Title: "Anybody may read",
		Why:    "The operation is public. That may be meant; it is worth knowing which ones are.",
		Remedy: `Ask for a scheme in its "security", or ignore the rule where everybody is meant.`,
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: []
`,
		Good: `
paths:
  /pets:
    get:
      operationId: listPets
      security: []
      x-caddymgw-lint-ignore: [unauthenticated-read]
`,
		check: func(v *view) (found []issue) {
			var open []*operation
			for _, op := range v.operations() {
				if op.reads() && op.Public() && (!op.off || !v.secured(op)) {
					open = append(open, op)
				}
			}
			for _, g := range byCause(open, opening) {
				found = append(found, issue{g.at, g.operations, fmt.Sprintf("anybody may call %s: %s", names(g.operations), v.why(g.operations[0]))})
			}
			return found
		},
	}
}

func anonymousBesideSecurity() Rule {
	return Rule{
		ID: "anonymous-beside-security", Severity: Warning, Title: "{} stands beside real security",
		Why:    "One alternative that holds is enough, and {} always does: whoever sends no credential is let in, so that the others protect nothing.",
		Remedy: "Take {} out. If callers may choose to be anonymous, the upstream must tell them apart by the identity that the gateway hands on.",
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
      security: [{key: []}, {}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
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
			var open []*operation
			for _, op := range v.operations() {
				if op.reads() && op.anonymous() {
					open = append(open, op)
				}
			}
			for _, g := range byCause(open, opening) {
				found = append(found, issue{g.at, g.operations, fmt.Sprintf("%s may be called without any credential: {} is an alternative to the others", names(g.operations))})
			}
			return found
		},
	}
}

func securityDisabled() Rule {
	return Rule{
		ID: "security-disabled", Severity: Warning, Title: "x-wso2-disable-security overrides what is declared",
		Why:    "The document asks for credentials and takes that back in another place, where readers and other tools don't look.",
		Remedy: `Take x-wso2-disable-security out, or declare "security: []" where everybody is meant.`,
		Bad: `
security: [{key: []}]
paths:
  /pets:
    get:
      operationId: listPets
      x-wso2-disable-security: true
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
security: [{key: []}]
paths:
  /pets:
    get:
      operationId: listPets
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) (found []issue) {
			var open []*operation
			for _, op := range v.operations() {
				if op.reads() && op.off && op.Public() && v.secured(op) {
					open = append(open, op)
				}
			}
			for _, g := range byCause(open, opening) {
				found = append(found, issue{g.at, g.operations, fmt.Sprintf("anybody may call %s: x-wso2-disable-security takes back what \"security\" asks for", names(g.operations))})
			}
			return found
		},
	}
}

func noSecurityDeclared() Rule {
	return Rule{
		ID: "no-security-declared", Severity: Warning, Title: "Nothing says who may call",
		Why: `Neither the operation nor the document has "security". By OpenAPI everybody may call; this gateway asks for an OAuth 2 access token, as WSO2 does, ` +
			"unless default_security says otherwise. Readers, generated clients and other gateways see another API than this one.",
		Remedy: `Declare "security" at the top of the document: what is forgotten is closed then. "security: []" is everybody.`,
		Bad: `
paths:
  /pets:
    get:
      operationId: listPets
`,
		Good: `
security: [{key: []}]
paths:
  /pets:
    get:
      operationId: listPets
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) []issue {
			var silent []*operation
			for _, op := range v.operations() {
				if op.cause == v.root.Get("paths") && op.asks(byDefault) {
					silent = append(silent, op)
				}
			}
			if len(silent) == 0 {
				return nil
			}
			return []issue{{v.root.Get("paths"), silent, fmt.Sprintf("nothing says who may call %s: only default_security of the gateway protects them", names(silent))}}
		},
	}
}

// byDefault reports whether a scheme stands in for one that nobody declared.
func byDefault(s *caddymgw.Scheme) bool { return strings.HasPrefix(s.Name, "default_security ") }

// reads reports whether the method gives something away. Preflights are sent
// without credentials.
func (o *operation) reads() bool {
	return !o.writes() && o.method != "OPTIONS" && o.method != "TRACE"
}

// secured reports whether the document asks for something of an operation that is
// switched off.
func (s *subject) secured(op *operation) bool {
	security := op.node.Get("security")
	if security.IsZero() {
		security = s.root.Get("security")
	}
	for _, alternative := range security.Items() {
		if hasMembers(alternative) {
			return true
		}
	}
	return false
}

// opening is where an operation is opened: at {}, or at what decides.
func opening(op *operation) openapi.Node {
	if op.anonymous() {
		for _, alternative := range op.cause.Items() {
			if alternative.Is(openapi.Object) && !hasMembers(alternative) {
				return alternative
			}
		}
	}
	return op.cause
}

// why says by what an operation is open.
func (s *subject) why(op *operation) string {
	switch at := opening(op); {
	case op.off:
		return "x-wso2-disable-security is true"
	case at != op.cause:
		return "{} is an alternative"
	case s.listAt[op.cause] != nil:
		return `"security" asks for nothing`
	}
	return "nothing is declared"
}
