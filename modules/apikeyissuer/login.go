package apikeyissuer

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/caddymgw/basic"
	"github.com/caddymgw/gateway/caddymgw/fault"
	"github.com/caddymgw/gateway/modules/mgw"
)

// foreign reports whether a browser asks on behalf of another site, which it
// would do with the user's stored password.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host) || r.TLS != nil && u.Scheme != "https"
}

// login authenticates the caller by HTTP Basic (RFC 7617). The Authorization
// header must stand once.
func (h *Handler) login(r *http.Request) (mgw.User, *answer) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return mgw.User{}, &answer{code: fault.MissingCredentials}
	}
	scheme, value, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	if !strings.EqualFold(scheme, "basic") {
		return mgw.User{}, &answer{code: fault.SchemeNotAccepted}
	}
	name, password, err := basic.ParseCredentials(strings.TrimLeft(value, " "))
	if len(lines) > 1 || err != nil {
		return mgw.User{}, &answer{code: fault.MalformedBasic}
	}
	if bad := h.authenticate(r, name, password); bad != nil {
		return mgw.User{}, bad
	}
	user, ok := h.app.User(name)
	if !ok || len(h.Users) > 0 && !slices.Contains(h.Users, name) {
		return mgw.User{}, &answer{code: fault.Forbidden, detail: "This user gets no keys here"}
	}
	return user, nil
}

// authenticate checks a password, unless too many were wrong.
func (h *Handler) authenticate(r *http.Request, name, password string) *answer {
	l, err := h.app.Login(r.Context(), name, password, client(r))
	switch {
	case err != nil:
		return &answer{code: fault.Unclassified}
	case l.Wait > 0:
		return &answer{code: fault.TooManyRequests, wait: l.Wait}
	case !l.OK:
		h.app.RefuseKey(actor(r, name), "", "wrong user or password")
		return &answer{code: fault.WrongPassword}
	}
	return nil
}

// client is the address behind trusted proxies; the zero Addr if unknown.
func client(r *http.Request) netip.Addr {
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, _ := netip.ParseAddr(ip)
	return addr.Unmap()
}
