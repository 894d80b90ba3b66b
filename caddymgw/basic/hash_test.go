package basic

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	xbcrypt "golang.org/x/crypto/bcrypt"
)

// Parts of hashes that nobody knows the password of.
var (
	bcryptSalt   = strings.Repeat("s", 22)
	bcryptDigest = strings.Repeat("d", 31)
	argonSalt    = base64.RawStdEncoding.EncodeToString([]byte("saltsaltsaltsalt"))
	argonDigest  = base64.RawStdEncoding.EncodeToString([]byte("digestdigestdigestdigestdigest32"))
)

func bcryptHash(cost int) string {
	return fmt.Sprintf("$2b$%02d$%s%s", cost, bcryptSalt, bcryptDigest)
}

func argonHash(memory, passes, lanes uint64) string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, passes, lanes, argonSalt, argonDigest)
}

// hides fails where an error repeats a part of a hash, or what stands for one.
func hides(t *testing.T, err error, hash string) {
	t.Helper()
	for part := range strings.FieldsFuncSeq(hash, func(r rune) bool { return r == '$' || r == ':' }) {
		if len(part) > len("argon2id") {
			require.NotContains(t, err.Error(), part)
		}
	}
}

func TestParseHash(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hash string
		want params
	}{
		"caddy hash-password, bcrypt": {
			"$2a$14$X3ulqf/iGxnf1k6oMZ.RZeJUoqI9PX2PM4rS5lkIKJXduLGXGPrt6",
			params{bcrypt, "$2a$14$", 16, 23, 32 << 14},
		},
		"htpasswd -B": {
			"$2y$10$" + bcryptSalt + bcryptDigest,
			params{bcrypt, "$2y$10$", 16, 23, 32 << 10},
		},
		"bcrypt at most": {bcryptHash(18), params{bcrypt, "$2b$18$", 16, 23, 32 << 18}},
		"caddy hash-password, argon2id": {
			"$argon2id$v=19$m=47104,t=1,p=1$P2nzckEdTZ3bxCiBCkRTyA$xQL3Z32eo5jKl7u5tcIsnEKObYiyNZQQf5/4sAau6Pg",
			params{argon2id, "$argon2id$v=19$m=47104,t=1,p=1$", 16, 32, 47104},
		},
		"argon2id at least":          {argonHash(32768, 1, 1), params{argon2id, "$argon2id$v=19$m=32768,t=1,p=1$", 16, 32, 32768}},
		"argon2id of many passes":    {argonHash(8192, 1024, 4), params{argon2id, "$argon2id$v=19$m=8192,t=1024,p=4$", 16, 32, 8 << 20}},
		"argon2id of most memory":    {argonHash(1<<20, 1, 255), params{argon2id, "$argon2id$v=19$m=1048576,t=1,p=255$", 16, 32, 1 << 20}},
		"argon2id, salt of 8 bytes":  {"$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + argonDigest, params{argon2id, "$argon2id$v=19$m=65536,t=3,p=4$", 8, 32, 196608}},
		"argon2id, digest of 16":     {"$argon2id$v=19$m=65536,t=3,p=4$" + argonSalt + "$" + argonSalt, params{argon2id, "$argon2id$v=19$m=65536,t=3,p=4$", 16, 16, 196608}},
		"argon2id of the fewest KiB": {argonHash(2040, 17, 255), params{argon2id, "$argon2id$v=19$m=2040,t=17,p=255$", 16, 32, 34680}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := parseHash([]byte(tc.hash))
			require.NoError(t, err)
			require.Equal(t, tc.want, p)
		})
	}
}

func TestParseHashRefuses(t *testing.T) {
	t.Parallel()
	argon := func(head, salt, digest string) string { return "$argon2id$" + head + "$" + salt + "$" + digest }
	const head = "v=19$m=65536,t=3,p=4"
	for refusal, hashes := range map[string]map[string]string{
		"the hash is empty": {"empty": ""},
		"neither argon2id nor bcrypt": {
			"plain":                   "hunter2-in-plain",
			"MD5 of htpasswd":         "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
			"SHA1 of htpasswd":        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
			"crypt":                   "rl.3StKT.4T8M",
			"SHA-512 crypt":           "$6$saltsaltsalt$digestdigest",
			"scrypt":                  "$scrypt$ln=15,r=8,p=1$" + argonSalt + "$" + argonDigest,
			"argon2i":                 strings.Replace(argonHash(65536, 3, 4), "argon2id", "argon2i", 1),
			"argon2d":                 strings.Replace(argonHash(65536, 3, 4), "argon2id", "argon2d", 1),
			"ARGON2ID":                strings.Replace(argonHash(65536, 3, 4), "argon2id", "ARGON2ID", 1),
			"bcrypt of 1999":          "$2$14$" + bcryptSalt + bcryptDigest,
			"bcrypt of the broken 2x": "$2x$14$" + bcryptSalt + bcryptDigest,
			"space before":            " " + bcryptHash(14),
			"placeholder":             "{env.ALICE_PASSWORD_HASH}",
		},
		"the bcrypt hash is malformed": {
			"no salt":         "$2b$14$",
			"cut":             bcryptHash(14)[:59],
			"longer":          bcryptHash(14) + "d",
			"line feed":       bcryptHash(14)[:59] + "\n",
			"line feed amid":  "$2b$14$" + bcryptSalt[:21] + "\n" + bcryptDigest,
			"alphabet":        "$2b$14$" + bcryptSalt[:21] + "+" + bcryptDigest,
			"padding":         bcryptHash(14)[:59] + "=",
			"cost is no word": "$2b$1x$" + bcryptSalt + bcryptDigest,
			"cost has a sign": "$2b$+9$" + bcryptSalt + bcryptDigest,
			"cost of 3":       "$2b$014" + bcryptSalt + bcryptDigest,
		},
		"the bcrypt cost 4 is not between 10 and 18":  {"cost 4": bcryptHash(4)},
		"the bcrypt cost 9 is not between 10 and 18":  {"cost 9": bcryptHash(9)},
		"the bcrypt cost 19 is not between 10 and 18": {"cost 19": bcryptHash(19)},
		"the argon2id hash is malformed": {
			"no digest":          argon(head, argonSalt, ""),
			"no salt":            argon(head, "", argonDigest),
			"nothing":            "$argon2id$",
			"no version":         argon("m=65536,t=3,p=4", argonSalt, argonDigest),
			"version of 2014":    argon("v=16$m=65536,t=3,p=4", argonSalt, argonDigest),
			"one more part":      argonHash(65536, 3, 4) + "$",
			"order":              argon("v=19$t=3,m=65536,p=4", argonSalt, argonDigest),
			"more costs":         argon(head+",data=YQ", argonSalt, argonDigest),
			"fewer costs":        argon("v=19$m=65536,t=3", argonSalt, argonDigest),
			"no name":            argon("v=19$65536,t=3,p=4", argonSalt, argonDigest),
			"no number":          argon("v=19$m=64Mi,t=3,p=4", argonSalt, argonDigest),
			"negative":           argon("v=19$m=65536,t=-3,p=4", argonSalt, argonDigest),
			"beyond 32 bits":     argon("v=19$m=4294967296,t=3,p=4", argonSalt, argonDigest),
			"no passes":          argonHash(65536, 0, 4),
			"no lanes":           argonHash(65536, 3, 0),
			"256 lanes":          argonHash(65536, 3, 256),
			"memory below lanes": argonHash(2039, 17, 255),
			"short salt":         argon(head, "c2FsdHNhbA", argonDigest),
			"short digest":       argon(head, argonSalt, "ZGlnZXN0ZGlnZXN0ZGln"),
			"digest of 1 KiB":    argon(head, argonSalt, strings.Repeat("AAAA", 342)),
			"padding":            argon(head, argonSalt+"==", argonDigest),
			"unused bits":        argon(head, argonSalt[:21]+"B", argonDigest),
			"URL alphabet":       argon(head, argonSalt, "-"+argonDigest[1:]),
			"line feed":          argonHash(65536, 3, 4) + "\n",
		},
		"at most 1048576 are granted":                        {"2 GiB": argonHash(2<<20, 1, 4), "memory of 32 bits, passes of 32 bits": argonHash(1<<32-1, 1<<32-1, 1)},
		"m times t is 32767, and must be at least 32768":     {"weak": argonHash(32767, 1, 1)},
		"m times t is 8388612, and may be at most 8388608":   {"costly": argonHash(699051, 12, 1)},
		"m times t is 4503599626321920, and may be at most ": {"passes of 32 bits": argonHash(1<<20, 1<<32-1, 1)},
	} {
		for name, hash := range hashes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, err := parseHash([]byte(hash))
				require.ErrorContains(t, err, refusal)
				require.Zero(t, p)
				hides(t, err, hash)
			})
		}
	}
}

func TestFakeHashesCostAsMuch(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{bcryptHash(10), bcryptHash(18), argonHash(47104, 1, 1), argonHash(65536, 3, 255)} {
		p, err := parseHash([]byte(hash))
		require.NoError(t, err)
		first, second := p.fake(), p.fake()
		require.NotEqual(t, first, second, "nobody can know its password")
		for _, fake := range [][]byte{first, second} {
			got, err := parseHash(fake)
			require.NoError(t, err)
			require.Equal(t, p, got)
			require.Len(t, fake, len(hash))
		}
	}
}

func TestPasswordsThatFit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		password         string
		bcrypt, argon2id bool
	}{
		"empty":          {"", true, true},
		"72 bytes":       {strings.Repeat("x", 72), true, true},
		"73 bytes":       {strings.Repeat("x", 73), false, true},
		"37 runes of 2":  {strings.Repeat("é", 37), false, true},
		"NUL amid":       {"x\x00x", false, true},
		"NUL at the end": {"x\x00", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.bcrypt, bcrypt.fits([]byte(tc.password)))
			require.Equal(t, tc.argon2id, argon2id.fits([]byte(tc.password)))
		})
	}
}

func FuzzParseHash(f *testing.F) {
	for _, hash := range []string{bcryptHash(10), argonHash(47104, 1, 1), "$2b$10$\r\n", "$argon2id$v=19$m=1,t=1,p=1$$"} {
		f.Add([]byte(hash))
	}
	f.Fuzz(func(t *testing.T, hash []byte) {
		p, err := parseHash(hash)
		if err != nil {
			require.Zero(t, p)
			return
		}
		require.GreaterOrEqual(t, p.work, uint64(minWork))
		require.LessOrEqual(t, p.work, uint64(maxWork))
		got, err := parseHash(p.fake())
		require.NoError(t, err)
		require.Equal(t, p, got)
		if p.kind == bcrypt {
			cost, err := xbcrypt.Cost(hash)
			require.NoError(t, err)
			require.Equal(t, uint64(bcryptStep)<<cost, p.work)
		}
	})
}
