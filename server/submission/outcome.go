package submission

// Outcomes of a submission, as a receipt has them.
const (
	Inserted  = "inserted"
	Updated   = "updated"
	Unchanged = "unchanged"
	Pending   = "pending"
	Rejected  = "rejected"
)
