// Package examples holds the example systems, so that the demonstration has them
// wherever the program runs.
package examples

import "embed"

// SharePoint is the folder sharepoint: what three sources say of one system.
// README.md there says what to look for.
//
//go:embed sharepoint/*.yaml
var SharePoint embed.FS
