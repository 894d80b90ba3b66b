package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// documentCopy is a document and the files that it refers to.
type documentCopy struct {
	name  string            // of the document
	files map[string][]byte // by slash path in the folder
	// left are references to files that could not be read. The gateway needs none
	// of them, or the document would not have been loaded.
	left []string
}

// copyDocument reads a document with its files. It gets the name openapi, unless
// others may refer to it by its own.
func copyDocument(file string) (documentCopy, error) {
	c := documentCopy{files: map[string][]byte{}}
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return c, err
	}
	defer tree.Close()
	w := refWalk{tree: tree, seen: map[openapi.Node]bool{}}
	w.walk(tree.Root())
	dir := filepath.Dir(file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return c, err
	}
	defer func() { _ = root.Close() }()
	for _, name := range tree.Files() {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return c, err
		}
		if c.files[filepath.ToSlash(rel)], err = readBelow(root, rel); err != nil {
			return c, fmt.Errorf("reading what the document is made of: %w", err)
		}
	}
	c.left = slices.DeleteFunc(w.left, func(ref string) bool { // what is wrong is within a file that is there
		ref, _, _ = strings.Cut(ref, "#")
		for name := range c.files {
			if path.Base(name) == path.Base(ref) {
				return true
			}
		}
		return false
	})
	c.name = filepath.Base(file)
	if !w.named {
		content := c.files[c.name]
		delete(c.files, c.name)
		c.name = "openapi" + extension(c.name, content)
		c.files[c.name] = content
	}
	for _, ours := range []string{"Caddyfile", "README.md", ".gitignore", "data"} {
		for name := range c.files {
			if first, _, _ := strings.Cut(name, "/"); strings.EqualFold(first, ours) {
				return c, fmt.Errorf("%s: the document is made of a file that is called %s, as one of the gateway's own is: give it another name", file, ours)
			}
		}
	}
	return c, nil
}

func readBelow(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// extension is one by which the file is read as it was.
func extension(name string, content []byte) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return ".json"
	case ".yaml", ".yml":
		return ".yaml"
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")) {
		return ".json"
	}
	return ".yaml"
}

// refWalk follows every reference of a document to another file, also those that
// the gateway has no use for: readers of the document have.
type refWalk struct {
	tree  *openapi.Tree
	seen  map[openapi.Node]bool
	named bool // a file is referred to by its name
	left  []string
}

func (w *refWalk) walk(n openapi.Node) {
	if n.IsZero() || w.seen[n] {
		return
	}
	w.seen[n] = true
	for name, member := range n.Members() {
		if name == "$ref" && member.Is(openapi.Text) {
			w.follow(member)
		}
		w.walk(member)
	}
	for _, item := range n.Items() {
		w.walk(item)
	}
}

func (w *refWalk) follow(ref openapi.Node) {
	if !strings.HasPrefix(ref.Scalar(), "#") {
		w.named = true
	}
	target, err := w.tree.Target(ref)
	switch {
	case err == nil:
		w.walk(target)
	case !strings.HasPrefix(ref.Scalar(), "#") && !strings.Contains(ref.Scalar(), "://") && !slices.Contains(w.left, ref.Scalar()):
		w.left = append(w.left, ref.Scalar())
	}
}
