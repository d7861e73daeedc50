package quanyu

import (
	"context"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// List is a method that answers with a page.
type List[Request, Page any] func(ctx context.Context, request Request, options ...grpc.CallOption) (Page, error)

// PageRequest is the request of a list.
type PageRequest interface {
	proto.Message
	GetPageToken() string
}

// Page is a page of a list.
type Page interface {
	proto.Message
	GetNextPageToken() string
}

// Pages gives all pages of a list, each asked for when the one before has been used. The caller's request stays as it is.
//
//	for page, err := range quanyu.Pages(ctx, client.Points.ListEntries, request) {
func Pages[R PageRequest, P Page](ctx context.Context, list List[R, P], request R) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		own := proto.Clone(request).ProtoReflect()
		token := own.Descriptor().Fields().ByName("page_token")
		for {
			page, err := list(ctx, own.Interface().(R))
			if !yield(page, err) || err != nil || page.GetNextPageToken() == "" {
				return
			}
			own.Set(token, protoreflect.ValueOfString(page.GetNextPageToken()))
		}
	}
}

// Items gives all items of a list, over all its pages; items says what a page's are.
//
//	for entry, err := range quanyu.Items(ctx, client.Points.ListEntries, request, (*pointsv1.ListEntriesResponse).GetEntries) {
func Items[R PageRequest, P Page, I any](
	ctx context.Context, list List[R, P], request R, items func(P) []I,
) iter.Seq2[I, error] {
	return func(yield func(I, error) bool) {
		for page, err := range Pages(ctx, list, request) {
			if err != nil {
				var none I
				yield(none, err)
				return
			}
			for _, item := range items(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Stream gives what the platform streams as an answer to a request, no faster than it is read. It begins when it is read;
// a reader who leaves early ends it.
//
//	for page, err := range quanyu.Stream(ctx, client.Exports.ExportEntries, request) {
func Stream[R, A any](
	ctx context.Context,
	call func(ctx context.Context, request *R, options ...grpc.CallOption) (grpc.ServerStreamingClient[A], error),
	request *R,
) iter.Seq2[*A, error] {
	return func(yield func(*A, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		answers, err := call(ctx, request)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			answer, err := answers.Recv()
			if err == io.EOF || !yield(answer, err) || err != nil {
				return
			}
		}
	}
}
