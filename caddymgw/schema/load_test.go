package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// body30 is a document whose POST /a takes JSON of a schema; more are its
// components.
func bodyOf(version, schema, more string) string {
	return "openapi: " + version + "\ninfo: {title: T, version: '1'}\npaths: {/a: {post: {requestBody: {content: {application/json: {schema: " + schema +
		"}}}, responses: {default: {description: d}}}}}\ncomponents:\n  schemas:\n    Good: {type: string, maxLength: 3}\n" + more
}

// TestWhatCantBeFollowed: each document is refused when strict, by a pointer, and
// loads with a warning when lenient. Then whatever the good part of it refuses is
// refused, and nothing else.
func TestWhatCantBeFollowed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version, schema, more string
		pointer, says         string
		passes, refused       []string
	}{
		"a type that is none": {
			schema: "{properties: {a: {type: int}, b: {$ref: '#/components/schemas/Good'}}}", pointer: "/properties/a", says: `unsupported 'type' value "int"`,
			passes: []string{`{"a":1}`, `{"a":"x"}`, `{"b":"abc"}`}, refused: []string{`{"b":"abcd"}`},
		},
		"a list of types before 3.1": {
			schema: "{properties: {a: {type: [string, 'null']}, b: {type: string}}}", pointer: "/properties/a", says: "array of types",
			passes: []string{`{"a":null}`}, refused: []string{`{"b":1}`},
		},
		"a reference to nothing": {
			schema: "{properties: {a: {$ref: '#/components/schemas/Missing'}, b: {type: string}}}", pointer: "/properties/a", says: "names nothing",
			passes: []string{`{"a":1}`}, refused: []string{`{"b":1}`},
		},
		"a remote reference": {
			schema: "{properties: {a: {$ref: 'https://example.com/a.yaml'}, b: {type: string}}}", pointer: "/properties/a", says: "remote references",
			passes: []string{`{"a":1}`}, refused: []string{`{"b":1}`},
		},
		"a reference out of the folder": {
			schema: "{properties: {a: {$ref: '../../etc/passwd'}, b: {type: string}}}", pointer: "/properties/a", says: "folder of the document",
			passes: []string{`{"a":1}`}, refused: []string{`{"b":1}`},
		},
		"a reference to itself": {
			schema: "{$ref: '#/components/schemas/A'}", more: "    A: {$ref: '#/components/schemas/A'}\n", says: "loop",
			passes: []string{`1`},
		},
		"a member that stands twice": {
			schema: "{properties: {a: {type: string, type: integer}, b: {type: string}}}", pointer: "/properties/a", says: "stands twice",
			passes: []string{`{"a":true}`}, refused: []string{`{"b":1}`},
		},
		"a schema that is no object": {
			schema: "{properties: {a: string, b: {type: string}}}", pointer: "/properties/a", says: "must be an object",
			passes: []string{`{"a":1}`}, refused: []string{`{"b":1}`},
		},
		"required that is no list": {
			schema: "{properties: {a: {type: string, required: true}}}", pointer: "/properties/a/required", says: "list of names",
			passes: []string{`{}`}, refused: []string{`{"a":1}`},
		},
		"a keyword of 3.1 in 3.0": {
			schema: "{type: string, const: a}", pointer: "/schema/const", says: "keyword of OpenAPI 3.1",
			passes: []string{`"b"`}, refused: []string{`1`},
		},
		"a pattern that is none": {
			schema: "{properties: {a: {pattern: '(?<'}, b: {type: string}}}", pointer: "/properties/a/pattern", says: "can't be compiled",
			passes: []string{`{"a":"x"}`}, refused: []string{`{"b":1}`},
		},
		"a pattern of megabytes": {
			schema: "{properties: {a: {pattern: '" + strings.Repeat("a", 1<<20) + "'}, b: {type: string}}}", pointer: "/properties/a/pattern", says: "longer than",
			passes: []string{`{"a":"x"}`}, refused: []string{`{"b":1}`},
		},
		"an alternative, as one of": {
			schema: "{oneOf: [{type: int}, {type: string, maxLength: 3}, {type: string, minLength: 3}]}", pointer: "/oneOf/0", says: "int",
			passes: []string{`1`, `"abc"`, `"a"`},
		},
		"deep in an alternative, as one of": {
			schema: "{type: object, oneOf: [{properties: {a: {type: int}}, required: [a]}, {properties: {b: {type: string}}, required: [b]}]}", pointer: "/oneOf/0/properties/a", says: "int",
			passes: []string{`{"a":1}`, `{"a":1,"b":"x"}`, `{"b":"x"}`}, refused: []string{`{}`, `{"b":1}`},
		},
		"behind a reference, as one of": {
			schema: "{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/Good'}], anyOf: [{minLength: 1}]}", more: "    A: {allOf: [{type: int}, {type: string}]}\n",
			pointer: "/components/schemas/A/allOf/0", says: "int",
			passes: []string{`"abc"`, `"abcd"`}, refused: []string{`1`, `""`},
		},
		"negated": {
			schema: "{type: object, properties: {a: {not: {properties: {x: {type: int}}}}, b: {not: {type: string}}}}", pointer: "/properties/x", says: "int",
			passes: []string{`{"a":{"x":1}}`, `{"a":1}`}, refused: []string{`{"b":"x"}`},
		},
		"a property that is called not": {
			schema: "{type: object, additionalProperties: false, properties: {not: {type: int}, oneOf: {type: string}}}", pointer: "/properties/not", says: "int",
			passes: []string{`{"not":1}`, `{"oneOf":"x"}`}, refused: []string{`{"oneOf":1}`, `{"z":1}`},
		},
		"a mapping to nothing": {
			schema:  "{oneOf: [{$ref: '#/components/schemas/Good'}, {type: integer}], discriminator: {propertyName: t, mapping: {a: Missing}}}",
			pointer: "/discriminator/mapping/a", says: "names no schema",
			passes: []string{`"abc"`, `1`}, refused: []string{`true`, `"abcd"`},
		},
		"if, in 3.1": {
			version: "3.1.0", schema: "{if: {type: int}, then: false, properties: {a: {type: string}}}", pointer: "/if", says: "int",
			passes: []string{`1`, `{"a":"x"}`}, refused: []string{`{"a":1}`},
		},
		"a bound of 3.0 in 3.1": {
			version: "3.1.0", schema: "{properties: {a: {minimum: 1, exclusiveMinimum: true}, b: {type: string}}}", pointer: "/properties/a", says: "exclusiveMinimum",
			passes: []string{`{"a":0}`}, refused: []string{`{"b":1}`},
		},
		"a dynamic reference": {
			version: "3.1.0", schema: "{type: object, properties: {a: {$dynamicRef: '#x', type: integer}}}", pointer: "/properties/a/$dynamicRef", says: "not followed",
			passes: []string{`{"a":1}`}, refused: []string{`{"a":"x"}`},
		},
		"an anchor": {
			version: "3.1.0", schema: "{properties: {a: {$ref: '#x'}, b: {$anchor: x, type: string}}}", pointer: "/properties/a", says: "JSON pointer",
			passes: []string{`{"a":1}`}, refused: []string{`{"b":1}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.version == "" {
				tc.version = "3.0.3"
			}
			file := write(t, bodyOf(tc.version, tc.schema, tc.more))
			_, err := Load(file, Options{Mode: Strict})
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, tc.pointer)
			require.ErrorContains(t, err, file+":")

			doc, err := Load(file, Options{})
			require.NoError(t, err)
			require.NotEmpty(t, doc.Warnings)
			require.Contains(t, strings.Join(doc.Warnings, "\n"), tc.says)
			require.Contains(t, strings.Join(doc.Warnings, "\n"), tc.pointer)
			op := doc.Operation("POST", "/a")
			for _, body := range tc.passes {
				require.Empty(t, message{"POST", "/a", []string{asJSON}, body}.judged(op), body)
			}
			for _, body := range tc.refused {
				require.NotEmpty(t, message{"POST", "/a", []string{asJSON}, body}.judged(op), body)
			}
		})
	}
}

func TestOneBadSchemaCostsOnlyItself(t *testing.T) {
	t.Parallel()
	doc := load(t, head30+`
paths:
  /a:
    parameters: [{in: query, name: n, schema: {type: integer}}]
    get: {parameters: [{in: query, name: q, schema: {type: int}}, {in: query, name: p, style: deepObject, schema: {type: integer}}, {in: nowhere, name: x}, {$ref: '#/nothing'}]}
    post: {requestBody: {content: {application/json: {schema: {properties: {a: {type: int}, b: {type: integer}}}}}}}
    put: {requestBody: {$ref: '#/nothing'}}
    patch: {$ref: '#/nothing'}
`, Options{})
	require.Len(t, doc.Warnings, 6)
	require.Equal(t, []string{"query#/n: value must be an integer"}, message{"GET", "/a?q=x&n=x", nil, ""}.judged(doc.Operation("GET", "/a")))
	require.Equal(t, []string{"query#/n: value must be an integer", "body#/b: value must be an integer"},
		message{"POST", "/a?n=x", []string{asJSON}, `{"a":"x","b":"x"}`}.judged(doc.Operation("POST", "/a")))
	require.Equal(t, []string{"query#/n: value must be an integer"}, message{"PUT", "/a?n=x", nil, "x"}.judged(doc.Operation("PUT", "/a")))
	require.Empty(t, message{"PATCH", "/a?n=x", nil, "x"}.judged(doc.Operation("PATCH", "/a")))
	require.Nil(t, doc.Operation("DELETE", "/a"))
}

func TestOperationsThatAreOneToARequestAreNotChecked(t *testing.T) {
	t.Parallel()
	doc := load(t, head30+`
paths:
  /a#X=1: {get: {parameters: [{in: query, name: n, schema: {type: integer}}]}}
  /a#X=2: {get: {parameters: [{in: query, name: n, schema: {type: boolean}}]}}
  /a#X=3: {get: {}}
  /b/{x}: {get: {parameters: [{in: query, name: n, schema: {type: integer}}]}}
  /b/{y}: {post: {parameters: [{in: query, name: n, schema: {type: integer}}]}}
`, Options{})
	require.Len(t, doc.Warnings, 1)
	require.Contains(t, doc.Warnings[0], "are one to a request")
	for _, template := range []string{"/a#X=1", "/a#X=2", "/a#X=3"} {
		require.Empty(t, message{"GET", "/a?n=x", nil, ""}.judged(doc.Operation("GET", template)))
	}
	require.NotEmpty(t, message{"GET", "/b/1?n=x", nil, ""}.judged(doc.Operation("GET", "/b/{x}")))
	require.NotEmpty(t, message{"POST", "/b/1?n=x", nil, ""}.judged(doc.Operation("POST", "/b/{y}")))
}

func TestKeysAreNotLookedAt(t *testing.T) {
	t.Parallel()
	doc := sound(t, head30+`
paths:
  /a:
    get:
      parameters:
      - {in: header, name: x-key, required: true, schema: {type: integer}}
      - {in: query, name: key, required: true, schema: {type: integer}}
      - {in: cookie, name: k, required: true, schema: {type: integer}}
      - {in: query, name: Key, schema: {type: integer}}
      responses: {default: {description: d}}
components:
  securitySchemes:
    h: {type: apiKey, in: header, name: X-Key}
    q: {type: apiKey, in: query, name: key}
    c: {type: apiKey, in: cookie, name: k}
`)
	op := doc.Operation("GET", "/a")
	require.Empty(t, message{"GET", "/a", nil, ""}.judged(op))
	require.Empty(t, message{"GET", "/a?key=s", []string{"X-Key: s", "Cookie: k=s"}, ""}.judged(op))
	require.NotEmpty(t, message{"GET", "/a?Key=s", nil, ""}.judged(op))
}

func TestHeadersThatNeverArriveAreNotAskedFor(t *testing.T) {
	t.Parallel()
	file := write(t, head30+"paths: {/a: {get: {parameters: [{in: header, name: a_b, required: true, schema: {type: integer}}]}}}")
	options := Options{Arrives: func(name string) bool { return !strings.Contains(name, "_") }}
	doc, err := Load(file, options)
	require.NoError(t, err)
	require.Contains(t, doc.Warnings[0], "the header a_b is dropped before it comes here")
	require.Empty(t, message{"GET", "/a", nil, ""}.judged(doc.Operation("GET", "/a")))
	options.Mode = Strict
	_, err = Load(file, options)
	require.ErrorContains(t, err, "a_b")
}

func TestReferences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"openapi.yaml": head30 + `
paths:
  /a:
    $ref: paths/a.yaml
  /b:
    post:
      parameters: [{$ref: '#/components/parameters/N'}]
      requestBody: {$ref: '#/components/requestBodies/B'}
      responses: {default: {$ref: '#/components/responses/R'}}
components:
  parameters: {N: {in: query, name: n, schema: {$ref: '#/components/schemas/N'}}}
  requestBodies: {B: {content: {application/json: {schema: {$ref: '#/paths/~1b/post/x-schema/0'}}}}}
  responses: {R: {description: d, headers: {X-N: {$ref: '#/components/headers/H'}}}}
  headers: {H: {required: true, schema: {$ref: schemas.json#/definitions/N}}}
  schemas: {N: {$ref: '#/components/schemas/M'}, M: {type: integer}}
`,
		"paths/a.yaml": `
post:
  parameters: [{in: query, name: n, schema: {$ref: '../schemas.json#/definitions/N'}}]
  requestBody: {content: {application/json: {schema: {$ref: '../schemas.json'}}}}
  responses: {default: {description: d}}
`,
		"schemas.json": `{"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}, "n": {"$ref": "#/definitions/N"}},
			"definitions": {"N": {"type": "integer", "maximum": 5}}}`,
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(content, "responses: {default: {$ref", "x-schema: [{type: boolean}]\n      responses: {default: {$ref")), 0o600))
	}
	doc, err := Load(filepath.Join(dir, "openapi.yaml"), Options{Mode: Strict, Responses: true})
	require.NoError(t, err)
	require.Len(t, doc.Files, 3)
	require.Equal(t, []string{"query#/n: number must be at most 5", "body#/children/0/n: number must be at most 5"},
		message{"POST", "/a?n=6", []string{asJSON}, `{"children":[{"n":6}]}`}.judged(doc.Operation("POST", "/a")))
	b := doc.Operation("POST", "/b")
	require.Equal(t, []string{"query#/n: value must be an integer", "body#: value must be a boolean"}, message{"POST", "/b?n=x", []string{asJSON}, `1`}.judged(b))
	require.Equal(t, []string{"header#/X-N: value is missing"}, texts(b.Response("POST", 200, nil, nil)))
}

func TestLoadNamesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{"no version": "info: {}", "another version": "openapi: 4.0.0", "no YAML": "a: b: c", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, document), Options{})
			var e *openapi.Error
			require.ErrorAs(t, err, &e)
		})
	}
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), Options{})
	require.Error(t, err)
}
