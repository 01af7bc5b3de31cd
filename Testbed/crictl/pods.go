package main

import (
	"fmt"
	"regexp"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func pods(c client, w *words) error {
	answer, err := c.runtime.ListPodSandbox(c.ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return err
	}
	name, err := regexp.Compile(w.text("name"))
	if err != nil {
		return err
	}
	var found []*cri.PodSandbox
	for _, pod := range answer.Items {
		if name.MatchString(pod.Metadata.GetName()) {
			found = append(found, pod)
		}
	}
	if w.wantsJSON() {
		return printMessage(&cri.ListPodSandboxResponse{Items: found})
	}
	rows := [][]string{{"POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"}}
	for _, pod := range found {
		if w.isQuiet() {
			fmt.Println(pod.Id)
			continue
		}
		rows = append(rows, []string{
			short(pod.Id), ago(pod.CreatedAt), state(pod.State.String()), pod.Metadata.GetName(), pod.Metadata.GetNamespace(),
			fmt.Sprint(pod.Metadata.GetAttempt()), "(default)",
		})
	}
	if w.isQuiet() {
		return nil
	}
	return printTable(rows)
}

func inspectPod(c client, w *words) error {
	for _, id := range w.rest {
		answer, err := c.runtime.PodSandboxStatus(c.ctx, &cri.PodSandboxStatusRequest{PodSandboxId: id, Verbose: true})
		if err != nil {
			return err
		}
		if err := printJSON(verbose(answer.Status, answer.Info)); err != nil {
			return err
		}
	}
	return nil
}

func stopPods(c client, w *words) error {
	for _, id := range w.rest {
		if _, err := c.runtime.StopPodSandbox(c.ctx, &cri.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
			return err
		}
		fmt.Println("Stopped sandbox", id)
	}
	return nil
}

func removePods(c client, w *words) error {
	for _, id := range w.rest {
		if w.has("f", "force") {
			if _, err := c.runtime.StopPodSandbox(c.ctx, &cri.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
				return err
			}
		}
		if _, err := c.runtime.RemovePodSandbox(c.ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
			return err
		}
		fmt.Println("Removed sandbox", id)
	}
	return nil
}
