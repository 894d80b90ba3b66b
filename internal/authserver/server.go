package authserver

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// The endpoints, below the issuer.
const (
	OpenIDMetadata = "/.well-known/openid-configuration"       // OpenID Connect Discovery 1.0
	OAuthMetadata  = "/.well-known/oauth-authorization-server" // RFC 8414
	Keys           = "/keys"
	Introspection  = "/oauth/introspect"

	token      = "/oauth/token"
	revocation = "/revoke"
	authorize  = "/authorize"
	login      = "/login"
)

// Config says what a server is like.
type Config struct {
	Addr      string   // host and port; default: a free port of 127.0.0.1
	Algorithm string   // of signatures: RS256 (default), ES256 or EdDSA
	Audience  []string // of access tokens, where their client names none
	Clients   []Client
	Users     map[string]string // passwords, by name
	// Metadata names the one place where they are. Default: at both.
	Metadata string
}

// Server is an authorization server that runs until Close.
type Server struct {
	Issuer string // its claim iss, a URL

	config  Config
	storage *storage
	handler http.Handler
	http    http.Server

	mu     sync.Mutex
	counts map[string]int // requests, by path
	out    bool
	held   chan struct{} // closed when requests go on; nil: none is held
}

// Start returns a server that listens.
func Start(c Config) (*Server, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	s := &Server{Issuer: "http://" + net.JoinHostPort(host, port), config: c, counts: map[string]int{}}
	if err := s.build(); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("authorization server: %w", err)
	}
	s.http.Handler = s
	go s.http.Serve(l)
	return s, nil
}

func (s *Server) build() error {
	var err error
	if s.storage, err = newStorage(s.Issuer, s.config); err != nil {
		return err
	}
	config := &op.Config{AuthMethodPost: true, CodeMethodS256: true, SupportedScopes: s.storage.scopes()}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return err
	}
	provider, err := op.NewProvider(config, s.storage, op.StaticIssuer(s.Issuer), op.WithAllowInsecure())
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("GET "+login, s.storage.showLogin)
	mux.HandleFunc("POST "+login, s.storage.logIn)
	s.handler = mux
	return nil
}

// Close ends the server and its connections.
func (s *Server) Close() error { return s.http.Close() }

// ServeHTTP counts the request, and answers it unless the server is down.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.counts[r.URL.Path]++
	held := s.held
	s.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	}
	s.mu.Lock()
	out := s.out
	s.mu.Unlock()
	if out {
		panic(http.ErrAbortHandler) // the connection breaks off
	}
	if r.URL.Path == OpenIDMetadata || r.URL.Path == OAuthMetadata {
		if s.config.Metadata != "" && s.config.Metadata != r.URL.Path {
			http.NotFound(w, r)
			return
		}
		r.URL.Path = OpenIDMetadata // the library knows no other; the members are the same
	}
	s.handler.ServeHTTP(w, r)
}

// Outage breaks off every connection from now on, or no longer.
func (s *Server) Outage(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = on
}

// Hold lets requests wait, without an answer, until release is called.
func (s *Server) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := make(chan struct{})
	s.held = held
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = nil
		close(held)
	})
}

// Count returns how many requests came to an endpoint, answered or not.
func (s *Server) Count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[path]
}

// Total returns how many requests came at all.
func (s *Server) Total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, count := range s.counts {
		n += count
	}
	return n
}
