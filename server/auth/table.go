package auth

import (
	"maps"
	"slices"

	"github.com/plumbline/plumbline/server/fault"
)

// Prefixes of the services' methods.
const (
	inventory  = "/plumbline.v1.InventoryService/"
	guidance   = "/plumbline.v1.GuidanceService/"
	assessment = "/plumbline.v1.AssessmentService/"
	statement  = "/plumbline.v1.StatementService/"
	history    = "/plumbline.v1.HistoryService/"
	reassess   = "/plumbline.v1.ReassessmentService/"
	event      = "/plumbline.v1.EventService/"
	operations = "/google.longrunning.Operations/"
	admin      = "/plumbline.v1.AdminService/"
	health     = "/grpc.health.v1.Health/"
)

// permissions says what each method needs. What changes more than the caller's
// own source's view of a system (retiring, links, policy, guidance, claims)
// is for admins: a sync job's token must not be able to make a failure go away.
// A draft of a waiver accepts nothing, so that who submits may file one.
var permissions = map[string]Permission{
	inventory + "SubmitInventory":   Submit,
	inventory + "UpsertHosts":       Submit,
	inventory + "BatchSubmit":       Submit,
	inventory + "StreamSubmit":      Submit,
	inventory + "GetSystem":         Read,
	inventory + "ListSystems":       Read,
	inventory + "RetireSystem":      Admin,
	inventory + "GetHost":           Read,
	inventory + "ListHosts":         Read,
	inventory + "RetireHost":        Admin,
	inventory + "GetFacility":       Read,
	inventory + "ListFacilities":    Read,
	inventory + "GetInventory":      Read,
	inventory + "ListDisagreements": Read,
	inventory + "CreateHostLink":    Admin,
	inventory + "ListHostLinks":     Read,
	inventory + "DeleteHostLink":    Admin,
	inventory + "GetPolicy":         Read,
	inventory + "UpdatePolicy":      Admin,

	guidance + "ListChecklists":        Read,
	guidance + "ListChecklistVersions": Read,
	guidance + "GetChecklistVersion":   Read,
	guidance + "LintChecklist":         Read,
	guidance + "PublishChecklist":      Admin,
	guidance + "CreateAssignment":      Admin,
	guidance + "ListAssignments":       Read,
	guidance + "GetAssignment":         Read,
	guidance + "DeleteAssignment":      Admin,
	guidance + "ActivateAssignment":    Admin,

	guidance + "DeprecateChecklistVersion": Admin,
	guidance + "WithdrawChecklistVersion":  Admin,
	guidance + "DiffChecklistVersions":     Read,
	guidance + "PreviewChecklist":          Read,
	guidance + "PublishTailoring":          Admin,
	guidance + "ListTailorings":            Read,
	guidance + "ListTailoringVersions":     Read,
	guidance + "GetTailoringVersion":       Read,

	assessment + "AssessInventory": Read,
	assessment + "ListSeries":      Read,
	assessment + "GetAssessment":   Read,
	assessment + "ListBreakpoints": Read,
	assessment + "ListFindings":    Read,
	assessment + "ListFixes":       Read,
	assessment + "ExplainResult":   Read,

	statement + "CreateClaim":       Admin,
	statement + "ListClaims":        Read,
	statement + "RevokeClaim":       Admin,
	statement + "CreateWaiver":      Submit,
	statement + "ApproveWaiver":     Admin,
	statement + "RevokeWaiver":      Admin,
	statement + "GetWaiver":         Read,
	statement + "ListWaivers":       Read,
	statement + "ReviewWaivers":     Read,
	statement + "CreateAttestation": Admin,
	statement + "RenewAttestation":  Admin,
	statement + "RevokeAttestation": Admin,
	statement + "GetAttestation":    Read,
	statement + "ListAttestations":  Read,
	statement + "GetQuestionnaire":  Read,
	statement + "FileAnswers":       Admin,

	history + "GetFindingTimeline": Read,
	history + "GetTrend":           Read,
	history + "Forecast":           Read,
	history + "CompareAssessments": Read,
	history + "GetFleet":           Read,
	history + "GetFleetTrend":      Read,
	history + "ListWorstSystems":   Read,
	history + "ListFailingRules":   Read,
	history + "GetRuleTimeline":    Read,
	history + "ListFleetGroups":    Read,
	history + "ListNewResults":     Read,
	history + "GetFleetLabels":     Read,
	history + "UpdateFleetLabels":  Admin,

	reassess + "ReassessSystems":   Admin,
	reassess + "VerifyAssessments": Admin,
	reassess + "GetOperation":      Read,
	reassess + "ListOperations":    Read,
	reassess + "CancelOperation":   Admin,
	reassess + "WaitOperation":     Read,
	reassess + "DeleteOperation":   Admin,
	reassess + "GetCalendar":       Read,
	reassess + "UpdateCalendar":    Admin,

	operations + "GetOperation":    Read,
	operations + "ListOperations":  Read,
	operations + "CancelOperation": Admin,
	operations + "WaitOperation":   Read,
	operations + "DeleteOperation": Admin,

	event + "ListEvents":        Read,
	event + "WatchEvents":       Read,
	event + "CreateWebhook":     Admin,
	event + "GetWebhook":        Admin,
	event + "ListWebhooks":      Admin,
	event + "DeleteWebhook":     Admin,
	event + "TestWebhook":       Admin,
	event + "ListDeadLetters":   Admin,
	event + "ReplayDeadLetters": Admin,

	admin + "ListAuditEntries": Admin,
	admin + "CreateToken":      Admin,
	admin + "ListTokens":       Admin,
	admin + "RevokeToken":      Admin,
	admin + "GetVersion":       Read,
	admin + "GetRetention":     Read,
	admin + "UpdateRetention":  Admin,
	admin + "RunRetention":     Admin,
	admin + "CreateHold":       Admin,
	admin + "ListHolds":        Read,
	admin + "DeleteHold":       Admin,

	health + "Check": Public,
	health + "List":  Public,
	health + "Watch": Public,

	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      Read,
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Read,

	// These are no gRPC methods but paths of the HTTP port.
	"/metrics": Read,
}

// PermissionOf is what a method needs, given by its full name
// ("/package.Service/Method"). It is Denied for a method that is not in the table.
func PermissionOf(method string) Permission { return permissions[method] }

// Methods are the names in the table, sorted.
func Methods() []string { return slices.Sorted(maps.Keys(permissions)) }

// Authorize says whether who may call method. The error is PERMISSION_DENIED
// and names the role that it takes.
func Authorize(who Identity, method string) error {
	need := PermissionOf(method)
	switch {
	case need == Denied:
		return fault.PermissionDenied(fault.ReasonRole, "%s is not open to anybody", method)
	case who.Role.Grants(need) || need == Public:
		return nil
	}
	return fault.PermissionDenied(fault.ReasonRole,
		"%s needs a token with the role %q; this one has %q", method, need, who.Role).
		With("needed_role", need.String()).With("role", string(who.Role))
}
