package lint

import (
	"fmt"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func coincidingOperations() Rule {
	return Rule{
		ID: "coinciding-operations", Severity: Warning, Title: "No request can tell two operations apart",
		Why: `Their paths differ in the names of parameters only, or behind a "?" or "#" (OpenAPI 3.1 section 4.8.8). ` +
			"Which one is meant nobody knows; this gateway asks for the credentials of both.",
		Remedy: "Keep one of them, or give them paths of their own.",
		Bad: `
paths:
  /pets/{id}:
    get:
      operationId: getPet
      security: [{key: []}]
  /pets/{name}:
    get:
      operationId: findPet
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
paths:
  /pets/{id}:
    get:
      operationId: getPet
      security: [{key: []}]
  /pets/by-name/{name}:
    get:
      operationId: findPet
      security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) (found []issue) {
			for _, op := range v.operations() {
				if op.coincides != nil {
					found = append(found, issue{op.node, []*operation{op.coincides, op}, fmt.Sprintf("%s and %s are one to a request: the security of both must hold", op.coincides.label(), op.label())})
				}
			}
			return found
		},
	}
}

func duplicateOperationID() Rule {
	return Rule{
		ID: "duplicate-operation-id", Severity: Warning, Title: "Operations share an operationId",
		Why:    "It must be unique (OpenAPI 3.1 section 4.8.10). A key that is limited to it would open several operations; so this gateway takes it from all of them.",
		Remedy: "Give each operation its own.",
		Bad: `
security: [{key: []}]
paths:
  /pets:
    get: {operationId: list}
  /users:
    get: {operationId: list}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
security: [{key: []}]
paths:
  /pets:
    get: {operationId: listPets}
  /users:
    get: {operationId: listUsers}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) (found []issue) {
			first := map[string]*operation{}
			for _, op := range v.operations() {
				id := op.node.Get("operationId")
				switch other := first[id.Scalar()]; {
				case id.Scalar() == "":
				case other == nil:
					first[id.Scalar()] = op
				default:
					found = append(found, issue{id, []*operation{other, op}, fmt.Sprintf("the operationId %s is that of %s already", id.Scalar(), other.label())})
				}
			}
			return found
		},
	}
}

func missingOperationID() Rule {
	return Rule{
		ID: "missing-operation-id", Severity: Note, Title: "Operations have no operationId",
		Why:    "Keys are limited to operations by their ids: one without an id is closed to every key that is limited.",
		Remedy: "Give each operation one.",
		Bad: `
security: [{key: []}]
paths:
  /pets:
    get: {}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		Good: `
security: [{key: []}]
paths:
  /pets:
    get: {operationId: listPets}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
`,
		check: func(v *view) []issue {
			var nameless []*operation
			for _, op := range v.operations() {
				if op.node.Get("operationId").Scalar() == "" {
					nameless = append(nameless, op)
				}
			}
			if len(nameless) == 0 {
				return nil
			}
			return []issue{{v.root.Get("paths"), nameless, fmt.Sprintf("keys can't be limited to %s: no operationId", names(nameless))}}
		},
	}
}

// deciding is what decides the security of an operation.
func deciding(op *operation) openapi.Node { return op.cause }
