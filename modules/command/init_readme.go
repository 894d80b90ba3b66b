package command

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

// shown is how many operations the README calls.
const shown = 3

// readme tells how to run the gateway, and how its first operations are called.
func (n *newGateway) readme() []byte {
	var b strings.Builder
	api := n.doc.API
	fmt.Fprintf(&b, "# %s\n\nA gateway before what [%s](%s) describes. Run it in this folder:\n\n```sh\ncaddymgw run\n```\n\n",
		markdown(strings.TrimSpace(api.Name+" "+api.Version)), markdown(n.document), url.PathEscape(n.document))
	fmt.Fprintf(&b, "It serves %s", n.site.address)
	if n.site.local {
		b.WriteString(", with a certificate of its own, which is why `-k` stands below")
	}
	if n.upstream == "" {
		b.WriteString(". A mock answers in place of your service: put a `reverse_proxy` there, in the [Caddyfile](Caddyfile)")
	}
	b.WriteString(".\n\n## Calls\n\n")
	operations := n.callable()
	if len(operations) == 0 {
		b.WriteString("Nobody can call an operation yet, see below.\n")
	} else {
		n.writeCalls(&b, operations)
	}
	n.writeShut(&b)
	fmt.Fprintf(&b, "\n## All of them\n\nWhile it runs, this sends each operation wrong credentials of every kind, and right ones, and compares the answers with the document:\n\n```sh\n%s\n```\n", n.matrixCall())
	return []byte(b.String())
}

func (n *newGateway) matrixCall() string {
	line := "caddymgw mgw test " + shellWord(n.document) + " --gateway " + n.site.address
	if n.site.local {
		line += " --insecure"
	}
	if n.declares(basic) {
		line += " --user admin"
	}
	if len(n.defaults) > 0 {
		line += " --default-security " + shellWord(strings.Join(n.defaults, " "))
	}
	return line
}

// callable are the operations to show: those that ask for a credential first.
func (n *newGateway) callable() (operations []*caddymgw.Operation) {
	for _, anonymous := range []bool{false, true} {
		for _, op := range n.doc.API.Operations {
			alt, ok := open(op)
			if ok && (len(alt) == 0) == anonymous && len(operations) < shown && n.paths.of(op) != "" {
				operations = append(operations, op)
			}
		}
	}
	return operations
}

func (n *newGateway) writeCalls(b *strings.Builder, operations []*caddymgw.Operation) {
	if n.hash != "" {
		b.WriteString("curl asks for the password of `admin`, which was printed when this folder was made. ")
	}
	b.WriteString("Behind # is the status of the answer.\n\n```sh\n")
	if n.issuer != "" {
		fmt.Fprintf(b, "KEY=$(%s %s%s -u admin%s)\n", n.curl("-s"), n.site.address, n.issuer, askFor(operations))
	}
	for _, op := range operations {
		alt, _ := open(op)
		fmt.Fprintf(b, "\n# %s\n", plain(strings.ReplaceAll(op.Label(), "`", "")))
		anonymous := op.Public() || slices.ContainsFunc(op.Alternatives, func(a caddymgw.Alternative) bool { return len(a) == 0 })
		n.writeCall(b, op, nil, anonymous)
		if len(alt) > 0 {
			n.writeCall(b, op, alt, true)
		}
	}
	b.WriteString("```\n")
}

// askFor are the options by which a key has the roles that the operations want.
func askFor(operations []*caddymgw.Operation) string {
	var roles []string
	for _, op := range operations {
		alt, _ := open(op)
		for _, r := range alt {
			if r.Scheme.Type == caddymgw.APIKey {
				roles = append(roles, r.Scopes...)
			}
		}
	}
	if len(roles) == 0 {
		return ""
	}
	slices.Sort(roles)
	body, _ := json.Marshal(map[string][]string{"scopes": slices.Compact(roles)}) // strings alone
	return " --json " + shellWord(string(body)) + " -H 'Accept: text/plain'"
}

func (n *newGateway) curl(flags string) string {
	if n.site.local {
		return "curl " + flags + "k"
	}
	return "curl " + flags
}

func (n *newGateway) writeCall(b *strings.Builder, op *caddymgw.Operation, alt caddymgw.Alternative, passes bool) {
	line := n.curl("-i")
	if op.Method == "HEAD" {
		line = n.curl("-I")
	} else if op.Method != "GET" {
		line += " -X " + shellWord(op.Method)
	}
	target := shellWord(n.site.address + n.paths.of(op))
	separator := "?"
	var options string
	for _, place := range placesOf(alt) {
		switch {
		case place.basic && place.Name == "Authorization":
			options += " -u admin"
		case place.basic:
			options += " -H " + shellWord(place.Name+": Basic ") + `"$(printf 'admin:%s' "$PASSWORD" | base64)"`
		case place.In == credential.Query:
			target += shellWord(separator+url.QueryEscape(place.Name)+"=") + `"$KEY"`
			separator = "&"
		case place.In == credential.Cookie:
			options += " -b " + shellWord(place.Name+"=") + `"$KEY"`
		default:
			options += " -H " + shellWord(place.Name+": ") + `"$KEY"`
		}
	}
	status := "401"
	switch {
	case passes && n.upstream == "":
		status = "200"
	case passes:
		status = "what your service answers"
	}
	fmt.Fprintf(b, "%s %s%s # %s\n", line, target, options, status)
}

// place is where a call has a credential.
type place struct {
	credential.Place
	basic bool
}

func placesOf(alt caddymgw.Alternative) (places []place) {
	for _, r := range alt {
		p := place{r.Scheme.Place, basic(r.Scheme)}
		if p.In == credential.Header && !p.basic && !strings.Contains(p.Name, "_") && r.Scheme.Param != "" {
			p.Name = r.Scheme.Param // as the document writes it
		}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	return places
}

// writeShut says what nobody can call, and what would change that.
func (n *newGateway) writeShut(b *strings.Builder) {
	labels, undeclared := n.shut()
	if len(labels) == 0 {
		return
	}
	b.WriteString("\n## What nobody can call yet\n\n")
	for i, label := range labels {
		if i == 10 {
			fmt.Fprintf(b, "- and %d more\n", len(labels)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", markdown(label))
	}
	b.WriteString("\nThe gateway answers them with 401 until somebody says whom to trust:\n\n")
	if n.declares(bearer) {
		b.WriteString("- access tokens: take the comment signs of `token_issuer` in the Caddyfile away, and name yours\n")
	}
	if n.declares(func(s *caddymgw.Scheme) bool { return s.Type == caddymgw.MutualTLS }) {
		b.WriteString("- client certificates: do the same with `tls`\n")
	}
	if n.declares(func(s *caddymgw.Scheme) bool { return s.Type == caddymgw.HTTP && !basic(s) && !bearer(s) }) {
		b.WriteString("- other HTTP schemes: name a verifier in the block of `openapi_auth`, `scheme NAME VERIFIER`\n")
	}
	if n.declares(func(s *caddymgw.Scheme) bool { return s.Type == "" }) {
		b.WriteString("- `default_security deny` closes those that declare no security\n")
	}
	if undeclared {
		b.WriteString("- the document declares no security for some of them, which is read as OAuth 2: declare one, or write `default_security` into the block of `openapi_auth`\n")
	}
}

// markdown keeps names from being read as markup.
func markdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "<", "\\<", "[", "\\[", "#", "\\#").Replace(plain(s))
}
