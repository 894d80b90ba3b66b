package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	// exchangeTime is how long a question may take, with all of its answer.
	exchangeTime = 5 * time.Second
	maxAnswer    = 1 << 20
)

// endpoint is where tokens are asked for.
type endpoint struct {
	url      string
	id       string // both form-encoded, RFC 6749 section 2.3.1
	secret   string
	client   *http.Client
	lifetime time.Duration
}

func newEndpoint(c *Introspection) (*endpoint, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("the URL is none: it must be such as https://idp.example.com/introspect")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, errors.New("the URL must be https: tokens and the client secret are sent there (http is for loopback addresses)")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("the URL must hold neither credentials nor a fragment")
	case c.ClientID == "" || c.ClientSecret == "":
		return nil, errors.New("client id and secret are required")
	}
	return &endpoint{
		url:    c.URL,
		id:     url.QueryEscape(c.ClientID),
		secret: url.QueryEscape(c.ClientSecret.Reveal()),
		client: &http.Client{
			Transport: c.Transport,
			// Neither token nor secret go where an answer points to.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		lifetime: exchangeTime,
	}, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// ask returns the members of the answer to one question (RFC 7662 section 2)
// and how long it was. An error means that there is no answer, and holds
// nothing that a client sent.
func (e *endpoint) ask(text string) (members map[string]any, length int, err error) {
	// Whoever asks first may go away; others wait for the same answer.
	ctx, cancel := context.WithTimeout(context.Background(), e.lifetime)
	defer cancel()
	form := url.Values{"token": {text}, "token_type_hint": {"access_token"}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, strings.NewReader(form))
	if err != nil {
		return nil, 0, err
	}
	r.SetBasicAuth(e.id, e.secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	response, err := e.client.Do(r)
	if err != nil {
		var u *url.Error // it repeats the whole URL, whose query may hold a secret
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the answer has status %d, not 200", response.StatusCode)
	}
	if mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, 0, errors.New("the answer is not application/json")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("the answer broke off: %w", err)
	case len(body) > maxAnswer:
		return nil, 0, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	if members, err = parseMembers(body); err != nil {
		return nil, 0, fmt.Errorf("the answer: %w", err)
	}
	if _, ok := members["active"].(bool); !ok {
		return nil, 0, errors.New("the answer does not say whether the token is active")
	}
	return members, len(body), nil
}
