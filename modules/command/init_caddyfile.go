package command

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
)

// caddyfileText is the configuration, as `caddy fmt` would write it.
func (n *newGateway) caddyfileText() ([]byte, error) {
	underscore, dot, err := n.headers()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("# The gateway before what " + n.document + " describes.\n{\n")
	n.writePorts(&b)
	b.WriteString("persist_config off\n# The keys that sign keys, and the record of keys, lie here.\nstorage file_system ./data\n")
	if len(underscore)+len(dot) > 0 {
		b.WriteString("servers {\n# Caddy drops header names with \"_\" or \".\" unless they are expected.\n")
		writeOption(&b, "expected_underscore_headers", underscore...)
		writeOption(&b, "expected_dot_headers", dot...)
		b.WriteString("}\n")
	}
	b.WriteString("log {\nformat filter {\n# Keeps keys and tokens out of the logs.\nrequest mgw\n}\n}\n")
	b.WriteString("mgw {\n")
	n.writeUser(&b)
	if n.declares(bearer) {
		b.WriteString("# Who signs the access tokens that the document asks for, and for whom:\n" +
			"# token_issuer https://idp.example.com {\n# \taudience https://api.example.com\n# }\n")
	}
	b.WriteString("}\n}\n\n" + n.site.address + " {\n")
	if n.declares(func(s *caddymgw.Scheme) bool { return s.Type == caddymgw.MutualTLS }) {
		b.WriteString("# Whose client certificates are accepted:\n# tls {\n# \tclient_auth {\n# \t\tmode verify_if_given\n# \t\ttrust_pool file ca.pem\n# \t}\n# }\n")
	}
	b.WriteString("log\n")
	switch n.issuer {
	case "":
	case "/apikey":
		b.WriteString("apikey_issuer\n")
	default:
		b.WriteString("apikey_issuer {\n# The document has operations at or below /apikey.\npath " + n.issuer + "\n}\n")
	}
	document, _ := word(n.document) // initFolder has looked
	b.WriteString("openapi_auth " + document)
	if len(n.defaults) > 0 {
		b.WriteString(" {\n")
		writeOption(&b, "default_security", n.defaults...)
		b.WriteByte('}')
	}
	b.WriteByte('\n')
	if n.upstream != "" {
		b.WriteString("reverse_proxy " + n.upstream + "\n")
	} else {
		b.WriteString("# A mock; your service stands in its place:\n# reverse_proxy http://localhost:8080\n" +
			"header Content-Type \"text/plain; charset=utf-8\"\nrespond \"a mock answers {method} {path}\"\n")
	}
	b.WriteString("}\n")
	return caddyfile.Format([]byte(b.String())), nil
}

// writePorts: on this machine nobody needs privileges, and nothing is reached from
// others.
func (n *newGateway) writePorts(b *strings.Builder) {
	if !n.site.local {
		return
	}
	switch n.site.port {
	case "9095":
		b.WriteString("http_port 9090\nhttps_port 9095\n")
	case "":
		b.WriteString("auto_https disable_redirects\n")
	default:
		b.WriteString("https_port " + n.site.port + "\nauto_https disable_redirects\n")
	}
	b.WriteString("skip_install_trust\ndefault_bind 127.0.0.1 [::1]\n")
}

func (n *newGateway) writeUser(b *strings.Builder) {
	if n.hash == "" {
		return
	}
	b.WriteString("# Another password: make its hash with caddymgw hash-password --algorithm argon2id\nuser admin " + n.hash)
	if len(n.scopes) > 0 {
		b.WriteString(" {\n")
		writeOption(b, "scopes", n.scopes...)
		b.WriteByte('}')
	}
	b.WriteByte('\n')
}

// writeOption writes an option, where it has an argument.
func writeOption(b *strings.Builder, name string, args ...string) {
	if len(args) == 0 {
		return
	}
	b.WriteString(name)
	for _, a := range args {
		written, ok := word(a)
		if !ok { // it is written already
			written = a
		}
		b.WriteString(" " + written)
	}
	b.WriteByte('\n')
}
