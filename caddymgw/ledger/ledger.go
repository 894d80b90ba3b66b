package ledger

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrNotFound means that no key of that id is recorded.
var ErrNotFound = errors.New("no such key")

// API is an API that a key may be used for. Version "*" is every version.
type API struct{ Name, Version string }

// Record is what is known of one key.
type Record struct {
	ID         string // jti
	Subject    string // whose key it is
	Name       string // what the owner calls it; may be ""
	APIs       []API
	Scopes     []string
	Operations []string // operationIds
	Addresses  []string // CIDRs
	Referers   []string
	Issued     time.Time
	Expires    time.Time // zero: never
}

// Query asks for records in the order of their ids.
type Query struct {
	After string // resume behind this id; "": from the start
	Limit int    // at most so many; 0: all
}

// Ledger keeps records. It is safe for concurrent use. What Put has
// acknowledged is there until it has expired.
type Ledger interface {
	Put(context.Context, Record) error
	Get(ctx context.Context, id string) (Record, error) // ErrNotFound
	List(context.Context, Query) iter.Seq2[Record, error]
	Close() error
}
