package openapi

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads one YAML document. Aliases are expanded, within the limits
// of the builder; merge keys are honoured, own members first.
func (b *builder) parseYAML(content []byte) (*value, error) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, b.fail(1, "the file is empty")
		}
		line, message := syntaxError(err)
		return nil, b.fail(line, "not valid YAML: "+message)
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, b.fail(second.Line, "a second YAML document follows: keep one in a file")
	}
	return b.yaml(&doc, nil, "", 0)
}

// syntaxError takes "yaml: line 2: ..." apart.
func syntaxError(err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if n, rest, ok := strings.Cut(strings.TrimPrefix(message, "line "), ": "); ok {
		if line, err := strconv.Atoi(n); err == nil {
			return line, rest
		}
	}
	return 0, message
}

func (b *builder) fail(line int, message string) error {
	return &Error{File: b.source.name, Line: line, Message: message}
}

func (b *builder) yaml(n *yaml.Node, parent *value, key string, depth int) (*value, error) {
	if depth > maxDepth {
		return nil, b.fail(n.Line, "nested too deeply, or an alias that contains itself")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return b.yaml(n.Content[0], parent, key, depth)
	case yaml.AliasNode:
		return b.yaml(n.Alias, parent, key, depth+1)
	case yaml.SequenceNode:
		v, err := b.node(list, n.Line, parent, key)
		if err != nil {
			return nil, err
		}
		for i, item := range n.Content {
			child, err := b.yaml(item, v, index(i), depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, child)
		}
		return v, nil
	case yaml.MappingNode:
		return b.mapping(n, parent, key, depth)
	}
	v, err := b.node(scalarKind(n), n.Line, parent, key)
	if err != nil {
		return nil, err
	}
	v.text = n.Value
	if v.kind == boolean {
		v.text = strings.ToLower(n.Value)
	}
	return v, nil
}

func scalarKind(n *yaml.Node) kind {
	switch n.ShortTag() {
	case "!!null":
		return null
	case "!!bool":
		return boolean
	case "!!int", "!!float":
		return number
	}
	return text
}

func (b *builder) mapping(n *yaml.Node, parent *value, key string, depth int) (*value, error) {
	v, err := b.node(object, n.Line, parent, key)
	if err != nil {
		return nil, err
	}
	seen := map[string]struct{}{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, child := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return nil, b.fail(k.Line, "a key must be a string")
		}
		if k.ShortTag() == "!!merge" {
			merges = append(merges, child)
			continue
		}
		c, err := b.yaml(child, v, k.Value, depth+1)
		if err != nil {
			return nil, err
		}
		c.line = k.Line
		b.add(v, seen, k.Value, c)
	}
	for i, m := range merges {
		if err := b.merge(v, seen, m, depth, i > 0); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// merge adds the members that v lacks (YAML 1.1 "<<"). A name that stands twice
// in what is merged, "<<" included, stands twice in v.
func (b *builder) merge(v *value, seen map[string]struct{}, n *yaml.Node, depth int, again bool) error {
	from, err := b.yaml(n, v, "<<", depth+1)
	if err != nil {
		return err
	}
	from.line = n.Line
	if again && v.twice == nil {
		v.twice = &member{"<<", from}
	}
	sources := []*value{from}
	if from.kind == list {
		sources = from.items
	}
	for _, s := range sources {
		if s.kind != object {
			return b.fail(n.Line, "<< must name an object or a list of objects")
		}
		if s.twice != nil && v.twice == nil {
			v.twice = s.twice
		}
		for _, m := range s.members {
			if _, own := seen[m.name]; own {
				continue
			}
			m.value.parent = v
			b.add(v, seen, m.name, m.value)
		}
	}
	return nil
}
