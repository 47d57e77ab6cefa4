// Package examples holds the example systems, so that the demonstration has them
// wherever the program runs.
package examples

import "embed"

// Files are the example systems by folder: sharepoint, configmgr, commsuite and
// sametime, each kept well and kept badly (the badly kept farm as three sources
// tell of it), and topics. The README.md of a folder says what to look for.
//
//go:embed sharepoint/*.yaml configmgr/*.yaml commsuite/*.yaml sametime/*.yaml topics/*.yaml
var Files embed.FS
