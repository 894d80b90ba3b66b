package lint

import (
	"net/url"
	"path/filepath"
	"slices"
)

const (
	sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"
	homepage    = "https://github.com/caddymgw/gateway"
	rulesPage   = homepage + "/blob/main/docs/lint.md"
)

// SARIF is a log of the Static Analysis Results Interchange Format, version 2.1.0
// (OASIS), as far as it is needed here.
type SARIF struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string       `json:"id"`
	ShortDescription sarifText    `json:"shortDescription"`
	FullDescription  sarifText    `json:"fullDescription"`
	Help             sarifText    `json:"help"`
	HelpURI          string       `json:"helpUri"`
	Default          sarifDefault `json:"defaultConfiguration"`
}

type sarifDefault struct {
	Level Severity `json:"level"` // the severities are SARIF's levels
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     Severity        `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"` // from 1
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"` // the JSON pointer
}

// SARIF returns the report as a log of one run, by a version of this program; "" for
// an unknown one.
func (r *Report) SARIF(version string) *SARIF {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "caddymgw", Version: version, InformationURI: homepage}},
		Results: []sarifResult{},
	}
	rules := Rules()
	for _, rule := range rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: rule.ID, HelpURI: rulesPage + "#" + rule.ID, Default: sarifDefault{rule.Severity},
			ShortDescription: sarifText{rule.Title}, FullDescription: sarifText{rule.Why}, Help: sarifText{rule.Remedy},
		})
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: slices.IndexFunc(rules, func(rule Rule) bool { return rule.ID == f.Rule }),
			Level: f.Severity, Message: sarifText{f.Message},
			Locations: []sarifLocation{{
				sarifPhysical{sarifArtifact{fileURI(f.File)}, sarifRegion{max(1, f.Line)}},
				[]sarifLogical{{f.Pointer}},
			}},
		})
	}
	return &SARIF{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}
}

// fileURI is relative where the path is: to where the command was started, which is
// the root of the repository for those who read such logs.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
