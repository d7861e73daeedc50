package quanyu

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	identityv1 "quanyu.dev/quanyu/identity/v1"
	pointsv1 "quanyu.dev/quanyu/points/v1"
)

// platform is a platform of one's own, of the program that QUANYU_BINARY names.
type platform struct {
	t                    *testing.T
	address, listen, key string
	folder               string
	environment          []string
	process              *exec.Cmd
	ended                chan error
}

func startPlatform(t *testing.T, environment ...string) *platform {
	t.Helper()
	if os.Getenv("QUANYU_BINARY") == "" {
		t.Skip("QUANYU_BINARY names no program")
	}
	listen := freePort(t)
	p := &platform{t: t, address: "http://" + listen, listen: listen, folder: t.TempDir(), environment: environment}
	p.up()
	t.Cleanup(p.down)
	return p
}

// up starts it, and waits until it serves.
func (p *platform) up() {
	p.t.Helper()
	p.process = exec.Command(os.Getenv("QUANYU_BINARY"), "up", "--folder", filepath.Join(p.folder, "data"), "--listen", p.listen)
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "QUANYU_") {
			p.process.Env = append(p.process.Env, one)
		}
	}
	p.process.Env = append(append(p.process.Env, "QUANYU_PRINT_FIRST_API_KEY=true"), p.environment...)
	p.process.Stderr = os.Stderr
	told, err := p.process.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		if _, key, has := strings.Cut(lines.Text(), "QUANYU_API_KEY="); has {
			p.key = strings.Fields(key)[0]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C stops") {
			p.ended = make(chan error, 1)
			go func(process *exec.Cmd, ended chan<- error) {
				_, _ = io.Copy(io.Discard, told)
				ended <- process.Wait()
			}(p.process, p.ended)
			return
		}
	}
	p.t.Fatal("the platform does not serve")
}

// down ends it, and waits until it has.
func (p *platform) down() {
	if p.process != nil {
		_ = p.process.Process.Signal(syscall.SIGTERM)
		<-p.ended
		p.process = nil
	}
}

func (p *platform) client(options ...Option) *Client {
	return clientOf(p.t, p.address, p.key, options...)
}

func clientOf(t *testing.T, address, key string, options ...Option) *Client {
	t.Helper()
	client, err := New(address, key, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// startFaults starts the proxy that cuts connections and answers late; what it gives tells how often it did what.
func startFaults(t *testing.T, target string, seed int) (address string, end func() string) {
	t.Helper()
	listen := freePort(t)
	_, port, _ := net.SplitHostPort(listen)
	_, targetPort, _ := net.SplitHostPort(target)
	process := exec.Command("python3", "../faults.py", port, targetPort, fmt.Sprint(seed))
	told, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	reader := bufio.NewReader(told)
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return "http://" + listen, func() string {
		_ = process.Process.Signal(syscall.SIGTERM)
		counts, _ := io.ReadAll(reader)
		_ = process.Wait()
		return strings.TrimSpace(string(counts))
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// openShop makes the channel and the asset of a shop.
func openShop(t *testing.T, client *Client) {
	t.Helper()
	channel := &identityv1.Channel{ChannelCode: "shop", Kind: identityv1.ChannelKind_CHANNEL_KIND_POS, DisplayName: "Shop", TrustRank: 100}
	if _, err := client.Channels.CreateChannel(t.Context(), &identityv1.CreateChannelRequest{Channel: channel}); err != nil {
		t.Fatal(err)
	}
	asset := &pointsv1.Asset{Kind: pointsv1.AssetKind_ASSET_KIND_POINTS}
	if _, err := client.Assets.CreateAsset(t.Context(), &pointsv1.CreateAssetRequest{Code: "points", Asset: asset}); err != nil {
		t.Fatal(err)
	}
}

// memberWith is a new member with an amount of points.
func memberWith(t *testing.T, client *Client, externalID string, amount int64) string {
	t.Helper()
	arrival := &identityv1.Arrival{ChannelCode: "shop", ExternalId: externalID}
	resolved, err := client.Members.ResolveMember(t.Context(), &identityv1.ResolveMemberRequest{Arrival: arrival})
	if err != nil {
		t.Fatal(err)
	}
	id := resolved.GetResolution().GetMemberId()
	if _, err := client.Points.EarnPoints(t.Context(), &pointsv1.EarnPointsRequest{MemberId: id, AssetCode: "points", Amount: amount}); err != nil {
		t.Fatal(err)
	}
	return id
}

func balanceOf(t *testing.T, services Services, memberID string) int64 {
	t.Helper()
	answer, err := services.Points.GetBalance(context.Background(), &pointsv1.GetBalanceRequest{MemberId: memberID, AssetCode: "points"})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetBalance().GetAvailable()
}

func redemptionOf(memberID string) *pointsv1.RedeemPointsRequest {
	return &pointsv1.RedeemPointsRequest{MemberId: memberID, AssetCode: "points", Amount: 1}
}
