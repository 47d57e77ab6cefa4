package cli

import (
	"io"
	"os"
)

// terminalWidth gives the width of the terminal that w writes to; false if it
// writes to none.
func terminalWidth(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	return windowWidth(f)
}
