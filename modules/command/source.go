package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
	"github.com/caddymgw/gateway/modules/mgw"
)

// source is what a file says is served: one document, or what a configuration has.
type source struct {
	file string
	app  *mgw.App          // nil: a document alone
	doc  *openapi.Document // nil: a configuration
}

// sourceFlags are those by which a file is read.
func sourceFlags(cmd *cobra.Command) {
	readingFlags(cmd)
	f := cmd.Flags()
	f.String("auth-header", "", "The header of Basic and Bearer, if the gateway was told another `name`")
	f.Bool("allow-encoded-slash", false, "Let %2F stand in a path segment, if the gateway was told so")
	f.Bool("allow-semicolon", false, "Let ; stand in a path, if the gateway was told so")
	_ = cmd.RegisterFlagCompletionFunc("auth-header", cobra.NoFileCompletions)
}

// readingNames are the flags that are of a document alone.
var readingNames = []string{"base-path", "combine", "default-security", "auth-header", "allow-encoded-slash", "allow-semicolon"}

// readSource reads a file: a configuration, or a document. What is wrong is said in
// words of the file, which may be anybody's.
func readSource(cmd *cobra.Command, file string) (source, error) {
	s, err := readAny(cmd, file)
	if err != nil {
		return source{}, errors.New(plain(err.Error()))
	}
	return s, nil
}

func readAny(cmd *cobra.Command, file string) (source, error) {
	adapter, _ := cmd.Flags().GetString("adapter")
	if adapter != "" || isConfig(file) {
		for _, name := range readingNames {
			if cmd.Flags().Changed(name) {
				return source{}, fmt.Errorf("--%s is for an OpenAPI document alone: the configuration %s says how its documents are read", name, plain(file))
			}
		}
		app, err := provision(file, adapter)
		return source{file: file, app: app}, err
	}
	options, err := documentOptions(cmd)
	if err != nil {
		return source{}, err
	}
	options.AllowEncodedSlash, _ = cmd.Flags().GetBool("allow-encoded-slash")
	options.AllowSemicolon, _ = cmd.Flags().GetBool("allow-semicolon")
	doc, err := openapi.Load(file, options)
	if err != nil {
		return source{}, err
	}
	mgw.BindUnjudged(doc.API)
	return source{file: file, doc: doc}, nil
}

// isConfig tells a configuration from a document: by the names that Caddy takes for
// Caddyfiles, and JSON by its members. What can be read but once is a document.
func isConfig(file string) bool {
	name := strings.ToLower(filepath.Base(file))
	switch extension := filepath.Ext(name); {
	case extension == ".caddyfile", strings.HasPrefix(name, "caddyfile") && extension != ".yaml" && extension != ".yml" && extension != ".json":
		return true
	case extension == ".yaml", extension == ".yml":
		return false
	}
	if about, err := os.Stat(file); err != nil || !about.Mode().IsRegular() {
		return false
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return false // openapi.Load says why
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(content, &members) != nil {
		return false
	}
	for _, of := range []string{"openapi", "swagger"} {
		if _, ok := members[of]; ok {
			return false
		}
	}
	return members["apps"] != nil
}

// apis are what is served.
func (s source) apis() []mgw.Served {
	if s.app != nil {
		return s.app.APIs()
	}
	return []mgw.Served{{API: s.doc.API, Document: s.file}}
}

// sites are where it is served.
func (s source) sites() []mgw.Site {
	if s.app != nil {
		return s.app.Sites()
	}
	return []mgw.Site{{API: s.doc.API, Document: s.file, Gateway: &caddymgw.Gateway{Router: s.doc}}}
}
