package authserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// Tokens are what the token endpoint answers.
type Tokens struct {
	Access    string `json:"access_token"`
	ID        string `json:"id_token"`
	ExpiresIn int    `json:"expires_in"`
}

// Token asks for an access token of a client itself (RFC 6749 section 4.4).
// Without scopes it gets all of the client's.
func (s *Server) Token(client string, scopes ...string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	var t Tokens
	err := s.post(token, client, form, &t)
	return t.Access, err
}

// Login asks for the tokens of a user, as a browser and a client would (OpenID
// Connect Core section 3.1). A nonce may be empty.
func (s *Server) Login(client, user, nonce string, scopes ...string) (t Tokens, err error) {
	c, ok := s.storage.clients[client]
	if !ok {
		return t, fmt.Errorf("there is no client %q", client)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return t, err
	}
	var back *url.URL
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), c.Redirect) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	ask := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {c.Redirect}, "scope": {strings.Join(scopes, " ")}, "nonce": {nonce}, "state": {"s"}}
	form, err := browser.Get(s.Issuer + authorize + "?" + ask.Encode())
	if err != nil {
		return t, err
	}
	_ = form.Body.Close()
	done, err := browser.PostForm(form.Request.URL.String(), url.Values{"user": {user}, "password": {s.config.Users[user]}})
	if err != nil {
		return t, err
	}
	_ = done.Body.Close()
	if back == nil || back.Query().Get("code") == "" {
		return t, fmt.Errorf("the login ended at %s with status %d", done.Request.URL, done.StatusCode)
	}
	return t, s.post(token, client, url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {c.Redirect}}, &t)
}

// Revoke tells the server that a token of a client is not to be used any more
// (RFC 7009).
func (s *Server) Revoke(client, accessToken string) error {
	return s.post(revocation, client, url.Values{"token": {accessToken}, "token_type_hint": {"access_token"}}, nil)
}

// KeySet returns the JWK Set as it is published.
func (s *Server) KeySet() ([]byte, error) {
	res, err := http.Get(s.Issuer + Keys)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}

func (s *Server) post(path, client string, form url.Values, to any) error {
	r, err := http.NewRequest(http.MethodPost, s.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c, ok := s.storage.clients[client]; ok {
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(c.Secret))
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s: %s", path, res.Status, body)
	case to == nil:
		return nil
	}
	return json.Unmarshal(body, to)
}
