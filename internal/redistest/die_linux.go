package redistest

import (
	"os/exec"
	"syscall"
)

// dieWithUs has a command killed when the thread that starts it ends, as it does
// when the tests panic.
func dieWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
