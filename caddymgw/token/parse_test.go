package token

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	goodHeader  = `{"alg":"ES256","kid":"k"}`
	goodPayload = `{"sub":"alice"}`
)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// compact joins the parts, with a signature that Parse does not judge.
func compact(header, payload string) string {
	return encode(header) + "." + encode(payload) + "." + encode("unchecked")
}

func TestParseReadsTheRegisteredClaims(t *testing.T) {
	t.Parallel()
	got, err := Parse(compact(`{"alg":"ES256","kid":"k1","typ":"at+jwt","jwk":{"kty":"oct"},"x5u":"https://evil.test"}`,
		`{"iss":"i","sub":"s","jti":"j","aud":["a","b"],"exp":20,"nbf":10,"iat":0,"n":[{"big":12345678901234567890.50}],"b":true,"z":null}`))
	require.NoError(t, err)
	require.Equal(t, Header{Algorithm: "ES256", KeyID: "k1", Type: "at+jwt"}, got.Header)
	all := got.Claims.All
	require.Equal(t, Claims{
		Issuer: "i", Subject: "s", ID: "j", Audience: []string{"a", "b"},
		Expires: time.Unix(20, 0), NotBefore: time.Unix(10, 0), IssuedAt: time.Unix(0, 0), All: all,
	}, got.Claims)
	require.Equal(t, Number("20"), all["exp"])
	require.Equal(t, []any{map[string]any{"big": Number("12345678901234567890.50")}}, all["n"])
	require.Equal(t, true, all["b"])
	require.Contains(t, all, "z")
}

func TestParseAcceptsWhatOnlyLooksOdd(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"no claim":               `{}`,
		"one audience":           `{"aud":"a"}`,
		"no audience":            `{"aud":[]}`,
		"white space":            "\t{ \"sub\" :\n\"s\" } ",
		"a name with an escape":  `{"\u0073ub":"s"}`,
		"brackets in a string":   `{"x":"` + strings.Repeat("[{", 50) + `"}`,
		"nested as deep as goes": `{"x":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`,
		"the last date":          `{"exp":253402300799}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(compact(goodHeader, payload))
			require.NoError(t, err)
		})
	}
}

func TestParseRefusesTheForm(t *testing.T) {
	t.Parallel()
	h, p, s := encode(goodHeader), encode(goodPayload), encode("unchecked")
	good := h + "." + p + "." + s
	_, err := Parse(good)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"nothing":                      "",
		"no dot":                       h,
		"one dot":                      h + "." + p,
		"three dots":                   good + "." + s,
		"an empty fourth part":         good + ".",
		"the five parts of a JWE":      good + "." + s + "." + s,
		"100,000 dots":                 strings.Repeat(".", 100_000),
		"dots up to the longest":       strings.Repeat(".", MaxLength),
		"no header":                    "." + p + "." + s,
		"no payload":                   h + ".." + s,
		"no signature":                 h + "." + p + ".",
		"padding":                      good + "=",
		"padding of the header":        h + "=." + p + "." + s,
		"CR LF at the end":             good + "\r\n",
		"LF in the signature":          h + "." + p + "." + s[:3] + "\n" + s[3:],
		"CR in the payload":            h + "." + p[:3] + "\r" + p[3:] + "." + s,
		"LF in front":                  "\n" + good,
		"a space":                      good + " ",
		"the alphabet of plain base64": h + "." + p + ".+/+/",
		"one character over":           h + "." + p + ".A",
		"a JSON serialization":         `{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`,
		"longer than the longest":      h + "." + p + "." + strings.Repeat("AAAA", MaxLength/4),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(text)
			require.ErrorIs(t, err, ErrMalformed)
		})
	}
}

func TestPeekRefusesAnotherNumberOfParts(t *testing.T) {
	t.Parallel()
	good := compact(goodHeader, goodPayload)
	for _, text := range []string{"", good[:strings.LastIndexByte(good, '.')], good + ".A", good + ".A.A", strings.Repeat(".", MaxLength+1)} {
		_, err := Peek(text)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

func TestParseRefusesDotsWithoutAllocating(t *testing.T) {
	for _, n := range []int{2, MaxLength, 100_000} {
		text := strings.Repeat(".", n)
		require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = Parse(text) }))
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// spellings returns the texts that a lenient decoder reads as the same bytes:
// they differ in unused bits of the last character.
func spellings(t testing.TB, part string) []string {
	t.Helper()
	unused := map[int]int{2: 16, 3: 4}[len(part)%4]
	require.NotZero(t, unused, "no bit is unused: choose another length")
	var others []string
	last := strings.IndexByte(alphabet, part[len(part)-1])
	for i := 1; i < unused; i++ {
		others = append(others, part[:len(part)-1]+alphabet[last+i:last+i+1])
	}
	return others
}

func TestParseTakesOneSpellingOnly(t *testing.T) {
	t.Parallel()
	h, p, s := encode(goodHeader), encode(`{"sub":"bob"}`), encode("signatures")
	_, err := Parse(h + "." + p + "." + s)
	require.NoError(t, err)
	for name, forms := range map[string]func(string) string{
		"header":    func(h string) string { return h + "." + p + "." + s },
		"payload":   func(p string) string { return h + "." + p + "." + s },
		"signature": func(s string) string { return h + "." + p + "." + s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part := map[string]string{"header": h, "payload": p, "signature": s}[name]
			for _, other := range spellings(t, part) {
				lenient, err := base64.RawURLEncoding.DecodeString(other)
				require.NoError(t, err)
				require.Equal(t, part, base64.RawURLEncoding.EncodeToString(lenient))
				_, err = Parse(forms(other))
				require.ErrorIs(t, err, ErrMalformed)
			}
		})
	}
}

func TestParseRefusesTheHeader(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header string
		err    error
	}{
		"no JSON":                {`alg`, ErrMalformed},
		"an array":               {`["alg","ES256"]`, ErrMalformed},
		"a string":               {`"ES256"`, ErrMalformed},
		"null":                   {`null`, ErrMalformed},
		"an empty object":        {`{}`, ErrMalformed},
		"alg missing":            {`{"kid":"k"}`, ErrMalformed},
		"alg in capitals":        {`{"ALG":"ES256"}`, ErrMalformed},
		"alg a number":           {`{"alg":256}`, ErrMalformed},
		"alg an array":           {`{"alg":["ES256"]}`, ErrMalformed},
		"alg null":               {`{"alg":null}`, ErrMalformed},
		"alg empty":              {`{"alg":""}`, ErrMalformed},
		"alg twice":              {`{"alg":"none","alg":"ES256"}`, ErrMalformed},
		"alg twice, one escaped": {`{"alg":"none","\u0061lg":"ES256"}`, ErrMalformed},
		"kid twice":              {`{"alg":"ES256","kid":"a","kid":"a"}`, ErrMalformed},
		"kid a number":           {`{"alg":"ES256","kid":1}`, ErrMalformed},
		"kid empty":              {`{"alg":"ES256","kid":""}`, ErrMalformed},
		"typ a list":             {`{"alg":"ES256","typ":["JWT"]}`, ErrMalformed},
		"something behind":       {`{"alg":"ES256"}{}`, ErrMalformed},
		"cut":                    {`{"alg":"ES256"`, ErrMalformed},
		"a trailing comma":       {`{"alg":"ES256",}`, ErrMalformed},
		"a comment":              {`{"alg":"ES256"/**/}`, ErrMalformed},
		"a byte order mark":      {"\ufeff" + `{"alg":"ES256"}`, ErrMalformed},
		"invalid UTF-8":          {"{\"alg\":\"ES256\",\"kid\":\"\xc0\xaf\"}", ErrMalformed},
		"half a surrogate pair":  {`{"alg":"ES256","kid":"\ud800"}`, ErrMalformed},
		"nested":                 {`{"alg":"ES256","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, ErrMalformed},
		"crit":                   {`{"alg":"ES256","crit":["exp"],"exp":1}`, ErrCritical},
		"crit empty":             {`{"alg":"ES256","crit":[]}`, ErrCritical},
		"crit null":              {`{"alg":"ES256","crit":null}`, ErrCritical},
		"b64":                    {`{"alg":"ES256","b64":false,"crit":["b64"]}`, ErrCritical},
		"b64 true":               {`{"alg":"ES256","b64":true}`, ErrCritical},
		"zip":                    {`{"alg":"ES256","zip":"DEF"}`, ErrCritical},
		"enc":                    {`{"alg":"dir","enc":"A128GCM"}`, ErrCritical},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := compact(tc.header, goodPayload)
			_, err := Parse(text)
			require.ErrorIs(t, err, tc.err)
			_, err = Peek(text)
			require.ErrorIs(t, err, tc.err, "Peek")
		})
	}
}

func TestParseRefusesThePayload(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, tc := range map[string]struct {
		payload string
		err     error
	}{
		"no JSON":                          {`foo`, ErrMalformed},
		"an array":                         {`[{"sub":"alice"}]`, ErrMalformed},
		"a string":                         {`"alice"`, ErrMalformed},
		"null":                             {`null`, ErrMalformed},
		"something behind":                 {`{"sub":"alice"}{}`, ErrMalformed},
		"sub twice":                        {`{"sub":"alice","sub":"admin"}`, ErrMalformed},
		"exp twice":                        {`{"exp":1,"exp":9999999999}`, ErrMalformed},
		"aud twice":                        {`{"aud":"evil","aud":"gw"}`, ErrMalformed},
		"scope twice, equal":               {`{"scope":"a","scope":"a"}`, ErrMalformed},
		"a name twice, deep down":          {`{"x":[{"a":1,"a":2}]}`, ErrMalformed},
		"invalid UTF-8":                    {"{\"sub\":\"\xff\"}", ErrMalformed},
		"invalid UTF-8 in a name":          {"{\"s\xffub\":1}", ErrMalformed},
		"a raw control character":          {"{\"sub\":\"a\x00\"}", ErrMalformed},
		"nested 100,000 deep":              {`{"x":` + deep(100_000) + `}`, ErrMalformed},
		"nested as deep as it may be long": {`{"x":` + deep(5000) + `}`, ErrMalformed},
		"nested one too deep":              {`{"x":` + deep(maxDepth) + `}`, ErrMalformed},
		"objects one too deep":             {strings.Repeat(`{"x":`, maxDepth) + `{}` + strings.Repeat(`}`, maxDepth), ErrMalformed},
		"nested behind brackets in a text": {`{"a":"` + strings.Repeat("]", 3000) + `","x":` + deep(3000) + `}`, ErrMalformed},
		"100,000 members":                  {`{"x":1` + strings.Repeat(`,"x":1`, 100_000) + `}`, ErrMalformed},
		"a string of 1 MiB":                {`{"x":"` + strings.Repeat("x", 1<<20) + `"}`, ErrMalformed},
		"a number out of range":            {`{"x":1e400}`, ErrMalformed},
		"a number out of range, deep down": {`{"x":[{"y":-1E999999}]}`, ErrMalformed},
		"a negative zero":                  {`{"x":-0}`, ErrMalformed},
		"a number with a leading zero":     {`{"exp":01}`, ErrMalformed},
		"NaN":                              {`{"exp":NaN}`, ErrMalformed},
		"exp a string":                     {`{"exp":"9999999999"}`, ErrClaims},
		"exp 1e18":                         {`{"exp":1e18}`, ErrClaims},
		"exp 1e18 in digits":               {`{"exp":1000000000000000000}`, ErrClaims},
		"exp beyond int64":                 {`{"exp":18446744073709551617}`, ErrClaims},
		"exp one second beyond year 9999":  {`{"exp":253402300800}`, ErrClaims},
		"exp a fraction":                   {`{"exp":1.5}`, ErrClaims},
		"exp a whole fraction":             {`{"exp":2000000000.0}`, ErrClaims},
		"exp with an exponent":             {`{"exp":2E9}`, ErrClaims},
		"exp negative":                     {`{"exp":-1}`, ErrClaims},
		"exp null":                         {`{"exp":null}`, ErrClaims},
		"exp true":                         {`{"exp":true}`, ErrClaims},
		"nbf a string":                     {`{"nbf":"0"}`, ErrClaims},
		"iat a fraction":                   {`{"iat":1.5}`, ErrClaims},
		"aud a number":                     {`{"aud":1}`, ErrClaims},
		"aud a list with a number":         {`{"aud":["gw",1]}`, ErrClaims},
		"aud a list in a list":             {`{"aud":[["gw"]]}`, ErrClaims},
		"aud null":                         {`{"aud":null}`, ErrClaims},
		"aud an object":                    {`{"aud":{"gw":true}}`, ErrClaims},
		"sub a number":                     {`{"sub":1}`, ErrClaims},
		"sub null":                         {`{"sub":null}`, ErrClaims},
		"iss a list":                       {`{"iss":["i"]}`, ErrClaims},
		"jti an object":                    {`{"jti":{}}`, ErrClaims},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(compact(goodHeader, tc.payload))
			require.ErrorIs(t, err, tc.err)
		})
	}
}

func TestCaseVariantsAreOtherClaims(t *testing.T) {
	t.Parallel()
	got, err := Parse(compact(`{"alg":"ES256","ALG":"none","Kid":"other","CRIT":["x"]}`,
		`{"exp":1,"EXP":9999999999,"sub":"alice","SUB":"admin","ſub":"root","Aud":"gw","ISS":"i"}`))
	require.NoError(t, err)
	require.Equal(t, Header{Algorithm: "ES256"}, got.Header)
	require.Equal(t, "alice", got.Claims.Subject)
	require.Equal(t, time.Unix(1, 0), got.Claims.Expires)
	require.Empty(t, got.Claims.Issuer)
	require.Empty(t, got.Claims.Audience)
	require.Len(t, got.Claims.All, 7)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		compact(goodHeader, goodPayload),
		compact(`{"alg":"RS256","typ":"JWT"}`, `{"iss":"i","aud":["a"],"exp":2000000000,"x":[{"y":1.5}]}`),
		compact(`{"alg":"none","crit":[]}`, `{"exp":-0}`),
		compact(goodHeader, `{"sub":"\ud800"}`) + "\n",
		"..", "a.b.c", "e30.e30.AB",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		header, peekErr := Peek(text)
		if err != nil {
			return
		}
		require.NoError(t, peekErr)
		require.Equal(t, header, got.Header)
		parts := strings.Split(text, ".")
		require.Len(t, parts, 3)
		for i, part := range parts {
			b, err := base64.RawURLEncoding.DecodeString(part)
			require.NoError(t, err)
			parts[i] = base64.RawURLEncoding.EncodeToString(b)
		}
		require.Equal(t, text, strings.Join(parts, "."), "a second spelling was accepted")
		require.NotEmpty(t, got.Algorithm)
		require.Equal(t, got.signed+"."+encode(string(got.signature)), text)
	})
}

func BenchmarkParse(b *testing.B) {
	text := compact(`{"alg":"ES256","kid":"apikey-abcdefghijklmnopqrstuvwxyz","typ":"apikey+jwt"}`,
		`{"iss":"https://gw.test","sub":"alice","aud":"gw","iat":1900000000,"exp":2000000000,"jti":"AAAAAAAAAAAAAAAAAAAAAA",`+
			`"keytype":"PRODUCTION","allowedAPIs":[{"name":"Petstore","version":"*"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
