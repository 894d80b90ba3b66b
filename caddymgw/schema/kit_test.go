package schema

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head30 = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n"

// write puts a document into a folder of its own.
func write(t testing.TB, document string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	require.NoError(t, os.WriteFile(file, []byte(document), 0o600))
	return file
}

func load(t testing.TB, document string, options Options) *Document {
	t.Helper()
	doc, err := Load(write(t, document), options)
	require.NoError(t, err)
	return doc
}

// sound loads a document with which nothing is wrong.
func sound(t testing.TB, document string) *Document {
	t.Helper()
	doc := load(t, document, Options{Mode: Strict, Responses: true})
	require.Empty(t, doc.Warnings)
	return doc
}

// message is a request: its target, its headers as "Name: value", its body.
type message struct {
	method, target string
	lines          []string
	body           string
}

func (m message) request() *http.Request {
	r := httptest.NewRequest(m.method, m.target, http.NoBody)
	if m.body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(m.body)), int64(len(m.body))
	}
	for _, line := range m.lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// judged returns the problems of a request, as texts. An error of RequestBody is
// one of them.
func (m message) judged(op *Operation) []string {
	r := m.request()
	treatment, err := op.RequestBody(r.Header)
	if err != nil && m.body != "" {
		return []string{"415: " + err.Error()}
	}
	var content []byte
	if treatment == Buffer && m.body != "" {
		content = []byte(m.body)
	}
	return texts(op.Request(r, content))
}

func texts(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.String())
	}
	return all
}
