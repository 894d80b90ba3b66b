package mgw

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Once refuses options that stand twice in one block.
type Once map[string]bool

// Check notes the option at which d stands.
func (o Once) Check(d *caddyfile.Dispenser) error {
	if o[d.Val()] {
		return d.Errf("%s is given twice", d.Val())
	}
	o[d.Val()] = true
	return nil
}

// OneArg returns the one argument of an option.
func OneArg(d *caddyfile.Dispenser) (string, error) {
	option := d.Val()
	var arg string
	if !d.AllArgs(&arg) || arg == "" {
		return "", d.Errf("%s wants one argument", option)
	}
	return arg, nil
}

// NoArg refuses arguments.
func NoArg(d *caddyfile.Dispenser) error {
	if option := d.Val(); d.NextArg() {
		return d.Errf("%s takes no argument", option)
	}
	return nil
}

// DurationArg returns the one argument of an option as a duration above 0.
func DurationArg(d *caddyfile.Dispenser) (caddy.Duration, error) {
	arg, err := OneArg(d)
	if err != nil {
		return 0, err
	}
	return parseDuration(d, arg)
}

func parseDuration(d *caddyfile.Dispenser, arg string) (caddy.Duration, error) {
	v, err := caddy.ParseDuration(arg)
	if err != nil || v <= 0 {
		return 0, d.Errf("%s is not a duration above 0, like 10m, 1h or 90d", arg)
	}
	return caddy.Duration(v), nil
}

// reference reports whether a secret is named rather than written out.
func reference(s string) bool {
	return strings.HasPrefix(s, "{env.") || strings.HasPrefix(s, "{file.")
}

// Referred returns a secret that the configuration refers to. One that stands in
// it can be read at the admin API.
func Referred(secret string) (string, error) {
	if !reference(secret) {
		return "", errors.New("in the configuration it can be read at the admin API: write {env.NAME} or {file./path}, not {$NAME}, which is replaced when the Caddyfile is read")
	}
	return caddy.NewReplacer().ReplaceOrErr(secret, true, true)
}

// Stamp changes when a file does that one of the secrets refers to ({file.*}). It
// is made of times and sizes: a hash would help to guess a short secret.
func Stamp(secrets ...string) string {
	h := sha256.New()
	found := false
	for _, s := range secrets {
		file, ok := strings.CutPrefix(s, "{file.")
		if !ok {
			continue
		}
		if info, err := os.Stat(strings.TrimSuffix(file, "}")); err == nil {
			found = true
			_, _ = fmt.Fprintln(h, file, info.ModTime().UnixNano(), info.Size())
		}
	}
	if !found {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fingerprint returns the SHA-256 of the files in hex, so that the adapted
// configuration changes when they do; "" where one can't be read.
func Fingerprint(files ...string) string {
	h := sha256.New()
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return ""
		}
		sum := sha256.Sum256(content)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
