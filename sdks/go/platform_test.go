package quanyu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	identityv1 "quanyu.dev/quanyu/identity/v1"
	pointsv1 "quanyu.dev/quanyu/points/v1"
)

func TestPlatform(t *testing.T) {
	platform := startPlatform(t)
	client := platform.client()
	openShop(t, client)

	t.Run("the example runs, and runs again", func(t *testing.T) {
		for _, told := range []string{"169 are left\n", "139 are left\n"} {
			if out := runExample(t, platform); !strings.HasSuffix(out, told) || !strings.Contains(out, "order-1 earned 199\n") {
				t.Error(out)
			}
		}
	})
	t.Run("a request that comes again gets the first answer", func(t *testing.T) {
		request := redemptionOf(memberWith(t, client, "again", 10))
		request.RequestId = "redeem-again"
		var entries []string
		for range 2 {
			answer, err := client.Points.RedeemPoints(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, answer.GetEntry().GetEntryId())
		}
		if entries[0] != entries[1] || balanceOf(t, client.Services, request.GetMemberId()) != 9 {
			t.Error(entries)
		}
	})
	t.Run("a refusal says why", func(t *testing.T) { refusalSaysWhy(t, client) })
	t.Run("lists are iterators", func(t *testing.T) {
		memberID := memberWith(t, client, "pages", 10)
		for range 4 {
			if _, err := client.Points.RedeemPoints(t.Context(), redemptionOf(memberID)); err != nil {
				t.Fatal(err)
			}
		}
		request := &pointsv1.ListEntriesRequest{MemberId: memberID, AssetCode: "points", PageSize: 2}
		var amounts []int64
		for entry, err := range Items(t.Context(), client.Points.ListEntries, request, (*pointsv1.ListEntriesResponse).GetEntries) {
			if err != nil {
				t.Fatal(err)
			}
			amounts = append(amounts, entry.GetAmount())
		}
		if !slices.Equal(amounts, []int64{-1, -1, -1, -1, 10}) {
			t.Error(amounts)
		}
		for _, err := range Pages(t.Context(), client.Points.ListEntries, &pointsv1.ListEntriesRequest{}) {
			if failed := new(Error); !errors.As(err, &failed) || failed.Code != codes.InvalidArgument {
				t.Error(err)
			}
		}
	})
	t.Run("streams pass", func(t *testing.T) { streamsPass(t, client) })
	t.Run("a wrong key is refused at once", func(t *testing.T) {
		failed := new(Error)
		_, err := clientOf(t, platform.address, "qy_wrong").Points.GetBalance(t.Context(), &pointsv1.GetBalanceRequest{MemberId: "mbr_1", AssetCode: "points"})
		if !errors.As(err, &failed) || failed.Code != codes.Unauthenticated || failed.Attempts != 1 {
			t.Error(err)
		}
	})
	t.Run("what the SDK costs a call", func(t *testing.T) { costOfACall(t, platform, client) })
	t.Run("a restart of the platform is waited for", func(t *testing.T) {
		memberID := memberWith(t, client, "restart", 10)
		platform.down()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		called := make(chan error)
		go func() {
			_, err := client.Points.RedeemPoints(ctx, redemptionOf(memberID))
			called <- err
		}()
		platform.up()
		if err := <-called; err != nil || balanceOf(t, client.Services, memberID) != 9 {
			t.Error(err)
		}
	})
	t.Run("a client that is closed says so", func(t *testing.T) {
		closed := platform.client()
		if err := closed.Close(); err != nil {
			t.Error(err)
		}
		if _, err := closed.Points.RedeemPoints(t.Context(), redemptionOf("mbr_1")); err == nil {
			t.Error("it calls")
		}
	})
}

// runExample runs the example, of the module as it is packed where QUANYU_EXAMPLE names that.
func runExample(t *testing.T, platform *platform) string {
	t.Helper()
	process := exec.Command("go", "run", "./example/shop")
	if example := os.Getenv("QUANYU_EXAMPLE"); example != "" {
		process = exec.Command(example)
	}
	process.Env = append(os.Environ(), "QUANYU_ADDRESS="+platform.address, "QUANYU_API_KEY="+platform.key)
	out, err := process.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

func refusalSaysWhy(t *testing.T, client *Client) {
	memberID := memberWith(t, client, "refused", 70)
	request := redemptionOf(memberID)
	request.Amount = 500
	refused := failure(t, t.Context(), client.Services, request)
	if refused.Code != codes.FailedPrecondition || refused.Reason != "INSUFFICIENT_POINTS" || refused.Domain != "quanyu.points" ||
		refused.Metadata["available"] != "70" || refused.Attempts != 1 || refused.RequestID == "" {
		t.Errorf("%#v", refused)
	}
	wrong := failure(t, t.Context(), client.Services, &pointsv1.RedeemPointsRequest{AssetCode: "Points", Amount: -1})
	var fields []string
	for _, one := range wrong.Violations {
		if one.Description == "" {
			t.Error(one)
		}
		fields = append(fields, one.Field)
	}
	slices.Sort(fields)
	if wrong.Reason != "INVALID_FIELD" || !slices.Equal(fields, []string{"amount", "asset_code", "member_id"}) {
		t.Errorf("%#v", wrong)
	}
}

func streamsPass(t *testing.T, client *Client) {
	memberID := memberWith(t, client, "streams", 10)
	pages := 0
	for page, err := range Stream(t.Context(), client.Exports.ExportEntries, &pointsv1.ExportEntriesRequest{AssetCode: "points"}) {
		if err != nil || page.GetResumeToken() == "" {
			t.Error(page, err)
		}
		pages++
	}
	if pages == 0 {
		t.Error("nothing was exported")
	}
	for _, err := range Stream(t.Context(), client.Exports.ExportEntries, &pointsv1.ExportEntriesRequest{AssetCode: "gold"}) {
		if failed := new(Error); !errors.As(err, &failed) || failed.Code != codes.NotFound {
			t.Error(err)
		}
	}
	postings, err := client.Postings.PostStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for order := range 100 {
			earn := &pointsv1.EarnPointsRequest{RequestId: fmt.Sprint("stream-", order), MemberId: memberID, AssetCode: "points", Amount: 1}
			posting := &pointsv1.Posting{Request: &pointsv1.Posting_Earn{Earn: earn}}
			if err := postings.Send(&pointsv1.PostStreamRequest{Posting: posting}); err != nil {
				t.Error(err)
			}
		}
		if err := postings.CloseSend(); err != nil {
			t.Error(err)
		}
	}()
	answers := 0
	for {
		if _, err := postings.Recv(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		answers++
	}
	if answers != 100 || balanceOf(t, client.Services, memberID) != 110 {
		t.Errorf("%d answers", answers)
	}
}

// costOfACall tells, and asserts nothing: how long a call takes is the machine's as well.
func costOfACall(t *testing.T, platform *platform, client *Client) {
	request := &pointsv1.GetBalanceRequest{MemberId: memberWith(t, client, "costs", 10), AssetCode: "points"}
	bare := pointsv1.NewPointsServiceClient(client.conn)
	took := map[bool][]time.Duration{}
	for turn := range 3000 {
		began, isBare := time.Now(), turn%2 == 0
		var err error
		if isBare {
			ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+platform.key), DefaultDeadline)
			_, err = bare.GetBalance(ctx, request)
			cancel()
		} else {
			_, err = client.Points.GetBalance(t.Context(), request)
		}
		if err != nil {
			t.Fatal(err)
		}
		if turn >= 500 {
			took[isBare] = append(took[isBare], time.Since(began))
		}
	}
	median := func(isBare bool) time.Duration {
		slices.Sort(took[isBare])
		return took[isBare][len(took[isBare])/2]
	}
	t.Logf("a call takes %v, %.3f of the generated client alone", median(false), float64(median(false))/float64(median(true)))
}

func TestAPlatformThatIsAwayIsToldInTime(t *testing.T) {
	client := clientOf(t, "http://"+freePort(t), "qy_any", WithDeadline(500*time.Millisecond))
	began := time.Now()
	failed := failure(t, t.Context(), client.Services, redemptionOf("mbr_1"))
	if time.Since(began) > 2*time.Second || failed.Code != codes.Unavailable || failed.Attempts < 2 {
		t.Error(time.Since(began), failed)
	}
}

func TestAddresses(t *testing.T) {
	for address, target := range map[string]string{
		"http://quanyu.test": "quanyu.test:80", "https://quanyu.test/": "quanyu.test:443",
		"https://[::1]:7400": "[::1]:7400", "http://127.0.0.1:7400": "127.0.0.1:7400",
	} {
		found, secure, err := targetOf(address)
		if err != nil || found != target || secure != strings.HasPrefix(address, "https") {
			t.Error(address, found, secure, err)
		}
	}
	for _, address := range []string{"", "127.0.0.1:7400", "ftp://quanyu.test", "http://", "http://a/b", "http://a?b", "http://a:b@c", "http://a#b"} {
		if client, err := New(address, "qy_any"); err == nil {
			t.Error(address, client)
		}
	}
	if client, err := New("http://quanyu.test", "qy_any", WithDeadline(0)); err == nil {
		t.Error(client)
	}
	if client, err := New("https://quanyu.test", "qy_any", WithTLS(TLS{CAFile: "go.mod"})); err == nil {
		t.Error(client)
	}
}

func TestTheVersionIsThatOfTheContracts(t *testing.T) {
	workspace, err := os.ReadFile("../../Cargo.toml")
	if err != nil {
		t.Skip("the contracts' crates are not here")
	}
	if !strings.Contains(string(workspace), "\nversion = \""+Version+"\"\n") {
		t.Error(Version)
	}
}

func TestOverTLSWithACAOfOnesOwn(t *testing.T) {
	files := makeCertificates(t)
	platform := startPlatform(t, "QUANYU_TLS__CERT_FILE="+files.cert, "QUANYU_TLS__KEY_FILE="+files.key)
	platform.address = strings.Replace(platform.address, "http:", "https:", 1)
	client := platform.client(WithTLS(TLS{CAFile: files.ca, ServerName: "quanyu.test"}))
	openShop(t, client)
	for _, how := range []TLS{{}, {CAFile: files.ca}, {ServerName: "quanyu.test"}} {
		_, err := platform.client(WithTLS(how)).Channels.ListChannels(t.Context(), &identityv1.ListChannelsRequest{})
		if failed := new(Error); !errors.As(err, &failed) || failed.Attempts != 1 {
			t.Error(how, err)
		}
	}
}
