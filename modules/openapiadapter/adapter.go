package openapiadapter

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func init() {
	caddyconfig.RegisterAdapter("openapi", Adapter{})
}

// Adapter makes a configuration of an OpenAPI document, in JSON or YAML.
type Adapter struct{}

// Adapt reads the document from its file, since it may refer to others and is read
// again when the gateway starts.
func (Adapter) Adapt(body []byte, options map[string]any) ([]byte, []caddyconfig.Warning, error) {
	name, _ := options["filename"].(string)
	if name == "" || name == "-" {
		return nil, nil, errors.New("the openapi adapter wants the document in a file, which the gateway reads too: caddymgw run --config petstore.yaml --adapter openapi")
	}
	file, err := filepath.Abs(name)
	if err != nil {
		return nil, nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(content, body) {
		return nil, nil, fmt.Errorf("%s is not what was read from it a moment ago: try again", name)
	}
	text, err := write(file)
	if err != nil {
		return nil, nil, err
	}
	inner := map[string]any{}
	for key, value := range options {
		inner[key] = value
	}
	inner["filename"] = file + " as a Caddyfile" // in the same folder
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), inner)
	warnings = slices.DeleteFunc(warnings, ofForm)
	if err != nil {
		return nil, warnings, fmt.Errorf("%s: %w", name, err)
	}
	return config, warnings, nil
}

// ofForm reports whether a warning is about the form of the Caddyfile, which nobody
// reads. It is not brought into form: that breaks a value which ends in a backslash.
func ofForm(w caddyconfig.Warning) bool {
	return strings.Contains(w.Message, "is not formatted")
}

// write returns the Caddyfile of a document.
func write(file string) (string, error) {
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return "", err
	}
	defer tree.Close()
	own, err := readMembers(tree.Root())
	if err != nil {
		return "", err
	}
	w := &writer{root: tree.Root(), own: own, file: file}
	options := openapi.Options{BasePath: w.text("x-caddymgw-options", "base_path"), AuthHeader: w.text("x-caddymgw-options", "auth_header")}
	if w.doc, err = openapi.Load(file, options); err != nil {
		return "", err
	}
	return w.caddyfile()
}

// Interface guard
var _ caddyconfig.Adapter = Adapter{}
