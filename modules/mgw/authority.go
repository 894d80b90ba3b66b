package mgw

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/keyring"
)

// APIKeys configures the authority that signs and verifies the API keys of
// this gateway.
type APIKeys struct {
	// The claim iss of every key. Default: caddymgw
	Issuer string `json:"issuer,omitempty"`

	// The claim aud of every key, asked of every key. Default: none.
	Audience string `json:"audience,omitempty"`

	// The signature algorithm: ES256, ES384, EdDSA, RS256 or PS256. Default:
	// that of the signing key, else ES256.
	Algorithm string `json:"algorithm,omitempty"`

	// The longest life of a key; -1 means that keys need not expire, which is
	// warned of. Default: 90d
	Validity caddy.Duration `json:"validity,omitempty"`

	// The private key in PEM, by reference: {file./path} or {env.NAME}.
	// Default: one that is made at the first start and kept in Caddy's storage.
	SigningKey string `json:"signing_key,omitempty"`

	// Refuse keys that list no API. Default: such a key is good for every API.
	RequireListedAPIs bool `json:"require_listed_apis,omitempty"`

	// How long a replaced key works beside its successor. Default: 24h
	Overlap caddy.Duration `json:"overlap,omitempty"`

	// How often a new signing key takes over. Default: never.
	Rotation caddy.Duration `json:"rotation,omitempty"`

	// Where issued and revoked keys are recorded. A module in the namespace
	// mgw.ledgers, named by its member "ledger". Default: bolt
	LedgerRaw json.RawMessage `json:"ledger,omitempty" caddy:"namespace=mgw.ledgers inline_key=ledger"`

	// Refuse the keys of this gateway with 503 once the ledger was out of reach
	// for so long. Default: the revocations that are known go on to count.
	MaxStaleness caddy.Duration `json:"max_staleness,omitempty"`

	// Others whose API keys are accepted, such as WSO2 API Manager. Default: nobody.
	Trust []TrustedIssuer `json:"trust,omitempty"`

	ring *keyring.Ring // of SigningKey
}

// TrustedIssuer signs API keys that are accepted here: JWTs that bear keytype, and
// allowedAPIs or subscribedAPIs.
type TrustedIssuer struct {
	// The claim iss of its keys, to the letter. Required.
	Issuer string `json:"issuer"`

	// Where its public keys are. Default: discovery below the issuer, unless
	// there is a key file.
	JWKSURL string `json:"jwks_url,omitempty"`

	// A file with its public keys instead: PEM key or certificate, JWK, JWK Set.
	KeyFile string `json:"key_file,omitempty"`

	// SHA-256 of KeyFile, so that a reload sees a changed one. Written by the
	// Caddyfile adapter.
	KeyFingerprint string `json:"key_fingerprint,omitempty"`
}

// Never is the Validity of keys that need not expire.
const Never = caddy.Duration(-1)

const (
	defaultIssuer   = "caddymgw"
	defaultValidity = 90 * 24 * time.Hour
	defaultOverlap  = 24 * time.Hour
	minRotation     = time.Hour
	minStaleness    = 10 * time.Second
)

func (a *App) provisionAuthority() error {
	k := a.APIKeys
	validity := a.Validity()
	switch {
	case validity == 0:
		a.logger.Warn("API keys that never expire may be issued (validity never)")
	case validity < time.Second:
		return fmt.Errorf("api_keys: validity %v: must be a second at least, or never", validity)
	}
	if err := k.checkLives(); err != nil {
		return fmt.Errorf("api_keys: %w", err)
	}
	if err := k.provisionKey(); err != nil {
		return fmt.Errorf("api_keys: %w", err)
	}
	trusts, err := a.trusts()
	if err != nil {
		return fmt.Errorf("api_keys: %w", err)
	}
	a.authority, err = apikey.New(apikey.Config{
		Issuer:            a.Issuer(),
		Audience:          k.Audience,
		Validity:          validity,
		Leeway:            a.Allowance(),
		RequireListedAPIs: k.RequireListedAPIs,
		Trusts:            trusts,
		Overlap:           cmp.Or(time.Duration(k.Overlap), defaultOverlap),
		Now:               time.Now,
		Rand:              rand.Reader,
	})
	if err != nil {
		return fmt.Errorf("api_keys: %w", err)
	}
	return nil
}

func (k *APIKeys) checkLives() error {
	switch rotation := time.Duration(k.Rotation); {
	case k.Overlap < 0:
		return fmt.Errorf("overlap %v is negative", time.Duration(k.Overlap))
	case k.MaxStaleness != 0 && time.Duration(k.MaxStaleness) < minStaleness:
		return fmt.Errorf("max_staleness %v: must be %v at least: a ledger is heard of every second at best", time.Duration(k.MaxStaleness), minStaleness)
	case rotation == 0:
		return nil
	case rotation < minRotation:
		return fmt.Errorf("rotation %v: must be %v at least: a new key is published for a while before it signs", rotation, minRotation)
	case k.Validity == Never:
		return errors.New("rotation: no signing key could ever retire where keys never expire (validity never): take one of the two away")
	case k.SigningKey != "":
		return errors.New("rotation: a signing_key of your own is not replaced by the gateway: take one of the two away")
	}
	return nil
}

func (a *App) trusts() (trusts []apikey.Trust, err error) {
	for _, t := range a.APIKeys.Trust {
		keys, remote, err := keysOf(t.Issuer, t.JWKSURL, t.KeyFile, 0)
		if err != nil {
			return nil, fmt.Errorf("trust %s: %w", t.Issuer, err)
		}
		if remote != nil {
			a.trustedKeys = append(a.trustedKeys, remote)
		}
		trusts = append(trusts, apikey.Trust{Issuer: t.Issuer, Keys: keys})
	}
	return trusts, nil
}

// Issuer returns the claim iss of what this gateway signs.
func (a *App) Issuer() string { return cmp.Or(a.APIKeys.Issuer, defaultIssuer) }

// Validity returns the longest life that a key may have; 0 if it needs no end.
func (a *App) Validity() time.Duration {
	switch a.APIKeys.Validity {
	case Never:
		return 0
	case 0:
		return defaultValidity
	}
	return time.Duration(a.APIKeys.Validity)
}

func (k *APIKeys) provisionKey() error {
	if k.SigningKey == "" {
		if k.Algorithm == "" {
			k.Algorithm = keyring.DefaultAlgorithm
		}
		if !keyring.Supported(k.Algorithm) {
			return fmt.Errorf("algorithm %s is not known: use ES256, ES384, EdDSA, RS256 or PS256", k.Algorithm)
		}
		return nil
	}
	if strings.Contains(k.SigningKey, "-----BEGIN") {
		return errors.New("signing_key: a private key in the configuration can be read at the admin API: put it into a file and write {file./path}")
	}
	if err := private(k.SigningKey); err != nil {
		return fmt.Errorf("signing_key: %w", err)
	}
	pem, err := caddy.NewReplacer().ReplaceOrErr(k.SigningKey, true, true)
	if err != nil {
		return fmt.Errorf("signing_key: %w", err)
	}
	k.ring, err = keyring.FromPEM([]byte(pem), k.Algorithm)
	if err != nil {
		return fmt.Errorf("signing_key: %w", err)
	}
	return nil
}

// private refuses a reference to a key file that everybody can read.
func private(reference string) error {
	file, ok := strings.CutPrefix(reference, "{file.")
	if !ok {
		return nil
	}
	return privateFile(strings.TrimSuffix(file, "}"))
}

func privateFile(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o004 != 0 {
		return fmt.Errorf("%s can be read by everybody: chmod o= it", file)
	}
	return nil
}
