package quanyu

import (
	"context"
	"regexp"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is why a call failed: what the platform said, or that it could not be reached.
//
//	if refused := new(quanyu.Error); errors.As(err, &refused) && refused.Reason == "INSUFFICIENT_POINTS" {
//		fmt.Println(refused.Metadata["available"], "are there")
//	}
type Error struct {
	// Code is the status.
	Code codes.Code
	// Message says what happened.
	Message string
	// Reason is the reason, such as "INSUFFICIENT_POINTS": one of an ErrorReason of the contracts. Empty where the platform
	// gave none.
	Reason string
	// Domain is whose reason it is, such as "quanyu.points".
	Domain string
	// Metadata is what belongs to the reason, such as "available" and "requested".
	Metadata map[string]string
	// Violations are all that is wrong with the request's fields.
	Violations []Violation
	// RetryDelay is how long the platform asks to wait before the request is repeated; nil where it asks for nothing.
	RetryDelay *time.Duration
	// RequestID is the id of the request: repeat it with this one where it may have taken effect. Empty where nothing could.
	RequestID string
	// Attempts is how often the request was sent.
	Attempts int

	cause error
}

// Violation is what is wrong with one field of a request.
type Violation struct {
	// Field is the path of the field, such as "items[0].unit_price".
	Field string
	// Description says what is wrong, and what would be right.
	Description string
}

// Error says what happened.
func (e *Error) Error() string {
	return strings.TrimSuffix("quanyu: "+e.Code.String()+" "+e.Reason, " ") + ": " + e.Message
}

// Unwrap gives the error of gRPC, or of the key's source.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus gives the status as gRPC has it, with its details.
func (e *Error) GRPCStatus() *status.Status { return status.Convert(e.cause) }

// Is makes errors.Is find what a context says: a call that was given up, or ran out of its time.
func (e *Error) Is(target error) bool {
	return (target == context.Canceled && e.Code == codes.Canceled) ||
		(target == context.DeadlineExceeded && e.Code == codes.DeadlineExceeded)
}

func newError(cause error, requestID string, attempts int) *Error {
	said := status.Convert(cause)
	e := &Error{Code: said.Code(), Message: said.Message(), RequestID: requestID, Attempts: attempts, cause: cause}
	for _, detail := range said.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason, e.Domain, e.Metadata = detail.GetReason(), detail.GetDomain(), detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, one := range detail.GetFieldViolations() {
				e.Violations = append(e.Violations, Violation{Field: one.GetField(), Description: one.GetDescription()})
			}
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			e.RetryDelay = &delay
		}
	}
	return e
}

var (
	// What gRPC says, under codes that are answers otherwise, of streams that a broken connection ends.
	broken = regexp.MustCompile(`(?i)RST_STREAM|without sending trailers|GOAWAY|connection reset|broken pipe|unexpected EOF|transport is closing`)
	// What it says where there was no connection.
	unconnected = regexp.MustCompile(`(?i)error while dialing|name resolver error`)
	// What time alone does not mend: one side does not trust the other, or speaks no TLS.
	distrusted = regexp.MustCompile(`(?i)handshake failed: .*(tls: |x509: )|credentials: cannot check peer`)
)

// isPassing says whether the same request may fare better in a moment.
func (e *Error) isPassing() bool {
	switch e.Code {
	case codes.Unavailable:
		return e.Reason != "" || !distrusted.MatchString(e.Message)
	case codes.DeadlineExceeded:
		return true
	case codes.Aborted:
		// Of a thing that somebody else changed the caller must first read what it has become.
		return e.Reason != "ETAG_MISMATCH"
	case codes.ResourceExhausted:
		return e.RetryDelay != nil
	case codes.Internal, codes.Unknown, codes.Canceled:
		return e.Reason == "" && broken.MatchString(e.Message)
	default:
		return false
	}
}

// isUnsent says whether the request was certainly not sent.
func (e *Error) isUnsent() bool {
	return e.Code == codes.Unavailable && e.Reason == "" && unconnected.MatchString(e.Message)
}
