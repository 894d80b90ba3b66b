package command

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// newSite is where a new gateway is reached.
type newSite struct {
	address string // https://HOST or https://HOST:PORT
	port    string // "" is 443
	local   bool   // the host is this machine
}

const defaultSite = "https://localhost:9095"

// parseSite reads an address. Keys and passwords go over TLS only.
func parseSite(text string) (s newSite, err error) {
	u, err := parseOrigin(text)
	switch {
	case err != nil:
		return s, fmt.Errorf("--site %s: %w", plain(text), err)
	case u.Scheme != "https":
		return s, fmt.Errorf("--site %s: must begin with https://, since keys are no secret on the way otherwise", plain(text))
	}
	s.address, s.port = "https://"+u.Host, u.Port()
	host := u.Hostname()
	ip := net.ParseIP(host)
	s.local = host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
	return s, nil
}

// parseUpstream reads where the service is.
func parseUpstream(text string) (string, error) {
	u, err := parseOrigin(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("--upstream %s: %w", plain(text), err)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("--upstream %s: must begin with http:// or https://", plain(text))
	}
	return u.Scheme + "://" + u.Host, nil
}

// parseOrigin reads a URL of a scheme and a host, with a port or not.
func parseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || !plainWord.MatchString(strings.Trim(u.Hostname(), "[]")):
		return nil, errors.New("must be a URL such as http://localhost:8080")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("must be a scheme, a host and maybe a port, and nothing behind them")
	}
	return u, nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.:/@+=,-]+$`)

// word writes an argument of a Caddyfile. Not ok: it can't be written so that it is
// read the same.
func word(s string) (written string, ok bool) {
	if plainWord.MatchString(s) {
		return s, true
	}
	if s == "" || plain(s) != s || strings.ContainsAny(s, "\"\\") || strings.Contains(s, "{") {
		return "", false
	}
	return `"` + s + `"`, true
}

// shellWord writes an argument of a shell.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
