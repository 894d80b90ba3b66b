package harness

import (
	"bytes"
	"encoding/json"
	"net"
	"sync"

	"github.com/caddyserver/caddy/v2"
)

// Caddy starts its apps in any order. Where it serves before the app tls is
// started, that app is copied at once (TLS.CaddyModule has a value receiver, and
// is called for each event of a certificate or handshake) and written to by
// TLS.Start. The race detector finds it, now and then, and is wanted for ours.

func init() {
	caddy.RegisterModule(fenced{})
}

// calm takes the two occasions away: certificates that are made in the
// background, by one that is there; and handshakes of HTTP/3, whose packets carry
// no order from one goroutine to another, by a fence.
func calm(config []byte, certificate string) ([]byte, error) {
	files := []map[string]string{{"certificate": certificate, "key": certificate}}
	config, err := set(config, files, "apps", "tls", "certificates", "load_files")
	if err != nil {
		return nil, err
	}
	var c struct {
		Apps struct {
			HTTP struct{ Servers map[string]json.RawMessage }
		}
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	for name := range c.Apps.HTTP.Servers {
		wrappers := []map[string]string{{"wrapper": "mgw_test_fence"}}
		if config, err = set(config, wrappers, "apps", "http", "servers", name, "packet_conn_wrappers"); err != nil {
			return nil, err
		}
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, config, "", "\t")
	return indented.Bytes(), err
}

// set returns an object with the member at a path replaced; what is not there
// is made.
func set(object []byte, value any, path ...string) ([]byte, error) {
	if len(path) == 0 {
		return json.Marshal(value)
	}
	members := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &members); err != nil {
			return nil, err
		}
	}
	member, err := set(members[path[0]], value, path[1:]...)
	if err != nil {
		return nil, err
	}
	members[path[0]] = member
	return json.Marshal(members)
}

// fence orders what is read from a fenced connection after a configuration was
// loaded behind the loading.
var fence sync.Mutex

// fenced lets each packet pass the fence.
type fenced struct{ net.PacketConn }

func (fenced) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.packetconns.mgw_test_fence", New: func() caddy.Module { return new(fenced) }}
}

// WrapPacketConn implements caddy.PacketConnWrapper.
func (fenced) WrapPacketConn(c net.PacketConn) net.PacketConn { return fenced{c} }

// ReadFrom reads a packet.
func (f fenced) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := f.PacketConn.ReadFrom(p)
	passFence()
	return n, from, err
}

// passFence puts what comes after it behind what others did before they passed.
func passFence() {
	fence.Lock()
	defer fence.Unlock()
}
