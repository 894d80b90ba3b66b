package fault

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// answer returns what a client sees of a fault.
func answer(s Style, c Code, detail string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Write(w, c, detail)
	return w
}

func TestAnswersAreThoseOfTheGoldenTable(t *testing.T) {
	t.Parallel()
	for _, style := range []Style{WSO2, Problem} {
		t.Run(string(style), func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, c := range declared(t) {
				w := answer(style, c, "")
				fmt.Fprintf(&got, "%d\t%s\t%s\n", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			file := filepath.Join("testdata", string(style)+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got.String()), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String(), "go test ./caddymgw/fault -update writes it anew")
		})
	}
}

func TestBodyOf900901IsLiterallyThatOfWSO2(t *testing.T) {
	t.Parallel()
	body, contentType := WSO2.Body(InvalidCredentials, "")
	require.Equal(t, `{"fault":{"code":900901,"message":"Invalid Credentials","description":"Invalid Credentials. Make sure you have given the correct access token"}}`, string(body))
	require.Equal(t, "application/json", contentType)
}

func TestWriteAnswersOnceAndWhole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		style  Style
		detail string
		member func(map[string]any) any // where the detail stands
		want   string
	}{
		"wso2":                      {WSO2, "", description, AccessDenied.Description()},
		"wso2 with a detail":        {WSO2, `say "when"`, description, `say "when"`},
		"problem":                   {Problem, "", detail, AccessDenied.Description()},
		"problem with a detail":     {Problem, `say "when"`, detail, `say "when"`},
		"no style is that of wso2":  {"", "", description, AccessDenied.Description()},
		"a detail stays one string": {WSO2, "\r\n\"}}<script>\xff", description, "\r\n\"}}<script>\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := answer(tc.style, AccessDenied, tc.detail)
			body, contentType := tc.style.Body(AccessDenied, tc.detail)
			require.Equal(t, http.StatusForbidden, w.Code)
			require.Equal(t, body, w.Body.Bytes())
			require.Equal(t, http.Header{
				"Content-Type":   {contentType},
				"Content-Length": {strconv.Itoa(len(body))},
			}, w.Header())
			var members map[string]any
			require.NoError(t, json.Unmarshal(body, &members))
			require.Equal(t, tc.want, tc.member(members))
		})
	}
}

func description(m map[string]any) any { return m["fault"].(map[string]any)["description"] }

func detail(m map[string]any) any { return m["detail"] }

func TestWriteLeavesTheHeadersSetBefore(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("WWW-Authenticate", "Basic")
	w.Header().Set("Content-Length", "9999")
	Problem.Write(w, WrongPassword, "")
	require.Equal(t, "Basic", w.Header().Get("WWW-Authenticate"))
	require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
}

func TestCaddyStyleWritesNothing(t *testing.T) {
	t.Parallel()
	w := untouched{httptest.NewRecorder(), t}
	Caddy.Write(w, InvalidCredentials, "detail")
	require.Empty(t, w.Header())
}

// untouched fails the test when an answer begins.
type untouched struct {
	http.ResponseWriter
	t *testing.T
}

func (u untouched) WriteHeader(int) { u.t.Error("wrote a status") }

func (u untouched) Write(b []byte) (int, error) {
	u.t.Error("wrote a body")
	return len(b), nil
}
