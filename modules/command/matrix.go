package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func matrixCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test <document>",
		Short: "Sends each operation good and bad credentials, and compares",
		Long: `
Sends each operation of an OpenAPI document requests with no credential, malformed,
forged, expired, foreign (of another API), insufficient, revoked and right ones, and
compares the answers with the document's security: 401, 403, or that the request
passes, whatever the service says then, but 401, 403 and 503: those may be the
gateway's own.

API keys are issued by the admin API to the subject mgw-test, and revoked at the end.
The password of --user comes by stdin: name one who has all roles. Access tokens come
from files, --token-file SCHEME=FILE, and SCHEME:expired=FILE for one that is
expired; so do foreign, revoked and insufficient ones, and "-" is stdin. Malformed
and forged ones need no file. What can't be sent is listed with the reason.

All that must be refused is sent. What must pass is sent with GET, HEAD, OPTIONS,
TRACE and QUERY; other methods would change something, and want --unsafe.

The exit status is 0 if all answers are as they should be, 1 if some are not, and 2
if the command could not do its work: the document or a flag is none, or nothing
answers.
`,
		Example: `  caddymgw mgw test openapi.yaml --gateway https://localhost:9095 --insecure
  caddymgw mgw test openapi.yaml --gateway https://api.example.com --user ida --junit mgw.xml <password.txt
  caddymgw mgw test openapi.yaml --gateway https://api.example.com --token-file oauth=token.txt --json`,
		Args:              wants("a document"),
		ValidArgsFunction: completeDocuments(1),
	}
	answers(cmd, runMatrix)
	f := cmd.Flags()
	f.String("gateway", "", "Where the gateway is, a `URL` such as https://localhost:9095")
	f.String("user", "", "The `name` of a user for HTTP Basic")
	f.StringArray("token-file", nil, "A token of a scheme, `NAME=FILE` or NAME:KIND=FILE; repeatable")
	f.String("cert", "", "A client certificate, a `file` in PEM")
	f.String("key", "", "Its private key, a `file` in PEM")
	f.String("cacert", "", "Whom to trust for the gateway's certificate, a `file` in PEM")
	f.Bool("insecure", false, "Trust whatever certificate the gateway has")
	f.Bool("unsafe", false, "Send also what must pass and may change something")
	f.String("subject", "mgw-test", "To whom keys are issued, a `text`")
	f.String("auth-header", "", "The header of Basic and Bearer, if the gateway was told another `name`")
	f.String("junit", "", "Write the results to a `file` too, as JUnit's XML")
	f.Bool("json", false, "Print every request and its answer as JSON")
	readingFlags(cmd)
	gatewayFlags(cmd)
	for _, name := range []string{"gateway", "user", "subject", "auth-header"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}

func runMatrix(cmd *cobra.Command, args []string) (answer, err error) {
	file := args[0]
	options, err := documentOptions(cmd)
	if err != nil {
		return nil, err
	}
	doc, err := openapi.Load(file, options)
	if err != nil {
		return nil, errors.New(plain(err.Error()))
	}
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return nil, errors.New(plain(err.Error()))
	}
	defer tree.Close()
	s, err := senderOf(cmd)
	if err != nil {
		return nil, err
	}
	w, err := walletOf(cmd, doc)
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() { err = errors.Join(err, w.keys.close()) }()
	unsafe, _ := cmd.Flags().GetBool("unsafe")
	m := &matrix{doc: doc, paths: requestPaths{doc, tree}, wallet: w, unsafe: unsafe}
	if err := m.plan(); err != nil {
		return nil, err
	}
	if err := m.run(ctx, s); err != nil {
		return nil, err
	}
	m.doubt()
	return m.report(cmd, file)
}

// run sends the trials. Keys that are to expire are waited for at the end.
func (m *matrix) run(ctx context.Context, s *sender) error {
	var last []*trial
	for _, c := range m.trials {
		switch {
		case c.skipped != "":
		case c.kind == expired && m.wallet.keys.gateway != nil:
			last = append(last, c)
		default:
			if err := s.send(ctx, c); err != nil {
				return err
			}
		}
	}
	if len(last) == 0 {
		return nil
	}
	gone, err := m.wallet.keys.waitForExpiry(ctx)
	if err != nil {
		return err
	}
	for _, c := range last {
		if !gone {
			c.skipped = "the key that was to expire did not in time"
		} else if err := s.send(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// report prints what came of it. Its answer is that it is not what it should be.
func (m *matrix) report(cmd *cobra.Command, file string) (answer, err error) {
	out := cmd.OutOrStdout()
	print := m.print
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		print = m.printJSON
	}
	if err := print(out); err != nil {
		return nil, err
	}
	if junit, _ := cmd.Flags().GetString("junit"); junit != "" {
		if err := m.writeJUnit(junit); err != nil {
			return nil, err
		}
	}
	t := m.total()
	switch {
	case t.Failed > 0:
		return fmt.Errorf("%d of %d requests were not answered as %s says", t.Failed, t.Sent, plain(file)), nil
	case t.Sent == 0:
		return nil, errors.New("nothing was sent")
	}
	remark(cmd, fmt.Sprintf("%d requests were answered as %s says, and %d not sent", t.Sent, file, t.Skipped))
	return nil, nil
}

func senderOf(cmd *cobra.Command) (*sender, error) {
	f := cmd.Flags()
	address, _ := f.GetString("gateway")
	if address == "" {
		return nil, errors.New("say where the gateway is with --gateway, as in --gateway https://localhost:9095")
	}
	var t transportFlags
	t.insecure, _ = f.GetBool("insecure")
	t.roots, _ = f.GetString("cacert")
	t.cert, _ = f.GetString("cert")
	t.certKey, _ = f.GetString("key")
	return newSender(address, t)
}

func walletOf(cmd *cobra.Command, doc *openapi.Document) (*wallet, error) {
	f := cmd.Flags()
	subject, _ := f.GetString("subject")
	cert, _ := f.GetString("cert")
	config, _ := f.GetString("config")
	w := &wallet{keys: newKeyMaker(doc.API, subject, func() (gateway, error) { return connect(cmd) }), certificate: cert != "", files: map[string]map[kind]string{}}
	var stdin []string // what it is for
	if config == "-" {
		stdin = append(stdin, "--config")
	}
	if w.user, _ = f.GetString("user"); w.user != "" {
		stdin = append(stdin, "--user")
	}
	files, _ := f.GetStringArray("token-file")
	for _, text := range files {
		if strings.HasSuffix(text, "=-") {
			stdin = append(stdin, "--token-file")
		}
	}
	if len(stdin) > 1 {
		return nil, fmt.Errorf("stdin is for one thing only, and %s want it", strings.Join(stdin, " and "))
	}
	if w.user != "" {
		var err error
		if w.password, err = readSecret(cmd, "Password of "+plain(w.user)+": "); err != nil {
			return nil, err
		}
		if w.password == "" {
			return nil, errors.New("nothing came by stdin: it is where the password is read from")
		}
	}
	for _, text := range files {
		if err := w.readToken(cmd, doc, text); err != nil {
			return nil, err
		}
	}
	return w, nil
}
