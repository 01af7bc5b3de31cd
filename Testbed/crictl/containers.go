package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func version(c client, w *words) error {
	answer, err := c.runtime.Version(c.ctx, &cri.VersionRequest{})
	if err == nil {
		fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n", answer.Version,
			answer.RuntimeName, answer.RuntimeVersion, answer.RuntimeApiVersion)
	}
	return err
}

func info(c client, w *words) error {
	answer, err := c.runtime.Status(c.ctx, &cri.StatusRequest{Verbose: true})
	if err != nil {
		return err
	}
	return printJSON(verbose(answer.Status, answer.Info))
}

// list is what -q, -a, --name, --pod and -s leave of all containers.
func list(c client, w *words) ([]*cri.Container, error) {
	filter := &cri.ContainerFilter{PodSandboxId: w.text("p", "pod")}
	if !w.has("a", "all") && w.text("s", "state") == "" {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	answer, err := c.runtime.ListContainers(c.ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil {
		return nil, err
	}
	name, err := regexp.Compile(w.text("name"))
	if err != nil {
		return nil, err
	}
	var found []*cri.Container
	for _, container := range answer.Containers {
		state := strings.ToLower(strings.TrimPrefix(container.State.String(), "CONTAINER_"))
		if name.MatchString(container.Metadata.GetName()) && strings.HasPrefix(state, strings.ToLower(w.text("s", "state"))) {
			found = append(found, container)
		}
	}
	return found, nil
}

func containers(c client, w *words) error {
	found, err := list(c, w)
	if err != nil {
		return err
	}
	if w.wantsJSON() {
		return printMessage(&cri.ListContainersResponse{Containers: found})
	}
	rows := [][]string{{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"}}
	for _, container := range found {
		if w.isQuiet() {
			fmt.Println(container.Id)
			continue
		}
		rows = append(rows, []string{
			short(container.Id), short(container.Image.GetImage()), ago(container.CreatedAt), state(container.State.String()),
			container.Metadata.GetName(), fmt.Sprint(container.Metadata.GetAttempt()), short(container.PodSandboxId),
			label(container.Labels, "io.kubernetes.pod.name"), label(container.Labels, "io.kubernetes.pod.namespace"),
		})
	}
	if w.isQuiet() {
		return nil
	}
	return printTable(rows)
}

// "CONTAINER_RUNNING" as "Running", "SANDBOX_NOTREADY" as "NotReady".
func state(name string) string {
	word := strings.ToLower(name[strings.Index(name, "_")+1:])
	if word == "notready" {
		return "NotReady"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func label(labels map[string]string, name string) string {
	if value, known := labels[name]; known {
		return value
	}
	return "unknown"
}

func ago(nanoseconds int64) string {
	since := time.Since(time.Unix(0, nanoseconds))
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if count := int(since / unit.length); count > 0 || unit.length == time.Second {
			plural := "s"
			if count == 1 {
				plural = ""
			}
			return fmt.Sprintf("%d %s%s ago", count, unit.name, plural)
		}
	}
	return ""
}

// full is the one ID that begins so.
func full(c client, part string) (string, error) {
	answer, err := c.runtime.ListContainers(c.ctx, &cri.ListContainersRequest{Filter: &cri.ContainerFilter{Id: part}})
	if err != nil {
		return "", err
	}
	if len(answer.Containers) != 1 {
		return "", fmt.Errorf("could not find container %q: ID does not exist or is not one container's", part)
	}
	return answer.Containers[0].Id, nil
}

func forEach(c client, w *words, do func(id string) error) error {
	for _, part := range w.rest {
		id, err := full(c, part)
		if err == nil {
			err = do(id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inspectContainer(c client, w *words) error {
	return forEach(c, w, func(id string) error {
		answer, err := c.runtime.ContainerStatus(c.ctx, &cri.ContainerStatusRequest{ContainerId: id, Verbose: true})
		if err != nil {
			return err
		}
		return printJSON(verbose(answer.Status, answer.Info))
	})
}

func stopContainers(c client, w *words) error {
	timeout, _ := strconv.ParseInt(w.text("t", "timeout"), 10, 64)
	return forEach(c, w, func(id string) error {
		_, err := c.runtime.StopContainer(c.ctx, &cri.StopContainerRequest{ContainerId: id, Timeout: timeout})
		fmt.Println(id)
		return err
	})
}

func removeContainers(c client, w *words) error {
	return forEach(c, w, func(id string) error {
		if w.has("f", "force") {
			if _, err := c.runtime.StopContainer(c.ctx, &cri.StopContainerRequest{ContainerId: id}); err != nil {
				return err
			}
		}
		_, err := c.runtime.RemoveContainer(c.ctx, &cri.RemoveContainerRequest{ContainerId: id})
		fmt.Println(id)
		return err
	})
}

// logs prints the lines of the file that the kubelet named: "TIME STREAM TAG TEXT".
func logs(c client, w *words) error {
	return forEach(c, w, func(id string) error {
		answer, err := c.runtime.ContainerStatus(c.ctx, &cri.ContainerStatusRequest{ContainerId: id})
		if err != nil {
			return err
		}
		file, err := os.Open(answer.Status.LogPath)
		if err != nil {
			return err
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if count, err := strconv.Atoi(w.text("tail", "n")); err == nil && count < len(lines) {
			lines = lines[len(lines)-count:]
		}
		for _, line := range lines {
			if parts := strings.SplitN(line, " ", 4); len(parts) == 4 {
				stream := os.Stdout
				if parts[1] == "stderr" {
					stream = os.Stderr
				}
				fmt.Fprintln(stream, parts[3])
			}
		}
		return nil
	})
}

func execute(c client, w *words) error {
	if len(w.rest) < 2 {
		return fmt.Errorf("'exec' takes a container and a command")
	}
	id, err := full(c, w.rest[0])
	if err != nil {
		return err
	}
	answer, err := c.runtime.ExecSync(c.ctx, &cri.ExecSyncRequest{ContainerId: id, Cmd: w.rest[1:], Timeout: 60})
	if err != nil {
		return err
	}
	os.Stdout.Write(answer.Stdout)
	os.Stderr.Write(answer.Stderr)
	if answer.ExitCode != 0 {
		fatal("execing command in container: command terminated with exit code %d", answer.ExitCode)
	}
	return nil
}

func stats(c client, w *words) error {
	answer, err := c.runtime.ListContainerStats(c.ctx, &cri.ListContainerStatsRequest{Filter: &cri.ContainerStatsFilter{}})
	if err != nil {
		return err
	}
	return printMessage(answer)
}
