package harness

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Raw sends bytes over a socket of its own, by TLS if secure, and returns the
// status of the first answer; 0 if the connection was closed without one.
func (g *Gateway) Raw(secure bool, request string) int {
	g.t.Helper()
	c := g.dial(secure, "http/1.1")
	defer c.Close()
	_, err := io.WriteString(c, request)
	require.NoError(g.t, err)
	res, err := http.ReadResponse(bufio.NewReader(c), nil) // its body ends with the connection
	if err != nil {
		return 0
	}
	return res.StatusCode
}

// RawH2 sends one HTTP/2 request with just these header fields, pairs of name
// and value, and returns the status; 0 if the stream or the connection ended
// without one.
func (g *Gateway) RawH2(fields ...string) int {
	g.t.Helper()
	c := g.dial(true, "h2")
	defer c.Close()
	_, err := io.WriteString(c, http2.ClientPreface)
	require.NoError(g.t, err)
	framer := http2.NewFramer(c, c)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	require.NoError(g.t, framer.WriteSettings())
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		require.NoError(g.t, encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	require.NoError(g.t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true}))
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return 0
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			status := 0
			for _, d := range frame.PseudoValue("status") {
				status = status*10 + int(d-'0')
			}
			return status
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return 0
		}
	}
}

func (g *Gateway) dial(secure bool, protocol string) net.Conn {
	g.t.Helper()
	port := g.HTTP
	if secure {
		port = g.HTTPS
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	require.NoError(g.t, err)
	require.NoError(g.t, c.SetDeadline(time.Now().Add(10*time.Second)))
	if secure {
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: []string{protocol}})
	}
	return c
}
