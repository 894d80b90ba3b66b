package mtls

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

// pattern is an exact text, or the beginning or the end of one.
type pattern struct {
	text           string
	prefix, suffix bool
}

func parsePattern(entry string) (pattern, error) {
	p := pattern{text: entry}
	switch {
	case entry == "":
		return p, errors.New("it is empty")
	case entry != strings.TrimSpace(entry), strings.ContainsFunc(entry, unicode.IsControl):
		return p, errors.New("it has white space around it, or a control character in it")
	case strings.Trim(entry, "*") == "":
		return p, errors.New("it matches everything: leave the option out instead")
	}
	if p.text, p.prefix = strings.CutSuffix(entry, "*"); !p.prefix {
		p.text, p.suffix = strings.CutPrefix(entry, "*")
	}
	if strings.Contains(p.text, "*") {
		return p, errors.New("only one * may stand in it, at its beginning or its end")
	}
	return p, nil
}

func (p pattern) glob() bool { return p.prefix || p.suffix }

func (p pattern) match(s string) bool {
	switch {
	case p.prefix:
		return strings.HasPrefix(s, p.text)
	case p.suffix:
		return strings.HasSuffix(s, p.text)
	default:
		return s == p.text
	}
}

// nameKind is a kind of subject alternative names (RFC 5280 section 4.2.1.6).
type nameKind uint8

const (
	dnsName nameKind = iota
	email
	ipAddress
	uri
)

type sanPattern struct {
	kind nameKind
	pattern
}

// parseSAN tells the kind of an entry by its looks: a glob of one kind must not
// match the names of another, which their issuer may have checked less.
func parseSAN(entry string) (sanPattern, error) {
	p, err := parsePattern(entry)
	if err != nil {
		return sanPattern{}, err
	}
	ip, ipErr := netip.ParseAddr(p.text)
	switch {
	case !p.glob() && ipErr == nil:
		if ip.Zone() != "" {
			return sanPattern{}, errors.New("an IP address in a certificate has no zone")
		}
		p.text = ip.Unmap().String()
		return sanPattern{ipAddress, p}, nil
	case p.glob() && looksLikeIP(p.text):
		p.text = strings.ToLower(p.text)
		return sanPattern{ipAddress, p}, nil
	case strings.Contains(p.text, ":"):
		return uriPattern(p)
	case strings.Contains(p.text, "@"):
		p.text = lowerDomain(p.text)
		return sanPattern{email, p}, nil
	}
	p.text = strings.ToLower(p.text)
	if !p.glob() {
		p.text = strings.TrimSuffix(p.text, ".")
	}
	if strings.Trim(p.text, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return sanPattern{}, errors.New("it is no DNS name (write xn-- for other letters), IP address, e-mail address or URI")
	}
	return sanPattern{dnsName, p}, nil
}

func uriPattern(p pattern) (sanPattern, error) {
	if p.glob() {
		return sanPattern{uri, p}, nil
	}
	u, err := url.Parse(p.text)
	if err != nil || !u.IsAbs() {
		return sanPattern{}, fmt.Errorf("%q is no URI with a scheme", p.text)
	}
	p.text = u.String() // as that of the certificate is compared
	return sanPattern{uri, p}, nil
}

// looksLikeIP: no DNS name ends in a label of digits only, and no scheme of a
// URI is all hexadecimal digits.
func looksLikeIP(s string) bool {
	return strings.Trim(s, "0123456789.") == "" ||
		strings.Contains(s, ":") && strings.Trim(s, "0123456789abcdefABCDEF:") == ""
}

// lowerDomain: the part before the @ is for its host to compare (RFC 5280
// section 7.5).
func lowerDomain(s string) string {
	at := strings.LastIndexByte(s, '@')
	return s[:at+1] + strings.ToLower(s[at+1:])
}
