package basic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseHtpasswd reads users, NAME:HASH a line. Blank lines and lines that
// start with "#" are skipped; spaces around a line are no part of it. Names and
// hashes are checked as [New] does. Errors begin with the given file name and
// the line, and never contain a hash: what stands in its place may be a
// password.
func ParseHtpasswd(r io.Reader, file string) ([]User, error) {
	var users []User
	lines := map[string]int{}
	sc := bufio.NewScanner(r)
	n := 1
	for ; sc.Scan(); n++ {
		line := sc.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		u, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if first, ok := lines[u.Name]; ok {
			return nil, fmt.Errorf("%s:%d: user %q is on line %d already", file, n, u.Name, first)
		}
		lines[u.Name] = n
		users = append(users, u)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n, err)
	}
	return users, nil
}

func parseLine(line string) (User, error) {
	name, hash, found := strings.Cut(line, ":")
	if !found {
		return User{}, errors.New("not NAME:HASH")
	}
	if err := checkName(name); err != nil {
		return User{}, err
	}
	// The name is left out: where the two changed places, it is the hash.
	if _, err := parseHash([]byte(hash)); err != nil {
		return User{}, err
	}
	return User{Name: name, Hash: []byte(hash)}, nil
}
