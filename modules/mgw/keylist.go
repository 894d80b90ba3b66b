package mgw

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Key returns what is known of a key; ledger.ErrNotFound.
func (a *App) Key(ctx context.Context, id string) (Key, error) {
	r, err := a.authority.Record(ctx, id)
	if err != nil {
		return Key{}, err
	}
	return a.key(r), nil
}

// Keys lists what is known of keys.
func (a *App) Keys(ctx context.Context, q ledger.Query) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for r, err := range a.authority.Records(ctx, q) {
			if err != nil {
				yield(Key{}, err)
				return
			}
			k := a.key(r)
			if k.LastUsedAt != nil && !q.UnusedSince.IsZero() && !k.LastUsedAt.Before(q.UnusedSince) {
				continue // it was used just now
			}
			if !yield(k, nil) {
				return
			}
		}
	}
}

// Page is a part of a list of keys, in JSON.
type Page struct {
	Keys []Key `json:"keys"`
	// Next is where the next page begins: ask for it with ?after=. Absent: that was all.
	Next string `json:"next,omitempty"`
}

// KeyPage returns at most limit keys, and where the next page begins.
func (a *App) KeyPage(ctx context.Context, q ledger.Query, limit int) (Page, error) {
	page := Page{Keys: []Key{}}
	for k, err := range a.Keys(ctx, q) {
		if err != nil {
			return page, err
		}
		if len(page.Keys) == limit {
			page.Next = page.Keys[limit-1].ID
			break
		}
		page.Keys = append(page.Keys, k)
	}
	return page, nil
}

const (
	defaultPage = 100
	maxPage     = 1000
)

// KeyQuery reads the parameters after, limit, unused_for and, where anybody's keys
// may be seen, subject. Its error is for the asker.
func KeyQuery(values url.Values, now time.Time, everyone bool) (q ledger.Query, limit int, err error) {
	limit = defaultPage
	for name, list := range values {
		if len(list) != 1 {
			return q, limit, fmt.Errorf("the parameter %s must stand once", name)
		}
		value := list[0]
		switch {
		case name == "after":
			q.After = value
		case name == "limit":
			if limit, err = strconv.Atoi(value); err != nil || limit < 1 || limit > maxPage {
				return q, limit, fmt.Errorf("limit must be a number from 1 to %d", maxPage)
			}
		case name == "unused_for":
			span, err := caddy.ParseDuration(value)
			if err != nil || span <= 0 {
				return q, limit, errors.New("unused_for must be a duration such as 24h or 90d")
			}
			q.UnusedSince = now.Add(-span)
		case name == "subject" && everyone:
			q.Subject = value
		default:
			known := "after, limit and unused_for"
			if everyone {
				known = "after, limit, unused_for and subject"
			}
			return q, limit, errors.New("a parameter is not known here; known are " + known)
		}
	}
	return q, limit, nil
}
