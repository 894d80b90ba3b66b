package openapiadapter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// writer writes the Caddyfile of a document.
type writer struct {
	root openapi.Node
	own  map[string]any // our members, checked by the schema
	file string
	doc  *openapi.Document

	out strings.Builder
	err error
}

// at returns what stands at a path of our members.
func (w *writer) at(path ...string) any {
	var v any = w.own
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

func (w *writer) text(path ...string) string {
	s, _ := w.at(path...).(string)
	return s
}

func (w *writer) true(path ...string) bool {
	b, _ := w.at(path...).(bool)
	return b
}

// texts reads a text, or a list of them.
func (w *writer) texts(path ...string) (list []string) {
	switch v := w.at(path...).(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			s, _ := item.(string)
			list = append(list, s)
		}
	}
	return list
}

// names are the sorted names of an object's members.
func (w *writer) names(path ...string) []string {
	object, _ := w.at(path...).(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// plainWord is what needs no quotes in a Caddyfile.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:*@+=-]+$`)

// words writes a directive or an option with its arguments, which may be anything.
func (w *writer) words(name string, args []string) {
	w.out.WriteString(name)
	for _, arg := range args {
		w.out.WriteByte(' ')
		w.out.WriteString(w.quote(arg))
	}
}

func (w *writer) line(name string, args ...string) {
	w.words(name, args)
	w.out.WriteByte('\n')
}

func (w *writer) block(write func(), name string, args ...string) {
	w.words(name, args)
	w.out.WriteString(" {\n")
	write()
	w.out.WriteString("}\n")
}

// quote writes a value so that it stays one word. The schema lets no backquote
// and no control byte in; "{$NAME}" would be replaced in quotes too.
func (w *writer) quote(s string) string {
	if strings.ContainsAny(s, "`\n\r\x00") || strings.Contains(s, "{$") {
		w.fail(fmt.Errorf("%s: the value %q can't be written: {$NAME} is for Caddyfiles, write {env.NAME}", w.file, s))
	}
	if plainWord.MatchString(s) {
		return s
	}
	return "`" + s + "`"
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// options writes those of an object that are there: flags, and others with their
// arguments.
func (w *writer) options(path []string, names ...string) {
	for _, name := range names {
		full := append(slices.Clone(path), name)
		if w.true(full...) {
			w.line(name)
		} else if args := w.texts(full...); args != nil {
			w.line(name, args...)
		}
	}
}

// caddyfile returns the whole.
func (w *writer) caddyfile() (string, error) {
	addresses := w.addresses()
	w.out.WriteString("{\n")
	w.globals(addresses)
	w.out.WriteString("}\n\n" + strings.Join(addresses, ", ") + " {\n")
	w.site()
	w.out.WriteString("}\n")
	return w.out.String(), w.err
}
