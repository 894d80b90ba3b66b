package redis

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	defaultPrefix         = "mgw"
	defaultDialTimeout    = 2 * time.Second
	defaultTimeout        = 3 * time.Second
	defaultReplicaTimeout = time.Second
)

// Config says which Redis keeps the ledger, and how it is reached. It prints
// without its passwords.
type Config struct {
	// URLs are redis://[user:password@]host[:port][/database], rediss:// for TLS,
	// or unix://[user:password@]/path[?db=database]. Several are nodes of one
	// cluster, or sentinels where Master is set. They have user, password, database
	// and scheme in common.
	URLs []string

	// Cluster says that one URL is of a cluster too.
	Cluster bool

	// Master is what the sentinels, whose URLs are given, call the server. User,
	// password and database are the server's all the same.
	Master string

	// Username and Password are instead of those in URLs.
	Username, Password string

	// SentinelUsername and SentinelPassword are for the sentinels.
	SentinelUsername, SentinelPassword string

	// CAFile has the certificates, as PEM, that the server's must lead to.
	// Default: those of the system.
	CAFile string

	// CertFile and KeyFile are the client's certificate and key, as PEM. They are
	// read at each connection, so that they may be renewed.
	CertFile, KeyFile string

	// ServerName is the name in the server's certificate. Default: the host.
	ServerName string

	// Prefix begins the names of all keys: ledgers with different ones share a
	// Redis. Default: mgw.
	Prefix string

	// Replicas is how many replicas must have an issued key or a revocation before
	// it is acknowledged. Default: 0.
	Replicas int

	DialTimeout    time.Duration // of each connection; default: 2 s
	Timeout        time.Duration // of each answer; default: 3 s
	ReplicaTimeout time.Duration // how long replicas may take; default: 1 s
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.DialTimeout = cmp.Or(c.DialTimeout, defaultDialTimeout)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.ReplicaTimeout = cmp.Or(c.ReplicaTimeout, defaultReplicaTimeout)
	return c
}

// Check returns what is wrong with a configuration. It reads the files that are
// named, and connects to nothing.
func (c Config) Check() error {
	_, err := c.target()
	return err
}

// check looks at what needs neither URLs nor files.
func (c Config) check() error {
	switch {
	case len(c.URLs) == 0:
		return errors.New("no URL")
	case strings.ContainsAny(c.Prefix, "{}"):
		return errors.New("the prefix has a brace in it") // which would be another hash tag
	case c.Replicas < 0:
		return errors.New("a number of replicas is negative")
	case c.DialTimeout < 0 || c.Timeout < 0 || c.ReplicaTimeout < 0:
		return errors.New("a timeout is negative")
	case c.Replicas > 0 && c.withDefaults().ReplicaTimeout >= c.withDefaults().Timeout:
		return errors.New("replicas may take as long as an answer: a replica timeout must be shorter than the timeout")
	case c.Cluster && c.Master != "":
		return errors.New("a cluster has no sentinels")
	case c.Password == "" && c.Username != "", c.SentinelPassword == "" && c.SentinelUsername != "":
		return errors.New("a user has no password")
	case c.Master == "" && c.SentinelPassword != "":
		return errors.New("a password is for sentinels, and no master is named")
	case (c.CertFile == "") != (c.KeyFile == ""):
		return errors.New("certificate and key go together")
	}
	return nil
}

// String names the ledger, without user and password: two that have it in common
// are the same.
func (c Config) String() string {
	t, err := c.locate()
	if err != nil {
		return "redis, of a configuration that is wrong"
	}
	return t.String()
}

// Format writes what String returns, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }
