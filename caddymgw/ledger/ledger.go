package ledger

import (
	"context"
	"errors"
	"iter"
	"time"
)

var (
	// ErrNotFound means that no key of that id is recorded.
	ErrNotFound = errors.New("no such key")
	// ErrReplaced means that a key has a successor already, or is revoked.
	ErrReplaced = errors.New("the key is replaced or revoked already")
	// ErrClosed means that the ledger was closed.
	ErrClosed = errors.New("the ledger is closed")
)

// Ledger keeps records and revocations. It is safe for concurrent use. What it
// has acknowledged survives the process, and is there until it has expired and
// the leeway has passed; of what failed, nothing may be there by half.
type Ledger interface {
	// Put records a new key.
	Put(context.Context, Record) error

	// Replace records a successor and the revocation of what it succeeds, both
	// or neither. Of many at once for one key, one succeeds. ErrNotFound,
	// ErrReplaced.
	Replace(ctx context.Context, successor Record, old Revocation) error

	// Get returns one record; ErrNotFound.
	Get(ctx context.Context, id string) (Record, error)

	// List returns records in the order of their ids, in bounded memory. A
	// subject's are found without reading everyone's. An error ends it.
	List(context.Context, Query) iter.Seq2[Record, error]

	// Revoke records a revocation, unless it is superseded by one that is
	// there. One by id is noted in the key's record, which need not exist. It
	// is idempotent.
	Revoke(context.Context, Revocation) error

	// Watch tells every revocation in force, then Synced, then new ones as they
	// come, with Synced every second at least while there is contact. An error
	// says that contact was lost: the watch goes on, catches up by itself, and
	// says Synced when nothing is missing any more. A revocation may be told
	// twice. It ends with its context, or when the ledger is closed.
	Watch(context.Context) iter.Seq2[Event, error]

	// Touch notes when keys were last used, by id. Ids that are not recorded
	// are passed over, and no time goes back. It need not be durable.
	Touch(ctx context.Context, used map[string]time.Time) error

	// Close ends every watch.
	Close() error
}

// Options are common to all ledgers.
type Options struct {
	Now    func() time.Time // default: time.Now
	Leeway time.Duration    // how long what has expired is kept
}

// WithDefaults fills in what is not set.
func (o Options) WithDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
