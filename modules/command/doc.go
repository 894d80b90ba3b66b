// Package command is `caddymgw mgw`: what operators type. Each command is a file
// of its name, and is added to its parent in command.go.
//
//	gateway.go    a running gateway, asked by its admin API
//	terminal.go   prompts, widths and colours, where there is somebody to see them
//	table.go      lists for people, of any length
//	text.go       what others chose, made harmless for a terminal
//	when.go       moments in words
//	source.go     documents and configurations that are read from files
//	provision.go  a configuration that is set up and not run, to be asked offline
//	pages.go      lists that the admin API gives in pages
//	init*.go      `mgw init`: the files of a new gateway
//	matrix*.go    `mgw test`: requests with credentials of every kind, and what came of them
//
// Commands write what was asked for to stdout, all else to stderr, and return an
// error where they failed: Caddy exits with 1 then. Secrets come by stdin.
package command
