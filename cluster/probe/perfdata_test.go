package probe

import (
	"reflect"
	"strings"
	"testing"
)

func TestParsePerfdata(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Metric
	}{
		{"nothing", "  ", nil},
		{"whole", "time=0.5s;1:;@2:3;0;10", []Metric{{"time", "0.5", "s", "1:", "@2:3", "0", "10"}}},
		{"short", "a=1 b=2%;;5", []Metric{{Label: "a", Value: "1"}, {Label: "b", Value: "2", Unit: "%", Crit: "5"}}},
		{"trailing semicolons", "/=2643MB;5948;5958;0;5968;", []Metric{{"/", "2643", "MB", "5948", "5958", "0", "5968"}}},
		{"quoted", "'C:\\ used'=1B 'it''s'=2", []Metric{{Label: "C:\\ used", Value: "1", Unit: "B"}, {Label: "it's", Value: "2"}}},
		{"unknown", "a=U b=3", []Metric{{Label: "a", Value: "U"}, {Label: "b", Value: "3"}}},
		{"signs", "a=-1.5e-3c;~:-1;+4", []Metric{{"a", "-1.5e-3", "c", "~:-1", "+4", "", ""}}},
		{"decimal comma", "a=1,5", []Metric{{Label: "a", Value: "1.5"}}},
		{"what is none is left out", "hello =1 a==2 b=x c=1;2;3;4;5;6 d=1;warn 'open=3 e=7", []Metric{{Label: "e", Value: "7"}}},
		{"U with a unit is none", "a=Us b=1", []Metric{{Label: "b", Value: "1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ParsePerfdata(tt.text)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if again := ParsePerfdata(FormatPerfdata(got)); !reflect.DeepEqual(again, got) {
				t.Errorf("written as %q, read as %+v", FormatPerfdata(got), again)
			}
		})
	}
}

func TestPerfdataIsBounded(t *testing.T) {
	many := ParsePerfdata(strings.Repeat("a=1 ", 10_000))
	if len(many) != maxMetrics {
		t.Errorf("%d metrics, want %d", len(many), maxMetrics)
	}
	for i := range many {
		many[i].Label = strings.Repeat("x", 100)
	}
	if text := FormatPerfdata(many); len(text) > maxPerfdata || !strings.HasSuffix(text, "=1") {
		t.Errorf("%d bytes that end in %q", len(text), text[len(text)-5:])
	}
}

func FuzzParsePerfdata(f *testing.F) {
	f.Add("time=0.5s;1:;@2:3;0;10 'a b'=U")
	f.Add("''='='=1")
	f.Fuzz(func(t *testing.T, text string) {
		first := ParsePerfdata(text)
		line := FormatPerfdata(first)
		if strings.ContainsAny(line, "\n\r") || len(line) > maxPerfdata {
			t.Errorf("%q gives %q", text, line)
		}
		again := ParsePerfdata(line)
		if len(again) > len(first) || len(line) < maxPerfdata/2 && !reflect.DeepEqual(again, first) {
			t.Errorf("%q is read as %+v, written as %q, read as %+v", text, first, line, again)
		}
	})
}
