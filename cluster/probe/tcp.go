package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"time"
)

// tcpOptions are the options of kind tcp.
type tcpOptions struct {
	// Address is host:port, or unix:/path of a socket.
	Address string `mapstructure:"address"`
	// Send is written after the connection opened; a protocol's line ends belong into it.
	Send string `mapstructure:"send"`
	// Expect is a text that must occur in the answer.
	Expect string `mapstructure:"expect"`
	// ExpectRegexp is a regular expression (RE2) that must match in the answer.
	ExpectRegexp string `mapstructure:"expectRegexp"`
	// AnswerLimit is how many bytes of the answer are looked at.
	AnswerLimit int `mapstructure:"answerLimit"`
}

// defaultAnswerLimit holds any greeting or reply to a ping that is worth looking at.
const defaultAnswerLimit = 4096

// tcpProber opens one connection per probe: that it opens is part of what is asked.
type tcpProber struct {
	network, address string
	send             []byte
	expect           []byte
	pattern          *regexp.Regexp
	limit            int
}

func newTCP(options map[string]any) (Prober, error) {
	o := tcpOptions{AnswerLimit: defaultAnswerLimit}
	if err := decode(options, &o); err != nil {
		return nil, err
	}
	p := &tcpProber{send: []byte(o.Send), expect: []byte(o.Expect), limit: o.AnswerLimit}
	var found faults
	p.network, p.address = parseAddress(o.Address, &found)
	if o.ExpectRegexp != "" {
		p.pattern = compile("expectRegexp", o.ExpectRegexp, &found)
	}
	if o.AnswerLimit < 1 || o.AnswerLimit > maxBodyLimit {
		found.add("answerLimit", "write a number of bytes from 1 to 16777216", "%d is out of range", o.AnswerLimit)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// parseAddress splits host:port and unix:/path.
func parseAddress(address string, found *faults) (network, to string) {
	const remedy = "write host:port, as in 127.0.0.1:5432, or unix:/path/of/socket"
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		if !strings.HasPrefix(path, "/") {
			found.add("address", remedy, "%q is not an absolute path", path)
		}
		return "unix", path
	}
	if address == "" {
		found.add("address", remedy, "is missing")
		return "tcp", ""
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "" || port == "0" {
		found.add("address", remedy, "%q names no host and port", address)
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		found.add("address", remedy, "there is no port %q", port)
	}
	return "tcp", address
}

func compile(path, text string, found *faults) *regexp.Regexp {
	pattern, err := regexp.Compile(text)
	if err != nil {
		found.add(path, "write a regular expression in RE2 syntax", "%v", err)
		return nil
	}
	return pattern
}

// Probe connects, sends, and reads until the answer holds what is expected.
func (p *tcpProber) Probe(ctx context.Context) Result {
	start := time.Now()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, p.network, p.address)
	if err != nil {
		return unanswered(ctx, start, "connect to "+p.address, err)
	}
	defer func() { _ = conn.Close() }() // the verdict is given; a close has nothing to add
	// The context, not a socket deadline, ends a read: cancelling works as well as running out of time.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if len(p.send) > 0 {
		if _, err := conn.Write(p.send); err != nil {
			return unanswered(ctx, start, "send to "+p.address, err)
		}
	}
	if len(p.expect) == 0 && p.pattern == nil {
		return verdict(start, OK, "%s accepts connections", p.address)
	}
	return p.listen(ctx, start, conn)
}

// listen reads the answer until it is right, complete, too long or late.
func (p *tcpProber) listen(ctx context.Context, start time.Time, conn io.Reader) Result {
	answer := make([]byte, 0, min(p.limit, defaultAnswerLimit))
	chunk := make([]byte, 1024)
	for {
		n, err := conn.Read(chunk[:min(len(chunk), p.limit-len(answer))])
		answer = append(answer, chunk[:n]...)
		switch {
		case p.right(answer):
			return verdict(start, OK, "%s answered as expected", p.address)
		case errors.Is(err, io.EOF) && len(answer) > 0, len(answer) == p.limit:
			return p.wrong(start, answer)
		case err != nil && ctx.Err() != nil && bytes.ContainsRune(answer, '\n'):
			// A whole line came and it was not the right one: that is an answer, although the service keeps the line open.
			return p.wrong(start, answer)
		case err != nil:
			return unanswered(ctx, start, "read from "+p.address, err)
		}
	}
}

func (p *tcpProber) right(answer []byte) bool {
	return bytes.Contains(answer, p.expect) && (p.pattern == nil || p.pattern.Match(answer))
}

func (p *tcpProber) wrong(start time.Time, answer []byte) Result {
	return verdict(start, Failed, "%s gave a wrong answer: %q", p.address, answer[:min(len(answer), 100)])
}
