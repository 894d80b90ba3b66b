// Package freeport finds ports for the servers of tests.
package freeport
