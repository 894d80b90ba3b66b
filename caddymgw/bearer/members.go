package bearer

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// maxDepth bounds the nesting of an answer, as that of claims.
const maxDepth = 16

var errMembers = errors.New("not a JSON object that all would read alike")

// parseMembers reads a JSON object as strictly as the claims of a token: names
// exact and each once, valid UTF-8, nothing behind it. Numbers stay as written.
func parseMembers(b []byte) (map[string]any, error) {
	var members map[string]any
	if err := json.Unmarshal(b, &members, json.WithUnmarshalers(json.UnmarshalFromFunc(readAny))); err != nil || members == nil {
		return nil, errMembers
	}
	return members, nil
}

func readAny(dec *jsontext.Decoder, to *any) error {
	switch dec.PeekKind() {
	case '{', '[':
		if dec.StackDepth() >= maxDepth {
			return errMembers
		}
	case '0':
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if f, err := strconv.ParseFloat(string(raw), 64); err != nil || f == 0 && raw[0] == '-' {
			return errMembers
		}
		*to = token.Number(raw)
		return nil
	}
	return errors.ErrUnsupported
}

// claimsOf reads the members of an answer that have the names of registered
// claims (RFC 7662 section 2.2). It returns false for one of the wrong form.
func claimsOf(all map[string]any) (c token.Claims, ok bool) {
	c.All = all
	for name, to := range map[string]*string{"iss": &c.Issuer, "sub": &c.Subject, "jti": &c.ID} {
		if v, there := all[name]; there {
			if *to, ok = v.(string); !ok {
				return c, false
			}
		}
	}
	for name, to := range map[string]*time.Time{"exp": &c.Expires, "nbf": &c.NotBefore, "iat": &c.IssuedAt} {
		if v, there := all[name]; there {
			if *to, ok = numericDate(v); !ok {
				return c, false
			}
		}
	}
	aud, there := all["aud"]
	if s, single := aud.(string); single {
		c.Audience = []string{s}
	} else if there {
		if c.Audience, ok = token.Strings(aud); !ok {
			return c, false
		}
	}
	return c, true
}

// numericDate reads whole seconds, up to the year 9999.
func numericDate(v any) (time.Time, bool) {
	n, ok := v.(token.Number)
	if !ok || strings.HasPrefix(string(n), "-") {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(string(n), 10, 64)
	return time.Unix(seconds, 0), err == nil && seconds <= 253402300799
}
