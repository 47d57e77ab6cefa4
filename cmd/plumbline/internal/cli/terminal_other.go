//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package cli

import "os"

// windowWidth knows no terminals here, so nothing is coloured or broken.
func windowWidth(*os.File) (int, bool) { return 0, false }
