package bolt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// whole is the record that every key of an id has.
func whole(id string) ledger.Record {
	return ledger.Record{
		ID: id, Subject: "owner of " + id[len(id)-1:], Name: strings.Repeat(id, 3), APIs: []ledger.API{{Name: id, Version: "*"}},
		Scopes: []string{"read", id}, Issued: start, Expires: start.Add(time.Hour),
	}
}

func successorOf(id string) string { return id + "+" }

// writeForever says each key that was put (+), revoked (-), replaced (>) or used
// (.), once that is acknowledged.
func writeForever(path string) error {
	l, err := Open(path, still)
	if err != nil {
		return err
	}
	ctx, run, failed := context.Background(), rand.Text(), make(chan error)
	for writer := range 64 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", run, writer, i)
				err := l.Put(ctx, whole(id))
				said := "+" + id + "\n"
				switch i % 4 {
				case 1:
					err = errors.Join(err, l.Revoke(ctx, byID(id)))
					said += "-" + id + "\n"
				case 2:
					err = errors.Join(err, l.Replace(ctx, whole(successorOf(id)), replacedBy(id, successorOf(id))))
					said += ">" + id + "\n"
				case 3:
					err = errors.Join(err, l.Touch(ctx, map[string]time.Time{id: start.Add(time.Minute)}))
					said += "." + id + "\n"
				}
				if err != nil {
					failed <- err
				}
				_, _ = os.Stdout.WriteString(said)
			}
		}()
	}
	return <-failed
}

func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	t.Parallel()
	const enough, atLeast, perFile = 10_000, 20, 4
	var path string
	var acknowledged []string
	for round, total := 0, 0; total < enough || round < atLeast; round++ {
		if round%perFile == 0 {
			path, acknowledged = fresh(t), nil
		}
		c := begin(t, "write", path)
		before := len(acknowledged)
		for c.lines.Scan() {
			if len(acknowledged) == before {
				time.AfterFunc(time.Duration(1+mathrand.IntN(200))*time.Millisecond, func() { _ = c.Process.Kill() })
			}
			acknowledged = append(acknowledged, c.lines.Text())
		}
		require.ErrorContains(t, c.Wait(), "killed")
		total += len(acknowledged) - before
		l, err := Open(path, still)
		require.NoError(t, err)
		survived(t, contentOf(t, l), acknowledged)
		require.NoError(t, l.Close())
	}
}

// survived holds that what was acknowledged is there, and that nothing is there by
// half.
func survived(t *testing.T, c content, acknowledged []string) {
	t.Helper()
	records := map[string]ledger.Record{}
	for _, r := range c.records {
		records[r.ID] = r
	}
	for _, line := range acknowledged {
		id := line[1:]
		r, ok := records[id]
		require.True(t, ok, line)
		switch line[0] {
		case '-':
			require.Equal(t, start, r.Revoked, line)
		case '>':
			require.Equal(t, successorOf(id), r.ReplacedBy, line)
		case '.':
			require.Equal(t, start.Add(time.Minute), r.LastUsed, line)
		}
	}
	for id, r := range records {
		revocation, revoked := c.revocations["id:"+id]
		require.Equal(t, revoked, !r.Revoked.IsZero(), id)
		require.Equal(t, revocation.ReplacedBy, r.ReplacedBy, id)
		if r.ReplacedBy != "" {
			require.Contains(t, records, r.ReplacedBy)
		}
		if old, is := strings.CutSuffix(id, "+"); is {
			require.Equal(t, id, records[old].ReplacedBy)
		}
		want := whole(id)
		want.Revoked, want.Reason, want.ReplacedBy, want.LastUsed = r.Revoked, r.Reason, r.ReplacedBy, r.LastUsed
		require.Equal(t, want, r)
	}
}
