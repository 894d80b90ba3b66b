package lint

import (
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// read looks at the document as the gateway does, and at its tree. Its error is
// about what the document wants to ignore.
func read(file string, options openapi.Options) (*subject, error) {
	s := &subject{file: file, options: options, listAt: map[openapi.Node]*list{}, sent: map[string]bool{}}
	s.doc, s.err = openapi.Load(file, options)
	tree, err := openapi.OpenTree(file)
	if err != nil {
		s.doc = nil
		if s.err == nil { // it was changed meanwhile
			s.err = err
		}
		return s, nil
	}
	defer tree.Close()
	s.tree, s.root = tree, tree.Root()
	if s.doc != nil {
		bind(s.doc.API)
	}
	if s.ignored, err = ignores(s.root); err != nil {
		return nil, err
	}
	if err := s.readSchemes(); err != nil {
		return nil, err
	}
	s.readList(s.root, nil)
	if err := s.readPaths(); err != nil {
		return nil, err
	}
	s.findUsed()
	return s, nil
}

func (s *subject) readSchemes() error {
	all := s.root.Get("components").Get("securitySchemes")
	if !s.root.Get("swagger").IsZero() {
		all = s.root.Get("securityDefinitions")
	}
	for name, node := range all.Members() {
		node, err := s.tree.Follow(node)
		if err != nil {
			continue // Load has said it, if it matters
		}
		ignored, err := ignores(node)
		if err != nil {
			return err
		}
		s.declared = append(s.declared, &scheme{name: name, node: node, ignored: ignored})
	}
	return nil
}

func (s *subject) readList(at openapi.Node, ignored []string) {
	if node := at.Get("security"); node.Is(openapi.List) {
		l := &list{node: node, ignored: ignored}
		s.lists, s.listAt[node] = append(s.lists, l), l
	}
}

func (s *subject) readPaths() error {
	served := map[string]*caddymgw.Operation{}
	if s.doc != nil {
		for _, op := range s.doc.API.Operations {
			served[op.Method+" "+op.Template] = op
		}
	}
	first := map[string]*operation{} // by what requests see
	for template, item := range s.root.Get("paths").Members() {
		if strings.HasPrefix(template, "x-") {
			continue
		}
		shape, err := openapi.Shape(template)
		if err != nil {
			continue // Load has said it
		}
		for _, op := range s.operationsOf(item) {
			op.template = template
			if op.ignored, err = ignores(op.node); err != nil {
				return err
			}
			for _, callback := range op.node.Get("callbacks").Members() {
				s.readSent(callback)
			}
			s.readList(op.node, op.ignored)
			other := first[op.method+" "+shape]
			switch {
			case served[op.label()] != nil:
				op.Operation = served[op.label()]
			case other != nil:
				op.Operation, op.coincides = other.Operation, other
			default:
				continue // never served
			}
			if other == nil {
				first[op.method+" "+shape] = op
			}
			s.decide(op)
			s.served = append(s.served, op)
		}
	}
	return nil
}

// operationsOf returns the operations of a path item, and of the one that it refers
// to. Some may not count in the document's version.
func (s *subject) operationsOf(item openapi.Node) (all []*operation) {
	items := []openapi.Node{item}
	if target, err := s.tree.Follow(item); err == nil && target != item {
		items = append(items, target)
	}
	for _, it := range items {
		add := func(method string, node openapi.Node) {
			if node, err := s.tree.Follow(node); err == nil {
				all = append(all, &operation{method: method, node: node, item: it})
			}
		}
		for name, node := range it.Members() {
			switch name {
			case "get", "put", "post", "delete", "options", "head", "patch", "trace", "query":
				add(strings.ToUpper(name), node)
			case "additionalOperations":
				for method, node := range node.Members() {
					add(method, node)
				}
			}
		}
	}
	return all
}

// readSent reads what the service sends to others: webhooks, and what of a callback
// stands behind its references. The gateway does not see those requests.
func (s *subject) readSent(of openapi.Node) {
	of, err := s.tree.Follow(of)
	if err != nil {
		return
	}
	for _, item := range of.Members() {
		for _, op := range s.operationsOf(item) {
			for _, alternative := range op.node.Get("security").Items() {
				for name := range alternative.Members() {
					s.sent[name] = true
				}
			}
		}
	}
}

// decide finds out which member of the document decides the security of an
// operation, in the order of the gateway.
func (s *subject) decide(op *operation) {
	const disable, kinds = "x-wso2-disable-security", "x-wso2-application-security"
	off := op.node.Get(disable)
	if off.IsZero() {
		off = s.root.Get(disable)
	}
	switch {
	case off.True():
		op.cause, op.off = off, true
	case hasItems(op.node.Get(kinds).Get("security-types")):
		op.cause = op.node.Get(kinds)
	case !op.node.Get("security").IsZero():
		op.cause = op.node.Get("security")
	case hasItems(s.root.Get(kinds).Get("security-types")):
		op.cause = s.root.Get(kinds)
	case !s.root.Get("security").IsZero():
		op.cause = s.root.Get("security")
	default:
		op.cause = s.root.Get("paths")
	}
	if l := s.listAt[op.cause]; l != nil {
		l.operations = append(l.operations, op)
	}
}

// findUsed marks the schemes that an operation or a list names.
func (s *subject) findUsed() {
	s.readSent(s.root.Get("webhooks"))
	used := map[string]bool{}
	for _, l := range s.lists {
		for _, q := range l.requirements() {
			used[q.scheme] = true
		}
	}
	for _, op := range s.served {
		op.asks(func(sch *caddymgw.Scheme) bool {
			used[sch.Name] = true
			return false
		})
	}
	for _, d := range s.declared {
		d.used = used[d.name]
	}
}

func hasItems(n openapi.Node) bool {
	for range n.Items() {
		return true
	}
	return false
}

func hasMembers(n openapi.Node) bool {
	for range n.Members() {
		return true
	}
	return false
}
