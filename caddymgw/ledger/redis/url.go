package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// target is where a configuration leads.
type target struct {
	Config
	addresses []string // host:port, or the path of a socket
	scheme    string
	username  string
	password  string
	database  int
	tls       *tls.Config // nil: it is not spoken
}

// errURL repeats nothing of a URL: what stands where may be a password that was not
// escaped.
var errURL = errors.New("want redis://[user:password@]host[:port][/database], rediss:// for TLS, or unix://[user:password@]/path[?db=database], " +
	"and %2F, %3F, %23, %40, %3A for / ? # @ : in a password")

// locate reads the URLs.
func (c Config) locate() (target, error) {
	if err := c.check(); err != nil {
		return target{}, err
	}
	t := target{Config: c.withDefaults(), username: c.Username, password: c.Password}
	for i, raw := range c.URLs {
		scheme, o, err := parseURL(raw)
		if err != nil {
			return target{}, fmt.Errorf("URL %d: %w", i+1, err)
		}
		if err := t.add(scheme, o, i == 0); err != nil {
			return target{}, fmt.Errorf("URL %d: %w", i+1, err)
		}
	}
	return t, t.checkKind()
}

func parseURL(raw string) (scheme string, o *redis.Options, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" || u.Opaque != "" || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) {
		return "", nil, errURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Scheme != "unix" && u.RawQuery != "" || u.Scheme == "unix" && u.Host != "" {
		return "", nil, errURL
	}
	for name := range query {
		if name != "db" {
			return "", nil, errURL
		}
	}
	if o, err = redis.ParseURL(raw); err != nil || o.DB < 0 {
		return "", nil, errURL
	}
	if o.Username != "" && o.Password == "" {
		return "", nil, errors.New("a user has no password: redis://user:password@host")
	}
	return u.Scheme, o, nil
}

// add takes in one more URL.
func (t *target) add(scheme string, o *redis.Options, first bool) error {
	if o.Password != "" && t.Password != "" {
		return errors.New("user and password are given twice")
	}
	if o.Password == "" {
		o.Username, o.Password = t.Username, t.Password
	}
	if first {
		t.scheme, t.database, t.username, t.password = scheme, o.DB, o.Username, o.Password
	}
	switch {
	case t.scheme != scheme:
		return errors.New("another scheme than that of the first")
	case t.database != o.DB:
		return errors.New("another database than that of the first")
	case t.username != o.Username || t.password != o.Password:
		return errors.New("another user or password than that of the first")
	case slices.Contains(t.addresses, o.Addr):
		return errors.New("an address is named twice")
	}
	t.addresses = append(t.addresses, o.Addr)
	return nil
}

func (t *target) checkKind() error {
	switch {
	case t.scheme == "unix" && (t.cluster() || t.Master != ""):
		return errors.New("a socket is of one server")
	case t.cluster() && t.database != 0:
		return errors.New("a cluster has one database, and its number is 0")
	case t.scheme != "rediss" && (t.CAFile != "" || t.CertFile != "" || t.ServerName != ""):
		return errors.New("TLS is set up, and the scheme is not rediss")
	}
	return nil
}

func (t *target) cluster() bool { return t.Master == "" && (t.Cluster || len(t.addresses) > 1) }

// String is that of Config.
func (t *target) String() string {
	database := "/"
	if t.scheme == "unix" {
		database = "?db="
	}
	name := t.scheme + "://" + strings.Join(slices.Sorted(slices.Values(t.addresses)), ",") + database + strconv.Itoa(t.database)
	switch {
	case t.Master != "":
		name += " master " + t.Master
	case t.cluster():
		name += " cluster"
	}
	return name + " {" + t.Prefix + "}"
}
