// Package examples holds the tests that run what the README of this project
// and those of the examples show, against the real program, as a user without
// privileges would.
package examples
