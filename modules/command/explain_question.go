package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/token"
	"github.com/caddymgw/gateway/modules/mgw"
)

// typedNames are the headers and parameters whose values stood among the arguments.
type typedNames struct{ headers, parameters []string }

// argumentError is how a credential is given.
type argumentError struct {
	where   string // "the header X-API-Key"
	example string // "-H 'X-API-Key: -'"
}

func (e argumentError) Error() string {
	return fmt.Sprintf("a credential stands in %s, and so among the arguments, which other users of the machine see and the history of the shell keeps: regard it as known to them; write %s and give it by stdin",
		plain(e.where), plain(e.example))
}

func headerSecret(name string) error {
	return argumentError{"the header " + name, "-H '" + name + ": -'"}
}

func parameterSecret(name string) error {
	return argumentError{"the parameter " + name, name + "=-"}
}

// refuseRead refuses values that were typed where an API reads credentials.
func (n typedNames) refuseRead(reads []mgw.ReadPlace) error {
	for _, p := range reads {
		for _, name := range n.headers {
			if p.In == credential.Header && credential.SameHeader(p.Name, name) {
				return headerSecret(name)
			}
		}
		for _, name := range n.parameters {
			if p.In == credential.Query && p.Name == name {
				return parameterSecret(name)
			}
		}
	}
	return nil
}

// carriers hold credentials whatever a document says.
var carriers = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// readQuestion makes a question of the arguments. What must not stand there comes by
// stdin, a line each.
func readQuestion(cmd *cobra.Command, method, path string) (q mgw.Question, typed typedNames, err error) {
	flags := cmd.Flags()
	q = mgw.Question{Method: method, Path: path, Headers: map[string][]string{}}
	q.Client, _ = flags.GetString("client")
	q.TLS, _ = flags.GetBool("tls")
	if text, _ := flags.GetString("api"); flags.Changed("api") {
		named, err := parseAPI(text)
		if err != nil {
			return q, typed, err
		}
		q.API = &mgw.APIName{Name: named.Name, Version: named.Version}
	}
	in := &secretLines{cmd: cmd}
	given, _ := flags.GetStringArray("header")
	for _, text := range given {
		if file, ok := strings.CutPrefix(text, "@"); ok {
			if err := readHeaders(file, q.Headers); err != nil {
				return q, typed, err
			}
			continue
		}
		name, value, err := parseHeader(text)
		if err != nil {
			return q, typed, err
		}
		word, secret := byStdin(value)
		switch {
		case secret:
			if value, err = in.next(name); err != nil {
				return q, typed, err
			}
			value = strings.TrimLeft(word+" "+value, " ")
		case value != "" && (looksSecret(lastWord(value)) || isCarrier(name)):
			return q, typed, headerSecret(name)
		case value != "":
			typed.headers = append(typed.headers, name)
		}
		q.Headers[name] = append(q.Headers[name], value)
	}
	q.Path, err = readParameters(path, in, &typed)
	return q, typed, err
}

func isCarrier(name string) bool {
	for _, c := range carriers {
		if credential.SameHeader(c, name) {
			return true
		}
	}
	return false
}

func lastWord(value string) string { return value[strings.LastIndexByte(value, ' ')+1:] }

// byStdin reports whether a value is -, or - behind an auth-scheme word.
func byStdin(value string) (word string, ok bool) {
	word, ok = strings.CutSuffix(value, "-")
	if trimmed := strings.TrimRight(word, " "); ok && (word == "" || trimmed != word && !strings.Contains(trimmed, " ")) {
		return trimmed, true
	}
	return "", false
}

// parseHeader reads "Name: value". Its errors don't repeat it.
func parseHeader(text string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", "", errors.New("-H wants \"Name: value\", \"Name: -\" for a value by stdin, or @FILE")
	}
	return http.CanonicalHeaderKey(name), strings.TrimSpace(value), nil
}

const maxHeaders = 64 << 10 // as of the admin API

// readHeaders reads a file of headers, a line each.
func readHeaders(file string, into map[string][]string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("-H @%s: %w", plain(file), err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxHeaders+1))
	switch {
	case err != nil:
		return fmt.Errorf("-H @%s: %w", plain(file), err)
	case len(content) > maxHeaders:
		return fmt.Errorf("-H @%s: it is longer than 64 KiB", plain(file))
	}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, err := parseHeader(line)
		if err != nil {
			return fmt.Errorf("-H @%s: a line is not like \"Name: value\"", plain(file))
		}
		into[name] = append(into[name], value)
	}
	return nil
}

// readParameters puts what comes by stdin into the query.
func readParameters(path string, in *secretLines, typed *typedNames) (string, error) {
	target, query, ok := strings.Cut(path, "?")
	if !ok {
		return path, nil
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		known, err := url.QueryUnescape(name)
		if err != nil {
			known = name
		}
		switch {
		case value == "-":
			secret, err := in.next(known)
			if err != nil {
				return "", err
			}
			pairs[i] = name + "=" + url.QueryEscape(secret)
		case looksSecret(value):
			return "", parameterSecret(known)
		case value != "":
			typed.parameters = append(typed.parameters, known)
		}
	}
	return target + "?" + strings.Join(pairs, "&"), nil
}

// secretLines are the lines of stdin.
type secretLines struct {
	cmd    *cobra.Command
	reader *bufio.Reader
}

// next reads one. On a terminal it asks for it, and does not show it.
func (l *secretLines) next(what string) (line string, err error) {
	if config, _ := l.cmd.Flags().GetString("config"); config == "-" {
		return "", errors.New("--config -: stdin is for the credentials")
	}
	in := l.cmd.InOrStdin()
	if fd, ok := terminal(in); ok {
		line, err = askSecret(l.cmd.ErrOrStderr(), fd, plain(what)+": ")
	} else {
		if l.reader == nil {
			l.reader = bufio.NewReader(io.LimitReader(in, 1<<20))
		}
		line, err = l.reader.ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
	}
	line = strings.TrimSpace(line)
	switch {
	case errors.Is(err, io.EOF), err == nil && line == "":
		return "", fmt.Errorf("no line came by stdin for %s", plain(what))
	case err != nil:
		return "", fmt.Errorf("reading stdin: %w", err)
	case len(line) > 2*token.MaxLength:
		return "", errors.New("a line of stdin is too long")
	}
	return line, nil
}
