package schema

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNestedAlternatives: kin-openapi goes through what matched again at each
// level. A few hundred bytes would take years.
func TestNestedAlternatives(t *testing.T) {
	t.Parallel()
	const all = `    Any: {anyOf: [{type: string}, {type: object, properties: {a: {$ref: '#/components/schemas/Any'}}}]}
    One: {oneOf: [{type: string}, {type: object, properties: {a: {$ref: '#/components/schemas/One'}}}]}
    Two: {oneOf: [{type: object, required: [x], properties: {a: {$ref: '#/components/schemas/Two'}}}, {type: object, required: [y], properties: {a: {$ref: '#/components/schemas/Two'}}}]}
    All: {allOf: [{properties: {a: {$ref: '#/components/schemas/All'}}}, {properties: {a: {$ref: '#/components/schemas/All'}}}]}
    Not: {not: {required: [b], properties: {a: {$ref: '#/components/schemas/Not'}}}, properties: {a: {$ref: '#/components/schemas/Not'}}}
    Tree: {type: object, properties: {a: {$ref: '#/components/schemas/Tree'}}}
    Same: {anyOf: [{$ref: '#/components/schemas/Same'}, {type: object}]}
`
	for _, version := range []string{"3.0.3", "3.1.0"} {
		for name, deep := range map[string]int{"Any": 14, "One": 14, "Two": 8, "All": 14, "Not": 14, "Tree": 98, "Same": 98} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				schema := "{$ref: '#/components/schemas/" + name + "'}"
				if version == "3.1.0" {
					schema = "{$ref: '#/components/schemas/" + name + "', if: {type: string}, then: {}}"
				}
				op := sound(t, bodyOf(version, schema, all)).Operation("POST", "/a")
				start := time.Now()
				require.Empty(t, message{"POST", "/a", []string{asJSON}, nested(deep, name == "Two")}.judged(op))
				for _, depth := range []int{30, 60, 98} {
					problems := message{"POST", "/a", []string{asJSON}, nested(depth, name == "Two")}.judged(op)
					if deep < 98 {
						require.Equal(t, []string{"body#: the value is too complex to be judged"}, problems)
					} else {
						require.Empty(t, problems)
					}
				}
				require.Less(t, time.Since(start), 20*time.Second)
			})
		}
	}
}

func nested(depth int, x bool) string {
	open, inmost := `{"a":`, `{}`
	if x {
		open, inmost = `{"x":1,"a":`, `{"x":1}`
	}
	return strings.Repeat(open, depth) + inmost + strings.Repeat("}", depth)
}

func TestLargeValuesOfAlternativesAreJudged(t *testing.T) {
	t.Parallel()
	op := sound(t, bodyOf("3.0.3", "{type: array, items: {oneOf: [{type: string}, {type: integer}]}}", "")).Operation("POST", "/a")
	require.Empty(t, message{"POST", "/a", []string{asJSON}, "[1" + strings.Repeat(",1", 50_000) + "]"}.judged(op))
}

func TestAPanicIsAProblem(t *testing.T) {
	t.Parallel()
	broken := &check{types: anyType} // has no schema
	require.Equal(t, []finding{{nil, "the value could not be judged"}}, broken.judge("x", request, nil))
}
