package basic

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestParseHtpasswd(t *testing.T) {
	t.Parallel()
	alice, bob := bcryptHash(12), argonHash(47104, 1, 1)
	both := []User{{Name: "alice", Hash: []byte(alice)}, {Name: "bob", Hash: []byte(bob)}}
	for name, tc := range map[string]struct {
		content string
		want    []User
	}{
		"nothing":              {"", nil},
		"no users":             {"\n# nobody\n\n", nil},
		"lines":                {"alice:" + alice + "\nbob:" + bob + "\n", both},
		"no last line end":     {"alice:" + alice + "\nbob:" + bob, both},
		"CRLF":                 {"alice:" + alice + "\r\n\r\nbob:" + bob + "\r\n", both},
		"comments and blanks":  {"# ours\n \t\nalice:" + alice + "\n  # bob:x\n#\nbob:" + bob + "\n", both},
		"spaces around a line": {" alice:" + alice + " \n\tbob:" + bob + "\t\n", both},
		"byte order mark":      {"\ufeffalice:" + alice + "\nbob:" + bob + "\n", both},
		"spaces in a name":     {"alice b :" + alice, []User{{Name: "alice b ", Hash: []byte(alice)}}},
		"case of a name":       {"alice:" + alice + "\nAlice:" + bob, []User{both[0], {Name: "Alice", Hash: []byte(bob)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users, err := ParseHtpasswd(strings.NewReader(tc.content), "users")
			require.NoError(t, err)
			require.Equal(t, tc.want, users)
		})
	}
}

func TestParseHtpasswdRefusesByLine(t *testing.T) {
	t.Parallel()
	good := "alice:" + bcryptHash(12) + "\n"
	for name, tc := range map[string]struct{ content, line, want string }{
		"MD5":                    {good + "bob:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "2", "neither argon2id nor bcrypt"},
		"SHA1":                   {good + "# bob\n\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "4", "neither argon2id nor bcrypt"},
		"crypt":                  {"bob:rl.3StKT.4T8M\r\n" + good, "1", "neither argon2id nor bcrypt"},
		"plain":                  {good + "\r\nbob:hunter2-in-plain\r\n", "3", "neither argon2id nor bcrypt"},
		"weak":                   {"bob:" + bcryptHash(4), "1", "cost 4"},
		"cut":                    {"bob:" + argonHash(47104, 1, 1)[:60], "1", "malformed"},
		"space before the hash":  {"bob: " + bcryptHash(12), "1", "neither argon2id nor bcrypt"},
		"a comment after it":     {"bob:" + bcryptHash(12) + " # bob", "1", "malformed"},
		"a realm, as in digest":  {"bob:realm:" + bcryptHash(12), "1", "neither argon2id nor bcrypt"},
		"no hash":                {good + "bob:", "2", "the hash is empty"},
		"a hash or a name alone": {good + bcryptHash(12), "2", "not NAME:HASH"},
		"no name":                {good + ":" + bcryptHash(12), "2", "the name is empty"},
		"hash before name":       {good + bcryptHash(12) + ":bob", "2", "neither argon2id nor bcrypt"},
		"control in the name":    {"bo\x00b:" + bcryptHash(12), "1", "control"},
		"name is not UTF-8":      {"Zo\xeb:" + bcryptHash(12), "1", "UTF-8"},
		"byte order mark later":  {good + "\ufeff# ours\n", "2", "not NAME:HASH"},
		"twice":                  {"\n" + good + "#\n" + good, "4", `user "alice" is on line 2 already`},
		"twice, another hash":    {good + "alice:" + argonHash(47104, 1, 1), "2", `user "alice" is on line 1 already`},
		"endless line":           {good + "bob:" + strings.Repeat("x", 1<<17), "2", "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users, err := ParseHtpasswd(strings.NewReader(tc.content), "/etc/users")
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, users, "all or none")
			require.Equal(t, "/etc/users:"+tc.line+": ", err.Error()[:len("/etc/users:N: ")])
			hides(t, err, strings.ReplaceAll(tc.content, "\n", ":"))
		})
	}
}

func TestParseHtpasswdTellsWhyItCouldNotRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	r := io.MultiReader(strings.NewReader("# a\n# b\n"), iotest.ErrReader(broken))
	users, err := ParseHtpasswd(r, "users")
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "users:3: input/output error")
	require.Nil(t, users)
}

func FuzzParseHtpasswd(f *testing.F) {
	f.Add("# ours\n\nalice:" + bcryptHash(12) + "\r\nbob:" + argonHash(47104, 1, 1))
	f.Add("\ufeffalice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")
	f.Add(":\n:")
	f.Fuzz(func(t *testing.T, content string) {
		users, err := ParseHtpasswd(strings.NewReader(content), "users")
		if err != nil {
			require.Nil(t, users)
			require.Regexp(t, `\Ausers:[1-9][0-9]*: `, err)
			return
		}
		yes := func([]byte) (Comparer, error) { return &fake{}, nil }
		_, err = New(Config{Users: users, Compare: yes})
		require.NoError(t, err, "New takes what the file may hold")
	})
}
