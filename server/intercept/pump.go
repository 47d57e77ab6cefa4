package intercept

import (
	"context"
	"sync"

	"google.golang.org/grpc"
)

// pump receives messages in a goroutine of its own, so that waiting for one
// can be given up: grpc itself ends it only with the stream, and the handler
// must still answer what it took before.
type pump struct {
	want chan any   // messages to receive into
	got  chan error // one result for each
	stop chan struct{}
	last error // what ended receiving; of the goroutine that receives

	mu        sync.Mutex
	cause     error         // why receiving was given up
	interrupt chan struct{} // closed when cause is set
}

func newPump() *pump {
	return &pump{
		want: make(chan any), got: make(chan error, 1),
		stop: make(chan struct{}), interrupt: make(chan struct{}),
	}
}

// run receives until the stream ends or the handler has returned (stop).
func (p *pump) run(ss grpc.ServerStream) {
	for {
		select {
		case m := <-p.want:
			err := ss.RecvMsg(m)
			p.got <- err
			if err != nil {
				return
			}
		case <-p.stop:
			return
		}
	}
}

// receive is RecvMsg, until it is given up. After that m must not be used: the
// pump may still write to it.
func (p *pump) receive(m any) error {
	if p.last == nil {
		p.last = p.next(m)
	}
	return p.last
}

func (p *pump) next(m any) error {
	select {
	case <-p.interrupt:
		return p.why()
	default:
	}
	select {
	case p.want <- m:
	case <-p.interrupt:
		return p.why()
	case <-p.stop: // the handler has returned, and left a goroutine that receives
		return context.Canceled
	}
	select {
	case err := <-p.got:
		return err
	case <-p.interrupt:
	}
	select {
	case err := <-p.got: // what has come shall not be lost
		return err
	default:
		return p.why()
	}
}

// giveUp makes receive return cause from now on; the first cause stays.
func (p *pump) giveUp(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause == nil {
		p.cause = cause
		close(p.interrupt)
	}
}

func (p *pump) why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause
}
