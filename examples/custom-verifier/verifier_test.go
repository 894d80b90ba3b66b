package customverifier

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

var now = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	webSecret  = "a secret of the web site, 32 bytes or more"
	shopSecret = "a secret of the shop, 32 bytes or more too"
)

// verifier is provisioned as Caddy would do it.
func verifier(t *testing.T) *SignedLink {
	t.Helper()
	t.Setenv("WEB_SECRET", webSecret)
	t.Setenv("SHOP_SECRET", shopSecret)
	v := &SignedLink{Keys: []Key{{Name: "web", Secret: "{env.WEB_SECRET}"}, {Name: "shop", Secret: "{env.SHOP_SECRET}", Roles: []string{"printer"}}}}
	if err := v.Provision(caddy.Context{Context: context.Background()}); err != nil {
		t.Fatal(err)
	}
	return v
}

// gateway decides by the document of this folder. The core needs no server: what
// a verifier lets through can be tested on the decisions alone.
func gateway(t *testing.T, v caddymgw.Verifier) *caddymgw.Gateway {
	t.Helper()
	doc, err := openapi.Load("openapi.yaml", openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	caddymgw.Bind(doc.API, func(s *caddymgw.Scheme) caddymgw.Verifier {
		if s.Name == "link" {
			return v
		}
		return nil
	})
	return &caddymgw.Gateway{Router: doc, Now: func() time.Time { return now }}
}

func TestWhatALinkOpens(t *testing.T) {
	g := gateway(t, verifier(t))
	web := func(target string, life time.Duration) string {
		return Sign([]byte(webSecret), target, "ticket", "web", now.Add(life))
	}
	link := web("/plans/garden", time.Minute)
	ticket := link[strings.Index(link, "ticket="):]
	for name, tc := range map[string]struct {
		method, target string
		status         int // 200: it passes
		reason         caddymgw.Reason
	}{
		"its document":            {"GET", link, 200, ""},
		"with a query":            {"GET", web("/plans/garden?lang=en&size=a%2F3", time.Minute), 200, ""},
		"an escaped name":         {"GET", web("/plans/rose%20garden", time.Minute), 200, ""},
		"a role that the key has": {"GET", Sign([]byte(shopSecret), "/plans/garden/print", "ticket", "shop", now.Add(time.Minute)), 200, ""},
		"one that it has not":     {"GET", web("/plans/garden/print", time.Minute), 403, caddymgw.ReasonScope},
		"another document":        {"GET", strings.Replace(link, "garden", "lake", 1), 401, caddymgw.ReasonSignature},
		"another query":           {"GET", strings.Replace(web("/plans/garden?lang=en", time.Minute), "en", "fr", 1), 401, caddymgw.ReasonSignature},
		"more before the ticket":  {"GET", "/plans/garden?a=b&" + ticket, 401, caddymgw.ReasonSignature},
		"more behind it":          {"GET", link + "&a=b", 401, caddymgw.ReasonMalformed},
		"more behind the mac":     {"GET", link + ".x", 401, caddymgw.ReasonMalformed},
		"another spelling":        {"GET", strings.Replace(link, "ticket", "%74icket", 1), 401, caddymgw.ReasonMalformed},
		"once more, by the way":   {"GET", link + "&x" + ticket, 401, caddymgw.ReasonSignature},
		"twice":                   {"GET", link + "&" + ticket, 401, caddymgw.ReasonRepeated},
		"a longer life":           {"GET", strings.Replace(link, "web.1", "web.2", 1), 401, caddymgw.ReasonClaims},
		"a life a little longer":  {"GET", strings.Replace(link, "60.", "61.", 1), 401, caddymgw.ReasonSignature},
		"a name of another":       {"GET", strings.Replace(link, "web", "shop", 1), 401, caddymgw.ReasonSignature},
		"a name of nobody":        {"GET", strings.Replace(link, "web", "who", 1), 401, caddymgw.ReasonUnknownKey},
		"the last second":         {"GET", web("/plans/garden", time.Second), 200, ""},
		"its end":                 {"GET", web("/plans/garden", 0), 401, caddymgw.ReasonExpired},
		"too long a life":         {"GET", web("/plans/garden", 24*time.Hour+time.Second), 401, caddymgw.ReasonClaims},
		"no ticket":               {"GET", "/plans/garden", 401, caddymgw.ReasonMissing},
		"something else":          {"GET", "/plans/garden?ticket=please", 401, caddymgw.ReasonMalformed},
		"another method":          {"DELETE", link, 405, caddymgw.ReasonNoMethod},
	} {
		d := g.Decide(t.Context(), httptest.NewRequest(tc.method, tc.target, nil))
		status, reason := 200, caddymgw.ReasonNone
		if d.Denial != nil {
			status, reason = d.Denial.Status, d.Denial.Reason
		}
		if status != tc.status || reason != tc.reason {
			t.Errorf("%s: %d %q, not %d %q: %s", name, status, reason, tc.status, tc.reason, tc.target)
		}
	}
}

func TestWhoComesByALink(t *testing.T) {
	g := gateway(t, verifier(t))
	expires := now.Add(time.Minute)
	d := g.Decide(t.Context(), httptest.NewRequest("GET", Sign([]byte(shopSecret), "/plans/garden", "ticket", "shop", expires), nil))
	if len(d.Principals) != 1 {
		t.Fatal(d.Denial)
	}
	if p := d.Principals[0]; p.Subject != "shop" || p.Scheme != "link" || p.KeyID != "shop" || !p.Expires.Equal(expires) {
		t.Errorf("%+v", p)
	}
	d = g.Decide(t.Context(), httptest.NewRequest("GET", "/plans/garden/print", nil))
	if c := d.Denial.Challenges; len(c) != 1 || c[0] != `ApiKey realm="Plans", in="query", name="ticket"` {
		t.Errorf("%q", c)
	}
}

// No operation of the document could tell.
func TestALinkIsForOneMethod(t *testing.T) {
	v := verifier(t)
	r := httptest.NewRequest("POST", Sign([]byte(webSecret), "/plans/garden", "ticket", "web", now.Add(time.Minute)), nil)
	c := credential.Credential{Place: credential.Place{In: credential.Query, Name: "ticket"}, Value: credential.Secret(r.URL.Query().Get("ticket"))}
	req := &caddymgw.Requirement{Scheme: &caddymgw.Scheme{Name: "link"}}
	if got := v.Verify(t.Context(), &caddymgw.Request{HTTP: r, Now: now}, req, c); got.Outcome != caddymgw.Refused || got.Reason != caddymgw.ReasonSignature {
		t.Errorf("%+v", got)
	}
}
