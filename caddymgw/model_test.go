package caddymgw_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

// TestDecideAgreesWithTheRules compares Decide with a second reading of
// "Deciding", written as the sentences stand, over random security objects and
// requests.
func TestDecideAgreesWithTheRules(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	terms := []string{"key", "qkey", "basic", "bearer", "oauth:a", "oauth:b", "mtls", "nobody", "key:r"}
	values := []string{"", "", "good", "good:a", "good:a,b,r", "bad", "down", "limited", "alien"}
	passed := 0
	for range 20_000 {
		var alternatives []string
		for range 1 + rnd.IntN(3) {
			var alt []string
			for range 1 + rnd.IntN(2) {
				alt = append(alt, terms[rnd.IntN(len(terms))])
			}
			alternatives = append(alternatives, strings.Join(alt, " + "))
		}
		if rnd.IntN(4) == 0 {
			alternatives = append(alternatives, "{}")
		}
		security := strings.Join(alternatives, " | ")
		sent := map[string]string{}
		var lines []string
		for place, line := range map[string]string{"header": "X-Api-Key: ", "query": "?apikey=", "cert": "Test-Certificate: ", "auth": ""} {
			v := values[rnd.IntN(len(values))]
			if v == "" {
				continue
			}
			if place == "auth" {
				word := []string{"Basic", "Bearer"}[rnd.IntN(2)]
				place, line = strings.ToLower(word), "Authorization: "+word+" "
			}
			sent[place] = v
			lines = append(lines, line+v)
		}
		d := newFixture(security).gateway.Decide(t.Context(), get(lines...))
		requireExplained(t, newFixture(security).gateway.Explain(t.Context(), get(lines...)), d)
		want := model(alternatives, sent)
		got, refused := 0, false
		if d.Denial != nil {
			got = d.Denial.Status
			refused = d.Denial.Fault == fault.InvalidCredentials
		} else {
			passed++
		}
		require.Equal(t, want, got, "%s with %q", security, lines)
		if onlyCertificate := len(sent) == 1 && sent["cert"] != ""; onlyCertificate && got == 401 {
			require.Equal(t, certificateRefused(alternatives, sent["cert"]), refused, "%s with %q", security, lines)
		}
	}
	require.Greater(t, passed, 1000, "the generator must reach both answers")
}

// certificateRefused: a certificate that is not accepted is told from none
// where an open alternative asks for one.
func certificateRefused(alternatives []string, certificate string) bool {
	return (certificate == "bad" || certificate == "alien") && slices.ContainsFunc(alternatives, func(alt string) bool {
		return strings.Contains(alt, "mtls")
	})
}

// model returns the status, 0 for a pass. Places: header, query, basic, bearer, cert.
func model(alternatives []string, sent map[string]string) int {
	place := map[string]string{"key": "header", "qkey": "query", "basic": "basic", "bearer": "bearer", "oauth": "bearer", "nobody": "bearer", "mtls": "cert"}
	split := func(alt string) (terms [][2]string) {
		for term := range strings.SplitSeq(alt, " + ") {
			if term != "{}" {
				name, scope, _ := strings.Cut(term, ":")
				terms = append(terms, [2]string{name, scope})
			}
		}
		return terms
	}
	conflict := func(alt string) bool { // two values at one place
		terms := split(alt)
		return slices.ContainsFunc(terms, func(a [2]string) bool {
			return a[0] == "basic" && slices.ContainsFunc(terms, func(b [2]string) bool { return place[b[0]] == "bearer" })
		})
	}
	// Rule 1.
	var header, query, together bool
	for _, alt := range alternatives {
		h, q := strings.Contains(alt, "key") && slices.ContainsFunc(split(alt), func(t [2]string) bool { return t[0] == "key" }), strings.Contains(alt, "qkey")
		header, query, together = header || h, query || q, together || h && q
	}
	if header && query && !together && sent["header"] != "" && sent["query"] != "" && sent["header"] != sent["query"] {
		return 401
	}
	for _, alt := range alternatives {
		for _, key := range split(alt) {
			for _, token := range split(alt) {
				v := sent[place[key[0]]]
				if strings.HasSuffix(key[0], "key") && place[token[0]] == "bearer" && v != "" && v == sent["bearer"] {
					return 401
				}
			}
		}
	}
	// Rule 3: each presented credential of an accepted kind, in document order.
	for _, p := range presentedOrder(alternatives, place, split) {
		v := sent[p]
		if v == "" {
			continue
		}
		open := false
		for _, alt := range alternatives {
			for _, term := range split(alt) {
				open = open || place[term[0]] == p && term[0] != "nobody" && !conflict(alt)
			}
		}
		switch {
		case !open, v == "bad", v == "alien":
			return 401
		case v == "down":
			return fault.Unclassified.Status()
		}
	}
	// Rules 4 and 5.
	forbidden, unavailable := false, false
	for _, alt := range alternatives {
		whole, right, up := !conflict(alt), true, true
		for _, term := range split(alt) {
			v := sent[place[term[0]]]
			switch {
			case term[0] == "nobody":
				whole = false
			case v == "down" && !conflict(alt):
				up = false
			case v == "" || v == "bad" || v == "alien":
				whole = false
			case v == "limited":
				right = false
			case term[1] != "":
				_, have, _ := strings.Cut(v, ":")
				right = right && slices.Contains(strings.Split(have, ","), term[1])
			}
		}
		switch {
		case !up:
			unavailable = true
		case whole && right:
			return 0
		case whole:
			forbidden = true
		}
	}
	switch {
	case unavailable:
		return 503
	case forbidden:
		return 403
	}
	return 401
}

// presentedOrder lists the places other than the certificate, as they are named.
func presentedOrder(alternatives []string, place map[string]string, split func(string) [][2]string) (order []string) {
	for _, alt := range alternatives {
		for _, term := range split(alt) {
			p := place[term[0]]
			if p == "basic" || p == "bearer" { // one place: only one of them is sent
				for _, q := range []string{"basic", "bearer"} {
					if accepts(alternatives, q, place, split) && !slices.Contains(order, q) {
						order = append(order, q)
					}
				}
				continue
			}
			if p != "cert" && !slices.Contains(order, p) {
				order = append(order, p)
			}
		}
	}
	return order
}

func accepts(alternatives []string, p string, place map[string]string, split func(string) [][2]string) bool {
	return slices.ContainsFunc(alternatives, func(alt string) bool {
		return slices.ContainsFunc(split(alt), func(t [2]string) bool { return place[t[0]] == p })
	})
}
