package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// touchedAtOnce is how many uses are noted in one script, others waiting.
const touchedAtOnce = 256

// Put implements ledger.Ledger.
func (l *Ledger) Put(ctx context.Context, r ledger.Record) error {
	args, err := recordArgs(r)
	if err != nil {
		return err
	}
	return l.write(ctx, l.scripts.put, args...)
}

// Replace implements ledger.Ledger.
func (l *Ledger) Replace(ctx context.Context, successor ledger.Record, old ledger.Revocation) error {
	args, err := recordArgs(successor)
	if err != nil {
		return err
	}
	revocation, err := revocationArgs(old)
	if err != nil {
		return err
	}
	if old.ID == "" {
		return ledger.ErrNotFound
	}
	return l.write(ctx, l.scripts.replace, append(args, revocation...)...)
}

// Revoke implements ledger.Ledger.
func (l *Ledger) Revoke(ctx context.Context, r ledger.Revocation) error {
	args, err := revocationArgs(r)
	if err != nil {
		return err
	}
	return l.write(ctx, l.scripts.revoke, args...)
}

func recordArgs(r ledger.Record) ([]any, error) {
	r = r.Clone()
	value, err := encodeRecord(r)
	return []any{r.ID, value, score(r.Expires), moment(r.LastUsed), noted(r)}, err
}

func revocationArgs(r ledger.Revocation) ([]any, error) {
	r = r.UTC()
	value, err := encodeRevocation(r)
	return []any{r.Key(), r.ID, value, score(r.Expires)}, err
}

// write runs a script whose effects must last.
func (l *Ledger) write(ctx context.Context, script *redis.Script, args ...any) error {
	args = append([]any{moment(l.horizon())}, args...)
	_, err := ask(ctx, l, func(ctx context.Context) (struct{}, error) {
		var outcome string
		var err error
		if l.target.Replicas > 0 {
			outcome, err = l.replicated(ctx, script, args)
		} else {
			outcome, err = script.Run(ctx, l.client, l.keys.shared, args...).Text()
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, judge(outcome)
	})
	return err
}

// judge turns what a script returns into an error.
func judge(outcome string) error {
	switch outcome {
	case done:
		return nil
	case absent:
		return ledger.ErrNotFound
	case replaced:
		return ledger.ErrReplaced
	default:
		return fmt.Errorf("a script returns %q", outcome)
	}
}

// Touch implements ledger.Ledger, some keys at a time.
func (l *Ledger) Touch(ctx context.Context, used map[string]time.Time) error {
	var args []any
	flush := func() error {
		_, err := ask(ctx, l, func(ctx context.Context) (string, error) {
			return l.scripts.touch.Run(ctx, l.client, l.keys.shared, args...).Text()
		})
		args = nil // those that are sent may be in use still
		return err
	}
	for id, at := range used {
		if year := at.UTC().Year(); year < 0 || year > 9999 {
			return fmt.Errorf("key %q was used in the year %d", id, year)
		}
		if at.IsZero() {
			continue
		}
		if args = append(args, id, moment(at)); len(args) == 2*touchedAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(args) == 0 && len(used) > 0 {
		return nil
	}
	return flush()
}
