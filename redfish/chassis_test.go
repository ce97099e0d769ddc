package redfish

import "testing"

func TestLabelKeepsWhatASensorSaysItself(t *testing.T) {
	collected := []Sensor{
		{Path: "/s/Fan1", Type: SensorFanSpeed, Unit: "RPM"}, {Path: "/s/Fan2", Type: SensorOther, Unit: "%"},
	}
	rest := label(collected, []Sensor{
		{Path: "/S/fan1", Type: SensorFanPercent}, {Path: "/s/Fan2", Type: SensorFanPercent}, {Path: "/s/Fan3", Type: SensorFanPercent},
	})
	if got := collected[0].Type; got != SensorFanSpeed {
		t.Errorf("a fan that tells revolutions is labelled %s", got)
	}
	if got := collected[1].Type; got != SensorFanPercent {
		t.Errorf("a percentage of a fan is labelled %s", got)
	}
	if len(rest) != 1 || rest[0].Path != "/s/Fan3" {
		t.Errorf("left over: %+v", rest)
	}
}
