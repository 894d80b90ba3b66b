package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
)

// Endpoint is where requests go.
type Endpoint struct {
	// Servers are scheme and authority, such as https://api.example.com:8443;
	// all have one scheme.
	Servers []string
	// Replace means that Path, which has no trailing slash, takes the place of the
	// base path. Otherwise the path of a request stays.
	Replace bool
	Path    string
	// Failover means that the first server that works gets all requests;
	// otherwise they take turns.
	Failover bool
	// User is who the servers want to log in by HTTP Basic; "": nobody.
	User string

	at *value
}

// Errorf returns an *Error that names the endpoint in its document.
func (e *Endpoint) Errorf(format string, args ...any) error { return e.at.errorf(format, args...) }

// Endpoints are where the requests of an operation go, by the type of their key.
// Nil: there is no endpoint for that type. Equal: all go there.
type Endpoints struct{ Production, Sandbox *Endpoint }

// LoadEndpoints reads a document, and where it says that the requests of each
// operation go: x-wso2-production-endpoints and x-wso2-sandbox-endpoints of the
// operation, of its path or of the document, else servers. An operation for which
// it says nothing is an error. Endpoints that are alike are one.
func LoadEndpoints(file string, options Options) (*Document, map[*caddymgw.Operation]Endpoints, error) {
	s, err := open(file)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	c := &compiler{sources: s, options: options, standIns: map[string]*caddymgw.Scheme{}, known: map[*caddymgw.Operation]bool{}, doc: &Document{API: new(caddymgw.API), options: options}}
	if err := c.compile(); err != nil {
		return nil, nil, err
	}
	c.doc.Files = s.paths()
	r := &endpointReader{compiler: c, named: map[string]namedEndpoint{}, alike: map[string]*Endpoint{}, found: map[*caddymgw.Operation]Endpoints{}}
	if err := r.read(s.entry.root); err != nil {
		return nil, nil, err
	}
	return c.doc, r.found, nil
}

type endpointReader struct {
	*compiler
	named map[string]namedEndpoint // x-wso2-endpoints
	alike map[string]*Endpoint
	found map[*caddymgw.Operation]Endpoints
}

// namedEndpoint is an entry of x-wso2-endpoints. The samples of WSO2 have its
// members below its name, and beside it.
type namedEndpoint struct {
	value *value
	name  string // a member of value to pass over; "": none
}

// level is what an operation, its path or the document says of endpoints.
type level struct {
	production, sandbox *Endpoint
	servers             *value
	at                  *value
}

func (r *endpointReader) read(root *value) error {
	if err := r.readNamed(root); err != nil {
		return err
	}
	document, err := r.level(root, level{})
	if err != nil {
		return err
	}
	paths, err := root.get("paths")
	if err != nil || paths == nil {
		return err
	}
	for _, m := range paths.members {
		if strings.HasPrefix(m.name, "x-") {
			continue
		}
		if err := r.pathItem(m.name, m.value, document); err != nil {
			return err
		}
	}
	return nil
}

// pathItem goes the way of compiler.pathItem.
func (r *endpointReader) pathItem(template string, item *value, document level) error {
	segments, err := splitTemplate(template)
	if err != nil {
		return item.errorf("%s", err)
	}
	items := []*value{item}
	target, err := r.follow(item)
	if err != nil {
		return err
	}
	if target != item {
		items = append(items, target)
	}
	for _, it := range items {
		if it.kind == null || !r.servable(segments) {
			continue
		}
		bases, err := r.basesOf(it, r.bases)
		if err != nil {
			return err
		}
		at, err := r.level(it, document)
		if err != nil {
			return err
		}
		operations, err := r.operations(it)
		if err != nil {
			return err
		}
		for _, o := range operations {
			if err := r.operationAt(segments, o, bases, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// operationAt notes the endpoints of one operation at its places in the trie.
func (r *endpointReader) operationAt(segments []pattern, o member, bases []string, path level) error {
	v, err := r.follow(o.value)
	if err != nil {
		return err
	}
	if bases, err = r.basesOf(v, bases); err != nil {
		return err
	}
	own, err := r.level(v, path)
	if err != nil {
		return err
	}
	endpoints, err := r.resolve(own)
	if err != nil {
		return err
	}
	for _, base := range bases {
		op, err := r.operationIn(base, segments, o.name)
		if err != nil {
			return err
		}
		other, known := r.found[op]
		if known && other != endpoints {
			return v.errorf("this operation and another one are one to a request (%s %s), but go to different endpoints: give them one", op.Method, op.Template)
		}
		r.found[op] = endpoints
	}
	return nil
}

// operationIn finds what was compiled for a template below a base path.
func (r *endpointReader) operationIn(base string, segments []pattern, method string) (*caddymgw.Operation, error) {
	n := &r.doc.trie
	prefix, err := Canonical(base+"/", r.options.AllowEncodedSlash, r.options.AllowSemicolon)
	if err != nil {
		return nil, err
	}
	for _, s := range prefix[:len(prefix)-1] {
		n = n.child(pattern{s})
	}
	for _, s := range segments {
		n = n.child(s)
	}
	return n.methods[method], nil
}

// level reads what v says of its own; the rest it inherits.
func (r *endpointReader) level(v *value, inherited level) (level, error) {
	l := inherited
	l.at = v
	for name, to := range map[string]**Endpoint{"x-wso2-production-endpoints": &l.production, "x-wso2-sandbox-endpoints": &l.sandbox} {
		own, err := v.get(name)
		if err != nil {
			return l, err
		}
		if own == nil || own.kind == null {
			continue
		}
		if *to, err = r.extension(own); err != nil {
			return l, err
		}
	}
	if r.swagger() {
		return l, nil
	}
	servers, err := v.get("servers")
	if err != nil {
		return l, err
	}
	if servers != nil && servers.kind == list && len(servers.items) > 0 {
		l.servers = servers
	}
	return l, nil
}

// extension reads the value of x-wso2-production-endpoints and its like: an
// endpoint, or a reference to one.
func (r *endpointReader) extension(v *value) (*Endpoint, error) {
	if v.kind != text {
		return r.endpoint(v, "")
	}
	name, ok := strings.CutPrefix(v.text, "#/x-wso2-endpoints/")
	named, known := r.named[name]
	if !ok || !known {
		return nil, v.errorf("%q names no endpoint: write #/x-wso2-endpoints/NAME, with a NAME that is declared in x-wso2-endpoints", v.text)
	}
	return r.endpoint(named.value, named.name)
}

func (r *endpointReader) readNamed(root *value) error {
	all, err := root.get("x-wso2-endpoints")
	if err != nil || all == nil || all.kind == null {
		return err
	}
	items := []*value{all}
	if all.kind == list {
		items = all.items
	}
	for _, item := range items {
		members, err := item.object()
		if err != nil {
			return err
		}
		beside := slices.ContainsFunc(members, func(m member) bool { return m.name == "urls" && m.value.kind == list })
		for _, m := range members {
			entry := namedEndpoint{m.value, ""}
			if beside {
				if m.value.kind != null {
					continue
				}
				entry = namedEndpoint{item, m.name}
			}
			if _, twice := r.named[m.name]; twice {
				return m.value.errorf("the endpoint %s is declared twice: keep one", m.name)
			}
			r.named[m.name] = entry
		}
	}
	return nil
}

// endpointTypes tells whether a type is that of a failover.
var endpointTypes = map[string]bool{"http": false, "https": false, "load_balance": false, "loadbalance": false, "failover": true}

// endpoint reads an endpoint, but for a member that only names it.
// advanceEndpointConfig is passed over: timeouts and retries are the proxy's.
func (r *endpointReader) endpoint(v *value, pass string) (*Endpoint, error) {
	members, err := v.object()
	if err != nil {
		return nil, err
	}
	e := &Endpoint{Replace: true, at: v}
	for _, m := range members {
		switch {
		case m.name == pass && pass != "", m.name == "advanceEndpointConfig":
		case m.name == "urls":
			err = e.readURLs(m.value)
		case m.name == "type":
			var name string
			if name, err = m.value.str(); err != nil {
				return nil, err
			}
			failover, known := endpointTypes[name]
			if !known {
				return nil, m.value.errorf("%q is no type of endpoint: there are http, load_balance and failover", name)
			}
			e.Failover = failover
		case m.name == "securityConfig":
			e.User, err = m.value.member("username")
			if kind, bad := m.value.member("type"); err == nil && (bad != nil || kind != "basic" || e.User == "") {
				err = cmp.Or(bad, m.value.errorf("must have the type basic and a username"))
			}
		default:
			err = m.value.errorf("%s is no member of an endpoint: there are urls, type, securityConfig and advanceEndpointConfig", m.name)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(e.Servers) == 0 {
		return nil, v.errorf("an endpoint wants urls")
	}
	return r.one(e), nil
}

// one returns the endpoint that stands for all that are alike.
func (r *endpointReader) one(e *Endpoint) *Endpoint {
	key := fmt.Sprintf("%q %v %q %v %q", e.Servers, e.Replace, e.Path, e.Failover, e.User)
	if r.alike[key] == nil {
		r.alike[key] = e
	}
	return r.alike[key]
}
