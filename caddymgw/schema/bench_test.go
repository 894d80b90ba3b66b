package schema

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkRequest(b *testing.B) {
	doc := sound(b, pet+"")
	op := doc.Operation("POST", "/pets")
	body := []byte(`{"name":"Bob","age":5,"born":"2020-02-29","parent":{"name":"Alice","age":30,"born":"1990-02-28"}}`)
	r := message{"POST", "/pets", []string{asJSON}, "x"}.request()
	b.Run("body", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if op.Request(r, body) != nil {
				b.Fatal("refused")
			}
		}
	})
	bad := []byte(strings.Replace(string(body), `"Bob"`, "1", 1))
	b.Run("body that is refused", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if op.Request(r, bad) == nil {
				b.Fatal("passed")
			}
		}
	})
	list := sound(b, head30+"paths: {'/a/{id}': {get: {parameters: [{in: path, name: id, required: true, schema: {type: integer}}, {in: query, name: limit, schema: {type: integer, maximum: 100}}, {in: query, name: tags, explode: false, schema: {type: array, items: {type: string}}}], responses: {default: {description: d}}}}}").Operation("GET", "/a/{id}")
	get := message{"GET", "/a/5?limit=10&tags=a,b", nil, ""}.request()
	b.Run("parameters", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if list.Request(get, nil) != nil {
				b.Fatal("refused")
			}
		}
	})
}

// BenchmarkCostliest is a value at the bound of cost.
func BenchmarkCostliest(b *testing.B) {
	op := sound(b, bodyOf("3.0.3", "{type: array, items: {oneOf: [{type: string}, {type: object, properties: {a: {type: integer}}}, {type: boolean}, {type: integer}]}}", "")).Operation("POST", "/a")
	r := message{"POST", "/a", []string{asJSON}, "x"}.request()
	for _, n := range []int{1000, 50_000, 90_000} {
		body := []byte("[1" + strings.Repeat(",1", n) + "]")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if problems := op.Request(r, body); problems != nil {
					b.Fatal(problems)
				}
			}
		})
	}
}
