package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"
)

// needsOf is the object that says until when each key is needed: kid -> time.
// It lies outside of the folder of the keys, whose listing it must not disturb.
func needsOf(purpose string) string { return "mgw/keyring-needs/" + purpose + ".json" }

// loadNeeds returns what is noted. What can't be read counts as not noted: keys
// then live longer and never shorter.
func loadNeeds(ctx context.Context, s Storage, purpose string) (map[string]time.Time, error) {
	content, err := s.Load(ctx, needsOf(purpose))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loading until when signing keys are needed: %w", err)
	}
	var needs map[string]time.Time
	_ = json.Unmarshal(content, &needs)
	return needs, nil
}

// note records that keys are needed longer, and forgets those that are gone. It
// is called under the lock, on what is there.
func (r *Ring) note(ctx context.Context, s Storage, purpose string, longer map[string]time.Time) error {
	needs := maps.Clone(r.needs)
	if needs == nil {
		needs = make(map[string]time.Time, len(longer))
	}
	for kid, until := range longer {
		needs[kid] = until.UTC().Truncate(time.Second)
	}
	maps.DeleteFunc(needs, func(kid string, _ time.Time) bool { return r.keys[kid] == nil })
	content, err := json.Marshal(needs)
	if err != nil {
		return err
	}
	if err := s.Store(ctx, needsOf(purpose), content); err != nil {
		return fmt.Errorf("storing until when signing keys are needed: %w", err)
	}
	return nil
}
