package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/caddymgw/gateway/caddymgw/token"
)

// foreign is why a key is not for us, though nothing need be wrong with it.
type foreign string

func (f foreign) Error() string { return string(f) }

var (
	errPrivate   = errors.New("IT IS A PRIVATE KEY: whoever can read it can sign in the name of its issuer, and it must be replaced")
	errSymmetric = errors.New("it is a symmetric secret, which nobody must publish")
)

// parseJWK reads a JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037). The
// kid is returned with errors too.
func parseJWK(item any, secrets bool) (k token.Key, err error) {
	members, ok := item.(map[string]any)
	if !ok {
		return k, errors.New("it is not an object")
	}
	if k.ID, err = optional(members, "kid"); err != nil {
		return k, err
	}
	if k.Algorithm, err = optional(members, "alg"); err != nil {
		return k, err
	}
	kty, err := text(members, "kty")
	if err != nil {
		return k, err
	}
	if kty == "oct" {
		if !secrets {
			return k, errSymmetric
		}
	} else {
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
			if _, ok := members[member]; ok {
				return k, errPrivate
			}
		}
	}
	if k.Public, err = material(kty, members); err != nil {
		return k, err
	}
	if err := purpose(members); err != nil {
		return k, err
	}
	return k, fit(k)
}

// purpose reads use and key_ops (RFC 7517 sections 4.2, 4.3).
func purpose(members map[string]any) error {
	use, err := optional(members, "use")
	if err != nil {
		return err
	}
	if use != "" && use != "sig" {
		return foreign(`it is not for signatures: "use" is something else`)
	}
	ops, ok := members["key_ops"]
	if !ok {
		return nil
	}
	list, ok := token.Strings(ops)
	if !ok {
		return errors.New(`"key_ops" is not a list of strings`)
	}
	if !slices.Contains(list, "verify") {
		return foreign(`it is not for signatures: "key_ops" has no "verify"`)
	}
	return nil
}

// fit tells why a key verifies nothing.
func fit(k token.Key) error {
	if len(fits(k)) > 0 {
		return nil
	}
	if k.Algorithm != "" {
		if !slices.Contains(token.Algorithms(), k.Algorithm) {
			return foreign(fmt.Sprintf("its algorithm %s is none for signatures", name(k.Algorithm)))
		}
		if errors.Is(k.Check(k.Algorithm), token.ErrAlgorithm) {
			return fmt.Errorf("its algorithm %s does not fit its kind", k.Algorithm)
		}
	}
	switch key := k.Public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < token.MinRSABits || bits > token.MaxRSABits {
			return fmt.Errorf("its modulus has %d bits: %d to %d are safe and bearable", bits, token.MinRSABits, token.MaxRSABits)
		}
		return errors.New("its modulus or exponent is weak")
	case token.HMACSecret:
		return errors.New("the secret is shorter than the hash of its algorithm")
	default:
		return token.ErrKey
	}
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

func material(kty string, members map[string]any) (crypto.PublicKey, error) {
	switch kty {
	case "RSA":
		return rsaKey(members)
	case "EC":
		return ecKey(members)
	case "OKP":
		crv, err := text(members, "crv")
		if err != nil {
			return nil, err
		}
		if crv != "Ed25519" {
			return nil, foreign(fmt.Sprintf("its curve %s is not supported", name(crv)))
		}
		x, err := octets(members, "x")
		if err != nil {
			return nil, err
		}
		if len(x) != ed25519.PublicKeySize {
			return nil, errors.New(`"x" has the wrong length`)
		}
		return ed25519.PublicKey(x), nil
	case "oct":
		k, err := octets(members, "k")
		if err != nil {
			return nil, err
		}
		return token.HMACSecret(k), nil
	default:
		return nil, foreign(fmt.Sprintf("its kind %s is not supported", name(kty)))
	}
}

func rsaKey(members map[string]any) (crypto.PublicKey, error) {
	n, err := octets(members, "n")
	if err != nil {
		return nil, err
	}
	b, err := octets(members, "e")
	if err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes(b)
	if !e.IsInt64() || e.Int64() > math.MaxInt32 {
		return nil, errors.New("its exponent is too large")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(e.Int64())}, nil
}

func ecKey(members map[string]any) (crypto.PublicKey, error) {
	crv, err := text(members, "crv")
	if err != nil {
		return nil, err
	}
	curve, ok := curves[crv]
	if !ok {
		return nil, foreign(fmt.Sprintf("its curve %s is not supported", name(crv)))
	}
	point := []byte{4} // SEC 1 section 2.3.3: uncompressed
	for _, member := range []string{"x", "y"} {
		b, err := octets(members, member)
		if err != nil {
			return nil, err
		}
		if len(b) != (curve.Params().BitSize+7)/8 { // RFC 7518 section 6.2.1.2
			return nil, fmt.Errorf("%q has the wrong length", member)
		}
		point = append(point, b...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, errors.New("its point is not on the curve")
	}
	return key, nil
}

func text(members map[string]any, member string) (string, error) {
	s, ok := members[member].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("%q is missing or not a string", member)
	}
	return s, nil
}

// optional returns "" where there is no such member.
func optional(members map[string]any, member string) (string, error) {
	v, ok := members[member]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%q is not a string", member)
	}
	return s, nil
}

func octets(members map[string]any, member string) ([]byte, error) {
	s, err := text(members, member)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || base64.RawURLEncoding.EncodedLen(len(b)) != len(s) { // CR and LF are skipped, even if strict
		return nil, fmt.Errorf("%q is not base64url", member)
	}
	return b, nil
}
