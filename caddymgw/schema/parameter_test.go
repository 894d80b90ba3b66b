package schema

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows are those of the tables of styles, OpenAPI 3.1 section 4.8.12.4, and
// what breaks them.
func TestParameters(t *testing.T) {
	t.Parallel()
	const (
		integer = "schema: {type: integer, minimum: 1}"
		list    = "schema: {type: array, maxItems: 3, items: {type: integer}}"
		object  = "schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: string}}}"
	)
	for name, tc := range map[string]struct {
		parameter string
		path      string // template; "/a"
		target    string
		lines     []string
		problems  []string
	}{
		"query, integer":                        {parameter: "in: query, name: q, " + integer, target: "/a?q=5"},
		"query, zeros before a number":          {parameter: "in: query, name: q, " + integer, target: "/a?q=007"},
		"query, no number":                      {parameter: "in: query, name: q, " + integer, target: "/a?q=five", problems: []string{"query#/q: value must be an integer"}},
		"query, hexadecimal":                    {parameter: "in: query, name: q, " + integer, target: "/a?q=0x10", problems: []string{"query#/q: value must be an integer"}},
		"query, fraction":                       {parameter: "in: query, name: q, " + integer, target: "/a?q=1.5", problems: []string{"query#/q: value must be an integer"}},
		"query, infinite":                       {parameter: "in: query, name: q, schema: {type: number}", target: "/a?q=Inf", problems: []string{"query#/q: value must be a number"}},
		"query, beyond a bound":                 {parameter: "in: query, name: q, " + integer, target: "/a?q=0", problems: []string{"query#/q: number must be at least 1"}},
		"query, empty":                          {parameter: "in: query, name: q, " + integer, target: "/a?q=", problems: []string{"query#/q: value must be an integer"}},
		"query, empty where it may be":          {parameter: "in: query, name: q, allowEmptyValue: true, " + integer, target: "/a?q="},
		"query, not there":                      {parameter: "in: query, name: q, " + integer, target: "/a"},
		"query, required and not there":         {parameter: "in: query, name: q, required: true, " + integer, target: "/a", problems: []string{"query#/q: value is missing"}},
		"query, repeated":                       {parameter: "in: query, name: q, " + integer, target: "/a?q=1&q=2", problems: []string{"query#/q: value stands more than once"}},
		"query, other parameters":               {parameter: "in: query, name: q, " + integer, target: "/a?Q=x&z=1"},
		"query, boolean":                        {parameter: "in: query, name: q, schema: {type: boolean}", target: "/a?q=true"},
		"query, boolean as a digit":             {parameter: "in: query, name: q, schema: {type: boolean}", target: "/a?q=1"},
		"query, no boolean":                     {parameter: "in: query, name: q, schema: {type: boolean}", target: "/a?q=yes", problems: []string{"query#/q: value must be a boolean"}},
		"query, enum":                           {parameter: "in: query, name: q, schema: {type: string, enum: [a, b]}", target: "/a?q=c", problems: []string{`query#/q: value is not one of the allowed values ["a","b"]`}},
		"query, untyped":                        {parameter: "in: query, name: q, schema: {}", target: "/a?q=c"},
		"query, untyped with a pattern":         {parameter: "in: query, name: q, schema: {pattern: '^[0-9]+$'}", target: "/a?q=x", problems: []string{`query#/q: string doesn't match the regular expression "^[0-9]+$"`}},
		"query, annotations in allOf":           {parameter: "in: query, name: q, schema: {allOf: [{type: integer}, {description: d}]}", target: "/a?q=1"},
		"query, a number or a word":             {parameter: "in: query, name: q, schema: {anyOf: [{type: integer, minimum: 10}, {type: string, enum: ['5']}]}", target: "/a?q=5"},
		"query, the other of two types":         {parameter: "in: query, name: q, schema: {oneOf: [{type: integer}, {type: boolean}]}", target: "/a?q=true"},
		"query, neither of two types":           {parameter: "in: query, name: q, schema: {oneOf: [{type: integer}, {type: boolean}]}", target: "/a?q=maybe", problems: []string{`query#/q: value doesn't match any schema from "oneOf"`}},
		"query, form list, explode":             {parameter: "in: query, name: q, " + list, target: "/a?q=1&q=2&q=3"},
		"query, form list, explode, too long":   {parameter: "in: query, name: q, " + list, target: "/a?q=1&q=2&q=3&q=4", problems: []string{"query#/q: maximum number of items is 3"}},
		"query, form list, explode, an item":    {parameter: "in: query, name: q, " + list, target: "/a?q=1&q=x", problems: []string{"query#/q/1: value must be an integer"}},
		"query, form list":                      {parameter: "in: query, name: q, explode: false, " + list, target: "/a?q=1,2"},
		"query, form list, escaped comma":       {parameter: "in: query, name: q, explode: false, " + list, target: "/a?q=1%2Cx", problems: []string{"query#/q/1: value must be an integer"}},
		"query, form list, repeated":            {parameter: "in: query, name: q, explode: false, " + list, target: "/a?q=1,2&q=x", problems: []string{"query#/q: value stands more than once"}},
		"query, form list, empty":               {parameter: "in: query, name: q, explode: false, " + list, target: "/a?q="},
		"query, spaces":                         {parameter: "in: query, name: q, style: spaceDelimited, " + list, target: "/a?q=1%202+x", problems: []string{"query#/q/2: value must be an integer"}},
		"query, pipes":                          {parameter: "in: query, name: q, style: pipeDelimited, " + list, target: "/a?q=1%7C2|x", problems: []string{"query#/q/2: value must be an integer"}},
		"query, list or text, a text":           {parameter: "in: query, name: q, schema: {anyOf: [{type: string, maxLength: 2}, {type: array, items: {type: string}}]}", target: "/a?q=ab"},
		"query, list or text, a list":           {parameter: "in: query, name: q, schema: {anyOf: [{type: string, maxLength: 2}, {type: array, items: {type: string}}]}", target: "/a?q=ab&q=abc"},
		"query, form object, explode":           {parameter: "in: query, name: q, " + object, target: "/a?a=1&b=x"},
		"query, form object, explode, a member": {parameter: "in: query, name: q, " + object, target: "/a?a=x", problems: []string{"query#/q/a: value must be an integer"}},
		"query, form object, explode, required": {parameter: "in: query, name: q, " + object, target: "/a?b=x", problems: []string{`query#/q/a: property "a" is missing`}},
		"query, form object, none of it":        {parameter: "in: query, name: q, " + object, target: "/a?z=x"},
		"query, form object":                    {parameter: "in: query, name: q, explode: false, " + object, target: "/a?q=a,1,b,x"},
		"query, form object, odd":               {parameter: "in: query, name: q, explode: false, " + object, target: "/a?q=a,1,b", problems: []string{"query#/q: value is not written in the style that is declared"}},
		"query, form object, a name twice":      {parameter: "in: query, name: q, explode: false, " + object, target: "/a?q=a,1,a,2", problems: []string{"query#/q: value is not written in the style that is declared"}},
		"query, deepObject":                     {parameter: "in: query, name: q, style: deepObject, " + object, target: "/a?q[a]=1&q%5Bb%5D=x"},
		"query, deepObject, a member":           {parameter: "in: query, name: q, style: deepObject, " + object, target: "/a?q[a]=x", problems: []string{"query#/q/a: value must be an integer"}},
		"query, deepObject, not there":          {parameter: "in: query, name: q, style: deepObject, required: true, " + object, target: "/a?q=1", problems: []string{"query#/q: value is missing"}},
		"query, deepObject, both ways":          {parameter: "in: query, name: q, style: deepObject, " + object, target: "/a?q[a]=1&q[a][x]=1", problems: []string{"query#/q: value is not written in the style that is declared"}},
		"query, deepObject, too deep":           {parameter: "in: query, name: q, style: deepObject, " + object, target: "/a?q[a][a][a][a][a][a][a][a][a]=1", problems: []string{"query#/q: value is not written in the style that is declared"}},
		"query, deepObject, list":               {parameter: "in: query, name: q, style: deepObject, schema: {type: object, properties: {a: {type: array, items: {type: integer}}}}", target: "/a?q[a]=1&q[a]=x", problems: []string{"query#/q/a/1: value must be an integer"}},
		"query, deepObject, list in brackets":   {parameter: "in: query, name: q, style: deepObject, schema: {type: object, properties: {a: {type: array, items: {type: integer}}}}", target: "/a?q[a][]=x", problems: []string{"query#/q/a/0: value must be an integer"}},
		"query, deepObject, nested":             {parameter: "in: query, name: q, style: deepObject, schema: {type: object, properties: {a: {type: object, properties: {b: {type: integer}}}}}", target: "/a?q[a][b]=x", problems: []string{"query#/q/a/b: value must be an integer"}},
		"query, JSON":                           {parameter: "in: query, name: q, content: {application/json: {" + object + "}}", target: "/a?q=%7B%22a%22:1%7D"},
		"query, JSON, a member":                 {parameter: "in: query, name: q, content: {application/json: {" + object + "}}", target: "/a?q=%7B%22a%22:%221%22%7D", problems: []string{"query#/q/a: value must be an integer"}},
		"query, JSON, malformed":                {parameter: "in: query, name: q, content: {application/json: {" + object + "}}", target: "/a?q=%7B", problems: []string{"query#/q: not valid JSON"}},
		"query, JSON, repeated":                 {parameter: "in: query, name: q, content: {application/json: {" + object + "}}", target: "/a?q=%7B%22a%22:1%7D&q=1", problems: []string{"query#/q: value stands more than once"}},
		"query that can't be read":              {parameter: "in: query, name: q, " + integer, target: "/a?q=1&b=%zz", problems: []string{"query#: the query can't be read"}},
		"query that is not UTF-8":               {parameter: "in: query, name: q, " + integer, target: "/a?q=1&b=%ff", problems: []string{"query#: the query can't be read"}},

		"header, integer":       {parameter: "in: header, name: x-n, " + integer, target: "/a", lines: []string{"X-N: 5"}},
		"header, no number":     {parameter: "in: header, name: x-n, " + integer, target: "/a", lines: []string{"X-N: x"}, problems: []string{"header#/X-N: value must be an integer"}},
		"header, required":      {parameter: "in: header, name: x-n, required: true, " + integer, target: "/a", problems: []string{"header#/X-N: value is missing"}},
		"header, repeated":      {parameter: "in: header, name: x-n, " + integer, target: "/a", lines: []string{"X-N: 1", "X-N: 2"}, problems: []string{"header#/X-N: value stands more than once"}},
		"header, list":          {parameter: "in: header, name: x-n, " + list, target: "/a", lines: []string{"X-N: 1, 2", "X-N: x"}, problems: []string{"header#/X-N/2: value must be an integer"}},
		"header, object":        {parameter: "in: header, name: x-n, " + object, target: "/a", lines: []string{"X-N: a,x"}, problems: []string{"header#/X-N/a: value must be an integer"}},
		"header, object, =":     {parameter: "in: header, name: x-n, explode: true, " + object, target: "/a", lines: []string{"X-N: a=x"}, problems: []string{"header#/X-N/a: value must be an integer"}},
		"header, text, commas":  {parameter: "in: header, name: x-n, schema: {type: string, pattern: '^a, b$'}", target: "/a", lines: []string{"X-N: a, b"}},
		"header, Host":          {parameter: "in: header, name: Host, required: true, schema: {type: string, enum: [example.com]}", target: "/a"},
		"header, Authorization": {parameter: "in: header, name: authorization, required: true, schema: {type: string}", target: "/a"},
		"header, Accept":        {parameter: "in: header, name: Accept, required: true, schema: {type: string}", target: "/a"},

		"cookie":               {parameter: "in: cookie, name: c, " + integer, target: "/a", lines: []string{"Cookie: c=5; d=x"}},
		"cookie, no number":    {parameter: "in: cookie, name: c, " + integer, target: "/a", lines: []string{"Cookie: c=x"}, problems: []string{"cookie#/c: value must be an integer"}},
		"cookie, required":     {parameter: "in: cookie, name: c, required: true, " + integer, target: "/a", lines: []string{"Cookie: C=1"}, problems: []string{"cookie#/c: value is missing"}},
		"cookie, twice":        {parameter: "in: cookie, name: c, " + integer, target: "/a", lines: []string{"Cookie: c=1; c=2"}, problems: []string{"cookie#/c: value stands more than once"}},
		"cookie, in two lines": {parameter: "in: cookie, name: c, " + integer, target: "/a", lines: []string{"Cookie: c=1", "Cookie: c=2"}, problems: []string{"cookie#/c: value stands more than once"}},
		"cookie, list":         {parameter: "in: cookie, name: c, explode: false, " + list, target: "/a", lines: []string{"Cookie: c=1|x"}, problems: []string{"cookie#/c/0: value must be an integer"}},

		"path, integer":               {parameter: "in: path, name: p, required: true, " + integer, path: "/a/{p}", target: "/a/5"},
		"path, below a base path":     {parameter: "in: path, name: p, required: true, " + integer, path: "/a/{p}", target: "/v1/a/5"},
		"path, no number":             {parameter: "in: path, name: p, required: true, " + integer, path: "/a/{p}", target: "/a/x", problems: []string{"path#/p: value must be an integer"}},
		"path, escaped":               {parameter: "in: path, name: p, required: true, schema: {type: string, enum: [a b]}", path: "/a/{p}", target: "/a/a%20b"},
		"path, escaped slash":         {parameter: "in: path, name: p, required: true, schema: {type: string, enum: [a/b]}", path: "/a/{p}", target: "/a/a%2Fb"},
		"path, part of a segment":     {parameter: "in: path, name: p, required: true, " + integer, path: "/a/v{p}.json", target: "/a/v5.json"},
		"path, part, no number":       {parameter: "in: path, name: p, required: true, " + integer, path: "/a/v{p}.json", target: "/a/vx.json", problems: []string{"path#/p: value must be an integer"}},
		"path, two in a segment":      {parameter: "in: path, name: p, required: true, " + integer, path: "/a/{x}-{p}", target: "/a/b-c-5", problems: []string{"path#/p: value must be an integer"}},
		"path, another path":          {parameter: "in: path, name: p, required: true, " + integer, path: "/a/{p}", target: "/b", problems: []string{"path#: the path is not that of the operation"}},
		"path, list":                  {parameter: "in: path, name: p, required: true, " + list, path: "/a/{p}", target: "/a/1,x", problems: []string{"path#/p/1: value must be an integer"}},
		"path, object":                {parameter: "in: path, name: p, required: true, " + object, path: "/a/{p}", target: "/a/a,x", problems: []string{"path#/p/a: value must be an integer"}},
		"path, object, =":             {parameter: "in: path, name: p, required: true, explode: true, " + object, path: "/a/{p}", target: "/a/a=1,b=x"},
		"path, label":                 {parameter: "in: path, name: p, required: true, style: label, " + integer, path: "/a/{p}", target: "/a/.5"},
		"path, label, no dot":         {parameter: "in: path, name: p, required: true, style: label, " + integer, path: "/a/{p}", target: "/a/5", problems: []string{"path#/p: value is not written in the style that is declared"}},
		"path, label, list":           {parameter: "in: path, name: p, required: true, style: label, " + list, path: "/a/{p}", target: "/a/.1,x", problems: []string{"path#/p/1: value must be an integer"}},
		"path, label, list, explode":  {parameter: "in: path, name: p, required: true, style: label, explode: true, " + list, path: "/a/{p}", target: "/a/.1.x", problems: []string{"path#/p/1: value must be an integer"}},
		"path, label, object":         {parameter: "in: path, name: p, required: true, style: label, explode: true, " + object, path: "/a/{p}", target: "/a/.a=x.b=y", problems: []string{"path#/p/a: value must be an integer"}},
		"path, matrix":                {parameter: "in: path, name: p, required: true, style: matrix, " + integer, path: "/a/{p}", target: "/a/;p=5"},
		"path, matrix, another":       {parameter: "in: path, name: p, required: true, style: matrix, " + integer, path: "/a/{p}", target: "/a/;q=5", problems: []string{"path#/p: value is not written in the style that is declared"}},
		"path, matrix, list":          {parameter: "in: path, name: p, required: true, style: matrix, " + list, path: "/a/{p}", target: "/a/;p=1,x", problems: []string{"path#/p/1: value must be an integer"}},
		"path, matrix, list, explode": {parameter: "in: path, name: p, required: true, style: matrix, explode: true, " + list, path: "/a/{p}", target: "/a/;p=1;p=x", problems: []string{"path#/p/1: value must be an integer"}},
		"path, matrix, object":        {parameter: "in: path, name: p, required: true, style: matrix, explode: true, " + object, path: "/a/{p}", target: "/a/;a=x;b=y", problems: []string{"path#/p/a: value must be an integer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.path == "" {
				tc.path = "/a"
			}
			doc := sound(t, head30+"paths:\n  "+tc.path+":\n    get:\n      parameters:\n      - {"+tc.parameter+"}\n      responses: {default: {description: d}}\n")
			op := doc.Operation(http.MethodGet, tc.path)
			require.NotNil(t, op)
			require.Equal(t, tc.problems, message{"GET", tc.target, tc.lines, ""}.judged(op))
		})
	}
}
