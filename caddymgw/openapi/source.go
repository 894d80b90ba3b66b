package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is one file of a document.
type source struct {
	name string // as messages show it
	path string // slash path within the folder
	root *value
	err  error // why there is no root
}

// sources are the files of a document. The entry is whatever file, link or pipe
// was named; all others lie in its folder: os.Root keeps references, also through
// symbolic links, from leaving it.
type sources struct {
	dir   string
	root  *os.Root
	entry *source
	files map[string]*source
}

func open(file string) (*sources, error) {
	dir := filepath.Dir(file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of the OpenAPI document: %w", err)
	}
	s := &sources{dir: dir, root: root, files: map[string]*source{}}
	s.entry, err = s.load(filepath.Base(file))
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

func (s *sources) close() { _ = s.root.Close() }

// paths returns the files that were read, sorted.
func (s *sources) paths() []string {
	var all []string
	for name := range s.files {
		all = append(all, filepath.Join(s.dir, filepath.FromSlash(name)))
	}
	slices.Sort(all)
	return all
}

// maxFiles bounds how many files one document may be made of.
const maxFiles = 1000

func (s *sources) load(name string) (*source, error) {
	name = path.Clean(name)
	if src, ok := s.files[name]; ok {
		return src, src.err
	}
	src := &source{path: name, name: filepath.Join(s.dir, filepath.FromSlash(name))}
	if len(s.files) >= maxFiles {
		return nil, &Error{File: src.name, Message: fmt.Sprintf("the document is made of more than %d files", maxFiles)}
	}
	content, err := s.read(src)
	if err != nil {
		return nil, err
	}
	s.files[name] = src
	b := &builder{source: src, limit: min(maxNodes, maxAliased+len(content))}
	if isJSON(name, content) {
		src.root, src.err = b.parseJSON(content)
	} else {
		src.root, src.err = b.parseYAML(content)
	}
	return src, src.err
}

func (s *sources) read(src *source) ([]byte, error) {
	open := s.root.Open
	if s.entry == nil {
		open = func(string) (*os.File, error) { return os.Open(src.name) }
	}
	f, err := open(src.path)
	if err != nil {
		var perr *fs.PathError
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return nil, &Error{File: src.name, Message: "the file can't be read: " + err.Error()}
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, &Error{File: src.name, Message: "the file can't be read: " + err.Error()}
	case len(content) > maxSize:
		return nil, &Error{File: src.name, Message: fmt.Sprintf("the file is larger than %d MiB", maxSize>>20)}
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if i := invalidUTF8(content); i >= 0 {
		return nil, &Error{File: src.name, Line: 1 + bytes.Count(content[:i], []byte{'\n'}), Message: "the file is not valid UTF-8"}
	}
	return content, nil
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// isJSON goes by the content, for JSON is served under any name; YAML's own
// flow style begins with a brace too, but then the file is called .yaml.
func isJSON(name string, content []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return true
	case ".yaml", ".yml":
		return false
	}
	return bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{"))
}
