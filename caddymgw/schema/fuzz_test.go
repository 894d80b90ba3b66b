package schema

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// many has every style of parameter, to be asked at random.
const many = head30 + `
paths:
  /a/{p}/{l}/{m}:
    post:
      parameters:
      - {in: path, name: p, required: true, schema: {type: array, items: {type: integer}}}
      - {in: path, name: l, required: true, style: label, explode: true, schema: {type: object, properties: {a: {type: integer}}}}
      - {in: path, name: m, required: true, style: matrix, explode: true, schema: {type: array, items: {type: integer}}}
      - {in: query, name: q, schema: {anyOf: [{type: integer}, {type: array, items: {type: boolean}}]}}
      - {in: query, name: o, schema: {type: object, properties: {x: {type: integer}, y: {type: array, items: {type: number}}}}}
      - {in: query, name: d, style: deepObject, schema: {type: object, additionalProperties: {type: object, additionalProperties: {type: integer}}}}
      - {in: query, name: s, style: spaceDelimited, schema: {type: array, items: {type: integer}}}
      - {in: query, name: j, content: {application/json: {schema: {type: object}}}}
      - {in: header, name: h, schema: {type: object, properties: {a: {type: integer}}}}
      - {in: cookie, name: c, schema: {type: string, pattern: '^(?!x)'}}
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/T'}}
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/T'}}
          multipart/form-data: {schema: {$ref: '#/components/schemas/T'}}
          text/plain: {schema: {type: integer}}
      responses: {default: {description: d}}
components:
  schemas:
    T:
      type: object
      required: [a]
      properties:
        a: {oneOf: [{type: integer}, {$ref: '#/components/schemas/T'}]}
        b: {type: array, uniqueItems: true, items: {$ref: '#/components/schemas/T'}}
        c: {type: string, format: date, pattern: '^(?=2)'}
        d: {type: string, format: binary}
        e: {not: {type: string}}
      additionalProperties: {type: number, multipleOf: 0.1}
`

// FuzzRequest: whatever comes, there is an answer, and it is short and has one
// meaning.
func FuzzRequest(f *testing.F) {
	for _, contentType := range []string{asJSON, asForm, asPart, asText, "Content-Type: ;"} {
		f.Add("1,2/.a=1/;m=1", "q=1&x=1&d[a][b]=1&s=1+2&j={}", "a,1", "c=1", contentType[14:], `{"a":{"a":1},"b":[{"a":1}],"c":"2020-01-01"}`)
	}
	f.Add("1/./;", "d[[]]=&d[a]=1&d[a][b]=", ",", "c", "multipart/form-data; boundary=b", parts(`name="a"`, "1", `name="d"; filename="x"`, "\xff"))
	f.Add("%2F/%zz/", "&&=&;%", "=", "=", "multipart/form-data; boundary=\"\"", "--\r\n")
	op := sound(f, many).Operation("POST", "/a/{p}/{l}/{m}")
	f.Fuzz(func(t *testing.T, path, query, header, cookie, contentType, body string) {
		r := &http.Request{
			Method: "POST", URL: &url.URL{Path: "/a/" + path, RawQuery: query}, ContentLength: int64(len(body)),
			Header: http.Header{"H": {header}, "Cookie": {cookie}, "Content-Type": {contentType}},
		}
		treatment, err := op.RequestBody(r.Header)
		var content []byte
		if err == nil && treatment == Buffer {
			content = []byte(body)
		}
		problems := op.Request(r, content)
		require.LessOrEqual(t, len(problems), maxProblems)
		for _, p := range problems {
			require.LessOrEqual(t, len(p.Message)+len(p.Pointer), 2*(maxText+3)+2*utf8.UTFMax)
			require.True(t, utf8.ValidString(p.String()))
			require.NotEmpty(t, p.Message)
		}
		if len(content) > 0 && kindOf(contentType) == jsonKind && len(problems) == 0 {
			_, _, err := parseJSON(content)
			require.NoError(t, err)
		}
	})
}

// FuzzLoad: a document loads or is refused.
func FuzzLoad(f *testing.F) {
	for _, document := range []string{many, pet, swagger, responses, bodyOf("3.1.0", "{if: {const: 1}, then: false, $ref: '#/components/schemas/Good', minLength: 1}", "")} {
		f.Add(document)
	}
	file := filepath.Join(f.TempDir(), "openapi.yaml")
	f.Fuzz(func(t *testing.T, document string) {
		require.NoError(t, os.WriteFile(file, []byte(document), 0o600))
		doc, err := Load(file, Options{Responses: true})
		_, strict := Load(file, Options{Responses: true, Mode: Strict})
		if err != nil {
			require.Error(t, strict)
			return
		}
		if len(doc.Warnings) > 0 {
			require.Error(t, strict, doc.Warnings)
		}
		for _, op := range doc.operations {
			op.Request(&http.Request{Method: op.method, URL: &url.URL{Path: op.template}, Header: http.Header{"Content-Type": {"application/json"}}}, []byte(`{"a":[1,{"b":null}]}`))
		}
	})
}
