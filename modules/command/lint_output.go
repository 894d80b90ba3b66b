package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/lint"
)

var severityColours = map[lint.Severity]string{lint.Error: red, lint.Warning: yellow}

// printFindings writes them by severity. Where something stands is never cut:
// somebody will copy it.
func printFindings(out io.Writer, r *lint.Report) error {
	s := newSheet(out)
	var last lint.Severity
	for _, f := range r.Findings {
		if f.Severity != last {
			s.heading(counted(r.Counts[f.Severity], string(f.Severity), string(f.Severity)+"s"), last != "")
			last = f.Severity
		}
		where := f.File
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		s.whole("\n" + plain(where) + "  " + s.paint.text(f.Rule, severityColours[f.Severity]))
		s.sentence("", f.Message)
	}
	return s.err
}

func printRules(out io.Writer, rules []lint.Rule) error {
	s := newSheet(out)
	for _, r := range rules {
		s.whole(r.ID + "  " + s.paint.text(string(r.Severity), severityColours[r.Severity]))
		s.sentence("", r.Title)
	}
	return s.err
}

// heading stands before things of one kind.
func (s *sheet) heading(text string, between bool) {
	if between {
		s.whole("")
	}
	s.whole(s.paint.text(text, bold))
}

// whole writes a line as it is.
func (s *sheet) whole(line string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.out, line+"\n")
	}
}

const module = "github.com/caddymgw/gateway"

// version is that of this module in the program; "" where nobody has given it one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Replace == nil && m.Version != "(devel)" {
			return m.Version
		}
	}
	return ""
}

// printAsJSON prints what this program itself has to say.
func printAsJSON(out io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return printJSON(out, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// remark tells people what the output does not.
func remark(cmd *cobra.Command, text string) {
	_, _ = fmt.Fprintln(cmd.ErrOrStderr(), plain(text))
}
