// Package redistest runs real Redis servers for tests: alone, with replicas, as a
// cluster of one, watched by a sentinel, with TLS. They can be stopped, killed and
// paused. Each listens on a free port of the loopback interface and keeps an
// append-only file that is synced before anything is acknowledged, in a folder
// of its own. All are ended with the test.
package redistest
