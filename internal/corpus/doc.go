// Package corpus finds the real OpenAPI documents that tests walk, and makes
// request paths for their operations. It imports internal/shared.
package corpus
