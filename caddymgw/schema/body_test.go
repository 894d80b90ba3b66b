package schema

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const pet = head30 + `
paths:
  /pets:
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
          application/vnd.pet+json; version=1: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string, minLength: 2}
                age: {type: integer}
                tags: {type: array, items: {type: string, enum: [a, b]}}
                codes: {type: array, items: {type: integer}}
                at: {type: object, properties: {x: {type: integer}}}
                json: {type: object, properties: {x: {type: integer}}}
            encoding: {codes: {style: form, explode: false}}
          multipart/form-data:
            schema:
              type: object
              required: [name]
              additionalProperties: false
              properties:
                name: {type: string, minLength: 2}
                age: {type: integer}
                tags: {type: array, maxItems: 2, items: {type: string, enum: [a, b]}}
                at: {type: object, required: [x], properties: {x: {type: integer}}}
                file: {type: string, format: binary}
                files: {type: array, items: {type: string, format: binary}}
          text/plain: {schema: {type: string, maxLength: 5}}
          image/*: {schema: {type: string, format: binary}}
      responses: {default: {description: d}}
    put:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses: {default: {description: d}}
    patch:
      requestBody: {content: {'*/*': {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses: {default: {description: d}}
    delete: {responses: {default: {description: d}}}
components:
  schemas:
    Pet:
      type: object
      required: [name, id]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, minLength: 2}
        age: {type: integer, format: int32, nullable: true}
        secret: {type: string, writeOnly: true}
        parent: {$ref: '#/components/schemas/Pet'}
        born: {type: string, format: date}
`

const (
	asJSON = "Content-Type: application/json"
	asForm = "Content-Type: application/x-www-form-urlencoded"
	asText = "Content-Type: text/plain"
	asPart = "Content-Type: multipart/form-data; boundary=b"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	doc := sound(t, pet)
	deep := strings.Repeat(`{"name":"Bob","parent":`, 120) + `{"name":"Bob"}` + strings.Repeat("}", 120)
	for name, tc := range map[string]struct {
		method   string
		lines    []string
		body     string
		problems []string
	}{
		"good":                       {"POST", []string{asJSON}, `{"name":"Bob"}`, nil},
		"charset":                    {"POST", []string{asJSON + `; charset="UTF-8"`}, `{"name":"Bob"}`, nil},
		"another charset":            {"POST", []string{asJSON + "; charset=utf-16"}, `{"name":"Bob"}`, []string{"415: the charset must be UTF-8"}},
		"capitals in the media type": {"POST", []string{"Content-Type: Application/JSON"}, `{"name":"B"}`, []string{"body#/name: minimum string length is 2"}},
		"missing":                    {"POST", []string{asJSON}, ``, []string{"body#: the body is missing"}},
		"missing, no media type":     {"POST", nil, ``, []string{"body#: the body is missing"}},
		"missing, but optional":      {"PUT", nil, ``, nil},
		"none declared":              {"DELETE", []string{"Content-Type: a/b"}, `x`, nil},
		"every problem": {"POST", []string{asJSON}, `{"name":"B","age":"5","born":"2020-02-30","parent":{"name":1}}`, []string{
			"body#/age: value must be an integer",
			"body#/born: string is no date",
			"body#/name: minimum string length is 2",
			"body#/parent/name: value must be a string",
		}},
		"required member":           {"POST", []string{asJSON}, `{}`, []string{`body#/name: property "name" is missing`}},
		"read-only member":          {"POST", []string{asJSON}, `{"name":"Bob","id":1}`, []string{`body#/id: readOnly property "id" in request`}},
		"null where it may be":      {"POST", []string{asJSON}, `{"name":"Bob","age":null}`, nil},
		"null where it may not":     {"POST", []string{asJSON}, `{"name":null}`, []string{"body#/name: Value is not nullable"}},
		"beyond int32":              {"POST", []string{asJSON}, `{"name":"Bob","age":2147483648}`, []string{`body#/age: integer doesn't match the format "int32" (value should be between -2147483648 and 2147483647)`}},
		"beyond all numbers":        {"POST", []string{asJSON}, `{"name":"Bob","age":1e999}`, []string{"body#/age: the number is too large"}},
		"another type":              {"POST", []string{asJSON}, `["a"]`, []string{"body#: value must be an object"}},
		"not JSON":                  {"POST", []string{asJSON}, `{"name":"Bob",}`, []string{"body#/name: not valid JSON"}},
		"half of it":                {"POST", []string{asJSON}, `{"name":"Bob"`, []string{"body#/name: not valid JSON"}},
		"two values":                {"POST", []string{asJSON}, `{"name":"Bob"} {"name":1}`, []string{"body#: text follows the JSON value"}},
		"a member twice":            {"POST", []string{asJSON}, `{"name":"Bob","name":1}`, []string{"body#/name: a member stands twice in one object"}},
		"a member twice, escaped":   {"POST", []string{asJSON}, `{"name":"Bob","n\u0061me":1}`, []string{"body#/name: a member stands twice in one object"}},
		"not UTF-8":                 {"POST", []string{asJSON}, "{\"name\":\"\xff\xff\"}", []string{"body#/name: not valid JSON"}},
		"half a surrogate":          {"POST", []string{asJSON}, `{"name":"\ud800x"}`, []string{"body#/name: not valid JSON"}},
		"a byte order mark":         {"POST", []string{asJSON}, "\ufeff{\"name\":\"Bob\"}", []string{"body#: not valid JSON"}},
		"comment":                   {"POST", []string{asJSON}, `{"name":"Bob"/**/}`, []string{"body#/name: not valid JSON"}},
		"too deep":                  {"POST", []string{asJSON}, deep, []string{"body#" + cut(strings.Repeat("/parent", 100)) + ": nested too deeply"}},
		"another media type":        {"POST", []string{"Content-Type: application/xml"}, `<a/>`, []string{"415: the media type is none of those that are declared"}},
		"no media type":             {"POST", nil, `{}`, []string{"415: the media type is none of those that are declared"}},
		"malformed media type":      {"POST", []string{asJSON + "; charset"}, `{}`, []string{"415: the header Content-Type is malformed or repeated"}},
		"two media types":           {"POST", []string{asJSON, asForm}, `{}`, []string{"415: the header Content-Type is malformed or repeated"}},
		"compressed":                {"POST", []string{asJSON, "Content-Encoding: gzip"}, `{}`, []string{"415: a compressed body can't be checked: send it without Content-Encoding"}},
		"not compressed":            {"POST", []string{asJSON, "Content-Encoding: identity"}, `{"name":"Bob"}`, nil},
		"compressed, not looked at": {"POST", []string{"Content-Type: image/png", "Content-Encoding: gzip"}, `x`, nil},
		"media type with version":   {"POST", []string{"Content-Type: application/vnd.pet+json; version=1"}, `[{"name":"B"}]`, []string{"body#/0/name: minimum string length is 2"}},
		"file":                      {"POST", []string{"Content-Type: image/png"}, "\xff\xd8", nil},
		"text":                      {"POST", []string{asText}, "12345", nil},
		"text, too long":            {"POST", []string{asText}, "123456", []string{"body#: maximum string length is 5"}},
		"text, not UTF-8":           {"POST", []string{asText}, "\xff", []string{"body#: the text is not UTF-8"}},
		"any media type, JSON":      {"PATCH", []string{asJSON}, `{}`, []string{`body#/name: property "name" is missing`}},
		"any media type, unread":    {"PATCH", []string{"Content-Type: application/cbor"}, `x`, []string{"415: bodies of this media type can't be checked"}},

		"form":                    {"POST", []string{asForm}, "name=Bob&age=5&tags=a&tags=b&codes=1,2&extra=1&at%5Bx%5D=1&json=%7B%22x%22:1%7D", nil},
		"form, required":          {"POST", []string{asForm}, "age=5", []string{`body#/name: property "name" is missing`}},
		"form, type":              {"POST", []string{asForm}, "name=Bob&age=x", []string{"body#/age: value must be an integer"}},
		"form, repeated":          {"POST", []string{asForm}, "name=Bob&age=1&age=2", []string{"body#/age: value stands more than once"}},
		"form, list":              {"POST", []string{asForm}, "name=Bob&tags=c", []string{`body#/tags/0: value is not one of the allowed values ["a","b"]`}},
		"form, list with commas":  {"POST", []string{asForm}, "name=Bob&codes=1,x", []string{"body#/codes/1: value must be an integer"}},
		"form, object":            {"POST", []string{asForm}, "name=Bob&at[x]=y", []string{"body#/at/x: value must be an integer"}},
		"form, JSON":              {"POST", []string{asForm}, `name=Bob&json={"x":"y"}`, []string{"body#/json/x: value must be an integer"}},
		"form, malformed":         {"POST", []string{asForm}, "name=%zz", []string{"body#: the form can't be read"}},
		"form, semicolon":         {"POST", []string{asForm}, "name=Bob;age=x", []string{"body#: the form can't be read"}},
		"form, thousands of them": {"POST", []string{asForm}, "name=Bob" + strings.Repeat("&a=1", 2000), []string{"body#: the form can't be read"}},

		"multipart": {"POST", []string{asPart}, parts(
			`name="name"`, "Bob", `name="age"`, "5", `name="tags"`, "a", `name="file"; filename="a.png"`, "\xff",
			`name="files"; filename="1"`, "1", `name="files"; filename="2"`, "2", "name=\"at\"\r\nContent-Type: application/json", `{"x":1}`), nil},
		"multipart, required":          {"POST", []string{asPart}, parts(`name="age"`, "5"), []string{`body#/name: property "name" is missing`}},
		"multipart, type":              {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="age"`, "x"), []string{"body#/age: value must be an integer"}},
		"multipart, undeclared":        {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="z"`, "x"), []string{`body#: property "z" is unsupported`}},
		"multipart, list":              {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="tags"`, "a", `name="tags"`, "c"), []string{`body#/tags/1: value is not one of the allowed values ["a","b"]`}},
		"multipart, repeated":          {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="name"`, "Al"), []string{"body#/name: value stands more than once"}},
		"multipart, file twice":        {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="file"; filename="a"`, "1", `name="file"; filename="b"`, "2"), []string{"body#/file: value stands more than once"}},
		"multipart, JSON":              {"POST", []string{asPart}, parts(`name="name"`, "Bob", "name=\"at\"\r\nContent-Type: application/json", `{"x":"1"}`), []string{"body#/at/x: value must be an integer"}},
		"multipart, JSON, malformed":   {"POST", []string{asPart}, parts(`name="name"`, "Bob", "name=\"at\"\r\nContent-Type: application/json", `{`), []string{"body#/at: not valid JSON"}},
		"multipart, JSON without type": {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="at"`, `{"x":"1"}`), []string{"body#/at/x: value must be an integer"}},
		"multipart, no boundary":       {"POST", []string{"Content-Type: multipart/form-data"}, parts(`name="name"`, "Bob"), []string{"body#: the multipart body can't be read"}},
		"multipart, another boundary":  {"POST", []string{"Content-Type: multipart/form-data; boundary=c"}, parts(`name="name"`, "Bob"), []string{"body#: the multipart body can't be read"}},
		"multipart, cut off":           {"POST", []string{asPart}, strings.TrimSuffix(parts(`name="name"`, "Bob"), "--b--\r\n"), []string{"body#: the multipart body can't be read"}},
		"multipart, thousands":         {"POST", []string{asPart}, parts(strings.Split(strings.Repeat("name=\"tags\"\na\n", 10_000), "\n")[:20_000]...), []string{"body#: there are more than 1000 parts"}},
		"multipart, no name":           {"POST", []string{asPart}, parts(`filename="a"`, "1"), []string{"body#: a part has no name, or its Content-Disposition is malformed"}},
		"multipart, two names":         {"POST", []string{asPart}, parts(`name="name"; name="age"`, "Bob"), []string{"body#: a part has no name, or its Content-Disposition is malformed"}},
		"multipart, path in file name": {"POST", []string{asPart}, parts(`name="name"`, "Bob", `name="file"; filename="../a"`, "1"), []string{"body#: the file name has a path or control bytes in it"}},
		"multipart, base64":            {"POST", []string{asPart}, parts("name=\"name\"\r\nContent-Transfer-Encoding: base64", "Qm9i"), []string{"body#: a part with Content-Transfer-Encoding can't be checked"}},
		"multipart, nested":            {"POST", []string{asPart}, parts(`name="name"`, "Bob", "name=\"age\"\r\nContent-Type: multipart/mixed; boundary=c", "--c\r\n\r\n5\r\n--c--"), []string{"body#/age: value must be an integer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.problems, message{tc.method, "/pets", tc.lines, tc.body}.judged(doc.Operation(tc.method, "/pets")))
		})
	}
}

// parts writes a multipart body of dispositions and contents, by turns.
func parts(all ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(all); i += 2 {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", all[i], all[i+1])
	}
	return b.String() + "--b--\r\n"
}

func TestBodiesThatAreNotLookedIntoStream(t *testing.T) {
	t.Parallel()
	doc := load(t, head30+`
paths:
  /a:
    post:
      requestBody:
        content:
          application/json: {}
          application/a+json: {schema: {}}
          application/b+json: {schema: {description: anything}}
          application/c+json: {schema: {type: object}}
          text/plain: {schema: {type: string}}
          text/csv: {schema: {type: string, maxLength: 5}}
          application/xml: {schema: {type: object}}
          application/octet-stream: {schema: {type: string, format: binary}}
          application/pdf: {schema: {type: string}}
`, Options{})
	require.Len(t, doc.Warnings, 1)
	require.Contains(t, doc.Warnings[0], "bodies of these media types pass unchecked: application/xml (1)")
	for mediaType, want := range map[string]Treatment{
		"application/json": Stream, "application/a+json": Stream, "application/b+json": Stream, "application/c+json": Buffer,
		"text/plain": Stream, "text/csv": Buffer, "application/xml": Stream, "application/octet-stream": Stream, "application/pdf": Stream,
	} {
		got, err := doc.Operation("POST", "/a").RequestBody(http.Header{"Content-Type": {mediaType}})
		require.NoError(t, err, mediaType)
		require.Equal(t, want, got, mediaType)
	}
}

func TestMediaTypesThatDifferInParameters(t *testing.T) {
	t.Parallel()
	doc := sound(t, head30+`
paths:
  /a:
    post: {requestBody: {content: {'application/json;charset=UTF-8': {schema: {type: object}}}}, responses: {default: {description: d}}}
    put: {requestBody: {content: {'application/json; v=1': {schema: {type: object}}, 'application/json; v=2': {schema: {type: array, items: {}}}}}, responses: {default: {description: d}}}
`)
	for _, contentType := range []string{asJSON, asJSON + "; charset=utf-8"} {
		require.Equal(t, []string{"body#: value must be an object"}, message{"POST", "/a", []string{contentType}, `1`}.judged(doc.Operation("POST", "/a")))
	}
	put := doc.Operation("PUT", "/a")
	require.Equal(t, []string{"body#: value must be an array"}, message{"PUT", "/a", []string{asJSON + "; v=2"}, `1`}.judged(put))
	require.Empty(t, message{"PUT", "/a", []string{asJSON}, `1`}.judged(put), "which of the two is not known")
}

func TestOfLargeValuesTheFirstProblemIsTold(t *testing.T) {
	t.Parallel()
	op := sound(t, bodyOf("3.0.3", "{type: array, items: {type: string}}", "")).Operation("POST", "/a")
	require.Equal(t, []string{"body#/0: value must be a string"}, message{"POST", "/a", []string{asJSON}, "[1" + strings.Repeat(",1", 20_000) + "]"}.judged(op))
}

func TestProblemsAreFewAndShort(t *testing.T) {
	t.Parallel()
	op := sound(t, head30+"paths: {/a: {post: {requestBody: {content: {application/json: {schema: {type: object, additionalProperties: {type: integer}}}}}, responses: {default: {description: d}}}}}").Operation("POST", "/a")
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `,"%s\r\n%d":"hunter2"`, strings.Repeat("é", 400), i)
	}
	problems := op.Request(message{"POST", "/a", []string{asJSON}, "x"}.request(), []byte("{"+b.String()[1:]+"}"))
	require.Len(t, problems, 20)
	require.Equal(t, more, problems[19].Message)
	for _, p := range problems {
		require.LessOrEqual(t, len(p.Pointer), 250)
		require.NotContains(t, p.String(), "hunter2")
		require.NotContains(t, p.String(), "\n")
	}
}
