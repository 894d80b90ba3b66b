package modules_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

const zoo = `openapi: 3.0.3
info: {title: Zoo, version: 1.0.0}
servers: [{url: https://api.test/zoo/v1}]
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas:
    Animal: {type: object, required: [name], properties: {name: {type: string, minLength: 2}, legs: {type: integer, maximum: 8}}}
security: []
paths:
  /animals/{id}:
    parameters:
    - {in: path, name: id, required: true, schema: {type: integer}}
    - {in: header, name: X-Key, required: true, schema: {type: integer}}
    - {in: header, name: x_dropped, required: true, schema: {type: integer}}
    get:
      operationId: getAnimal
      parameters: [{in: query, name: limit, schema: {type: integer, maximum: 100}}]
      responses:
        200: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Animal'}}, text/event-stream: {}}}
    head: {responses: {200: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Animal'}}}}}}
    put:
      operationId: putAnimal
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Animal'}}
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Animal'}}
          image/png: {schema: {type: string, format: binary}}
      responses: {200: {description: d}, 204: {description: d}}
  /secret: {get: {security: [{key: []}], parameters: [{in: query, name: n, schema: {type: integer}}], responses: {200: {description: d}}}}
`

// zooCaddyfile has the options of openapi_validate, and more in place of the proxy.
func zooCaddyfile(proxy string, options ...string) string {
	return "{\n\t$GLOBAL\n}\n\n$SITE {\n\tlog\n\topenapi_auth zoo.yaml {\n\t\tstrip_base_path\n\t}\n\topenapi_validate zoo.yaml {\n\t\t" +
		strings.Join(options, "\n\t\t") + "\n\t}\n\t" + proxy + "\n}\n"
}

func startZoo(t testing.TB, options ...string) *harness.Gateway {
	t.Helper()
	return harness.Start(t, zooCaddyfile("reverse_proxy $UPSTREAM", options...), map[string]string{"zoo.yaml": zoo})
}

const (
	animalPath = "/zoo/v1/animals/1"
	jsonType   = "Content-Type: application/json"
)

func TestValidateRequests(t *testing.T) {
	g := startZoo(t)
	for name, tc := range map[string]struct {
		method, target, body string
		lines                []string
		status               int
		description          string // of the fault
	}{
		"good":                   {"GET", animalPath + "?limit=5&other=1", "", nil, 200, ""},
		"parameters":             {"GET", "/zoo/v1/animals/x?limit=500", "", nil, 400, "query#/limit: number must be at most 100; path#/id: value must be an integer"},
		"good body":              {"PUT", animalPath, `{"name":"Bob"}`, []string{jsonType}, 200, ""},
		"every problem":          {"PUT", "/zoo/v1/animals/x", `{"legs":9}`, []string{jsonType}, 400, `path#/id: value must be an integer; body#/legs: number must be at most 8; body#/name: property "name" is missing`},
		"a member twice":         {"PUT", animalPath, `{"name":"Bob","name":1}`, []string{jsonType}, 400, "body#/name: a member stands twice in one object"},
		"no body":                {"PUT", animalPath, ``, nil, 400, "body#: the body is missing"},
		"another media type":     {"PUT", animalPath, `<a/>`, []string{"Content-Type: application/xml"}, 415, "header#/Content-Type: the media type is none of those that are declared"},
		"compressed":             {"PUT", animalPath, `x`, []string{jsonType, "Content-Encoding: gzip"}, 415, "header#/Content-Type: a compressed body can't be checked: send it without Content-Encoding"},
		"form":                   {"PUT", animalPath, `name=B&legs=x`, []string{"Content-Type: application/x-www-form-urlencoded"}, 400, "body#/legs: value must be an integer; body#/name: minimum string length is 2"},
		"larger than allowed":    {"PUT", animalPath, `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, []string{jsonType}, 413, "The request body is larger than allowed here"},
		"file":                   {"PUT", animalPath, strings.Repeat("a", 2<<20), []string{"Content-Type: image/png"}, 200, ""},
		"who may not call first": {"GET", "/zoo/v1/secret?n=x", "", nil, 401, "Missing Credentials. Make sure your API request provides required credentials"},
		"what is not there":      {"GET", "/zoo/v1/none?limit=x", "", nil, 404, "No matching resource found for given API Request"},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.Do(tc.method, tc.target, tc.body, tc.lines...)
			require.Equal(t, tc.status, a.Status, a.Body)
			passed := g.Upstream.Take()
			if tc.status == 200 {
				require.Len(t, passed, 1)
				require.True(t, strings.HasSuffix(passed[0], "\r\n\r\n"+tc.body), "the body goes on as it came")
				return
			}
			require.Empty(t, passed)
			var fault struct {
				Fault struct {
					Code                 int
					Message, Description string
				}
			}
			require.NoError(t, json.Unmarshal([]byte(a.Body), &fault), a.Body)
			require.Equal(t, tc.description, fault.Fault.Description)
			if tc.status < 401 {
				require.Equal(t, tc.status, fault.Fault.Code)
				require.Equal(t, http.StatusText(tc.status), fault.Fault.Message)
				require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestValidatedBodiesGoOnAsTheyAreInEachProtocol(t *testing.T) {
	g := startZoo(t)
	body := `{"name":"Bob", "x":[1,2]}`
	for name, client := range map[string]*http.Client{"HTTP/1.1": harness.Client(false), "HTTP/2": harness.Client(true)} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", name, chunked), func(t *testing.T) {
				r, err := http.NewRequest("PUT", "https://localhost:"+g.HTTPS+animalPath, strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/json")
				if chunked {
					r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(body))
					r.Trailer = http.Header{"X-Late": {"1"}}
				}
				res, err := client.Do(r)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, 200, res.StatusCode)
				passed := g.Upstream.Take()
				require.Len(t, passed, 1)
				require.True(t, strings.HasSuffix(passed[0], "\r\n\r\n"+body), passed[0])
				require.Equal(t, []string{fmt.Sprint(len(body))}, harness.Header(passed[0], "Content-Length"))
				require.NotContains(t, passed[0], "X-Late")
			})
		}
	}
}

func TestValidateAnswersInTheStyleThatIsWanted(t *testing.T) {
	g := startZoo(t, "faults problem")
	a := g.Do("PUT", "/zoo/v1/animals/x", `{"legs":9,"a/b":1}`, jsonType)
	require.Equal(t, 400, a.Status)
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	require.JSONEq(t, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"The request could not be understood. Check its path, query and body","code":400,"errors":[
		{"in":"path","pointer":"#/id","detail":"value must be an integer"},
		{"in":"body","pointer":"#/legs","detail":"number must be at most 8"},
		{"in":"body","pointer":"#/name","detail":"property \"name\" is missing"}]}`, a.Body)

	require.NoError(t, g.Load(strings.Replace(zooCaddyfile("reverse_proxy $UPSTREAM", "faults caddy"), "\tlog\n", "\thandle_errors {\n\t\trespond \"{err.status_code} {err.message}\" 422\n\t}\n", 1)))
	a = g.Get("/zoo/v1/animals/x")
	require.Equal(t, 422, a.Status)
	require.Equal(t, "400 path#/id: value must be an integer", a.Body)
}

func TestValidateReportOnly(t *testing.T) {
	g := startZoo(t, "report_only", "max_body 100B")
	for name, tc := range map[string]struct {
		target, body, contentType, logged string
	}{
		"parameters and body": {"/zoo/v1/animals/x", `{"legs":9}`, jsonType, `"path#/id: value must be an integer","body#/legs: number must be at most 8"`},
		"media type":          {"/zoo/v1/animals/y", `x`, "Content-Type: a/b", `"path#/id: value must be an integer","header#/Content-Type: the media type is none of those that are declared"`},
		"too large":           {"/zoo/v1/animals/z", `{"name":"` + strings.Repeat("a", 200) + `"}`, jsonType, `"path#/id: value must be an integer","body#: the body is too large to be judged"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 200, g.Do("PUT", tc.target, tc.body, tc.contentType).Status)
			passed := g.Upstream.Take()
			require.Len(t, passed, 1)
			require.True(t, strings.HasSuffix(passed[0], tc.body))
			require.Contains(t, g.Log(), tc.logged)
		})
	}
	r, err := http.NewRequest("PUT", "http://localhost:"+g.HTTP+animalPath, io.NopCloser(strings.NewReader(strings.Repeat("a", 200))))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	res, err := harness.Client(false).Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	_, passed, _ := strings.Cut(g.Upstream.Take()[0], "\r\n\r\n")
	require.Equal(t, 200, strings.Count(passed, "a"), "what was read already goes on too")
}

func TestBodiesThatNeverEndAreGivenUp(t *testing.T) {
	g := startZoo(t, "body_timeout 200ms")
	c, err := net.Dial("tcp", "127.0.0.1:"+g.HTTP)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"name\"", animalPath, g.HTTP)
	require.NoError(t, err)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 408 "), string(answer))
	require.Contains(t, string(answer), "The request body has not arrived in time")
	require.Empty(t, g.Upstream.Take())
	require.Equal(t, 200, g.Do("PUT", animalPath, `{"name":"Bob"}`, jsonType).Status)
}

// oneUpstream answers as ?answer= says.
func oneUpstream(t *testing.T) string {
	t.Helper()
	animal := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "upstream=1")
		_, _ = io.WriteString(w, body)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch answer := r.URL.Query().Get("answer"); answer {
		case "good":
			animal(w, `{"name":"Bob"}`)
		case "bad":
			animal(w, `{"name":"B","secret":"hunter2"}`)
		case "html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<p>")
		case "large":
			animal(w, `{"name":"`+strings.Repeat("a", 2000)+`","legs":"x"}`)
		case "gzip":
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = io.WriteString(z, `{"name":"B"}`)
			_ = z.Close()
			animal(w, b.String())
		case "events":
			w.Header().Set("Content-Type", "text/event-stream")
			for range 2 {
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
			}
		case "half":
			w.Header().Set("Content-Length", "100")
			animal(w, `{"name":"`)
		case "accept":
			animal(w, `{"name":"`+r.Header.Get("Accept-Encoding")+`.."}`)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestValidateResponses(t *testing.T) {
	upstream := oneUpstream(t)
	proxy := "reverse_proxy " + upstream + " {\n\t\ttransport http {\n\t\t\tcompression off\n\t\t}\n\t}"
	g := harness.New(t, map[string]string{"zoo.yaml": zoo})
	for _, mode := range []string{"off", "report", "enforce"} {
		require.NoError(t, g.Load(zooCaddyfile(proxy, "responses "+mode, "max_body 1KB")))
		for name, tc := range map[string]struct {
			method string
			status int // if enforced
			body   string
			logged string
		}{
			"good":   {"GET", 200, `{"name":"Bob"}`, ""},
			"bad":    {"GET", 500, `{"name":"B","secret":"hunter2"}`, "body#/name: minimum string length is 2"},
			"html":   {"GET", 500, "<p>", "header#/Content-Type: the media type is none of those that are declared"},
			"large":  {"GET", 200, `{"name":"` + strings.Repeat("a", 2000) + `","legs":"x"}`, ""},
			"events": {"GET", 200, "data: x\n\ndata: x\n\n", ""},
			"none":   {"GET", 204, "", ""},
			"head":   {"HEAD", 204, "", ""},
			"accept": {"GET", 200, `{"name":".."}`, ""},
		} {
			t.Run(mode+", "+name, func(t *testing.T) {
				before := len(g.Log())
				a := g.Do(tc.method, animalPath+"?answer="+name, "")
				logged := strings.Contains(g.Log()[before:], "a response breaks the document")
				require.Equal(t, tc.logged != "" && mode != "off", logged)
				if logged {
					require.Contains(t, g.Log()[before:], tc.logged)
				}
				if tc.status != 500 || mode != "enforce" {
					require.NotEqual(t, 500, a.Status)
					if mode != "off" || name != "accept" {
						require.Equal(t, tc.body, a.Body)
					}
					return
				}
				require.Equal(t, 500, a.Status)
				require.JSONEq(t, `{"fault":{"code":500,"message":"Bad Response","description":"The response of the upstream is not what the API declares"}}`, a.Body)
				require.Empty(t, a.Header.Values("Set-Cookie"), "nothing of the response is left")
			})
		}
		a := g.Get(animalPath+"?answer=gzip", "Accept-Encoding: gzip")
		require.Equal(t, 200, a.Status, "what can't be looked into passes")
		_, err := harness.Send(harness.Client(false), "GET", "https://localhost:"+g.HTTPS+animalPath+"?answer=half", "")
		if mode != "enforce" {
			continue
		}
		require.Error(t, err, "half a response is none")
	}
}

func TestValidateCounts(t *testing.T) {
	g := harness.Start(t, zooCaddyfile("reverse_proxy $UPSTREAM")+"\nhttp://metrics.test:$HTTP {\n\tmetrics\n}\n", map[string]string{"zoo.yaml": zoo})
	for _, target := range []string{animalPath, animalPath, "/zoo/v1/animals/x"} {
		g.Get(target)
	}
	metrics := g.DoWith(harness.Client(false), "GET", "http://metrics.test:"+g.HTTP+"/metrics", "").Body
	require.Contains(t, metrics, `caddy_mgw_validations_total{api="Zoo",message="request",operation="getAnimal",outcome="good"} 2`)
	require.Contains(t, metrics, `caddy_mgw_validations_total{api="Zoo",message="request",operation="getAnimal",outcome="bad"} 1`)
}

// TestWhatIsNotValidSaysSoInTheAccessLog, where else it would be said to pass.
func TestWhatIsNotValidSaysSoInTheAccessLog(t *testing.T) {
	site := strings.Replace(zooCaddyfile("reverse_proxy $UPSTREAM"), "openapi_auth", "log\n\topenapi_auth", 1)
	g := harness.Start(t, site, map[string]string{"zoo.yaml": zoo})
	require.Equal(t, 400, g.Get("/zoo/v1/animals/x").Status)
	require.Eventually(t, func() bool { return strings.Contains(g.Log(), `"mgw_outcome":"not_valid"`) }, 5*time.Second, 10*time.Millisecond)
	require.NotContains(t, g.Log(), `"mgw_outcome":"pass"`)
}

func TestValidateIsRefusedWhereItHoldsNothing(t *testing.T) {
	auth := "{\n\t$GLOBAL\n}\n\n$SITE {\n\topenapi_auth zoo.yaml\n\topenapi_validate %s\n\trespond ok\n}\n"
	second := strings.Replace(zoo, "title: Zoo", "title: Two", 1)
	for name, tc := range map[string]struct{ caddyfile, says string }{
		"no openapi_auth":          {strings.Replace(fmt.Sprintf(auth, "zoo.yaml"), "\topenapi_auth zoo.yaml\n", "", 1), "openapi_validate"},
		"no document":              {fmt.Sprintf(auth, ""), "wants one argument"},
		"another document":         {fmt.Sprintf(auth, "two.yaml"), "no openapi_auth serves this document"},
		"no such document":         {fmt.Sprintf(auth, "none.yaml"), "none.yaml"},
		"a header that is dropped": {fmt.Sprintf(auth, "zoo.yaml {\n\t\tmode strict\n\t}"), "/paths/~1animals~1{id}/parameters/2: the header x_dropped is dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			g := harness.New(t, map[string]string{"zoo.yaml": zoo, "two.yaml": second})
			require.ErrorContains(t, g.Load(tc.caddyfile), tc.says)
		})
	}
	g := harness.Start(t, fmt.Sprintf(auth, "zoo.yaml {\n\t\tmode strict\n\t}"), map[string]string{"zoo.yaml": strings.Replace(zoo, "x_dropped, required: true", "X-Arrives", 1)})
	require.Equal(t, 200, g.Get(animalPath).Status)
}

func TestValidateWithoutADecisionLetsNothingThrough(t *testing.T) {
	g := harness.Start(t, zooCaddyfile("reverse_proxy $UPSTREAM")+"\nhttp://open.test:$HTTP {\n\topenapi_validate zoo.yaml\n\treverse_proxy $UPSTREAM\n}\n", map[string]string{"zoo.yaml": zoo})
	require.Equal(t, 500, g.DoWith(harness.Client(false), "GET", "http://open.test:"+g.HTTP+animalPath, "").Status)
	require.Empty(t, g.Upstream.Take())
	require.Contains(t, g.Log(), "no openapi_auth stands before it")
}

func TestValidateSaysWhatItLeavesOut(t *testing.T) {
	g := startZoo(t)
	require.Contains(t, g.Log(), "/paths/~1animals~1{id}/parameters/2: left out: the header x_dropped is dropped before it comes here")
}

func TestValidateOptionsAreChecked(t *testing.T) {
	for option, says := range map[string]string{
		"mode loose":                     `mode "loose": must be lenient or strict`,
		"responses maybe":                `responses "maybe": must be off, report or enforce`,
		"faults none":                    `faults "none": must be wso2, problem or caddy`,
		"max_body 0":                     "max_body 0: must be a size above 0",
		"max_body much":                  "max_body much: must be a size above 0",
		"body_timeout 0":                 "0 is not a duration above 0",
		"report_only yes":                "report_only takes no argument",
		"mode":                           "mode wants one argument",
		"nonsense":                       "unrecognized option of openapi_validate: nonsense",
		"max_body 1MB\n\t\tmax_body 2MB": "max_body is given twice",
	} {
		_, err := harness.Adapt("Caddyfile", "http://localhost {\n\topenapi_validate zoo.yaml {\n\t\t"+option+"\n\t}\n}\n")
		require.ErrorContains(t, err, says)
	}
	_, err := harness.Adapt("Caddyfile", "http://localhost {\n\topenapi_validate /path zoo.yaml\n}\n")
	require.ErrorContains(t, err, "wants one argument")
}
