package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const (
	// blockFor is how long Redis waits for something to tell.
	blockFor = 500 * time.Millisecond
	// scanAtOnce is how many revocations are read at once, others waiting.
	scanAtOnce = 1000
	// changesAtOnce is how many changes are.
	changesAtOnce = 512
)

// errGap means that changes are missing: the reader was so slow that they were
// trimmed away, or Redis has lost some.
var errGap = errors.New("changes are missing: Redis has lost some, or they came faster than they were read")

// session is a watch's connection to one server. It is never renewed, so that a
// server that was restarted, or took over, is not taken for the one before.
type session struct {
	*watch
	server *redis.Tx // that is, one connection
	count  int       // of changes that were told, or were made before
	last   string    // the name of the last of them
}

// follow tells all until contact is lost, which the error is about, or the watch
// is over.
func (w *watch) follow(ctx context.Context) error {
	client := w.target.client(noRetries)
	defer func() { _ = client.Close() }()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })() // ends a read that waits
	connecting, cancel := context.WithTimeout(ctx, w.target.patience())
	defer cancel()
	return client.Watch(connecting, func(server *redis.Tx) error {
		s := session{watch: w, server: server}
		if err := s.locate(connecting); err != nil {
			return err
		}
		return s.run(ctx)
	}, w.keys.changes)
}

// locate finds the position from which on changes are told.
func (s *session) locate(ctx context.Context) error {
	if err := s.server.Unwatch(ctx).Err(); err != nil {
		return err
	}
	reply, err := s.scripts.position.Run(ctx, s.server, s.keys.shared).StringSlice()
	if err != nil {
		return err
	}
	s.count, err = s.move(reply)
	return err
}

func (s *session) run(ctx context.Context) error {
	if err := s.tellAll(ctx); err != nil || s.over {
		return err
	}
	for {
		if err := s.catchUp(ctx); err != nil || s.over || !s.tell(ledger.Event{Synced: true}) {
			return err
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
}

// move takes the name that a reply has, and returns how many changes there ever were.
func (s *session) move(reply []string) (count int, err error) {
	if len(reply) < 2 {
		return 0, fmt.Errorf("a script returns %d values", len(reply))
	}
	if count, err = strconv.Atoi(reply[0]); err != nil {
		return 0, fmt.Errorf("the count of changes is none: %w", err)
	}
	s.last = reply[1]
	return count, nil
}

// tellAll tells the revocations in force. A scan returns all that are there
// throughout; what comes meanwhile is told afterwards.
func (s *session) tellAll(ctx context.Context) error {
	for cursor := uint64(0); ; {
		page, next, err := s.scan(ctx, cursor)
		if err != nil {
			return err
		}
		for i := 1; i < len(page); i += 2 { // each has its key before it
			r, err := decodeRevocation(page[i])
			if err != nil {
				return err
			}
			if !s.gone(r.Expires) && !s.tell(ledger.Event{Revocation: r}) {
				return nil
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

func (s *session) scan(ctx context.Context, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.target.Timeout)
	defer cancel()
	return s.server.HScan(ctx, s.keys.revocations, cursor, "", scanAtOnce).Result()
}

// catchUp tells what is pending. It is an error where that is not all there should
// be.
func (s *session) catchUp(ctx context.Context) error {
	for {
		reply, err := s.since(ctx)
		if err != nil {
			return err
		}
		count, err := s.move(reply)
		if err != nil {
			return err
		}
		changes := reply[2:]
		for _, change := range changes {
			r, err := decodeRevocation(change)
			if err != nil {
				return err
			}
			if !s.tell(ledger.Event{Revocation: r}) {
				return nil
			}
		}
		if s.count += len(changes); len(changes) == changesAtOnce {
			continue
		}
		if s.count != count {
			return errGap
		}
		return nil
	}
}

func (s *session) since(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.target.Timeout)
	defer cancel()
	return s.scripts.since.Run(ctx, s.server, s.keys.shared, s.last, strconv.Itoa(changesAtOnce)).StringSlice()
}

// wait returns when something is pending, and after a while at any rate.
func (s *session) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, blockFor+s.target.Timeout)
	defer cancel()
	err := s.server.XRead(ctx, &redis.XReadArgs{Streams: []string{s.keys.changes, s.last}, Count: 1, Block: blockFor}).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}
