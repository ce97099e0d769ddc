package probe

import (
	"regexp"
	"strings"
)

// Metric is one figure of a plugin (Monitoring Plugins Development Guidelines, "Performance data"). The texts are as the
// plugin wrote them; the parts that it left out are empty.
type Metric struct {
	Label string `json:"label"`
	// Value is a number, or U where the plugin could not tell.
	Value string `json:"value"`
	Unit  string `json:"unit,omitempty"`
	// Warn and Crit are ranges, as in 10, 10:, ~:10, 10:20 or @10:20.
	Warn string `json:"warn,omitempty"`
	Crit string `json:"crit,omitempty"`
	Min  string `json:"min,omitempty"`
	Max  string `json:"max,omitempty"`
}

const (
	// maxMetrics and maxPerfdata bound what is kept of one probe: it travels with each renewal.
	maxMetrics  = 64
	maxPerfdata = 1024
)

const number = `[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?`

// metricValue is "value[UOM]"; metricRange is "[@][start:]end" with an empty or ~ start.
var (
	metricValue = regexp.MustCompile(`^(U|` + number + `)([\p{L}%/°]*)$`)
	metricRange = regexp.MustCompile(`^@?(?:(?:~|` + number + `)?:)?(?:` + number + `)?$`)
	metricLimit = regexp.MustCompile(`^(?:` + number + `)?$`)
)

// ParsePerfdata reads "label=value[UOM];warn;crit;min;max ...", with labels quoted by ' where they hold blanks, ” for a
// quote in one. What is not in that form is left out.
func ParsePerfdata(text string) []Metric {
	var out []Metric
	for len(out) < maxMetrics {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			break
		}
		label, rest, ok := cutLabel(text)
		if !ok {
			_, text, _ = cutBlank(text)
			continue
		}
		var word string
		word, text, _ = cutBlank(rest)
		if m, ok := parseMetric(label, word); ok {
			out = append(out, m)
		}
	}
	return out
}

// cutBlank cuts a text at its first blank.
func cutBlank(text string) (word, rest string, found bool) {
	i := strings.IndexAny(text, " \t\r\n")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// cutLabel cuts "label=" or "'a label'=" off.
func cutLabel(text string) (label, rest string, ok bool) {
	if !strings.HasPrefix(text, "'") {
		word, _, _ := cutBlank(text)
		i := strings.IndexByte(word, '=')
		if i < 1 || strings.ContainsRune(word[:i], '\'') {
			return "", "", false
		}
		return text[:i], text[i+1:], true
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			out.WriteByte(text[i])
		case strings.HasPrefix(text[i:], "''"):
			out.WriteByte('\'')
			i++
		case strings.HasPrefix(text[i:], "'=") && out.Len() > 0:
			return out.String(), text[i+2:], true
		default:
			return "", "", false
		}
	}
	return "", "", false
}

func parseMetric(label, word string) (Metric, bool) {
	parts := strings.Split(strings.TrimRight(word, ";"), ";")
	value := metricValue.FindStringSubmatch(parts[0])
	if value == nil || len(parts) > 5 || value[1] == "U" && value[2] != "" {
		return Metric{}, false
	}
	parts = append(parts, make([]string, 5-len(parts))...)
	m := Metric{
		Label: oneLine(label), Value: strings.Replace(value[1], ",", ".", 1), Unit: oneLine(value[2]), Warn: parts[1], Crit: parts[2], Min: parts[3], Max: parts[4],
	}
	good := metricRange.MatchString(m.Warn) && metricRange.MatchString(m.Crit) && metricLimit.MatchString(m.Min) && metricLimit.MatchString(m.Max)
	return m, good
}

// String writes the metric as ParsePerfdata reads it.
func (m Metric) String() string {
	label := m.Label
	if strings.ContainsAny(label, " \t'=") {
		label = "'" + strings.ReplaceAll(label, "'", "''") + "'"
	}
	fields := strings.Join([]string{m.Value + m.Unit, m.Warn, m.Crit, m.Min, m.Max}, ";")
	return label + "=" + strings.TrimRight(fields, ";")
}

// FormatPerfdata writes metrics in one line, whole ones up to a limit.
func FormatPerfdata(metrics []Metric) string {
	var out strings.Builder
	for _, m := range metrics {
		text := m.String()
		if out.Len()+1+len(text) > maxPerfdata {
			break
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(text)
	}
	return out.String()
}

// pluginOutput is what a plugin printed, taken apart.
type pluginOutput struct {
	text    string // the first line
	metrics []Metric
}

// parsePlugin takes an output apart: "TEXT | PERFDATA", then lines of long text until one with a "|", behind which all is
// performance data.
func parsePlugin(output string) pluginOutput {
	first, rest, _ := strings.Cut(output, "\n")
	text, perfdata, _ := strings.Cut(first, "|")
	if _, more, ok := strings.Cut(rest, "|"); ok {
		perfdata += " " + more
	}
	return pluginOutput{text: oneLine(strings.TrimSpace(text)), metrics: ParsePerfdata(perfdata)}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return oneLine(strings.TrimSpace(line))
}

func containsFold(text, word string) bool {
	return strings.Contains(strings.ToUpper(text), word)
}
