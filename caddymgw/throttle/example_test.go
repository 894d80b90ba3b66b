package throttle_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/caddymgw/gateway/caddymgw/throttle"
)

func ExampleThrottle_Begin() {
	clock := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	t := throttle.New(func() time.Time { return clock })
	login := func(password string) string {
		wait, done := t.Begin("alice", netip.MustParseAddr("192.0.2.1"))
		if wait > 0 {
			return fmt.Sprint("come back in ", wait)
		}
		outcome := throttle.Wrong
		defer func() { done(outcome) }()
		if password != "correct horse" {
			return "wrong"
		}
		outcome = throttle.Right
		return "welcome"
	}
	for _, password := range []string{"1", "2", "3", "4", "5", "6"} {
		fmt.Println(login(password))
	}
	clock = clock.Add(time.Second)
	fmt.Println(login("correct horse"))
	// Output:
	// wrong
	// wrong
	// wrong
	// wrong
	// wrong
	// come back in 1s
	// welcome
}
