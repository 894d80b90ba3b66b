package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authRequest is a login under way (op.AuthRequest), and in the end what the
// tokens are made of.
type authRequest struct {
	id     string
	client *registered
	asked  *oidc.AuthRequest
	user   string    // "": not yet
	at     time.Time // when he logged in
}

func (a *authRequest) GetID() string                      { return a.id }
func (a *authRequest) GetACR() string                     { return "" }
func (a *authRequest) GetAMR() []string                   { return []string{"pwd"} }
func (a *authRequest) GetAudience() []string              { return slices.Clone(a.client.Audience) }
func (a *authRequest) GetAuthTime() time.Time             { return a.at }
func (a *authRequest) GetClientID() string                { return a.client.ID }
func (a *authRequest) GetNonce() string                   { return a.asked.Nonce }
func (a *authRequest) GetRedirectURI() string             { return a.asked.RedirectURI }
func (a *authRequest) GetResponseType() oidc.ResponseType { return a.asked.ResponseType }
func (a *authRequest) GetResponseMode() oidc.ResponseMode { return a.asked.ResponseMode }
func (a *authRequest) GetScopes() []string                { return a.asked.Scopes }
func (a *authRequest) GetState() string                   { return a.asked.State }
func (a *authRequest) GetSubject() string                 { return a.user }
func (a *authRequest) Done() bool                         { return a.user != "" }
func (a *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	if a.asked.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: a.asked.CodeChallenge, Method: a.asked.CodeChallengeMethod}
}

// CreateAuthRequest implements op.AuthStorage.
func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if slices.Contains(asked.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired()
	}
	a := authRequest{id: rand.Text(), client: s.clients[asked.ClientID], asked: asked}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins[a.id] = a
	return &a, nil
}

// AuthRequestByID implements op.AuthStorage.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.logins[id]
	if !ok {
		return nil, errors.New("there is no such login")
	}
	return &a, nil
}

// AuthRequestByCode implements op.AuthStorage.
func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id := s.codes[code]
	s.mu.Unlock()
	return s.AuthRequestByID(ctx, id)
}

// SaveAuthCode implements op.AuthStorage.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest implements op.AuthStorage: a code is used once.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, id)
	return nil
}

// SetUserinfoFromScopes implements op.OPStorage; it was replaced by the next.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	info.Subject = r.GetSubject()
	return nil
}

// SetUserinfoFromToken implements op.OPStorage.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, subject, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[id]; !ok || t.subject != subject || !time.Now().Before(t.expires) {
		return errors.New("there is no such token")
	}
	info.Subject = subject
	return nil
}

var page = template.Must(template.New("login").Parse(`<!doctype html>
<title>Log in</title>
<form method="post">
<input type="hidden" name="id" value="{{.}}">
<label>User <input name="user"></label>
<label>Password <input name="password" type="password"></label>
<button>Log in</button>
</form>
`))

func (s *storage) showLogin(w http.ResponseWriter, r *http.Request) {
	_ = page.Execute(w, r.FormValue("id"))
}

// logIn sends the user back to the library, which sends him on with a code.
func (s *storage) logIn(w http.ResponseWriter, r *http.Request) {
	id, user := r.FormValue("id"), r.FormValue("user")
	s.mu.Lock()
	a, ok := s.logins[id]
	if password := s.users[user]; ok && password != "" && password == r.FormValue("password") {
		a.user, a.at = user, time.Now()
		s.logins[id] = a
	} else {
		ok = false
	}
	s.mu.Unlock()
	if !ok {
		http.Error(w, "wrong user or password", http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, authorize+"/callback?id="+url.QueryEscape(id), http.StatusFound)
}

var _ op.AuthRequest = (*authRequest)(nil)
