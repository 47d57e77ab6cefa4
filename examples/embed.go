// Package examples holds the example systems, so that the demonstration has them
// wherever the program runs.
package examples

import "embed"

// Files are the example systems by folder: sharepoint (what three sources say of
// one system), configmgr, commsuite, sametime (each kept well and kept badly),
// and topics. The README.md of a folder says what to look for.
//
//go:embed sharepoint/*.yaml configmgr/*.yaml commsuite/*.yaml sametime/*.yaml topics/*.yaml
var Files embed.FS
