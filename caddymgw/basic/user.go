package basic

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// User may log in with a password.
type User struct {
	// Name is valid UTF-8 without ":" and control characters (RFC 7617
	// section 2). It is compared byte by byte.
	Name string
	// Hash of the password: argon2id in PHC form, or bcrypt.
	Hash []byte
	// Scopes are also the user's roles.
	Scopes []string
}

// checkName refuses names that no request could present.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case strings.Contains(name, ":"):
		return errors.New(`the name contains ":", which ends it in HTTP Basic`)
	case !presentable(name):
		return errors.New("the name contains a control character or is not UTF-8")
	}
	return nil
}

// presentable reports whether s may stand in Basic credentials: RFC 7617
// section 2 excludes control characters, and we announce charset="UTF-8".
func presentable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
