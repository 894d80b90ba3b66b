package mtls

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// pin is a SHA-256.
type pin [32]byte

var errPin = errors.New("a SHA-256 is 64 hex digits, with or without colons, or 44 characters of base64")

// parsePin reads hex with or without colons, as openssl prints it, and base64
// of either alphabet, with or without padding. Nothing is both: 64 hex digits
// would be 48 bytes of base64.
func parsePin(s string) (pin, error) {
	digits := s
	if len(s) == 95 && strings.Count(s, ":") == 31 {
		for i := 2; i < len(s); i += 3 {
			if s[i] != ':' {
				return pin{}, errPin
			}
		}
		digits = strings.ReplaceAll(s, ":", "")
	}
	if b, err := hex.DecodeString(digits); err == nil && len(b) == len(pin{}) {
		return pin(b), nil
	}
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSuffix(s, "="))
	if len(text) != 43 || strings.ContainsAny(text, "\r\n") {
		return pin{}, errPin
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return pin{}, errPin
	}
	return pin(b), nil
}
