package redis

// format is the version of what doc.go says.
const format = "1"

// keys are the names of all that is in Redis.
type keys struct {
	shared                        []string // in the order in which scripts know them
	revocations, changes, barrier string
}

func newKeys(prefix string) keys {
	name := func(s string) string { return "{" + prefix + "}:" + format + ":" + s }
	k := keys{revocations: name("revocations"), changes: name("changes"), barrier: name("barrier")}
	k.shared = []string{
		name("records"), name("ids"), name("subjects"), name("expiry"), name("used"), name("revoked"), name("successors"), k.revocations, k.changes, name("count"),
	}
	return k
}
