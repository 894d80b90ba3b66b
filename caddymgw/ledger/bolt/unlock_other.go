//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package bolt

import "os"

// unlock does nothing: here, closing a file frees it.
func unlock(*os.File) {}
