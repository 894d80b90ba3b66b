package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// total counts the trials.
type total struct {
	Sent    int `json:"sent"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

func (m *matrix) total() (t total) {
	for _, c := range m.trials {
		switch {
		case c.skipped != "":
			t.Skipped++
		case c.ok:
			t.Sent++
		default:
			t.Sent++
			t.Failed++
		}
	}
	return t
}

func (c *trial) wanted() string {
	if c.want == 0 {
		return "pass"
	}
	return strconv.Itoa(c.want)
}

func (c *trial) answered() string {
	if c.got == 0 {
		return "refused" // by TLS
	}
	return strconv.Itoa(c.got)
}

// print writes a table of what was sent, and below it what was not.
func (m *matrix) print(out io.Writer) error {
	t, err := newTable(out, out,
		column{title: "OPERATION", width: 25, share: 2},
		column{title: "CREDENTIAL", width: 12},
		column{title: "SCHEME", width: 13, share: 1},
		column{title: "EXPECTED", width: 8},
		column{title: "GOT", width: 7},
		column{title: "OK", width: 3},
	)
	if err != nil {
		return err
	}
	for _, c := range m.trials {
		if c.skipped != "" {
			continue
		}
		verdict, colour := "yes", ""
		if !c.ok {
			verdict, colour = "NO", red
		}
		if err := t.row(
			cell{text: c.op.Method + " " + c.op.Template}, cell{text: string(c.kind)}, cell{text: c.schemes},
			cell{text: c.wanted()}, cell{c.answered(), colour}, cell{verdict, colour},
		); err != nil {
			return err
		}
	}
	s := newSheet(out)
	for _, c := range m.trials {
		if c.skipped == "" && !c.ok && c.said != "" {
			s.sentence("Failed", fmt.Sprintf("%s %s, %s %s: %s", c.op.Method, c.op.Template, c.kind, c.schemes, c.said))
		}
	}
	for _, g := range m.notSent() {
		s.sentence("Not sent", g)
	}
	return s.err
}

// notSent says once for all operations what was not tried.
func (m *matrix) notSent() (lines []string) {
	type group struct {
		kinds, operations []string
	}
	groups := map[string]*group{}
	var order []string
	for _, c := range m.trials {
		if c.skipped == "" {
			continue
		}
		key := c.schemes + "\x00" + c.skipped
		g := groups[key]
		if g == nil {
			g = new(group)
			groups[key] = g
			order = append(order, key)
		}
		g.kinds = appendNew(g.kinds, string(c.kind))
		g.operations = appendNew(g.operations, c.op.Method+" "+c.op.Template)
	}
	for _, key := range order {
		g := groups[key]
		schemes, why, _ := strings.Cut(key, "\x00")
		if schemes != "" {
			schemes = " for " + schemes
		}
		where := g.operations[0]
		if n := len(g.operations) - 1; n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		lines = append(lines, fmt.Sprintf("%s%s at %s: %s", strings.Join(g.kinds, ", "), schemes, where, why))
	}
	return lines
}

func appendNew(list []string, s string) []string {
	for _, other := range list {
		if other == s {
			return list
		}
	}
	return append(list, s)
}

// printJSON writes every trial.
func (m *matrix) printJSON(out io.Writer) error {
	type request struct {
		Method      string `json:"method"`
		Template    string `json:"template"`
		OperationID string `json:"operation_id,omitempty"`
		Path        string `json:"path,omitempty"`
		Credential  kind   `json:"credential"`
		Scheme      string `json:"scheme,omitempty"`
		Expected    string `json:"expected,omitempty"` // a status, or pass
		Got         int    `json:"got,omitempty"`
		OK          *bool  `json:"ok,omitempty"`
		Why         string `json:"why,omitempty"`
		Skipped     string `json:"skipped,omitempty"` // why it was not sent
	}
	answer := struct {
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		Requests []request `json:"requests"`
		total
	}{m.doc.API.Name, m.doc.API.Version, []request{}, m.total()}
	for _, c := range m.trials {
		r := request{Method: c.op.Method, Template: c.op.Template, OperationID: c.op.ID, Path: c.path, Credential: c.kind, Scheme: c.schemes, Skipped: c.skipped}
		if c.skipped == "" {
			r.Expected, r.Got, r.OK, r.Why = c.wanted(), c.got, &c.ok, c.said
		}
		answer.Requests = append(answer.Requests, r)
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return printJSON(out, raw)
}
