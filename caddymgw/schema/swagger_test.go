package schema

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

const swagger = `swagger: '2.0'
info: {title: T, version: '1'}
consumes: [application/json]
produces: [application/json]
paths:
  /a/{id}:
    parameters:
    - {in: path, name: id, required: true, type: integer}
    - {in: query, name: over, type: integer}
    get:
      parameters:
      - {in: query, name: over, type: boolean}
      - {in: query, name: csv, type: array, items: {type: integer}}
      - {in: query, name: multi, type: array, collectionFormat: multi, items: {type: integer}, maxItems: 2}
      - {in: query, name: ssv, type: array, collectionFormat: ssv, items: {type: integer}}
      - {in: query, name: pipes, type: array, collectionFormat: pipes, items: {type: integer}}
      - {in: header, name: X-List, type: array, items: {type: string, enum: [a, b]}}
      - {in: header, name: X-Key, type: string, required: true}
      - {in: query, name: empty, type: integer, allowEmptyValue: true}
      responses:
        200: {description: d, schema: {$ref: '#/definitions/A'}, headers: {X-Rate: {type: integer}}}
        default: {description: d}
    post:
      parameters: [{in: body, name: b, required: true, schema: {$ref: '#/definitions/A'}}]
      responses: {default: {description: d}}
    put:
      consumes: [multipart/form-data]
      parameters:
      - {in: formData, name: n, required: true, type: integer}
      - {in: formData, name: f, type: file}
      - {in: formData, name: l, type: array, items: {type: integer}}
      responses: {default: {description: d}}
    patch:
      parameters: [{in: formData, name: n, type: integer}]
      responses: {default: {description: d}}
definitions:
  A: {type: object, required: [a], properties: {a: {type: string, x-nullable: true}, c: {$ref: '#/definitions/A'}}, discriminator: a}
securityDefinitions: {k: {type: apiKey, in: header, name: x-key}}
`

func TestSwagger(t *testing.T) {
	t.Parallel()
	doc := sound(t, swagger)
	for name, tc := range map[string]struct {
		method, target string
		lines          []string
		body           string
		problems       []string
	}{
		"good":              {"GET", "/a/1?over=true&csv=1,2&multi=1&multi=2&ssv=1%202&pipes=1|2&empty=", []string{"X-List: a,b"}, "", nil},
		"path":              {"GET", "/a/x", nil, "", []string{"path#/id: value must be an integer"}},
		"overridden":        {"GET", "/a/1?over=2", nil, "", []string{"query#/over: value must be a boolean"}},
		"csv":               {"GET", "/a/1?csv=1,x", nil, "", []string{"query#/csv/1: value must be an integer"}},
		"multi":             {"GET", "/a/1?multi=1&multi=2&multi=3", nil, "", []string{"query#/multi: maximum number of items is 2"}},
		"ssv":               {"GET", "/a/1?ssv=1+x", nil, "", []string{"query#/ssv/1: value must be an integer"}},
		"pipes":             {"GET", "/a/1?pipes=1|x", nil, "", []string{"query#/pipes/1: value must be an integer"}},
		"header":            {"GET", "/a/1", []string{"X-List: a, c"}, "", []string{`header#/X-List/1: value is not one of the allowed values ["a","b"]`}},
		"body":              {"POST", "/a/1", []string{asJSON}, `{"a":null,"c":{"a":"x"}}`, nil},
		"body, nested":      {"POST", "/a/1", []string{asJSON}, `{"a":"x","c":{"a":1}}`, []string{"body#/c/a: value must be a string"}},
		"body, missing":     {"POST", "/a/1", nil, ``, []string{"body#: the body is missing"}},
		"body, media type":  {"POST", "/a/1", []string{asText}, `x`, []string{"415: the media type is none of those that are declared"}},
		"form":              {"PUT", "/a/1", []string{asPart}, parts(`name="n"`, "1", `name="f"; filename="x"`, "\xff", `name="l"`, "1,2"), nil},
		"form, field":       {"PUT", "/a/1", []string{asPart}, parts(`name="n"`, "x"), []string{"body#/n: value must be an integer"}},
		"form, list":        {"PUT", "/a/1", []string{asPart}, parts(`name="n"`, "1", `name="l"`, "1,x"), []string{"body#/l/1: value must be an integer"}},
		"form, required":    {"PUT", "/a/1", []string{asPart}, parts(`name="l"`, "1"), []string{`body#/n: property "n" is missing`}},
		"form, not there":   {"PUT", "/a/1", nil, "", []string{"body#: the body is missing"}},
		"form, urlencoded":  {"PUT", "/a/1", []string{asForm}, "n=1", []string{"415: the media type is none of those that are declared"}},
		"form without type": {"PATCH", "/a/1", []string{asForm}, "n=x", []string{"body#/n: value must be an integer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.problems, message{tc.method, tc.target, tc.lines, tc.body}.judged(doc.Operation(tc.method, "/a/{id}")))
		})
	}
	get := doc.Operation("GET", "/a/{id}")
	ok := http.Header{"Content-Type": {"application/json"}, "X-Rate": {"x"}}
	require.Equal(t, []string{"header#/X-Rate: value must be an integer", "body#/a: value must be a string"}, texts(get.Response("GET", 200, ok, []byte(`{"a":1}`))))
	require.Empty(t, get.Response("GET", 404, ok, []byte(`{"a":1}`)))
}

func TestSwaggerThatCantBeFollowed(t *testing.T) {
	t.Parallel()
	for name, parameter := range map[string]string{
		"tabs":             "{in: query, name: q, type: array, collectionFormat: tsv, items: {type: integer}}",
		"pipes in a path":  "{in: header, name: q, type: array, collectionFormat: pipes, items: {type: integer}}",
		"tabs in a form":   "{in: formData, name: q, type: array, collectionFormat: tsv, items: {type: integer}}",
		"a type of no one": "{in: query, name: q, type: int}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, "swagger: '2.0'\ninfo: {title: T, version: '1'}\npaths: {/a: {post: {parameters: ["+parameter+"]}}}")
			_, err := Load(file, Options{Mode: Strict})
			require.ErrorContains(t, err, "/paths/~1a/post/parameters/0")
			doc, err := Load(file, Options{})
			require.NoError(t, err)
			require.NotEmpty(t, doc.Warnings)
			require.Empty(t, message{"POST", "/a?q=x", []string{"Q: x", asForm}, "q=x"}.judged(doc.Operation("POST", "/a")))
		})
	}
}

// differences compares the parameters of a document of 2.0 with those that
// openapi2conv makes, where it can convert the document. Where no collectionFormat
// is given it writes none of the defaults, which differ between 2.0 and 3.0.
func differences(content []byte, doc *Document) (compared int, different []string) {
	var two openapi2.T
	if json.Unmarshal(content, &two) != nil || two.Swagger != "2.0" {
		return 0, nil
	}
	three, err := openapi2conv.ToV3(&two)
	if err != nil {
		return 0, nil
	}
	for template, item := range three.Paths.Map() {
		for method, theirs := range item.Operations() {
			for _, p := range theirs.Parameters {
				if p.Value == nil || p.Value.Schema == nil {
					continue
				}
				ours := doc.Operation(method, template).parameterNamed(p.Value)
				if ours == nil {
					continue // a key
				}
				compared++
				sm, err := p.Value.SerializationMethod()
				same := err == nil && p.Value.Required == ours.required
				if p.Value.Explode != nil {
					same = same && sm.Style == ours.style && sm.Explode == ours.explode
				}
				if ours.check != nil {
					same = same && reflect.DeepEqual(p.Value.Schema.Value.Type, ours.check.schema.Type)
				}
				if !same {
					different = append(different, method+" "+template+" "+p.Value.Name)
				}
			}
		}
	}
	return compared, different
}

func (o *Operation) parameterNamed(p *openapi3.Parameter) *parameter {
	for _, own := range o.parameters {
		if string(own.in) == p.In && strings.EqualFold(own.name, p.Name) {
			return own
		}
	}
	return nil
}
