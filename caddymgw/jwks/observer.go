package jwks

// Observer is told what happens to the keys of an issuer, for logs and metrics.
// Calls for one Remote come one after another, and hold up its next fetch. No
// argument holds key material; issuers, kids and reasons may come from the
// network, quoted and cut.
type Observer interface {
	// Fetched: a valid set of so many keys came from the network. Warnings say
	// what of it was left out; nil if they are those of the last time.
	Fetched(issuer string, keys int, warnings []string)
	// Failed: a fetch failed. The keys of before stay, until they are too old.
	Failed(issuer string, err error)
	// StoreFailed: the last-known-good keys could not be read, or written.
	StoreFailed(issuer string, err error)
}

// Unobserved is the Observer that does nothing.
type Unobserved struct{}

// Fetched does nothing.
func (Unobserved) Fetched(string, int, []string) {}

// Failed does nothing.
func (Unobserved) Failed(string, error) {}

// StoreFailed does nothing.
func (Unobserved) StoreFailed(string, error) {}
