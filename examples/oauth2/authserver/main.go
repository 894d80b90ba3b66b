package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddymgw/gateway/internal/authserver"
)

// A demonstration: each secret is the name, and so is each password.
var config = authserver.Config{
	Addr:     "localhost:9400",
	Audience: []string{"https://library.example.com"},
	Clients: []authserver.Client{
		// Programs that ask for themselves; the tokens of one are JWTs.
		{ID: "catalogue", Secret: "catalogue", Scopes: []string{"read:books", "write:books"}},
		{ID: "kiosk", Secret: "kiosk", Scopes: []string{"read:books"}, Opaque: true},
		// A web site, which asks for its users.
		{ID: "website", Secret: "website", Scopes: []string{"read:books", "write:loans"}, Redirect: "http://localhost:9401/back"},
		// The gateway, which may ask what a token is.
		{ID: "gateway", Secret: "gateway", Introspect: true},
	},
	Users: map[string]string{"carol": "carol"},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until it is told to end.
func run() error {
	s, err := authserver.Start(config)
	if err != nil {
		return err
	}
	fmt.Println("the authorization server is", s.Issuer)
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	<-told
	return s.Close()
}
