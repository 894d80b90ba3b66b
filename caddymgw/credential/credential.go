package credential

// In says in which part of a request a credential is looked for. The values
// are those of the OpenAPI apiKey scheme's "in".
type In string

// The places that OpenAPI knows.
const (
	Header In = "header"
	Query  In = "query"
	Cookie In = "cookie"
)

// Place is where credentials of one kind are found. Two equal places are one.
type Place struct {
	In   In
	Name string // headers: canonical MIME form; query and cookie: exact
}

// Credential is one value that a client presented, and where. Value is never
// empty: an empty credential is a missing one.
type Credential struct {
	Place
	// AuthScheme is the word before the value of an Authorization header, in
	// lower case; empty for every other place and for a bare value.
	AuthScheme string
	Value      Secret
}

// Secret is a string that must not reach a log, an error or a metric. It
// prints as REDACTED in every format.
type Secret string

const redacted = "REDACTED"

// String returns REDACTED.
func (Secret) String() string { return redacted }

// GoString returns REDACTED, for %#v.
func (Secret) GoString() string { return redacted }

// MarshalText returns REDACTED, for JSON and log encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the secret itself. Whoever calls it answers for where it goes.
func (s Secret) Reveal() string { return string(s) }
