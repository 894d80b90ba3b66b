package redis

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/internal/redistest"
)

const secret = "s3cr3t"

func TestConfigLeads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		c    Config
		want string
	}{
		"to a host": {Config{URLs: []string{"redis://h"}}, "redis://h:6379/0 {mgw}"},
		"to a port, a database and a prefix": {
			Config{URLs: []string{"redis://u:" + secret + "@h:1/2"}, Prefix: "p"}, "redis://h:1/2 {p}",
		},
		"over IPv6":           {Config{URLs: []string{"redis://[::1]:1/"}}, "redis://[::1]:1/0 {mgw}"},
		"over TLS":            {Config{URLs: []string{"rediss://:" + secret + "@h"}}, "rediss://h:6379/0 {mgw}"},
		"over a socket":       {Config{URLs: []string{"unix:///run/redis.sock?db=3"}}, "unix:///run/redis.sock?db=3 {mgw}"},
		"with a user":         {Config{URLs: []string{"redis://h"}, Username: "u", Password: secret}, "redis://h:6379/0 {mgw}"},
		"with odd characters": {Config{URLs: []string{"redis://u:%2F%3F%23%40%3A" + secret + "@h"}}, "redis://h:6379/0 {mgw}"},
		"to a cluster": {
			Config{URLs: []string{"redis://:" + secret + "@b", "redis://:" + secret + "@a"}}, "redis://a:6379,b:6379/0 cluster {mgw}",
		},
		"to a cluster by one node": {Config{URLs: []string{"redis://h"}, Cluster: true}, "redis://h:6379/0 cluster {mgw}"},
		"to sentinels": {
			Config{URLs: []string{"redis://a:1/5", "redis://b:1/5"}, Master: "main", Password: secret, SentinelPassword: secret}, "redis://a:1,b:1/5 master main {mgw}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, test.c.Check())
			require.Equal(t, test.want, test.c.String())
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				require.NotContains(t, fmt.Sprintf(verb, test.c), secret)
				require.NotContains(t, fmt.Sprintf(verb, &test.c), secret)
			}
		})
	}
}

func TestConfigIsRefused(t *testing.T) {
	t.Parallel()
	pair := redistest.NewPair(t, t.TempDir())
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	one := func(url string) Config { return Config{URLs: []string{url}} }
	tls := func(set func(*Config)) Config {
		c := one("rediss://h")
		set(&c)
		return c
	}
	for name, test := range map[string]struct {
		c    Config
		want string
	}{
		"no URL":                        {Config{}, "no URL"},
		"no scheme":                     {one("h:6379"), "URL 1: want redis://"},
		"no scheme, and a password":     {one("u:" + secret + "@h"), "URL 1: want redis://"},
		"another scheme":                {one("https://u:" + secret + "@h"), "want redis://"},
		"a space":                       {one("redis://u:" + secret + " @h"), "want redis://"},
		"a / in a password":             {one("redis://u:" + secret + "/x@h"), "want redis://"},
		"a # in a password":             {one("redis://u:" + secret + "#x@h"), "want redis://"},
		"a ? in a password":             {one("redis://u:" + secret + "?x@h"), "want redis://"},
		"a % in a password":             {one("redis://u:" + secret + "%zz@h"), "want redis://"},
		"digits and / in a password":    {one("redis://u:1234/" + secret + "@h"), "want redis://"},
		"a database that is no number":  {one("redis://h/" + secret), "want redis://"},
		"a database below 0":            {one("redis://h/-1"), "want redis://"},
		"a parameter":                   {one("redis://h?skip_verify=true"), "want redis://"},
		"a parameter of a socket":       {one("unix:///s?pool_size=1"), "want redis://"},
		"a fragment":                    {one("redis://h#f"), "want redis://"},
		"no path":                       {one("unix://"), "want redis://"},
		"a host of a socket":            {one("unix://h/s"), "want redis://"},
		"the second URL":                {Config{URLs: []string{"redis://h", "redis://:" + secret}}, "URL 2: want redis://"},
		"another database":              {Config{URLs: []string{"redis://a/1", "redis://b/2"}}, "URL 2: another database"},
		"another scheme than the first": {Config{URLs: []string{"redis://a", "rediss://b"}}, "URL 2: another scheme"},
		"another password":              {Config{URLs: []string{"redis://:" + secret + "@a", "redis://:x@b"}}, "URL 2: another user or password"},
		"a password of one":             {Config{URLs: []string{"redis://a", "redis://:" + secret + "@b"}}, "URL 2: another user or password"},
		"a password of another":         {Config{URLs: []string{"redis://:" + secret + "@a", "redis://b"}}, "URL 2: another user or password"},
		"a password twice":              {Config{URLs: []string{"redis://:" + secret + "@a"}, Password: secret}, "given twice"},
		"an address twice":              {Config{URLs: []string{"redis://a", "redis://a:6379"}}, "named twice"},
		"a user alone":                  {Config{URLs: []string{"redis://a"}, Username: "u"}, "a user has no password"},
		"a user alone in the URL":       {one("redis://" + secret + "@a"), "a user has no password"},
		"a sentinel's user alone":       {Config{URLs: []string{"redis://a"}, Master: "m", SentinelUsername: "u"}, "a user has no password"},
		"a sentinel's password alone":   {Config{URLs: []string{"redis://a"}, SentinelPassword: secret}, "no master is named"},
		"a cluster with sentinels":      {Config{URLs: []string{"redis://a"}, Cluster: true, Master: "m"}, "a cluster has no sentinels"},
		"a cluster's database":          {Config{URLs: []string{"redis://a/1", "redis://b/1"}}, "its number is 0"},
		"two sockets":                   {Config{URLs: []string{"unix:///a", "unix:///b"}}, "a socket is of one server"},
		"a brace in the prefix":         {Config{URLs: []string{"redis://a"}, Prefix: "a}b"}, "brace"},
		"replicas below 0":              {Config{URLs: []string{"redis://a"}, Replicas: -1}, "negative"},
		"a timeout below 0":             {Config{URLs: []string{"redis://a"}, Timeout: -1}, "negative"},
		"patient replicas":              {Config{URLs: []string{"redis://a"}, Replicas: 1, ReplicaTimeout: 3 * time.Second}, "shorter than the timeout"},
		"TLS without rediss":            {Config{URLs: []string{"redis://a"}, CAFile: pair.CAFile}, "the scheme is not rediss"},
		"a certificate without key":     {tls(func(c *Config) { c.CertFile = pair.CertFile }), "go together"},
		"no CA file":                    {tls(func(c *Config) { c.CAFile = "/nowhere.pem" }), "/nowhere.pem"},
		"an empty CA file":              {tls(func(c *Config) { c.CAFile = empty }), "has no certificate"},
		"a key that is none":            {tls(func(c *Config) { c.CertFile, c.KeyFile = pair.CertFile, pair.CAFile }), "certificate " + pair.CertFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.c.Check()
			require.ErrorContains(t, err, test.want)
			require.True(t, strings.HasPrefix(err.Error(), "redis: "))
			l, openErr := Open(test.c, ledger.Options{})
			require.Nil(t, l)
			require.Equal(t, err, openErr)
			for _, text := range []string{err.Error(), test.c.String(), fmt.Sprintf("%#v", test.c)} {
				require.NotContains(t, text, secret)
			}
		})
	}
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"redis://u:p@h:1/2", "rediss://[::1]", "unix:///s?db=1", "redis://u:p/w@h", "redis://:%zz@h", "://", "redis:h", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		c := Config{URLs: []string{url}}
		if err := c.Check(); err != nil {
			c.URLs = []string{"x"}
			if other := c.Check(); strings.HasPrefix(err.Error(), "redis: URL 1: want") {
				require.Equal(t, other, err, "something of the URL is repeated")
			}
			return
		}
		require.Contains(t, c.String(), "://")
	})
}
