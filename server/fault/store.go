package fault

import (
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/plumbline/plumbline/store"
)

// retryUnknown is how long a caller should wait after a commit whose outcome
// is not known: the operator has to look at the disk first.
const retryUnknown = 30 * time.Second

// retryClosed is how long a caller should wait where the store is being closed.
const retryClosed = 5 * time.Second

// fromStore maps the errors of the storage contract. Each line keeps err as
// the cause, which names the file and the operation for the log.
func fromStore(err error) *Error {
	switch {
	case errors.Is(err, store.ErrFull):
		return Exhausted(ReasonStoreFull,
			"the store is full and nothing was written; reads go on. The operator should make room on the disk or raise the store's maximum size").Because(err)
	case errors.Is(err, store.ErrOutcomeUnknown):
		return Unavailable(ReasonOutcomeUnknown, retryUnknown,
			"a write to the disk failed and it is not known whether it is there; send the same request with the same request_id again after a restart of the service").Because(err)
	case errors.Is(err, store.ErrClosed):
		return Unavailable(ReasonShuttingDown, retryClosed,
			"the store is closed because the service is shutting down; send the request again").Because(err)
	case errors.Is(err, store.ErrCorrupt):
		return DataLoss(err)
	case errors.Is(err, store.ErrValue):
		e := Exhausted(ReasonTooLarge, "the record would be larger than the store's limit of %d MiB; send less at once", store.MaxValue>>20)
		e.Code = codes.InvalidArgument
		return e.Because(err)
	}
	return nil
}
