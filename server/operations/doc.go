// Package operations has systems reassessed by runs that last: they survive a
// restart and a kill at any point, count each system once, and are started by
// somebody or by the calendar. A run gives its systems to package assessor,
// behind everything for which somebody waits.
//
// # A run
//
// A run is a record with a cursor over the ids of systems. It picks systems
// behind the cursor in batches, of which two are under way at a time: while one
// waits for the disk, the other is evaluated. The commit that makes a system's
// new states durable also writes into the run's record that the system is done,
// and moves the cursor once a whole batch is; a run that was killed goes on at the
// cursor and passes over what is done behind it. So no system is counted twice
// and none is left out: what was not committed was not assessed.
//
// One run is under way at a time, the oldest that may; others wait. What keeps
// it from going on (a full store) is told as its problem, and it tries again.
// A run that ended is kept for 30 days.
//
// # Verifications
//
// A verification of what is recorded is an operation too, with a loop of its own:
// one is under way beside a run. It goes through the systems in stretches, and
// keeps what it has found with its cursor after each, so that it goes on there
// after a restart. It reads, and lets submissions go first.
//
// # The calendar
//
// A scheduled run starts at the first instant of its cron expression after its
// last start, and somewhat later by its jitter, which follows from its id and
// that instant. What was missed (no service, a clock set forward, a blackout) is
// started once. The record of the start and the run are one commit, so a restart
// neither repeats nor loses one. Where the clock was set back, the next start is
// looked for from then on.
//
// # Tour
//
//	keeper.go    Keeper: start, get, list, cancel, wait, delete
//	record.go    how runs are stored, and shown
//	runner.go    the loop that carries runs out
//	pick.go      which systems a run is for; due.go lists those that are due
//	verification.go  verifications
//	segment.go   a run's batches, and how they move its cursor
//	schedule.go  the calendar as it is stored, and what starts by it
//	calendar.go  the calendar as a function of time, and what is wrong with one
//	cron.go      cron expressions in time zones
package operations
