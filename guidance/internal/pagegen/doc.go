// Package pagegen writes the pages of docs/guidance: what ships, for people who
// read it where they read code.
//
// [Pages] makes them all of the shipped files and the list of requirements: an
// index with what each requirement is covered by (index.go), a page for each
// version (version.go, rules.go), and one for what changed between neighbouring
// versions (changes.go). Markdown is written by page (page.go), and texts of
// checklists pass through escape and code (markdown.go), since they hold signs
// that Markdown takes for its own.
//
// What is written depends on the checklists alone: no dates, no map order. A
// rule's anchor is its id, so that links last as long as the rule.
package pagegen
