package schema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSchemas judges JSON bodies: what each keyword lets pass and what it refuses.
func TestSchemas(t *testing.T) {
	t.Parallel()
	const pets = `    Cat: {type: object, required: [t], properties: {t: {type: string}, lives: {type: integer}}}
    Dog: {type: object, required: [t], properties: {t: {type: string}, barks: {type: boolean}}}
`
	for name, tc := range map[string]struct {
		version, schema, more string
		passes                []string
		refused               map[string]string // the first problem
	}{
		"any value": {"3.0.3", "{type: object, properties: {a: {}, b: {description: d}}}", "", []string{`{"a":null,"b":null}`, `{"a":[1]}`}, map[string]string{`1`: "#: value must be an object"}},
		"null in an enum without a type": {"3.0.3", "{enum: [a, null]}", "", []string{`null`, `"a"`}, map[string]string{
			`"b"`: `#: value is not one of the allowed values ["a",null]`,
		}},
		"additionalProperties": {"3.0.3", "{type: object, properties: {a: {}}, additionalProperties: false}", "", []string{`{"a":1}`}, map[string]string{`{"b":1}`: `#: property "b" is unsupported`}},
		"not":                  {"3.0.3", "{not: {type: string}}", "", []string{`1`}, map[string]string{`"x"`: "#: value doesn't match not"}},
		"multipleOf":           {"3.0.3", "{type: number, multipleOf: 0.01}", "", []string{`1.15`, `0.29`}, map[string]string{`1.155`: "#: number must be a multiple of 0.01"}},
		"exclusiveMinimum":     {"3.0.3", "{type: number, minimum: 0, exclusiveMinimum: true}", "", []string{`0.1`}, map[string]string{`0`: "#: number must be more than 0"}},
		"uniqueItems":          {"3.0.3", "{type: array, items: {}, uniqueItems: true}", "", []string{`[1,2]`}, map[string]string{`[1,1]`: "#: duplicate items found"}},
		"allOf":                {"3.0.3", "{allOf: [{$ref: '#/components/schemas/Cat'}, {required: [lives]}]}", pets, []string{`{"t":"x","lives":1}`}, map[string]string{`{"t":1}`: "#/t: value must be a string"}},
		"anyOf":                {"3.0.3", "{anyOf: [{$ref: '#/components/schemas/Cat'}, {type: string}]}", pets, []string{`"x"`, `{"t":"x"}`}, map[string]string{`{}`: `#: doesn't match any schema from "anyOf"`}},
		"oneOf":                {"3.0.3", "{oneOf: [{type: integer}, {type: number}]}", "", []string{`1.5`}, map[string]string{`1`: `#: value matches more than one schema from "oneOf" (matches schemas at indices [0 1])`}},
		"discriminator": {"3.0.3", "{oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: t, mapping: {cat: '#/components/schemas/Cat', hound: Dog}}}", pets, []string{
			`{"t":"cat","lives":1}`, `{"t":"hound","barks":true}`, `{"t":"Dog"}`,
		}, map[string]string{
			`{"t":"cat","lives":"x"}`: "#/lives: value must be an integer",
			`{"t":"cow"}`:             `#: discriminator property "t" has invalid value`,
			`{}`:                      `#: input does not contain the discriminator property "t"`,
		}},
		"int64":            {"3.0.3", "{type: integer, format: int64}", "", []string{`9007199254740993`, `-9223372036854775808`}, map[string]string{`9223372036854779904`: `#: integer doesn't match the format "int64" (value should be between -9223372036854775808 and 9223372036854775807)`}},
		"sibling of a ref": {"3.0.3", "{$ref: '#/components/schemas/Good', minLength: 9}", "", []string{`"a"`}, map[string]string{`"abcd"`: "#: maximum string length is 3"}},

		"3.1, sibling of a ref":       {"3.1.0", "{$ref: '#/components/schemas/Good', minLength: 2}", "", []string{`"abc"`}, map[string]string{`"abcd"`: "#: maximum string length is 3", `"a"`: "#: minimum string length is 2"}},
		"3.1, annotated ref":          {"3.1.0", "{$ref: '#/components/schemas/Good', description: d}", "", []string{`"abc"`}, map[string]string{`"abcd"`: "#: maximum string length is 3"}},
		"3.1, types":                  {"3.1.0", "{type: [integer, 'null']}", "", []string{`1`, `null`}, map[string]string{`"x"`: "#: value must be one of integer, null"}},
		"3.1, any value":              {"3.1.0", "{properties: {a: true, b: false, c: {}}}", "", []string{`{"a":null,"c":null}`, `1`}, map[string]string{`{"b":1}`: "#/b: the false schema accepts no value"}},
		"3.1, exclusiveMinimum":       {"3.1.0", "{exclusiveMinimum: 0}", "", []string{`0.1`, `"x"`}, map[string]string{`0`: "#: number must be more than 0"}},
		"3.1, const":                  {"3.1.0", "{const: a}", "", []string{`"a"`}, map[string]string{`"b"`: `#: value is not one of the allowed values ["a"]`}},
		"3.1, const and enum":         {"3.1.0", "{const: a, enum: [a, b]}", "", []string{`"a"`}, map[string]string{`"b"`: `#: value is not one of the allowed values ["a"]`}},
		"3.1, nullable":               {"3.1.0", "{type: string, nullable: true, enum: [a]}", "", []string{`null`, `"a"`}, map[string]string{`"b"`: `#: value is not one of the allowed values ["a"]`}},
		"3.1, list of any":            {"3.1.0", "{type: array}", "", []string{`[1,"a",null]`}, map[string]string{`1`: "#: value must be an array"}},
		"3.1, prefixItems":            {"3.1.0", "{type: array, prefixItems: [{type: string}, {$ref: '#/components/schemas/Good'}], items: {type: integer}}", "", []string{`["a","abc",1]`, `[]`}, map[string]string{`["a","abcd"]`: "#/1: value doesn't match maxLength", `["a","abc","x"]`: "#/2: value must be an integer"}},
		"3.1, contains":               {"3.1.0", "{contains: {const: 5}, minContains: 2}", "", []string{`[5,1,5]`}, map[string]string{`[5]`: "#: value doesn't match minContains"}},
		"3.1, patternProperties":      {"3.1.0", "{patternProperties: {'^n_': {type: integer}}, additionalProperties: {}}", "", []string{`{"n_a":1,"b":"x"}`}, map[string]string{`{"n_a":"secret"}`: "#/n_a: value must be of type integer"}},
		"3.1, patterns and no others": {"3.1.0", "{properties: {a: {}}, patternProperties: {'^n_': {type: integer}}, additionalProperties: false}", "", []string{`{"n_a":1,"a":"x"}`}, map[string]string{`{"n_a":1,"b":1}`: "#: value doesn't match additionalProperties"}},
		"3.1, patterns and others":    {"3.1.0", "{patternProperties: {'^n_': {type: integer}}, additionalProperties: {type: string}}", "", []string{`{"n_a":1,"b":"x"}`}, map[string]string{`{"b":1}`: "#/b: value must be of type string"}},
		"3.1, propertyNames":          {"3.1.0", "{propertyNames: {maxLength: 2}}", "", []string{`{"ab":1}`}, map[string]string{`{"abc":1}`: "#: value doesn't match propertyNames"}},
		"3.1, dependentRequired":      {"3.1.0", "{dependentRequired: {card: [address]}}", "", []string{`{"card":1,"address":1}`}, map[string]string{`{"card":1}`: `#: property ["address"] is missing`}},
		"3.1, dependentSchemas":       {"3.1.0", "{dependentSchemas: {card: {required: [address]}}}", "", []string{`{}`}, map[string]string{`{"card":1}`: `#: property ["address"] is missing`}},
		"3.1, if": {"3.1.0", "{if: {properties: {c: {const: US}}, required: [c]}, then: {required: [zip]}, else: {required: [code]}}", "", []string{`{"c":"US","zip":1}`, `{"code":1}`}, map[string]string{
			`{"c":"US"}`: `#: property ["zip"] is missing`, `{}`: `#: property ["code"] is missing`,
		}},
		"3.1, unevaluatedProperties": {"3.1.0", "{allOf: [{properties: {a: {}}}], properties: {b: {}}, unevaluatedProperties: false}", "", []string{`{"a":1,"b":1}`}, map[string]string{`{"c":1}`: "#/c: no value is allowed here"}},
		"3.1, unevaluatedItems":      {"3.1.0", "{prefixItems: [{}], unevaluatedItems: false}", "", []string{`[1]`}, map[string]string{`[1,2]`: "#/1: no value is allowed here"}},
		"3.1, formats there":         {"3.1.0", "{prefixItems: [{format: date}, {format: iri}]}", "", []string{`["2020-02-29","<"]`}, map[string]string{`["2020-02-30"]`: "#/0: value doesn't match format"}},
		"3.1, read-only, required":   {"3.1.0", "{type: object, required: [id, a], properties: {id: {readOnly: true}, a: {}}, patternProperties: {'^x': {type: integer}}}", "", []string{`{"a":1}`}, map[string]string{`{}`: `#/a: property "a" is missing`}},
		"3.1, nullable there":        {"3.1.0", "{prefixItems: [{type: string, nullable: true}]}", "", []string{`[null]`}, map[string]string{`[1]`: "#/0: value must be of type null or string"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := sound(t, bodyOf(tc.version, tc.schema, tc.more)).Operation("POST", "/a")
			for _, body := range tc.passes {
				require.Empty(t, message{"POST", "/a", []string{asJSON}, body}.judged(op), body)
			}
			for body, want := range tc.refused {
				got := message{"POST", "/a", []string{asJSON}, body}.judged(op)
				require.NotEmpty(t, got, body)
				require.Equal(t, "body"+want, got[0], body)
			}
		})
	}
}

func TestWhatJSONSchemaCantCompileIsToldOf(t *testing.T) {
	t.Parallel()
	file := write(t, bodyOf("3.1.0", "{properties: {a: {type: integer}}, patternProperties: {'(?!x)': {type: integer}}}", ""))
	_, err := Load(file, Options{Mode: Strict})
	require.ErrorContains(t, err, "JSON Schema 2020-12")
	doc, err := Load(file, Options{})
	require.NoError(t, err)
	require.Contains(t, doc.Warnings[0], "JSON Schema 2020-12")
	require.Equal(t, []string{"body#/a: value must be an integer"}, message{"POST", "/a", []string{asJSON}, `{"a":"x","y":"x"}`}.judged(doc.Operation("POST", "/a")))
}
