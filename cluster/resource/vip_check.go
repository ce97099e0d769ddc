package resource

import (
	"context"

	"github.com/vishvananda/netlink"
)

// Checker is a Resource that can tell, before a start, whether it could run here now.
type Checker interface {
	// Check says why a start would fail as things stand; nil if nothing is known that stands against it. It changes nothing.
	Check(ctx context.Context) error
}

// Check implements Checker: the address is not here already by somebody else, the interface is there, up, has its carrier,
// and the prefix fits.
func (v *vip) Check(ctx context.Context) error {
	k, err := openKernel(ctx)
	if err != nil {
		return err
	}
	defer k.close()
	if v.held() == nil {
		if err := v.absent(k); err != nil {
			return err
		}
	}
	_, err = v.carrierOf(k)
	return err
}

// absent says that the address is here although this daemon did not add it; nil if it is not.
func (v *vip) absent(k kernel) error {
	there, err := k.find(v.own())
	if err != nil || len(there) == 0 {
		return err
	}
	return v.stranger(there[0])
}

// carrierOf is the interface, if it can carry the address.
func (v *vip) carrierOf(k kernel) (netlink.Link, error) {
	link, err := k.link(v.options.Interface)
	if err != nil {
		return nil, err
	}
	if err := fit(link, v.options); err != nil {
		return nil, err
	}
	return link, k.prefixFits(link, v.options.prefix)
}
