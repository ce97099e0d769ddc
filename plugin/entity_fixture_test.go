package plugin

import "hawser/mib"

// objectAt is what HAWSER-MIB or a standard module says of an identifier.
func objectAt(oid []uint32) (object mib.Object, instance []uint32, found bool) {
	if object, instance, found = mib.ByOID(oid); found {
		return object, instance, found
	}
	return mib.StandardByOID(oid)
}
