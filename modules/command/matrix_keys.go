package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

// keyMaker has a running gateway issue keys, each once, and revokes them.
type keyMaker struct {
	connect func() (gateway, error) // only if a key is needed
	api     api
	subject string
	scopes  []string // that the document asks of keys

	gateway *gateway
	issued  map[string]issuedKey // by what was asked for
	ended   map[string]bool      // ids that need not be revoked
	others  []api                // that the gateway serves too
}

// keyLife is how long the keys live, should they not be revoked.
const keyLife = time.Hour

func newKeyMaker(a *caddymgw.API, subject string, connect func() (gateway, error)) *keyMaker {
	m := &keyMaker{connect: connect, api: api{a.Name, a.Version}, subject: subject, issued: map[string]issuedKey{}, ended: map[string]bool{}}
	for _, op := range a.Operations {
		for _, alt := range op.Alternatives {
			for _, r := range alt {
				if r.Scheme.Type == caddymgw.APIKey {
					m.scopes = append(m.scopes, r.Scopes...)
				}
			}
		}
	}
	slices.Sort(m.scopes)
	m.scopes = slices.Compact(m.scopes)
	return m
}

// open connects, and asks what else is served.
func (m *keyMaker) open() error {
	if m.gateway != nil {
		return nil
	}
	g, err := m.connect()
	if err != nil {
		return err
	}
	var served []api
	if _, err := g.tell(http.MethodGet, "/mgw/apis", nil, nil, &served); err != nil {
		return err
	}
	for _, a := range served {
		if a != m.api {
			m.others = append(m.others, a)
		}
	}
	m.gateway = &g
	return nil
}

func (m *keyMaker) right() (string, error) {
	return m.issue(newKey{Name: string(right), Scopes: m.scopes})
}

func (m *keyMaker) expired() (string, error) {
	return m.issue(newKey{Name: string(expired), Scopes: m.scopes, Life: 1})
}

// foreign: the gateway issues keys for APIs only that it serves.
func (m *keyMaker) foreign() (text, why string, err error) {
	if err := m.open(); err != nil {
		return "", "", err
	}
	if len(m.others) == 0 {
		return "", "the gateway serves no other API, for which a key could be issued", nil
	}
	text, err = m.issue(newKey{Name: string(foreign), APIs: m.others[:1]})
	return text, "", err
}

func (m *keyMaker) revoked() (string, error) {
	ask := newKey{Name: string(revoked), Scopes: m.scopes}
	text, err := m.issue(ask)
	if err != nil {
		return "", err
	}
	for _, k := range m.issued {
		if k.Key == text {
			return text, m.revoke(k.ID)
		}
	}
	return text, nil
}

// issue returns the key of a grant.
func (m *keyMaker) issue(k newKey) (string, error) {
	if err := m.open(); err != nil {
		return "", err
	}
	k.Subject = m.subject
	if k.APIs == nil {
		k.APIs = []api{m.api}
	}
	if k.Name == "" {
		k.Name = string(insufficient)
	}
	if k.Life == 0 {
		k.Life = int64(keyLife / time.Second)
	}
	id, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	if known, ok := m.issued[string(id)]; ok {
		return known.Key, nil
	}
	var issued issuedKey
	_, err = m.gateway.tell(http.MethodPost, "/mgw/keys", nil, k, &issued)
	switch {
	case err != nil:
		return "", fmt.Errorf("having a key issued: %w", err)
	case issued.Key == "" || issued.ID == "":
		return "", m.gateway.stranger()
	}
	m.issued[string(id)] = issued
	return issued.Key, nil
}

func (m *keyMaker) revoke(id string) error {
	if m.ended[id] {
		return nil
	}
	var k struct{}
	if _, err := m.gateway.tell(http.MethodDelete, "/mgw/keys/"+url.PathEscape(id), url.Values{"reason": {"mgw test"}}, nil, &k); err != nil {
		return fmt.Errorf("revoking the key %s: %w", plain(id), err)
	}
	m.ended[id] = true
	return nil
}

// close revokes what was issued.
func (m *keyMaker) close() error {
	var errs []error
	for _, k := range m.issued {
		errs = append(errs, m.revoke(k.ID))
	}
	return errors.Join(errs...)
}

const (
	expiryPoll = 250 * time.Millisecond
	expiryMost = 75 * time.Second // the largest leeway is a minute
)

// waitForExpiry waits until the gateway regards the expired key as that. It goes by
// the gateway's clock and leeway.
func (m *keyMaker) waitForExpiry(ctx context.Context) (gone bool, err error) {
	text, err := m.expired()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, expiryMost)
	defer cancel()
	for {
		var i inspection
		if _, err := m.gateway.tell(http.MethodPost, "/mgw/inspect", nil, map[string]string{"token": text}, &i); err != nil {
			return false, err
		}
		if i.Reason == caddymgw.ReasonExpired {
			return true, nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return false, nil
			}
			return false, errInterrupted
		case <-time.After(expiryPoll):
		}
	}
}
