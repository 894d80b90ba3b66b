package openapigateway

import (
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// expand has another directive parse its lines, with the tokens that stand in
// the Caddyfile, so that errors name their place. The lines of more are ours.
func (g *directive) expand(name string, args []string, lines []caddyfile.Segment, more [][]string) (caddyhttp.RouteList, error) {
	if _, err := caddy.GetModule("http.handlers." + name); err != nil {
		return nil, fmt.Errorf("this program has no %s: build it with that module, or do without", name)
	}
	line := g.head.Line
	var tokens []caddyfile.Token
	write := func(texts ...string) {
		for _, text := range texts {
			tokens = append(tokens, caddyfile.Token{File: g.head.File, Line: line, Text: text})
		}
	}
	write(g.head.Text, "{", name)
	write(args...)
	if len(lines)+len(more) > 0 {
		write("{")
		for _, l := range lines {
			tokens = append(tokens, l...)
		}
		last := tokens[len(tokens)-1]
		line = last.Line + last.NumLineBreaks()
		for _, l := range more {
			line++
			write(l...)
		}
		line++
		write("}")
	}
	line++
	write("}")
	handler, err := httpcaddyfile.ParseSegmentAsSubroute(g.WithDispenser(caddyfile.NewDispenser(tokens)))
	if err != nil {
		return nil, err
	}
	return handler.(*caddyhttp.Subroute).Routes, nil
}
