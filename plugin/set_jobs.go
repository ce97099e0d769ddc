package plugin

import (
	"strings"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// jobRow is what one SET says of one row of hawserJobTable or hawserHwJobTable.
type jobRow struct {
	table                                  string // Job or HwJob
	index                                  uint32
	status, kind, target, argument, serial *item
	first                                  item
}

// jobRows collects the columns of job rows: all columns of a row make one op.
type jobRows struct {
	rows []*jobRow // in the order in which the SET names them
}

func newJobRows() *jobRows { return &jobRows{} }

// jobColumn splits the name of a column of one of the tables of jobs.
func jobColumn(object string) (table, column string, ok bool) {
	for _, table := range []string{"HwJob", "Job"} {
		if column, ok := strings.CutPrefix(object, table); ok {
			return table, column, true
		}
	}
	return "", "", false
}

// takes keeps a varbind if it is about a job row.
func (j *jobRows) takes(it item) bool {
	table, column, ok := jobColumn(it.op.Object)
	if !ok {
		return false
	}
	row := j.row(table, it)
	switch column {
	case "RowStatus":
		row.status = &it
	case "Kind":
		row.kind = &it
	case "Target":
		row.target = &it
	case "Argument":
		row.argument = &it
	case "ExpectSerial":
		row.serial = &it
	}
	return true
}

func (j *jobRows) row(table string, it item) *jobRow {
	for _, row := range j.rows {
		if row.table == table && row.index == it.op.Target.Index {
			return row
		}
	}
	row := &jobRow{table: table, index: it.op.Target.Index, first: it}
	j.rows = append(j.rows, row)
	return row
}

// finish turns each row into one op.
func (j *jobRows) finish(state *cluster.State, s *setRequest) (item, *fault) {
	for _, row := range j.rows {
		if it, f := row.check(state, s); f != nil {
			return it, f
		}
		if row.status.op.Int == mib.RowStatusDestroy {
			s.op(cluster.Op{Object: row.table + "Abort", Target: cluster.Target{Index: row.index}}, row.status.n)
			continue
		}
		if row.serial != nil && row.serial.op.Int >= 0 {
			if f := s.wantSerial(*row.serial, int32(row.serial.op.Int)); f != nil {
				return *row.serial, f
			}
		}
		s.op(row.op(), row.status.n)
	}
	return item{}, nil
}

// check tests a row by the rules of RowStatus (RFC 2579) as the module narrows them: createAndGo or destroy only, and no
// change of a row that exists.
func (row *jobRow) check(state *cluster.State, s *setRequest) (item, *fault) {
	exists := row.exists(state)
	switch {
	case row.status == nil && exists:
		return row.first, faultf(snmp.InconsistentValue,
			"%s: a job cannot be changed; abort it with destroy(6) and create another one", row.first.object.Name)
	case row.status == nil:
		return row.first, faultf(snmp.InconsistentName,
			"there is no job %d: create it with hawser%sRowStatus createAndGo(4) in the same SET", row.index, row.table)
	}
	switch row.status.op.Int {
	case mib.RowStatusDestroy:
		if other := row.other(); other != nil {
			return *other, faultf(snmp.InconsistentValue, "%s: a job that is aborted takes no values", other.object.Name)
		}
	case mib.RowStatusCreateAndGo:
		// With a token the SET may be the repetition of the one that made the row: the leader knows.
		if exists && s.token == 0 {
			return *row.status, faultf(snmp.InconsistentValue, "job %d exists: take the index in hawserNext%sIndex", row.index, row.table)
		}
		if row.kind == nil {
			return *row.status, faultf(snmp.InconsistentValue, "hawser%sKind is missing: put it into the same SET", row.table)
		}
	default:
		return *row.status, faultf(snmp.InconsistentValue, "hawser%sRowStatus takes createAndGo(4) and destroy(6) only", row.table)
	}
	return item{}, nil
}

func (row *jobRow) exists(state *cluster.State) bool {
	jobs := state.Jobs
	if row.table == "HwJob" {
		jobs = state.HwJobs
	}
	_, ok := jobs[row.index]
	return ok
}

// other is a column of the row beside its status.
func (row *jobRow) other() *item {
	for _, it := range []*item{row.kind, row.target, row.argument, row.serial} {
		if it != nil {
			return it
		}
	}
	return nil
}

func (row *jobRow) op() cluster.Op {
	op := cluster.Op{Object: row.table, Target: cluster.Target{Index: row.index}, Int: row.kind.op.Int}
	if row.target != nil {
		op.Target.Name = row.target.op.Text
	}
	if row.argument != nil {
		op.Text = row.argument.op.Text
	}
	return op
}
