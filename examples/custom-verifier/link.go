package customverifier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Sign returns the target, a path with or without a query, as a link that works
// for GET until it expires. The ticket is its last parameter:
//
//	/plans/garden?lang=en&ticket=press.1893456000.<HMAC-SHA256 in base64url>
//
// The HMAC is over the method and all of the link before it, so that a link is
// good for nothing else. Key names the secret.
func Sign(secret []byte, target, parameter, key string, expires time.Time) string {
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	target += separator + parameter + "=" + key + "." + strconv.FormatInt(expires.Unix(), 10)
	return target + "." + mac(secret, http.MethodGet, target)
}

func mac(secret []byte, method, target string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(method + " " + target))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// ticket is what stands in the parameter. Nothing in it is to be believed before
// its mac is checked.
type ticket struct {
	key, mac string
	expires  time.Time
}

func parse(value string) (t ticket, ok bool) {
	parts := strings.Split(value, ".")
	if len(parts) != 3 || len(parts[2]) != base64.RawURLEncoding.EncodedLen(sha256.Size) {
		return t, false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	return ticket{key: parts[0], mac: parts[2], expires: time.Unix(seconds, 0)}, err == nil
}

// unsigned returns the part of a request's target that the mac covers. The ticket
// must be the last parameter, and spelt as it was signed: what would stand behind
// it, or be another spelling, nobody has signed.
func (t ticket) unsigned(r *http.Request, parameter, value string) (target string, ok bool) {
	before, ok := strings.CutSuffix(r.URL.RawQuery, parameter+"="+value)
	return r.URL.EscapedPath() + "?" + before + parameter + "=" + strings.TrimSuffix(value, "."+t.mac), ok
}
