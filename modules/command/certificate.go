package command

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// thumbprint returns the x5t#S256 (RFC 8705 section 3.1) of a certificate: of a
// file in PEM, of which it is the first, or of its SHA-256 in hex or itself.
func thumbprint(text string) (string, error) {
	if _, ok := token.ParseThumbprint(text); ok {
		return text, nil
	}
	if sum, err := hex.DecodeString(strings.ReplaceAll(text, ":", "")); err == nil && len(sum) == sha256.Size {
		return base64.RawURLEncoding.EncodeToString(sum), nil
	}
	content, err := os.ReadFile(text)
	if err != nil {
		return "", fmt.Errorf("neither a SHA-256 nor a file: %w", err)
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", fmt.Errorf("%s: %w", plain(text), err)
		}
		sum := sha256.Sum256(block.Bytes)
		return base64.RawURLEncoding.EncodeToString(sum[:]), nil
	}
	return "", errors.New(plain(text) + " holds no certificate in PEM")
}
