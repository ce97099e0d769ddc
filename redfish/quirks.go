package redfish

import "slices"

// Quirk is a way in which BMCs differ from the standard or from each other.
// Its handling is general, never keyed by vendor: what one does today another
// does tomorrow.
type Quirk struct {
	Name string
	// Capture is the recorded tree that shows it.
	Capture string
	// Shows says what stands there; Handling what we make of it.
	Shows    string
	Handling string
}

// Quirks is the table of all quirks that are handled.
func Quirks() []Quirk { return slices.Clone(quirks) }

var quirks = []Quirk{
	{
		Name: "registry-version", Capture: "dell-idrac9",
		Shows:    "Bios names BiosAttributeRegistry.v1_0_3; Registries lists BiosAttributeRegistry.v1_0_0 with Registry BiosAttributeRegistry1.0",
		Handling: "a registry is found by its name without version",
	},
	{
		Name: "terms-without-operator", Capture: "dell-idrac9",
		Shows:    "dependencies list several conditions without MapTerms, often on one attribute with different values",
		Handling: "an absent MapTerms means OR; AND is written out (HPE)",
	},
	{
		Name: "empty-lists", Capture: "dell-idrac9",
		Shows:    "a powered-off blade has no BIOS version, no processors, no BIOS attributes",
		Handling: "nothing is invented; the inventory is what is listed",
	},
	{
		Name: "negative-bounds", Capture: "dell-idrac9",
		Shows:    "the manager's attribute registry has LowerBound -1, and null values",
		Handling: "bounds are signed; an attribute is decoded by itself",
	},
	{
		Name: "no-limit-32767", Capture: "dell-idrac9",
		Shows:    "PowerLimit.LimitInWatts is 32767 where no limit is set",
		Handling: "a power limit of 32767 W and more is none",
	},
	{
		Name: "no-limit-65535", Capture: "lenovo-xcc-sr650",
		Shows:    "PowerLimit.LimitInWatts is 65535 where no limit is set",
		Handling: "a power limit of 32767 W and more is none",
	},
	{
		Name: "sessions-elsewhere", Capture: "dell-idrac9",
		Shows:    "the service root's Links.Sessions is /redfish/v1/Sessions",
		Handling: "sessions are made where the root says",
	},
	{
		Name: "relative-link", Capture: "lenovo-xcc-sr650",
		Shows:    "@odata.id is 80000000-F000-1100-1001-210009000200, no path",
		Handling: "a link that is not an absolute path of this origin is never followed",
	},
	{
		Name: "count-without-members", Capture: "lenovo-xcc-sr650",
		Shows:    "Drives@odata.count is 17, Drives lists 16",
		Handling: "a problem: one drive is hidden",
	},
	{
		Name: "slash-fragment", Capture: "lenovo-xcc-sr650",
		Shows:    "links end with a slash; members inside a resource are at Thermal/#/Fans/0",
		Handling: "a trailing slash is dropped, the fragment is never sent",
	},
	{
		Name: "fragment-no-pointer", Capture: "hpe-ilo5-dl365g10p",
		Shows:    "members inside a resource are at Thermal#Fans/0",
		Handling: "the fragment is an identity, not a JSON pointer",
	},
	{
		Name: "letter-case", Capture: "hpe-ilo5-dl365g10p",
		Shows:    "the system is at /Systems/1, its Bios at /systems/1/bios/",
		Handling: "links are sent as written and compared without case",
	},
	{
		Name: "absent-but-ok", Capture: "hpe-ilo5-dl365g10p",
		Shows:    "an empty memory slot has State Absent and Health OK",
		Handling: "the health of what is absent is unknown",
	},
	{
		Name: "registry-wider-than-machine", Capture: "hpe-ilo5-dl365g10p",
		Shows:    "the registry has 407 attributes, the machine 255",
		Handling: "what the machine does not offer can be neither shown nor set",
	},
	{
		Name: "reset-required-absent", Capture: "hpe-ilo5-dl365g10p",
		Shows:    "no attribute has ResetRequired",
		Handling: "absent means that a reset is needed",
	},
	{
		Name: "absent-reads-zero", Capture: "supermicro-x10",
		Shows:    "a sensor of State Absent reads 0 with all thresholds 0",
		Handling: "such a sensor has neither value nor thresholds",
	},
	{
		Name: "storage-missing", Capture: "supermicro-x10",
		Shows:    "the system links to Storage, which does not exist",
		Handling: "an optional resource that is not found is no problem",
	},
	{
		Name: "no-uuid", Capture: "openbmc-stock",
		Shows:    "the system has no UUID",
		Handling: "it cannot be fenced: ErrNoUUID",
	},
	{
		Name: "reset-types-in-action-info", Capture: "openbmc-stock",
		Shows:    "the reset action has no allowable values but a link to ActionInfo",
		Handling: "ActionInfo is read",
	},
	{
		Name: "foreign-link", Capture: "dmtf-rackmount1",
		Shows:    "a power supply links to an outlet at https://redfishpdu.contoso.com",
		Handling: "links to another origin are never followed",
	},
	{
		Name: "both-schemas", Capture: "dmtf-rackmount1",
		Shows:    "the chassis has Thermal and ThermalSubsystem, Power and PowerSubsystem, and Sensors",
		Handling: "the newer schema counts; each fan, supply and sensor appears once",
	},
	{
		Name: "percent-of-what", Capture: "dmtf-rackmount1",
		Shows:    "a fan's sensor has ReadingType Percent and PhysicalContext Chassis",
		Handling: "the fan that names the sensor as its source tells its type",
	},
}
