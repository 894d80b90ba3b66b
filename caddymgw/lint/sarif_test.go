package lint

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// object is JSON of which nothing is known but what the format asks for.
type object = map[string]any

// TestLogsAreWhatSARIFAsksFor holds a log to the required members of the schema of
// SARIF 2.1.0 (OASIS), and to its numbers and words.
func TestLogsAreWhatSARIFAsksFor(t *testing.T) {
	t.Parallel()
	r := looked(t, "paths: {/a: {post: {security: []}, get: {security: []}}}\n", Options{})
	require.Len(t, r.Findings, 3)
	raw, err := json.Marshal(r.SARIF("v1.2.3"))
	require.NoError(t, err)
	var log object
	require.NoError(t, json.Unmarshal(raw, &log))

	require.Equal(t, "2.1.0", log["version"])
	require.Equal(t, "https://json.schemastore.org/sarif-2.1.0.json", log["$schema"])
	runs := log["runs"].([]any)
	require.Len(t, runs, 1)
	run := runs[0].(object)
	driver := run["tool"].(object)["driver"].(object)
	require.Equal(t, "caddymgw", driver["name"])
	require.Equal(t, "v1.2.3", driver["version"])

	described := driver["rules"].([]any)
	require.Len(t, described, len(Rules()))
	for i, rule := range described {
		rule := rule.(object)
		require.Equal(t, Rules()[i].ID, rule["id"])
		require.Contains(t, rule["helpUri"], "#"+Rules()[i].ID)
		for _, member := range []string{"shortDescription", "fullDescription", "help"} {
			require.NotEmpty(t, rule[member].(object)["text"], member)
		}
		require.Contains(t, []any{"error", "warning", "note"}, rule["defaultConfiguration"].(object)["level"])
	}

	results := run["results"].([]any)
	require.Len(t, results, len(r.Findings))
	for i, result := range results {
		result, f := result.(object), r.Findings[i]
		require.Equal(t, f.Rule, result["ruleId"])
		index := int(result["ruleIndex"].(float64))
		require.Equal(t, f.Rule, described[index].(object)["id"])
		require.Equal(t, string(f.Severity), result["level"])
		require.Equal(t, f.Message, result["message"].(object)["text"])
		location := result["locations"].([]any)[0].(object)
		physical := location["physicalLocation"].(object)
		require.Equal(t, "file://"+f.File, physical["artifactLocation"].(object)["uri"])
		require.InDelta(t, f.Line, physical["region"].(object)["startLine"], 0)
		require.Equal(t, f.Pointer, location["logicalLocations"].([]any)[0].(object)["fullyQualifiedName"])
	}
}

func TestLogsWithoutResultsAndLines(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(newReport(nil).SARIF(""))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"results":[]`)
	require.NotContains(t, string(raw), `"version":""`)
	one := newReport([]Finding{{Rule: loads, Severity: Error, File: "my api.yaml", Message: "m"}}).SARIF("")
	where := one.Runs[0].Results[0].Locations[0].Physical
	require.Equal(t, 1, where.Region.StartLine, "lines count from 1")
	require.Equal(t, "my%20api.yaml", where.Artifact.URI)
}
