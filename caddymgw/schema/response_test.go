package schema

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const responses = head30 + `
paths:
  /a:
    get:
      responses:
        200:
          description: d
          headers:
            X-Rate: {required: true, schema: {type: integer}}
            X-List: {schema: {type: array, items: {type: integer}}}
            Content-Type: {required: true, schema: {type: integer}}
          content:
            application/json: {schema: {$ref: '#/components/schemas/Pet'}}
            text/event-stream: {schema: {type: integer}}
            image/png: {}
        201: {description: d, content: {application/json: {schema: {type: object}}}}
        4XX: {description: d, content: {application/json: {schema: {type: object, required: [error]}}}}
        default: {description: d, content: {application/json: {schema: {type: string}}}}
        204: {description: d}
components:
  schemas:
    Pet: {type: object, required: [id, secret], properties: {id: {type: integer, readOnly: true}, secret: {type: string, writeOnly: true}}}
`

func TestResponses(t *testing.T) {
	t.Parallel()
	op := sound(t, responses).Operation("GET", "/a")
	const (
		jsonType = "application/json"
		rate     = "X-Rate"
	)
	for name, tc := range map[string]struct {
		method   string
		status   int
		header   http.Header
		body     string
		treated  Treatment
		problems []string
	}{
		"good":                        {"GET", 200, http.Header{"Content-Type": {jsonType}, rate: {"1"}}, `{"id":1}`, Buffer, nil},
		"body":                        {"GET", 200, http.Header{"Content-Type": {jsonType}, rate: {"1"}}, `{"id":"x"}`, Buffer, []string{"body#/id: value must be an integer"}},
		"write-only member":           {"GET", 200, http.Header{"Content-Type": {jsonType}, rate: {"1"}}, `{"id":1,"secret":"s"}`, Buffer, []string{`body#/secret: writeOnly property "secret" in response`}},
		"empty body":                  {"GET", 200, http.Header{"Content-Type": {jsonType}, rate: {"1"}}, ``, Buffer, []string{"body#: not valid JSON"}},
		"missing header":              {"GET", 200, http.Header{"Content-Type": {jsonType}}, `{"id":1}`, Buffer, []string{"header#/X-Rate: value is missing"}},
		"header":                      {"GET", 200, http.Header{"Content-Type": {jsonType}, rate: {"x"}, "X-List": {"1, x"}}, `{"id":1}`, Buffer, []string{"header#/X-Rate: value must be an integer", "header#/X-List/1: value must be an integer"}},
		"another media type":          {"GET", 200, http.Header{"Content-Type": {"text/html"}, rate: {"1"}}, `x`, Stream, []string{"header#/Content-Type: the media type is none of those that are declared"}},
		"another media type, no body": {"GET", 200, http.Header{"Content-Length": {"0"}, rate: {"1"}}, ``, Stream, nil},
		"stream of events":            {"GET", 200, http.Header{"Content-Type": {"text/event-stream"}, rate: {"1"}}, `x`, Stream, nil},
		"file":                        {"GET", 200, http.Header{"Content-Type": {"image/png"}, rate: {"1"}}, `x`, Stream, nil},
		"HEAD":                        {"HEAD", 200, http.Header{"Content-Type": {"text/html"}, rate: {"1"}}, ``, Stream, nil},
		"another good status":         {"GET", 201, http.Header{"Content-Type": {jsonType}}, `1`, Buffer, []string{"body#: value must be an object"}},
		"no content":                  {"GET", 204, http.Header{}, ``, Stream, nil},
		"class of status":             {"GET", 404, http.Header{"Content-Type": {jsonType}}, `{}`, Buffer, []string{`body#/error: property "error" is missing`}},
		"any other status":            {"GET", 500, http.Header{"Content-Type": {jsonType}}, `1`, Buffer, []string{"body#: value must be a string"}},
		"not modified":                {"GET", 304, http.Header{"Content-Type": {jsonType}}, ``, Stream, nil},
		"switching protocols":         {"GET", 101, http.Header{}, ``, Stream, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			treated, err := op.ResponseBody(tc.method, tc.status, tc.header)
			require.NoError(t, err)
			require.Equal(t, tc.treated, treated)
			var content []byte
			if treated == Buffer {
				content = []byte(tc.body)
			}
			require.Equal(t, tc.problems, texts(op.Response(tc.method, tc.status, tc.header, content)))
		})
	}
}

func TestResponsesThatCantBeJudged(t *testing.T) {
	t.Parallel()
	op := sound(t, responses).Operation("GET", "/a")
	h := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}, "X-Rate": {"1"}}
	treated, err := op.ResponseBody("GET", 200, h)
	require.Equal(t, Stream, treated)
	require.ErrorIs(t, err, errCoding)
	require.Empty(t, op.Response("GET", 200, h, nil))
}

func TestResponsesAreOnlyReadWhenAskedFor(t *testing.T) {
	t.Parallel()
	op := load(t, responses, Options{}).Operation("GET", "/a")
	require.Empty(t, op.Response("GET", 200, http.Header{"Content-Type": {"text/html"}}, nil))
}
