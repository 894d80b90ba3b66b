package openapi

import (
	"net/url"
	"slices"
	"strings"
)

// readURLs reads the URLs of an endpoint.
func (e *Endpoint) readURLs(v *value) error {
	items, err := v.list()
	if err != nil {
		return err
	}
	for i, item := range items {
		raw, err := item.str()
		if err != nil {
			return err
		}
		server, path, err := splitURL(item, raw)
		if err != nil {
			return err
		}
		if i > 0 && path != e.Path {
			return item.errorf("its path %q is not that of the first URL, %q: a proxy gives all servers of an endpoint one: name an upstream in the configuration, or take URLs out", path, e.Path)
		}
		if scheme, _, _ := strings.Cut(server, "://"); i > 0 && !strings.HasPrefix(e.Servers[0], scheme+"://") {
			return item.errorf("its scheme is not that of the first URL: a proxy speaks one with all servers of an endpoint: name an upstream in the configuration, or take URLs out")
		}
		e.Servers, e.Path = append(e.Servers, server), path
	}
	return nil
}

// splitURL parts a URL into its server and its path without trailing slashes.
func splitURL(at *value, raw string) (server, path string, err error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", "", at.errorf("%q names no server: an endpoint is like https://api.example.com:8443/path; or name an upstream in the configuration", raw)
	case u.User != nil:
		return "", "", at.errorf("a user and a password in a URL are there for everybody to read: take them out")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "", at.errorf("%q: an endpoint has neither query nor fragment", raw)
	}
	if path, err = cleanBase(u.EscapedPath()); err != nil {
		return "", "", at.errorf("%q: %s", raw, err)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), path, nil
}

// resolve says where requests go, after all that is inherited.
func (r *endpointReader) resolve(l level) (Endpoints, error) {
	if l.production != nil || l.sandbox != nil {
		return Endpoints{l.production, l.sandbox}, nil
	}
	var e *Endpoint
	var err error
	switch {
	case r.swagger():
		e, err = r.swaggerEndpoint()
	case l.servers != nil:
		e, err = r.serverEndpoint(l.servers)
	}
	if err != nil {
		return Endpoints{}, err
	}
	if e == nil {
		return Endpoints{}, l.at.errorf("nothing says where its requests go: name an upstream in the configuration, or write x-wso2-production-endpoints or servers")
	}
	e = r.one(e)
	return Endpoints{e, e}, nil
}

// serverEndpoint is the first of the servers: the others are for clients to
// choose, who can't choose here.
func (r *endpointReader) serverEndpoint(servers *value) (*Endpoint, error) {
	first := servers.items[0]
	raw, err := first.member("url")
	if err != nil {
		return nil, err
	}
	server, err := authority(first, raw)
	if err != nil {
		return nil, err
	}
	bases, err := serverBases(first)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{Servers: []string{server}, Replace: r.fixed, at: first}
	if r.fixed {
		e.Path = bases[0] // of the defaults
		return e, nil
	}
	for _, other := range servers.items[1:] {
		more, err := serverBases(other)
		if err != nil {
			return nil, err
		}
		raw, _ := other.member("url")
		host, err := authority(other, raw)
		elsewhere := err != nil || host != server
		if elsewhere && slices.ContainsFunc(more, func(b string) bool { return !slices.Contains(bases, b) }) {
			return nil, other.errorf("this server has another address and another path than the first one, which gets all requests: name an upstream in the configuration, or a base_path")
		}
	}
	return e, nil
}

// authority returns scheme and host of a server's URL.
func authority(at *value, raw string) (string, error) {
	const remedy = "name an upstream in the configuration, or write x-wso2-production-endpoints"
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return "", at.errorf("the URL %q names no server to send requests to: %s", raw, remedy)
	}
	host, _, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(scheme+host, "{}") {
		return "", at.errorf("the URL %q leaves its server to variables: %s", raw, remedy)
	}
	server, _, err := splitURL(at, scheme+"://"+strings.TrimRight(host, "?#"))
	return server, err
}

// swaggerEndpoint is what host and schemes of a document in 2.0 say.
func (r *endpointReader) swaggerEndpoint() (*Endpoint, error) {
	root := r.entry.root
	host, err := root.get("host")
	if err != nil || host == nil {
		return nil, err
	}
	name, err := host.str()
	if err != nil {
		return nil, err
	}
	scheme := ""
	if v, err := root.get("schemes"); err != nil {
		return nil, err
	} else if v != nil {
		schemes, err := v.texts()
		if err != nil {
			return nil, err
		}
		for _, s := range []string{"https", "http"} {
			if scheme == "" && slices.Contains(schemes, s) {
				scheme = s
			}
		}
	}
	if scheme == "" {
		return nil, host.errorf("schemes does not say how to speak with this host: name an upstream in the configuration, or write http or https there")
	}
	server, err := authority(host, scheme+"://"+name)
	if err != nil {
		return nil, err
	}
	path, err := root.member("basePath")
	if err != nil {
		return nil, err
	}
	base, err := cleanBase(path)
	if err != nil {
		return nil, host.errorf("%s", err)
	}
	e := &Endpoint{Servers: []string{server}, Replace: r.fixed, at: host}
	if r.fixed {
		e.Path = base
	}
	return e, nil
}
