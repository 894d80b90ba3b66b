package command

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/argon2"

	"github.com/caddymgw/gateway/caddymgw/openapi"
)

func initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init <folder>",
		Short: "Makes a folder with a gateway for an OpenAPI document",
		Long: `
Makes a folder with a gateway that runs at once: a Caddyfile, a copy of the OpenAPI
document with the files that it refers to, and a README with curl lines for its own
operations. Without --upstream a mock answers in place of the service.

Where the document has API keys or HTTP Basic there is a user admin. The password is
made at random and goes to stdout, and is kept nowhere else: the Caddyfile has its
hash.

The folder must not be there yet, or be empty: nothing is overwritten. Where
something is wrong with the document, nothing is written.
`,
		Example: `  caddymgw mgw init shop --openapi openapi.yaml
  caddymgw mgw init shop --openapi openapi.yaml --upstream http://localhost:8080
  caddymgw mgw init shop --openapi openapi.yaml --default-security "scheme api_key"`,
		Args:              wants("a folder"),
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE:              func(cmd *cobra.Command, args []string) error { return initFolder(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.String("openapi", "", "The OpenAPI document, a `file`")
	f.String("upstream", "", "Where the service is, a `URL` such as http://localhost:8080; default: a mock")
	f.String("site", defaultSite, "Where the gateway is reached, a `URL`")
	f.String("default-security", "", "What operations without any security ask for: `oauth2`, deny, public, or \"scheme NAME...\"; default: oauth2")
	_ = cmd.MarkFlagFilename("openapi", "yaml", "yml", "json")
	_ = cmd.RegisterFlagCompletionFunc("default-security", cobra.FixedCompletions([]cobra.Completion{"oauth2", "deny", "public", "scheme "}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"upstream", "site"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}

func initFolder(cmd *cobra.Command, name string) error {
	file, _ := cmd.Flags().GetString("openapi")
	if file == "" {
		return errors.New("name the OpenAPI document with --openapi")
	}
	n, err := newGatewayOf(cmd, file)
	if err != nil {
		return err
	}
	folder, err := checkFolder(name)
	if err != nil {
		return err
	}
	copied, err := copyDocument(file)
	if err != nil {
		return errors.New(plain(err.Error()))
	}
	if _, ok := word(copied.name); !ok {
		return fmt.Errorf("no Caddyfile can name the file %s: give it another name", plain(copied.name))
	}
	n.document = copied.name
	tree, err := openapi.OpenTree(file)
	if err != nil {
		return err
	}
	defer tree.Close()
	n.paths = requestPaths{n.doc, tree}
	password := n.addUser()
	if n.wantsKeys() {
		n.issuer = n.freePath()
	}
	files := copied.files
	if files["Caddyfile"], err = n.caddyfileText(); err != nil {
		return err
	}
	files["README.md"] = n.readme()
	files[".gitignore"] = []byte("/data/\n")
	if err := folder.make(files); err != nil {
		return err
	}
	return n.tell(cmd, name, password, copied)
}

func newGatewayOf(cmd *cobra.Command, file string) (*newGateway, error) {
	flags := cmd.Flags()
	n := new(newGateway)
	site, _ := flags.GetString("site")
	var err error
	if n.site, err = parseSite(site); err != nil {
		return nil, err
	}
	if text, _ := flags.GetString("upstream"); text != "" {
		if n.upstream, err = parseUpstream(text); err != nil {
			return nil, err
		}
	}
	defaults, _ := flags.GetString("default-security")
	var options openapi.Options
	if options.DefaultSecurity, err = parseDefaultSecurity(defaults); err != nil {
		return nil, err
	}
	n.defaults = strings.Fields(defaults)
	for _, d := range n.defaults {
		if _, ok := word(d); !ok {
			return nil, fmt.Errorf("--default-security: no Caddyfile can name the scheme %s", plain(d))
		}
	}
	if n.doc, err = openapi.Load(file, options); err != nil {
		return nil, errors.New(plain(err.Error()))
	}
	return n, nil
}

// parseDefaultSecurity reads what openapi_auth reads in default_security.
func parseDefaultSecurity(text string) (d openapi.DefaultSecurity, err error) {
	words := strings.Fields(text)
	switch {
	case text == "" || len(words) == 1 && words[0] == "oauth2":
	case len(words) == 1 && words[0] == "deny":
		d.Mode = openapi.DefaultDeny
	case len(words) == 1 && words[0] == "public":
		d.Mode = openapi.DefaultPublic
	case len(words) > 1 && words[0] == "scheme":
		d.Mode, d.Schemes = openapi.DefaultSchemes, words[1:]
	default:
		return d, fmt.Errorf("--default-security %s: must be oauth2, deny, public, or scheme and names", plain(text))
	}
	return d, nil
}

// addUser makes up the password of admin, where somebody has to log in.
func (n *newGateway) addUser() (password string) {
	if !n.wantsUser() {
		return ""
	}
	password = strings.ToLower(rand.Text())
	n.hash, n.scopes = hashPassword(password), n.roles()
	return password
}

// hashPassword does what `caddy hash-password --algorithm argon2id` does, by the same parameters.
func hashPassword(password string) string {
	const memory, rounds, threads, length = 46 << 10, 1, 1, 32
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, rounds, memory, threads, length)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, rounds, threads, encode(salt), encode(key))
}

// tell says what to do next.
func (n *newGateway) tell(cmd *cobra.Command, name, password string, copied documentCopy) error {
	if password != "" {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), password); err != nil {
			return fmt.Errorf("the folder was made, and the password of admin is lost, since it can't be printed: remove the folder: %w", err)
		}
	}
	name = filepath.Clean(name)
	lines := []string{"made " + plain(name) + ": " + strings.Join(slices.Sorted(maps.Keys(copied.files)), ", ")}
	if password != "" {
		lines = append(lines, "the password of admin is on stdout, and nowhere else")
	}
	if n.upstream == "" {
		lines = append(lines, "a mock answers in place of your service, see the Caddyfile")
	}
	if labels, undeclared := n.shut(); len(labels) > 0 {
		lines = append(lines, fmt.Sprintf("nobody can call %d of %d operations yet, the first is %s: README.md says why", len(labels), len(n.doc.API.Operations), plain(labels[0])))
		if undeclared {
			lines = append(lines, "the document declares no security for some of them, which is read as OAuth 2: --default-security changes that")
		}
	}
	if len(copied.left) > 0 {
		lines = append(lines, "left out, since they can't be read and the gateway needs none of them: "+plain(strings.Join(copied.left, ", ")))
	}
	lines = append(lines, "next: cd "+plain(shellWord(name))+" && caddymgw run; README.md has the calls")
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), strings.Join(lines, "\n"))
	return err
}
