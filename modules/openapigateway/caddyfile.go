package openapigateway

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	httpcaddyfile.RegisterDirective("openapi_gateway", parse)
	httpcaddyfile.RegisterDirectiveOrder("openapi_gateway", httpcaddyfile.Before, "respond")
}

// parse parses the directive, and expands it. It takes no matcher: the base paths
// of the document say which requests are its own, all others go on to the rest of
// the site. Syntax:
//
//	openapi_gateway <document> [<upstream...>] {
//		<any option of openapi_auth>
//		cors {
//			<any option of openapi_cors>
//		}
//		validate {
//			<any option of openapi_validate>
//		}
//		proxy {
//			<any subdirective of reverse_proxy>
//		}
//	}
//
// The document may be a pattern such as apis/*.yaml; its options are those of
// each. Without upstreams, requests go where the document says:
// x-wso2-production-endpoints and x-wso2-sandbox-endpoints, also of single
// operations, else servers. It is the same as:
//
//	@api path <base path> <base path>/*
//	handle @api {
//		openapi_cors     <document> { ... } # with cors or x-wso2-cors
//		openapi_auth     <document> { ... }
//		openapi_validate <document> { ... } # with validate
//		reverse_proxy    <upstream...> { ... }
//	}
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	d := h.Dispenser
	d.Next()
	g := &directive{Helper: h, head: d.Token(), blocks: map[string]*block{}}
	at := caddyfile.NewDispenser([]caddyfile.Token{g.head}) // for errors
	at.Next()
	args := d.RemainingArgs()
	if len(args) == 0 || slices.Contains(args, "") {
		return nil, d.Err("openapi_gateway wants an OpenAPI document, or a pattern such as apis/*.yaml, and may have upstreams behind it")
	}
	if strings.HasPrefix(args[0], "@") {
		return nil, d.Err("openapi_gateway takes no matcher: the base paths of the document say which requests are its own (use a handle block)")
	}
	g.upstreams = args[1:]
	if err := g.readBlock(d); err != nil {
		return nil, err
	}
	files, err := documents(mgw.Relative(at, args[0]), args[0])
	if err != nil {
		return nil, at.WrapErr(err)
	}
	var apis []*api
	for _, file := range files {
		a, err := g.read(file)
		if err != nil {
			return nil, at.WrapErr(err)
		}
		apis = append(apis, a)
	}
	if err := refuseOverlaps(apis); err != nil {
		return nil, at.WrapErr(err)
	}
	var all caddyhttp.Subroute
	for _, a := range apis {
		route, err := g.route(a, apis)
		if err != nil {
			return nil, at.WrapErr(err)
		}
		all.Routes = append(all.Routes, route)
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: all}}, nil
}

// directive is one openapi_gateway of a Caddyfile.
type directive struct {
	httpcaddyfile.Helper
	head      caddyfile.Token
	upstreams []string
	options   []caddyfile.Segment // of openapi_auth
	blocks    map[string]*block   // cors, validate, proxy; as far as they are written
}

// block is what is written in one of the blocks.
type block struct {
	lines []caddyfile.Segment
	has   map[string]bool // "lb_policy", "header_up host"
	to    []string        // the upstreams that a proxy's block names
}

func (g *directive) readBlock(d *caddyfile.Dispenser) error {
	seen := mgw.Once{}
	for d.NextBlock(0) {
		name := d.Val()
		if name != "cors" && name != "validate" && name != "proxy" {
			g.options = append(g.options, d.NextSegment())
			continue
		}
		if err := seen.Check(d); err != nil {
			return err
		}
		if err := mgw.NoArg(d); err != nil {
			return err
		}
		g.blocks[name] = readLines(d.NextSegment())
	}
	return nil
}

func readLines(s caddyfile.Segment) *block {
	b := &block{has: map[string]bool{}}
	d := caddyfile.NewDispenser(s)
	d.Next()
	for d.NextBlock(0) {
		line := d.NextSegment()
		b.lines = append(b.lines, line)
		name := line[0].Text
		b.has[name] = true
		for _, upstream := range line[1:] {
			if name == "to" {
				b.to = append(b.to, upstream.Text)
			}
		}
		if len(line) > 1 {
			b.has[name+" "+strings.ToLower(strings.TrimLeft(line[1].Text, "+?"))] = true
		}
	}
	return b
}
