// The testbed's crictl: Debian does not package the real one. Over containerd's CRI it does what the playbook and Belay ask
// of crictl, and prints what was recorded of crictl 1.33. `crictl --version` says what it is.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const usage = `NAME:
   crictl - the Belay testbed's stand-in for the client for CRI

USAGE:
   crictl [-r ENDPOINT] [-i ENDPOINT] COMMAND

COMMANDS:
   version, info, images, inspecti, pull, rmi, imagefsinfo, ps, inspect, stop, rm, logs, exec, stats, pods, inspectp, stopp, rmp
`

// What a command works with.
type client struct {
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	ctx     context.Context
}

type command func(client, *words) error

var commands = map[string]command{
	"version": version, "info": info, "images": images, "inspecti": inspectImage, "pull": pull, "rmi": removeImages,
	"imagefsinfo": imageFilesystem, "ps": containers, "inspect": inspectContainer, "stop": stopContainers,
	"rm": removeContainers, "logs": logs, "exec": execute, "stats": stats, "pods": pods, "inspectp": inspectPod,
	"stopp": stopPods, "rmp": removePods,
}

func main() {
	words := parse(os.Args[1:])
	if words.has("version", "v") {
		fmt.Println("crictl version v1.33.0-testbed-stand-in")
		return
	}
	command, known := commands[words.command]
	if !known {
		fmt.Print(usage)
		if words.command == "" {
			return
		}
		fatal("No help topic for %q", words.command)
	}
	if err := run(command, words); err != nil {
		fatal("%v", err)
	}
}

func run(command command, words *words) error {
	endpoint := words.text("runtime-endpoint", "r")
	configured := readConfiguration(words.text("config", "c"))
	if endpoint == "" {
		endpoint = configured["runtime-endpoint"]
	}
	if endpoint == "" {
		endpoint = "unix:///run/containerd/containerd.sock"
		note("warning", "runtime connect using default endpoints: [%s]. As the default settings are now deprecated, "+
			"you should set the endpoint instead.", endpoint)
	}
	imageEndpoint := words.text("image-endpoint", "i")
	if imageEndpoint == "" {
		imageEndpoint = configured["image-endpoint"]
	}
	if imageEndpoint == "" {
		imageEndpoint = endpoint
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	runtime, err := dial(ctx, endpoint, "runtime")
	if err != nil {
		return err
	}
	image, err := dial(ctx, imageEndpoint, "image")
	if err != nil {
		return err
	}
	return command(client{cri.NewRuntimeServiceClient(runtime), cri.NewImageServiceClient(image), ctx}, words)
}

// dial connects within two seconds, and says as crictl does what does not answer.
func dial(ctx context.Context, endpoint, kind string) (*grpc.ClientConn, error) {
	path := strings.TrimPrefix(endpoint, "unix://")
	dialer := func(ctx context.Context, path string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	if probe, err := dialer(ctx, path); err != nil {
		return nil, fmt.Errorf("validate service connection: validate CRI v1 %s API for endpoint %q: rpc error: code = "+
			"Unavailable desc = connection error: desc = \"transport: Error while dialing: %v\"", kind, endpoint, err)
	} else {
		probe.Close()
	}
	return grpc.DialContext(ctx, path, grpc.WithInsecure(), grpc.WithContextDialer(dialer),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
}

// readConfiguration reads `key: value` lines.
func readConfiguration(path string) map[string]string {
	if path == "" {
		path = "/etc/crictl.yaml"
	}
	found := map[string]string{}
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if parts := strings.SplitN(line, ":", 2); len(parts) == 2 {
			found[strings.TrimSpace(parts[0])] = strings.Trim(strings.TrimSpace(parts[1]), `"'`)
		}
	}
	return found
}

func note(level, format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level,
		fmt.Sprintf(format, values...))
}

func fatal(format string, values ...interface{}) {
	note("fatal", format, values...)
	os.Exit(1)
}
