package bearer

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

// newServerDesk is a desk that asks a real server; the errors go to a channel.
func newServerDesk(t testing.TB, handler http.HandlerFunc) (*desk, chan error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() == nil { // to the end: else nobody sees that the client goes away
			handler(w, r)
		}
	}))
	t.Cleanup(server.Close)
	failed := make(chan error, 100)
	d := newDesk(t, issuerOf(func(i *Issuer) {
		i.Introspection = &Introspection{
			URL: server.URL + "/introspect?tenant=a", ClientID: "gate way:1", ClientSecret: "hunter2%+é",
			Transport: server.Client().Transport, Failed: func(err error) { failed <- err },
		}
	}))
	return d, failed
}

func TestTheQuestionIsThatOfRFC7662(t *testing.T) {
	t.Parallel()
	d, failed := newServerDesk(t, func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		switch {
		case r.Method != http.MethodPost, r.RequestURI != "/introspect?tenant=a",
			!ok, id != "gate+way%3A1", secret != "hunter2%25%2B%C3%A9",
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded",
			r.Header.Get("Accept") != "application/json",
			r.PostForm.Encode() != "token=a%2Bb%2F%3D&token_type_hint=access_token":
			http.Error(w, "", http.StatusBadRequest)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"active":true,"aud":"gw","sub":"alice"}`)
		}
	})
	require.Equal(t, "alice", d.requireGood(t, "a+b/=").Subject)
	require.Empty(t, failed)
}

const activeJSON = `{"active":true,"aud":"gw","sub":"alice"}`

func TestEveryFailureOfTheEndpointIsUnavailable(t *testing.T) {
	t.Parallel()
	var attacker atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		attacker.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, activeJSON)
	}))
	t.Cleanup(other.Close)
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	redirect := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(status)
		}
	}
	const json = "application/json"
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"500":                       {answer(500, json, activeJSON), "status 500"},
		"401":                       {answer(401, json, activeJSON), "status 401"},
		"403":                       {answer(403, json, activeJSON), "status 403"},
		"404":                       {answer(404, json, activeJSON), "status 404"},
		"201":                       {answer(201, json, activeJSON), "status 201"},
		"204":                       {answer(204, "", ""), "status 204"},
		"a redirect 302":            {redirect(302), "status 302"},
		"a redirect 303":            {redirect(303), "status 303"},
		"a redirect 307":            {redirect(307), "status 307"},
		"a redirect 308":            {redirect(308), "status 308"},
		"no type":                   {answer(200, "", activeJSON), "not application/json"},
		"HTML":                      {answer(200, "text/html", activeJSON), "not application/json"},
		"plain text":                {answer(200, "text/plain", activeJSON), "not application/json"},
		"a signed answer":           {answer(200, "application/token-introspection+jwt", activeJSON), "not application/json"},
		"a broken type":             {answer(200, "application/json; charset", activeJSON), "not application/json"},
		"nothing":                   {answer(200, json, ""), "JSON"},
		"half an object":            {answer(200, json, activeJSON[:20]), "JSON"},
		"something behind":          {answer(200, json, activeJSON+"{}"), "JSON"},
		"a list":                    {answer(200, json, "["+activeJSON+"]"), "JSON"},
		"null":                      {answer(200, json, "null"), "JSON"},
		"true":                      {answer(200, json, "true"), "JSON"},
		"active twice":              {answer(200, json, `{"active":false,"active":true,"aud":"gw","sub":"alice"}`), "JSON"},
		"sub twice":                 {answer(200, json, `{"active":true,"aud":"gw","sub":"alice","sub":"admin"}`), "JSON"},
		"sub twice, once escaped":   {answer(200, json, `{"active":true,"aud":"gw","sub":"alice","\u0073ub":"admin"}`), "JSON"},
		"a member twice, far below": {answer(200, json, `{"active":true,"aud":"gw","sub":"alice","x":[{"a":1,"a":2}]}`), "JSON"},
		"not UTF-8":                 {answer(200, json, "{\"active\":true,\"aud\":\"gw\",\"sub\":\"\xff\"}"), "JSON"},
		"nested too deep":           {answer(200, json, `{"active":true,"aud":"gw","sub":"a","x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`}`), "JSON"},
		"a number that is none":     {answer(200, json, `{"active":true,"aud":"gw","sub":"a","x":1e400}`), "JSON"},
		"a second zero":             {answer(200, json, `{"active":true,"aud":"gw","sub":"a","x":-0}`), "JSON"},
		"no active":                 {answer(200, json, `{"aud":"gw","sub":"alice"}`), "whether the token is active"},
		"Active":                    {answer(200, json, `{"Active":true,"aud":"gw","sub":"alice"}`), "whether the token is active"},
		"active a string":           {answer(200, json, `{"active":"true","aud":"gw","sub":"alice"}`), "whether the token is active"},
		"active one":                {answer(200, json, `{"active":1,"aud":"gw","sub":"alice"}`), "whether the token is active"},
		"active null":               {answer(200, json, `{"active":null,"aud":"gw","sub":"alice"}`), "whether the token is active"},
		"huge":                      {answer(200, json, `{"active":true,"aud":"gw","sub":"alice","x":"`+strings.Repeat("x", maxAnswer)+`"}`), "longer than"},
		"huge, in a small gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", json)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, `{"active":true,"aud":"gw","sub":"alice","x":"`+strings.Repeat("x", 8*maxAnswer)+`"}`)
			_ = z.Close()
		}, "longer than"},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", json)
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, activeJSON)
		}, "broke off"},
		"closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"slow":   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline"},
		"a slow drip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", json)
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		}, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, failed := newServerDesk(t, tc.handler)
			d.opaque.introspect.lifetime = 5 * time.Second
			if tc.says == "deadline" {
				d.opaque.introspect.lifetime = 100 * time.Millisecond
			}
			require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonNotReady), d.judge(t, "s3cret", request()))
			err := <-failed
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "hunter2")
			require.Zero(t, d.opaque.introspect.good.EstimatedSize()+d.opaque.introspect.bad.EstimatedSize())
		})
	}
	t.Cleanup(func() { require.Zero(t, attacker.Load(), "redirects are not followed") })
}

func TestAnswersAreReadUpToTheBound(t *testing.T) {
	t.Parallel()
	d, _ := newServerDesk(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
		body := `{"active":true,"aud":"gw","sub":"alice","x":"`
		fmt.Fprint(w, body+strings.Repeat("x", maxAnswer-len(body)-2)+`"}`)
	})
	d.requireGood(t, "t")
	require.Equal(t, 5*time.Second, d.opaque.introspect.lifetime)
}
