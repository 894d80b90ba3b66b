package token

import (
	"strings"

	"github.com/maypok86/otter/v2"
)

// DefaultCacheSize is how many verified tokens are remembered by default.
const DefaultCacheSize = 10_000

// Verified is a token whose signature was found good under a key. It says
// nothing of its claims: those are judged anew on every call.
type Verified struct {
	*Token
	// Key is the public key that verified it. Whether that key is still
	// trusted is judged anew as well.
	Key any
	// Derived is what the verifier reads out of the claims, once.
	Derived any
}

// Cache remembers tokens whose signature was verified, by their whole text,
// and nothing else: forged tokens can't fill it. It is bounded and safe for
// concurrent use.
type Cache struct {
	c *otter.Cache[string, *Verified]
}

// NewCache returns a cache for so many tokens; 0 means DefaultCacheSize.
func NewCache(size int) *Cache {
	if size <= 0 {
		size = DefaultCacheSize
	}
	return &Cache{otter.Must(&otter.Options[string, *Verified]{MaximumSize: size})}
}

// Get returns what Put was given for this very text, as a copy.
func (c *Cache) Get(token string) (*Verified, bool) { return c.c.GetIfPresent(token) }

// Put remembers a verified token. The text is copied, also within the token:
// it may be part of a larger one.
func (c *Cache) Put(token string, v *Verified) {
	t := *v.Token
	t.signed = strings.Clone(t.signed)
	c.c.Set(strings.Clone(token), &Verified{&t, v.Key, v.Derived})
}

// Len returns about how many tokens are remembered.
func (c *Cache) Len() int { return c.c.EstimatedSize() }
