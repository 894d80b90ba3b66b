package basic

import (
	"encoding/base64"
	"errors"
	"strings"
)

// ErrMalformed is returned for credentials that are not those of RFC 7617.
var ErrMalformed = errors.New("malformed Basic credentials")

// ParseCredentials reads what follows the word Basic (RFC 7617 section 2):
// padded standard base64 of USER:PASSWORD in UTF-8 without control characters.
// The user ends at the first colon. Nothing is trimmed or folded, so each pair
// has one spelling. It returns ErrMalformed and no more: the value is a secret.
func ParseCredentials(b64 string) (user, password string, err error) {
	if strings.ContainsAny(b64, "\r\n") { // which the decoder would skip
		return "", "", ErrMalformed
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil {
		return "", "", ErrMalformed
	}
	user, password, found := strings.Cut(string(b), ":")
	if !found || !presentable(user) || !presentable(password) {
		return "", "", ErrMalformed
	}
	return user, password, nil
}
