package command

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
)

// The elements of JUnit's XML that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
	}
)

// writeJUnit writes every trial as a test case of its operation.
func (m *matrix) writeJUnit(file string) error {
	t := m.total()
	suite := junitSuite{Name: strings.TrimSpace(m.doc.API.Name + " " + m.doc.API.Version), Tests: len(m.trials), Failures: t.Failed, Skipped: t.Skipped}
	for _, c := range m.trials {
		one := junitCase{Class: c.op.Method + " " + c.op.Template, Name: strings.TrimSpace(string(c.kind) + " " + c.schemes)}
		switch {
		case c.skipped != "":
			one.Skipped = &junitMessage{c.skipped}
		case !c.ok:
			message := fmt.Sprintf("expected %s, got %s", c.wanted(), c.answered())
			if c.said != "" {
				message += ": " + c.said
			}
			one.Failure = &junitMessage{message}
		}
		suite.Cases = append(suite.Cases, one)
	}
	content, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append([]byte(xml.Header), append(content, '\n')...), 0o644); err != nil { //nolint:gosec // others read it
		return fmt.Errorf("--junit: %w", err)
	}
	return nil
}
