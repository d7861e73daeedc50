package quanyu

import (
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	pointsv1 "quanyu.dev/quanyu/points/v1"
)

func TestListsAreIterators(t *testing.T) {
	fake := newFake()
	points := fake.services().Points
	request := &pointsv1.ListEntriesRequest{PageSize: 2}
	var lengths []int
	for page, err := range Pages(t.Context(), points.ListEntries, request) {
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, len(page.GetEntries()))
	}
	if !reflect.DeepEqual(lengths, []int{2, 2, 1}) || request.GetPageToken() != "" {
		t.Error(lengths, request)
	}
	ids := ""
	for entry, err := range Items(t.Context(), points.ListEntries, request, (*pointsv1.ListEntriesResponse).GetEntries) {
		if err != nil {
			t.Fatal(err)
		}
		ids += entry.GetEntryId()
	}
	if ids != "01234" {
		t.Error(ids)
	}
}

func TestAListGoesOnFromWhereTheCallerSaysAndNoFurtherThanItIsRead(t *testing.T) {
	fake := newFake()
	request := &pointsv1.ListEntriesRequest{PageSize: 1, PageToken: "3"}
	for entry, err := range Items(t.Context(), fake.services().Points.ListEntries, request, (*pointsv1.ListEntriesResponse).GetEntries) {
		if err != nil || entry.GetEntryId() != "3" {
			t.Error(entry, err)
		}
		break
	}
	if fake.pages != 1 {
		t.Errorf("%d pages were asked for", fake.pages)
	}
}

// methods are all that the contracts declare.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var found []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			if service := file.Services().Get(i); strings.HasPrefix(string(file.Package()), "quanyu.") {
				for j := range service.Methods().Len() {
					found = append(found, service.Methods().Get(j))
				}
			}
		}
		return true
	})
	if len(found) < 100 {
		t.Fatalf("%d methods", len(found))
	}
	return found
}

func TestEveryMethodHangsOnTheClientAndSaysWhetherItMayBeRepeated(t *testing.T) {
	hanging := map[string]int{}
	services := reflect.ValueOf(newFake().services())
	for i := range services.NumField() {
		kind := services.Field(i).Type()
		for j := range kind.NumMethod() {
			hanging[kind.Name()+"."+kind.Method(j).Name]++
		}
	}
	for _, method := range methods(t) {
		if name := string(method.Parent().Name()) + "Client." + string(method.Name()); hanging[name] != 1 {
			t.Error(name)
		}
		path := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
		if levelOf(path) == descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
			t.Error(path)
		}
	}
}

func TestEveryPageCanBeIterated(t *testing.T) {
	lists := 0
	for _, method := range methods(t) {
		if method.Input().Fields().ByName("page_token") != nil {
			lists++
			if method.Output().Fields().ByName("next_page_token") == nil {
				t.Error(method.FullName())
			}
		}
	}
	if lists < 20 {
		t.Errorf("%d lists", lists)
	}
}
